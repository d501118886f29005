"""Access to the machines of a run: one security group and one key pair in each region.

The group admits SSH from this computer's address only, and the key pair is the run's login key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.aws import tags
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import code_of, translated
from orchestrator.providers.cloud import own_address
from orchestrator.system.once import Once

SSH = 22


class Network:
    """Security groups, created with a run's first order in a region."""

    def __init__(self, clients: Clients, address: Callable[[], str] = own_address) -> None:
        self._clients = clients
        self._address = address
        self._groups: Once[str] = Once()

    def ensure(self, run: str, owner: str, region: str) -> str:
        """The id of the run's group in ``region``'s default VPC, created where missing.

        Raises ``ProviderError``.
        """
        return self._groups.get((run, region), lambda: self._make(run, owner, region))

    def forget(self, run: str) -> None:
        """Let the next ``ensure`` look again, since somebody may have removed what was there."""
        self._groups.forget(run)

    def _make(self, run: str, owner: str, region: str) -> str:
        name = tags.named(run)
        cidr = f"{self._address()}/32"
        ec2 = self._clients.ec2(region)
        with translated(f"security group {name} in {region}"):
            vpc = self._default_vpc(region)
            try:
                reply = ec2.create_security_group(
                    GroupName=name,
                    Description=f"eqc run {run}: SSH from one address",
                    VpcId=vpc,
                    TagSpecifications=[
                        {
                            "ResourceType": "security-group",
                            "Tags": tags.of_run(run, owner, name),
                        }
                    ],
                )
            except ClientError as error:
                if code_of(error) != "InvalidGroup.Duplicate":
                    raise
                return self._admit_only(region, self._existing(region, vpc, name), cidr)
            self._admit(region, str(reply["GroupId"]), cidr)
            return str(reply["GroupId"])

    def _default_vpc(self, region: str) -> str:
        reply = self._clients.reading("ec2", region).describe_vpcs(
            Filters=[{"Name": "is-default", "Values": ["true"]}]
        )
        if not reply["Vpcs"]:
            raise ProviderError(
                ProviderErrorKind.CAPACITY,
                f"no default VPC in {region}: aws ec2 create-default-vpc --region {region}",
            )
        return str(reply["Vpcs"][0]["VpcId"])

    def _existing(self, region: str, vpc: str, name: str) -> Mapping[str, Any]:
        reply = self._clients.reading("ec2", region).describe_security_groups(
            Filters=[
                {"Name": "group-name", "Values": [name]},
                {"Name": "vpc-id", "Values": [vpc]},
            ]
        )
        if not reply["SecurityGroups"]:
            raise ProviderError(
                ProviderErrorKind.UNCERTAIN, f"security group {name} in {region} is not seen yet"
            )
        group: Mapping[str, Any] = reply["SecurityGroups"][0]
        return group

    def _admit_only(self, region: str, group: Mapping[str, Any], cidr: str) -> str:
        """Admit ``cidr`` only, in a group of an earlier call that may have had another address."""
        group_id = str(group["GroupId"])
        admitted = [
            (rule.get("IpProtocol"), rule.get("FromPort"), rule.get("ToPort"), source["CidrIp"])
            for rule in group["IpPermissions"]
            for source in rule.get("IpRanges", ())
        ]
        if admitted == [("tcp", SSH, SSH, cidr)]:
            return group_id
        if group["IpPermissions"]:
            self._clients.ec2(region).revoke_security_group_ingress(
                GroupId=group_id, IpPermissions=group["IpPermissions"]
            )
        self._admit(region, group_id, cidr)
        return group_id

    def _admit(self, region: str, group_id: str, cidr: str) -> None:
        rule = {
            "IpProtocol": "tcp",
            "FromPort": SSH,
            "ToPort": SSH,
            "IpRanges": [{"CidrIp": cidr, "Description": "eqc controller"}],
        }
        try:
            self._clients.ec2(region).authorize_security_group_ingress(
                GroupId=group_id, IpPermissions=[rule]
            )
        except ClientError as error:
            if code_of(error) != "InvalidPermission.Duplicate":
                raise


class LoginKeys:
    """Key pairs, imported with a run's first order in a region."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._imported: Once[None] = Once()

    def ensure(self, run: str, owner: str, region: str, public: str) -> str:
        """The name of the key pair of ``public`` (OpenSSH). Raises ``ProviderError``."""
        # The key's hash is part of the name: a new login key of the run needs a new pair, and an
        # existing pair of this name has the same key.
        name = tags.named(run, hashlib.sha256(public.encode()).hexdigest()[:8])
        described = tags.of_run(run, owner, name)
        self._imported.get(
            (run, region, name), lambda: self._import(described, region, name, public)
        )
        return name

    def forget(self, run: str) -> None:
        """Let the next ``ensure`` look again, since somebody may have removed what was there."""
        self._imported.forget(run)

    def _import(self, described: list[tags.Tag], region: str, name: str, public: str) -> None:
        with translated(f"key pair {name} in {region}"):
            try:
                self._clients.ec2(region).import_key_pair(
                    KeyName=name,
                    PublicKeyMaterial=public.encode(),
                    TagSpecifications=[{"ResourceType": "key-pair", "Tags": described}],
                )
            except ClientError as error:
                if code_of(error) != "InvalidKeyPair.Duplicate":
                    raise

"""``doctor`` for EC2: credentials, permissions, images and quotas, before anything is launched.

Each permission is tried with a dry run, which changes nothing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestrator import catalog
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Finding, Level, Offer, ProviderError, Unavailable
from orchestrator.providers.aws.ami import Amis
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import code_of, translated
from orchestrator.providers.cloud import skew
from orchestrator.system.counted import counted


class Check:
    """Checks the best offer of every platform: its region, image, quota and permissions."""

    def __init__(
        self,
        clients: Clients,
        amis: Amis,
        offers: Callable[[Platform], Sequence[Offer]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients
        self._amis = amis
        self._places = offers
        self._clock = clock

    def run(self, platforms: Sequence[Platform]) -> list[Finding]:
        """All findings; without valid credentials only that one."""
        findings = list(self._account())
        if any(finding.level is Level.ERROR for finding in findings):
            return findings
        wanted: list[Wanted] = []
        images: dict[str, tuple[str, str]] = {}
        seen: set[tuple[str, str, bool]] = set()
        for platform in platforms:
            try:
                offer = self._places(platform)[0]
                machine_type, region = str(offer.machine_type), str(offer.region)
                facts = catalog.machine_type("aws", machine_type)
            except Unavailable as error:
                findings.append(Finding(f"aws {platform.name}", Level.ERROR, str(error)))
                continue
            quota = facts.spot_quota if offer.spot else facts.quota
            if quota is not None:
                wanted.append(Wanted(region, quota.code, quota.name, facts.vcpus))
            kind = (region, facts.architecture, facts.gpus > 0)
            if kind in seen:
                continue
            seen.add(kind)
            finding, image = self._image(*kind)
            findings.append(finding)
            if image is not None:
                images.setdefault(region, (image, machine_type))
        for region, (image, machine_type) in sorted(images.items()):
            findings += permissions(self._clients, region, image, machine_type)
        return [*findings, *quotas(self._clients, wanted)]

    def _account(self) -> Iterator[Finding]:
        subject = "aws credentials"
        try:
            with translated("sts:GetCallerIdentity"):
                reply = self._clients.reading("sts").get_caller_identity()
        except ProviderError as error:
            yield Finding(subject, Level.ERROR, str(error))
            return
        yield Finding(subject, Level.OK, f"{reply['Arn']}, account {reply['Account']}")
        date = reply["ResponseMetadata"]["HTTPHeaders"].get("date")
        yield from skew("aws", "Amazon's", date, self._clock())

    def _image(
        self,
        region: str,
        architecture: str,
        gpu: bool,  # noqa: FBT001 - one of three keys
    ) -> tuple[Finding, str | None]:
        subject = f"aws {region} image for {architecture}{' with GPU' if gpu else ''}"
        try:
            ami = self._amis.find(region, architecture, gpu=gpu)
        except ProviderError as error:
            return Finding(subject, Level.ERROR, str(error)), None
        return Finding(subject, Level.OK, ami.id), ami.id


_NO_INSTANCE = "i-00000000000000000"
_NO_GROUP = "sg-00000000000000000"
_RULE = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "192.0.2.1/32"}],
}
_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1dZzo3p6mDbW2u0MTNlqNMVoOkTn9dpd4GPNjCLDgX"
_CALLS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "DescribeInstances": ("describe_instances", {}),
    "DescribeImages": ("describe_images", {"Owners": ["amazon"]}),
    "DescribeVpcs": ("describe_vpcs", {}),
    "DescribeSecurityGroups": ("describe_security_groups", {}),
    "DescribeKeyPairs": ("describe_key_pairs", {}),
    "CreateSecurityGroup": (
        "create_security_group",
        {"GroupName": "eqc-doctor", "Description": "dry run"},
    ),
    "AuthorizeSecurityGroupIngress": (
        "authorize_security_group_ingress",
        {"GroupId": _NO_GROUP, "IpPermissions": [_RULE]},
    ),
    "RevokeSecurityGroupIngress": (
        "revoke_security_group_ingress",
        {"GroupId": _NO_GROUP, "IpPermissions": [_RULE]},
    ),
    "DeleteSecurityGroup": ("delete_security_group", {"GroupId": _NO_GROUP}),
    "ImportKeyPair": (
        "import_key_pair",
        {"KeyName": "eqc-doctor", "PublicKeyMaterial": _KEY},
    ),
    "DeleteKeyPair": ("delete_key_pair", {"KeyName": "eqc-doctor"}),
    "CreateTags": (
        "create_tags",
        {"Resources": [_NO_INSTANCE], "Tags": [{"Key": "eqc-run", "Value": "doctor"}]},
    ),
    "TerminateInstances": ("terminate_instances", {"InstanceIds": [_NO_INSTANCE]}),
}
"""Action → boto3 method and parameters. The ids belong to nothing."""
_ALLOWED = ("DryRunOperation",)
_MISSING = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")


def permissions(clients: Clients, region: str, image: str, machine_type: str) -> Iterator[Finding]:
    """One finding for each action in ``region``, RunInstances last."""
    run = {"ImageId": image, "InstanceType": machine_type, "MinCount": 1, "MaxCount": 1}
    calls = {**_CALLS, "RunInstances": ("run_instances", run)}
    ec2 = clients.reading("ec2", region)
    for action, (method, parameters) in calls.items():
        subject = f"aws {region} permission ec2:{action}"
        level, message = _outcome(getattr(ec2, method), parameters)
        yield Finding(subject, level, message)


def _outcome(call: Any, parameters: Mapping[str, Any]) -> tuple[Level, str]:
    try:
        call(DryRun=True, **parameters)
    except ClientError as error:
        code = code_of(error)
        # EC2 checks the permission first: "not found" means that the action is permitted.
        if code in _ALLOWED or code.endswith((".NotFound", ".Malformed")):
            return Level.OK, "granted"
        if code in _MISSING:
            return Level.ERROR, "missing: add it to the policy of these credentials"
        return Level.WARNING, f"cannot be told: {code}: {error.response['Error'].get('Message')}"
    except BotoCoreError as error:
        return Level.WARNING, f"cannot be told: {error}"
    return Level.OK, "granted"


@dataclass(frozen=True)
class Wanted:
    """One machine of the plan, as its quota counts it."""

    region: str
    quota: str
    """The quota's code; on demand and spot have different quotas."""
    name: str
    vcpus: int


def quotas(clients: Clients, wanted: Iterable[Wanted]) -> Iterator[Finding]:
    """One finding for each region and quota."""
    groups: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for one in wanted:
        groups[one.region, one.quota, one.name].append(one.vcpus)
    for (region, code, name), vcpus in sorted(groups.items()):
        subject = f"aws {region} quota {code} ({name}), vCPUs"
        try:
            reply = clients.reading("service-quotas", region).get_service_quota(
                ServiceCode="ec2", QuotaCode=code
            )
        except (ClientError, BotoCoreError) as error:
            yield Finding(
                subject, Level.WARNING, f"cannot be read, {sum(vcpus)} are wanted: {error}"
            )
            continue
        yield _compared(subject, float(reply["Quota"]["Value"]), vcpus)


def _compared(subject: str, limit: float, vcpus: list[int]) -> Finding:
    said = f"{limit:.0f}, wanted at once {sum(vcpus)} by {counted(len(vcpus), 'machine')}"
    if max(vcpus) > limit:
        level, advice = Level.ERROR, "; ask for more in Service Quotas or take smaller machines"
    elif sum(vcpus) > limit:
        level, advice = Level.WARNING, "; some will wait or go to another region"
    else:
        level, advice = Level.OK, ""
    return Finding(subject, level, said + advice)

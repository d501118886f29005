"""What EC2 does and moto does not, added in a proxy: see ``orchestrator.fakes.aws.server``."""

from __future__ import annotations

import json
import os
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from orchestrator.fakes.aws.machines import Machines
from orchestrator.fakes.faults import Call, Proxy, Reply, decoded, error

REGIONS = ("eu-central-1", "us-east-1", "us-west-2")


@dataclass
class Instance:
    """What the fake stores of an instance in addition to moto."""

    id: str
    region: str
    parameters: Mapping[str, str]
    reply: Reply
    made: float = field(default_factory=time.monotonic)
    reason: tuple[str, str] | None = None
    """Code and message of StateReason once it has ended; ``None`` while it has not."""


class Ec2(Proxy):
    """The fake. ``environment``: the variables that make a process use it instead of EC2."""

    def __init__(self, moto: str, machines: Machines, port: int = 0) -> None:
        super().__init__(moto, port)
        self.instances: dict[str, Instance] = {}
        self.quotas: dict[str, float] = {}
        self.regions = REGIONS
        """Regions enabled for the account. Any other refuses the credentials, as at Amazon."""
        self.lag = 0.0
        """Seconds until a new instance is listed. Its ``ClientToken`` works at once."""
        self._machines = machines
        self._keys: dict[tuple[str, str], str] = {}
        self._clients: dict[str, Any] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "EQC_OWN_ADDRESS": "192.0.2.7",
        }

    def machines(self) -> tuple[str, ...]:
        """Ids of the instances that were made and have not ended."""
        ended = {i.id for i in self.instances.values() if i.reason is not None}
        return tuple(sorted(set(self.instances) - ended))

    def end_from_outside(self, instance_id: str, code: str, message: str) -> None:
        """End an instance as Amazon would, e.g. with ``Server.SpotInstanceTermination``."""
        instance = self.instances[instance_id]
        self._end(instance, (code, message))
        self._moto(instance.region).terminate_instances(InstanceIds=[instance.id])

    def reset(self) -> None:
        """End and delete everything. moto's own reset would load its data again, which is slow."""
        for instance in self.instances.values():
            self._machines.end(instance.id)
        for region in {*self.regions, *(i.region for i in self.instances.values())}:
            moto = self._moto(region)
            left = [i.id for i in self.instances.values() if i.region == region]
            if left:
                moto.terminate_instances(InstanceIds=left)
            for group in moto.describe_security_groups()["SecurityGroups"]:
                if group["GroupName"] != "default":
                    moto.delete_security_group(GroupId=group["GroupId"])
            for pair in moto.describe_key_pairs()["KeyPairs"]:
                moto.delete_key_pair(KeyName=pair["KeyName"])
        self.instances, self.quotas, self.rules, self.calls = {}, {}, [], []
        self.lag, self.regions = 0.0, REGIONS

    def forward(self, call: Call) -> Reply:
        dry = call.parameters.get("DryRun") == "true"
        if call.operation == "GetServiceQuota":
            return self._quota(call)
        if call.region not in self.regions:
            return error(call, "AuthFailure", f"{call.region} is not enabled", 401)
        if call.service != "ec2" or dry:
            return super().forward(call)
        if call.operation == "RunInstances":
            return self._run(call)
        if call.operation in ("DescribeInstances", "TerminateInstances"):
            self._notice_ends()
            if any(self._too_young(instance_id) for instance_id in _ids(call)):
                return error(call, "InvalidInstanceID.NotFound", f"{_ids(call)} do not exist")
        if call.operation == "DeleteSecurityGroup" and self._in_use(call):
            return error(call, "DependencyViolation", "resource has a dependent object")
        reply = super().forward(call)
        if reply.status == 200:
            if call.operation == "ImportKeyPair":
                public = decoded(call.parameters["PublicKeyMaterial"])
                self._keys[call.region, call.parameters["KeyName"]] = public
            if call.operation == "TerminateInstances":
                for instance_id in _ids(call):
                    reason = "Client.UserInitiatedShutdown"
                    self._end(self.instances[instance_id], (reason, f"{reason}: by the user"))
            if call.operation == "DescribeInstances":
                return self._as_they_are(reply)
            if call.operation == "DescribeRegions":
                return self._enabled(reply)
        return reply

    def _run(self, call: Call) -> Reply:
        same = {k: v for k, v in call.parameters.items() if k not in ("Action", "Version")}
        for known in self.instances.values():
            if known.region == call.region and (
                known.parameters.get("ClientToken") == same.get("ClientToken", "")
            ):
                if known.parameters != same:
                    return error(call, "IdempotentParameterMismatch", "other parameters before")
                return self._as_they_are(known.reply)
        user_data = decoded(same.get("UserData", ""))
        if len(user_data.encode()) > 16384:
            return error(call, "InvalidParameterValue", "User data is limited to 16384 bytes")
        reply = super().forward(call)
        if reply.status != 200:
            return reply
        item = next(instances(parsed(reply.body)))
        arch = "arm64" if text(item, "architecture") == "arm64" else "x86_64"
        instance = Instance(text(item, "instanceId"), call.region, same, reply)
        self.instances[instance.id] = instance
        key = self._keys.get((call.region, same.get("KeyName", "")), "")
        self._machines.begin(instance.id, arch, key, user_data)
        return self._as_they_are(reply)

    def _end(self, instance: Instance, reason: tuple[str, str]) -> None:
        if instance.reason is None:
            instance.reason = reason
        self._machines.end(instance.id)

    def _notice_ends(self) -> None:
        for instance in list(self.instances.values()):
            if instance.reason is None and self._machines.ended(instance.id):
                reason = "Client.InstanceInitiatedShutdown"
                self._end(instance, (reason, f"{reason}: Instance initiated shutdown"))
                self._moto(instance.region).terminate_instances(InstanceIds=[instance.id])

    def _in_use(self, call: Call) -> bool:
        group = call.parameters.get("GroupId")
        return any(
            instance.reason is None and instance.parameters.get("SecurityGroupId.1") == group
            for instance in self.instances.values()
        )

    def _too_young(self, instance_id: str) -> bool:
        instance = self.instances.get(instance_id)
        return instance is not None and time.monotonic() - instance.made < self.lag

    def _moto(self, region: str) -> Any:
        """A client for moto itself, without this proxy."""
        if region not in self._clients:
            self._clients[region] = boto3.client(
                "ec2",
                endpoint_url=f"http://{self._upstream}",
                region_name=region,
                aws_access_key_id="fake",
                aws_secret_access_key="fake",
            )
        return self._clients[region]

    def _as_they_are(self, reply: Reply) -> Reply:
        """The reply with the states and addresses of the containers."""
        root = parsed(reply.body)
        if not is_of(root, "RunInstances"):
            without(root, "instancesSet", lambda i: self._too_young(text(i, "instanceId")))
        for item in instances(root):
            instance = self.instances.get(text(item, "instanceId"))
            if instance is not None:
                describe(item, self._machines.address(instance.id), instance.reason)
        return Reply(reply.status, reply.headers, written(root))

    def _enabled(self, reply: Reply) -> Reply:
        root = parsed(reply.body)
        without(root, "regionInfo", lambda r: text(r, "regionName") not in self.regions)
        return Reply(reply.status, reply.headers, written(root))

    def _quota(self, call: Call) -> Reply:
        code = json.loads(call.body)["QuotaCode"]
        if code not in self.quotas:
            return super().forward(call)
        body = json.dumps({"Quota": {"QuotaCode": code, "Value": self.quotas[code]}})
        return Reply(200, {"Content-Type": "application/x-amz-json-1.1"}, body.encode())


def _ids(call: Call) -> list[str]:
    return [v for k, v in call.parameters.items() if re.fullmatch(r"InstanceId\.\d+", k)]


_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15"
_CODES = {"pending": 0, "running": 16, "terminated": 48}
ET.register_namespace("", _NAMESPACE)


def parsed(body: bytes) -> ET.Element:
    return ET.fromstring(body)


def written(root: ET.Element) -> bytes:
    return ET.tostring(root)


def is_of(root: ET.Element, operation: str) -> bool:
    return root.tag == _name(f"{operation}Response")


def text(item: ET.Element, name: str) -> str:
    return item.findtext(_name(name)) or ""


def instances(root: ET.Element) -> Iterator[ET.Element]:
    for several in root.iter(_name("instancesSet")):
        yield from list(several)


def without(root: ET.Element, several: str, unwanted: Callable[[ET.Element], bool]) -> None:
    """Remove the ``unwanted`` items from the list ``several``."""
    for items in root.iter(_name(several)):
        for item in list(items):
            if unwanted(item):
                items.remove(item)


def describe(item: ET.Element, address: str | None, reason: tuple[str, str] | None) -> None:
    """Set the state and address of ``item``; ``reason``: why the instance ended, or ``None``."""
    state = "pending" if address is None else "running"
    if reason is not None:
        state, address = "terminated", None
        _replace(item, "stateReason", {"code": reason[0], "message": reason[1]})
    _replace(item, "instanceState", {"code": str(_CODES[state]), "name": state})
    for name in ("ipAddress", "dnsName"):
        for old in item.findall(_name(name)):
            item.remove(old)
    if address is not None:
        ET.SubElement(item, _name("ipAddress")).text = address


def _replace(item: ET.Element, name: str, values: Mapping[str, str]) -> None:
    for old in item.findall(_name(name)):
        item.remove(old)
    made = ET.SubElement(item, _name(name))
    for key, value in values.items():
        ET.SubElement(made, _name(key)).text = value


def _name(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"

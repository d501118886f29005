"""Which permissions the credentials have: each call made as a dry run, which changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.model.machine import Finding, Level
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import code_of

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
"""Action → boto3 method and parameters. The ids are of nothing."""
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
        # EC2 checks permission first: that it looked for the thing means that it may.
        if code in _ALLOWED or code.endswith((".NotFound", ".Malformed")):
            return Level.OK, "granted"
        if code in _MISSING:
            return Level.ERROR, "missing: add it to the policy of these credentials"
        return Level.WARNING, f"cannot be told: {code}: {error.response['Error'].get('Message')}"
    except BotoCoreError as error:
        return Level.WARNING, f"cannot be told: {error}"
    return Level.OK, "granted"

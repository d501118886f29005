"""What a run's machines shared, removed when they are gone: key pairs and security groups."""

from __future__ import annotations

from botocore.exceptions import ClientError

from orchestrator.model.machine import Refusal, Refused
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import code_of, translated
from orchestrator.providers.aws.regions import shared_by
from orchestrator.providers.cloud import Pace

_GONE = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed", "InvalidKeyPair.NotFound")
_IN_USE = ("DependencyViolation", "InvalidGroup.InUse")


def tidy_region(clients: Clients, pace: Pace, region: str, run: str) -> None:
    """Remove them from ``region``; not there is success. Raises ``Refused``."""
    pairs, groups = shared_by(clients, region, run)
    ec2 = clients.ec2(region)
    for name in pairs:
        with translated(f"ec2:DeleteKeyPair {name} in {region}"):
            ec2.delete_key_pair(KeyName=name)
    for group in groups:
        _delete_group(clients, pace, region, group)


def _delete_group(clients: Clients, pace: Pace, region: str, group: str) -> None:
    """An instance holds its group until it is all gone, some time after it began to end."""
    start = pace.clock()
    while True:
        with translated(f"ec2:DeleteSecurityGroup {group} in {region}"):
            try:
                clients.ec2(region).delete_security_group(GroupId=group)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return
                if code_of(error) not in _IN_USE:
                    raise
                if pace.clock() - start > pace.end:
                    raise Refused(
                        Refusal.UNCERTAIN, f"{group} in {region} is still used by an instance"
                    ) from error
            else:
                return
        pace.sleep(pace.poll)

"""Calls to all regions side by side; a region that does not answer is an error, never left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.aws import tags
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import code_of, translated
from orchestrator.providers.aws.lifetime import ALIVE
from orchestrator.providers.cloud import Pace

_AT_ONCE = 8
Answer = TypeVar("Answer")


def in_each(regions: Sequence[str], ask: Callable[[str], Answer]) -> list[Answer]:
    """``ask(region)`` for every region, in their order. The first error is raised."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="aws-region") as pool:
        return list(pool.map(ask, regions))


def alive(clients: Clients, region: str, tag: str, value: str | None) -> list[dict[str, Any]]:
    """Instances of ``region`` with ``tag`` that still cost money; ``value``: ``None`` is any.

    Raises ``ProviderError``.
    """
    by_tag = (
        {"Name": "tag-key", "Values": [tag]}
        if value is None
        else {"Name": f"tag:{tag}", "Values": [value]}
    )
    with translated(f"ec2:DescribeInstances in {region}"):
        pages = (
            clients.reading("ec2", region)
            .get_paginator("describe_instances")
            .paginate(
                Filters=[by_tag, {"Name": "instance-state-name", "Values": list(ALIVE)}],
                PaginationConfig={"PageSize": 200},
            )
        )
        return [
            instance
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]


def shared_by(clients: Clients, region: str, run: str) -> tuple[list[str], list[str]]:
    """Names of the key pairs and ids of the security groups of ``run`` in ``region``."""
    by_run = {"Name": f"tag:{tags.RUN}", "Values": [run]}
    pairs, groups = _shared(clients, region, by_run, f"of run {run}")
    return [str(p["KeyName"]) for p in pairs], [str(g["GroupId"]) for g in groups]


def runs_of_shared(clients: Clients, region: str, owner: str | None) -> set[str]:
    """Tags of the runs with key pairs or security groups in ``region``.

    ``owner``: only this person's; ``None``: everybody's.
    """
    ours = {"Name": "tag-key", "Values": [tags.RUN]}
    pairs, groups = _shared(clients, region, ours, "of all runs")
    found = [tags.read(resource) for resource in (*pairs, *groups)]
    return {said[tags.RUN] for said in found if owner in (None, said.get(tags.OWNER))}


def _shared(
    clients: Clients, region: str, by_tag: dict[str, Any], whose: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Key pairs and security groups as EC2 describes them."""
    ec2 = clients.reading("ec2", region)
    with translated(f"key pairs and security groups {whose} in {region}"):
        pairs = ec2.describe_key_pairs(Filters=[by_tag])["KeyPairs"]
        pages = ec2.get_paginator("describe_security_groups").paginate(Filters=[by_tag])
        return list(pairs), [group for page in pages for group in page["SecurityGroups"]]


_GONE = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed", "InvalidKeyPair.NotFound")
_IN_USE = ("DependencyViolation", "InvalidGroup.InUse")


def tidy_region(clients: Clients, pace: Pace, region: str, run: str) -> None:
    """Remove the run's key pairs and security groups from ``region``, if there are any.

    Raises ``ProviderError``.
    """
    pairs, groups = shared_by(clients, region, run)
    ec2 = clients.ec2(region)
    for name in pairs:
        with translated(f"ec2:DeleteKeyPair {name} in {region}"):
            ec2.delete_key_pair(KeyName=name)
    for group in groups:
        _delete_group(clients, pace, region, group)


def _delete_group(clients: Clients, pace: Pace, region: str, group: str) -> None:
    """Delete a group; retry while an instance that is shutting down still uses it."""
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
                    raise ProviderError(
                        ProviderErrorKind.UNCERTAIN,
                        f"{group} in {region} is still used by an instance",
                    ) from error
            else:
                return
        pace.sleep(pace.poll)

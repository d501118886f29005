"""The same question to every region at once; a region that does not answer is never left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from orchestrator.providers.aws import tags
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import translated
from orchestrator.providers.aws.lifetime import ALIVE

_AT_ONCE = 8
Answer = TypeVar("Answer")


def in_each(regions: Sequence[str], ask: Callable[[str], Answer]) -> list[Answer]:
    """``ask(region)`` of every region, in their order; the first refusal is raised."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="aws-region") as pool:
        return list(pool.map(ask, regions))


def alive(clients: Clients, region: str, tag: str, value: str | None) -> list[dict[str, Any]]:
    """Instances of ``region`` that have ``tag`` (with ``value``) and still cost something."""
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
    """Key pair names and security group ids that are tagged with ``run``."""
    by_run = {"Name": f"tag:{tags.RUN}", "Values": [run]}
    pairs, groups = _shared(clients, region, by_run, f"of run {run}")
    return [str(p["KeyName"]) for p in pairs], [str(g["GroupId"]) for g in groups]


def runs_of_shared(clients: Clients, region: str, owner: str | None) -> set[str]:
    """Tags of the runs whose key pairs and security groups are in ``region``."""
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

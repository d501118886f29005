"""What the orchestrator has to know of provider ``aws`` before boto3 is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from orchestrator.model.experiment import Json, Platform
from orchestrator.model.machine import Machine
from orchestrator.providers.cloud_entry import Cloud
from orchestrator.providers.cloud_platforms import CloudPlatforms
from orchestrator.providers.registration import ProviderRegistration, imported
from orchestrator.yaml_files.entry import EntryPlace


class Aws(Cloud):
    """EC2 instances."""

    provider: Literal["aws"]


def _resolve(entry: Aws, place: EntryPlace) -> Sequence[Platform]:
    return CloudPlatforms(entry.provider, entry, place).resolve()


def _how_to_end(machine: Machine) -> Sequence[str]:
    region = machine.offer.region
    where = ("--region", region) if region else ()
    return ("aws", "ec2", "terminate-instances", "--instance-ids", machine.id, *where)


def _refreshed(regions: Sequence[str], project: str | None) -> Mapping[str, Json]:
    lists: Mapping[str, Json] = imported("orchestrator.providers.aws.catalog:refreshed")(
        regions, project
    )
    return lists


REGISTRATIONS = (
    ProviderRegistration(
        "aws",
        make=lambda _: imported("orchestrator.providers.aws.provider:AwsProvider")(),
        entry=Aws,
        resolve=_resolve,
        rented=True,
        how_to_end=_how_to_end,
        refresh=_refreshed,
    ),
)

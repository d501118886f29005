"""What the orchestrator has to know of provider ``gcp`` before google-cloud-compute is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from orchestrator.model.experiment import Json, Platform
from orchestrator.model.machine import Machine
from orchestrator.providers.cloud_entry import Cloud
from orchestrator.providers.cloud_platforms import CloudPlatforms
from orchestrator.providers.registration import ProviderRegistration, imported
from orchestrator.yaml_files.entry import EntryPlace
from orchestrator.yaml_files.fields import Words


class Gcp(Cloud):
    """Compute Engine machines, each optionally with a CPU platform and a GPU."""

    provider: Literal["gcp"]
    cpu_platforms: Words | None = None
    zones: Words | None = None


def _resolve(entry: Gcp, place: EntryPlace) -> Sequence[Platform]:
    cpu_platforms, zones = entry.cpu_platforms or (), entry.zones or ()
    return CloudPlatforms(entry.provider, entry, place, cpu_platforms, zones).resolve()


def _how_to_end(machine: Machine) -> Sequence[str]:
    # The instance's name is the last part of an id that names its zone, too.
    name, zone = machine.id.rpartition("/")[2], machine.offer.zone
    where = ("--zone", zone) if zone else ()
    return ("gcloud", "compute", "instances", "delete", name, *where)


def _refreshed(regions: Sequence[str], project: str | None) -> Mapping[str, Json]:
    lists: Mapping[str, Json] = imported("orchestrator.providers.gcp.catalog:refreshed")(
        regions, project
    )
    return lists


REGISTRATIONS = (
    ProviderRegistration(
        "gcp",
        make=lambda _: imported("orchestrator.providers.gcp.provider:GcpProvider")(),
        entry=Gcp,
        resolve=_resolve,
        rented=True,
        how_to_end=_how_to_end,
        refresh=_refreshed,
    ),
)

"""Regional quotas against what a plan would like to run at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orchestrator import catalog
from orchestrator.model.machine import Finding, Level, Place, Refused
from orchestrator.model.experiment import Platform
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.errors import translated


@dataclass(frozen=True)
class Wanted:
    """What one machine of the plan takes of one quota."""

    region: str
    metric: str
    amount: int


def wanted_by(
    platform: Platform, place: Place, machine_type: catalog.MachineType
) -> Iterator[Wanted]:
    """The quotas that count a machine: of its type, and of a GPU that is attached to it."""
    quota = machine_type.spot_quota if place.spot else machine_type.quota
    if quota is not None:
        amount = machine_type.gpus if quota.unit == "GPUs" else machine_type.vcpus
        yield Wanted(str(place.region), quota.code, amount)
    gpu = platform.get("gpu")
    how = catalog.attachable(str(gpu)) if gpu and not machine_type.gpus else None
    attached = catalog.quota_of("gcp", how["quota"], spot=place.spot) if how else None
    if attached is not None:
        yield Wanted(str(place.region), attached.code, 1)


def quotas(clients: Clients, wanted: Iterable[Wanted]) -> Iterator[Finding]:
    """One finding for each region and quota."""
    groups: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in wanted:
        groups[one.region][one.metric].append(one.amount)
    for region, metrics in sorted(groups.items()):
        try:
            free = _free(clients, region)
        except Refused as error:
            yield Finding(f"gcp {region} quotas", Level.WARNING, f"cannot be read: {error}")
            continue
        for metric, amounts in sorted(metrics.items()):
            yield _compared(f"gcp {region} quota {metric}", free.get(metric), amounts)


def _free(clients: Clients, region: str) -> dict[str, float]:
    with translated(f"compute.regions.get {region}"):
        found = clients.regions.get(project=clients.project, region=region, **clients.looking)
    return {quota.metric: quota.limit - quota.usage for quota in found.quotas}


def _compared(subject: str, free: float | None, amounts: list[int]) -> Finding:
    said = f"wanted at once {sum(amounts)} by {len(amounts)} machines"
    if free is None:
        return Finding(subject, Level.WARNING, f"the region does not tell it; {said}")
    said = f"{free:.0f} free, {said}"
    if max(amounts) > free:
        level, advice = Level.ERROR, "; ask for more under IAM & Admin, Quotas, or go elsewhere"
    elif sum(amounts) > free:
        level, advice = Level.WARNING, "; some will wait or go to another region"
    else:
        level, advice = Level.OK, ""
    return Finding(subject, level, said + advice)

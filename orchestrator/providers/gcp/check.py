"""``doctor`` for Compute Engine: credentials, permissions, images and quotas."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator import catalog
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Finding, Level, Offer, ProviderError, Unavailable
from orchestrator.providers.cloud import skew
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.errors import translated
from orchestrator.providers.gcp.images import Images
from orchestrator.providers.gcp.request import gpu_of
from orchestrator.system.counted import counted

PERMISSIONS = (
    "compute.disks.create",
    "compute.firewalls.create",
    "compute.firewalls.delete",
    "compute.firewalls.get",
    "compute.firewalls.list",
    "compute.firewalls.update",
    "compute.globalOperations.get",
    "compute.instances.create",
    "compute.instances.delete",
    "compute.instances.get",
    "compute.instances.list",
    "compute.instances.setLabels",
    "compute.instances.setMetadata",
    "compute.instances.setTags",
    "compute.networks.updatePolicy",
    "compute.regions.get",
    "compute.subnetworks.use",
    "compute.subnetworks.useExternalIp",
    "compute.zoneOperations.get",
    "compute.zoneOperations.list",
    "compute.zones.list",
)
"""All permissions that a run needs; the role roles/compute.admin has them."""


class Check:
    """Checks the permissions, and for every platform's best offer the image and the quotas."""

    def __init__(
        self,
        clients: Clients,
        images: Images,
        offers: Callable[[Platform], Sequence[Offer]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients
        self._images = images
        self._places = offers
        self._clock = clock

    def run(self, platforms: Sequence[Platform]) -> list[Finding]:
        """All findings; without valid credentials only that one."""
        subject = "gcp credentials"
        try:
            granted, date = self._clients.permitted(list(PERMISSIONS))
        except ProviderError as error:
            return [Finding(subject, Level.ERROR, str(error))]
        findings = [Finding(subject, Level.OK, f"project {self._clients.project}")]
        findings += skew("gcp", "Google's", date, self._clock())
        findings += [_permission(name, name in granted) for name in PERMISSIONS]
        wanted: list[Wanted] = []
        kinds: set[tuple[str, bool]] = set()
        for platform in platforms:
            try:
                offer = self._places(platform)[0]
                machine_type = catalog.machine_type("gcp", str(offer.machine_type))
            except Unavailable as error:
                findings.append(Finding(f"gcp {platform.name}", Level.ERROR, str(error)))
                continue
            wanted += wanted_by(platform, offer, machine_type)
            kinds.add((machine_type.architecture, gpu_of(platform, machine_type.name)))
        findings += [self._image(architecture, gpu=gpu) for architecture, gpu in sorted(kinds)]
        return [*findings, *quotas(self._clients, wanted)]

    def _image(self, architecture: str, *, gpu: bool) -> Finding:
        subject = f"gcp image for {architecture}{' with GPU' if gpu else ''}"
        try:
            image = self._images.find(architecture, gpu=gpu)
        except ProviderError as error:
            return Finding(subject, Level.ERROR, str(error))
        return Finding(subject, Level.OK, image.link)


def _permission(name: str, granted: bool) -> Finding:  # noqa: FBT001 - one of two arguments
    if granted:
        return Finding(f"gcp permission {name}", Level.OK, "granted")
    return Finding(
        f"gcp permission {name}",
        Level.ERROR,
        "missing: give these credentials a role that has it, e.g. roles/compute.admin",
    )


@dataclass(frozen=True)
class Wanted:
    """How much of one quota a machine of the plan uses."""

    region: str
    metric: str
    amount: int


def wanted_by(
    platform: Platform, offer: Offer, machine_type: catalog.MachineType
) -> Iterator[Wanted]:
    """The quotas that count a machine: that of its type, and that of an attached GPU."""
    quota = machine_type.spot_quota if offer.spot else machine_type.quota
    if quota is not None:
        amount = machine_type.gpus if quota.unit == "GPUs" else machine_type.vcpus
        yield Wanted(str(offer.region), quota.code, amount)
    gpu = platform.get("gpu")
    how = catalog.attachable("gcp", str(gpu)) if gpu and not machine_type.gpus else None
    attached = catalog.quota_of("gcp", how["quota"], spot=offer.spot) if how else None
    if attached is not None:
        yield Wanted(str(offer.region), attached.code, 1)


def quotas(clients: Clients, wanted: Iterable[Wanted]) -> Iterator[Finding]:
    """One finding for each region and quota."""
    groups: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in wanted:
        groups[one.region][one.metric].append(one.amount)
    for region, metrics in sorted(groups.items()):
        try:
            free = _free(clients, region)
        except ProviderError as error:
            yield Finding(f"gcp {region} quotas", Level.WARNING, f"cannot be read: {error}")
            continue
        for metric, amounts in sorted(metrics.items()):
            yield _compared(f"gcp {region} quota {metric}", free.get(metric), amounts)


def _free(clients: Clients, region: str) -> dict[str, float]:
    with translated(f"compute.regions.get {region}"):
        found = clients.regions.get(project=clients.project, region=region, **clients.looking)
    return {quota.metric: quota.limit - quota.usage for quota in found.quotas}


def _compared(subject: str, free: float | None, amounts: list[int]) -> Finding:
    said = f"wanted at once {sum(amounts)} by {counted(len(amounts), 'machine')}"
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

"""``doctor`` for Compute Engine: may it, can it, and is there enough of it, before any launch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from orchestrator import catalog
from orchestrator.model.machine import Finding, Level, Place, Refused, Unavailable
from orchestrator.model.experiment import Platform
from orchestrator.providers.clock_skew import skew
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.images import Images
from orchestrator.providers.gcp.quotas import Wanted, quotas, wanted_by
from orchestrator.providers.gcp.request import gpu_of

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
"""All that a run asks for; the role roles/compute.admin has them."""


class Check:
    """Looks at the best place of every platform: its image and its region's quotas."""

    def __init__(
        self,
        clients: Clients,
        images: Images,
        places: Callable[[Platform], Sequence[Place]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients
        self._images = images
        self._places = places
        self._clock = clock

    def run(self, platforms: Sequence[Platform]) -> list[Finding]:
        """All findings; without credentials only that."""
        subject = "gcp credentials"
        try:
            granted, date = self._clients.permitted(list(PERMISSIONS))
        except Refused as error:
            return [Finding(subject, Level.ERROR, str(error))]
        findings = [Finding(subject, Level.OK, f"project {self._clients.project}")]
        findings += skew("gcp", "Google's", date, self._clock())
        findings += [_permission(name, name in granted) for name in PERMISSIONS]
        wanted: list[Wanted] = []
        kinds: set[tuple[str, bool]] = set()
        for platform in platforms:
            try:
                place = self._places(platform)[0]
                machine_type = catalog.machine_type("gcp", str(place.machine_type))
            except Unavailable as error:
                findings.append(Finding(f"gcp {platform.name}", Level.ERROR, str(error)))
                continue
            wanted += wanted_by(platform, place, machine_type)
            kinds.add((machine_type.architecture, gpu_of(platform, machine_type.name)))
        findings += [self._image(architecture, gpu=gpu) for architecture, gpu in sorted(kinds)]
        return [*findings, *quotas(self._clients, wanted)]

    def _image(self, architecture: str, *, gpu: bool) -> Finding:
        subject = f"gcp image for {architecture}{' with GPU' if gpu else ''}"
        try:
            image = self._images.find(architecture, gpu=gpu)
        except Refused as error:
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

"""``doctor`` for EC2: may it, can it, and is there enough of it, before anything is launched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from orchestrator import catalog
from orchestrator.model.machine import Finding, Level, Place, Refused, Unavailable
from orchestrator.model.experiment import Platform
from orchestrator.providers.aws.ami import Amis
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import translated
from orchestrator.providers.aws.permissions import permissions
from orchestrator.providers.aws.quotas import Wanted, quotas
from orchestrator.providers.clock_skew import skew


class Check:
    """Looks at the best place of every platform: its region, image, quota and permissions."""

    def __init__(
        self,
        clients: Clients,
        amis: Amis,
        places: Callable[[Platform], Sequence[Place]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients
        self._amis = amis
        self._places = places
        self._clock = clock

    def run(self, platforms: Sequence[Platform]) -> list[Finding]:
        """All findings; without credentials only that."""
        findings = list(self._account())
        if any(finding.level is Level.ERROR for finding in findings):
            return findings
        wanted: list[Wanted] = []
        images: dict[str, tuple[str, str]] = {}
        seen: set[tuple[str, str, bool]] = set()
        for platform in platforms:
            try:
                place = self._places(platform)[0]
                machine_type, region = str(place.machine_type), str(place.region)
                facts = catalog.machine_type("aws", machine_type)
            except Unavailable as error:
                findings.append(Finding(f"aws {platform.name}", Level.ERROR, str(error)))
                continue
            quota = facts.spot_quota if place.spot else facts.quota
            if quota is not None:
                wanted.append(Wanted(region, quota.code, quota.name, facts.vcpus))
            kind = (region, facts.architecture, facts.gpus > 0)
            if kind in seen:
                continue
            seen.add(kind)
            finding, image = self._image(*kind)
            findings.append(finding)
            if image is not None:
                images.setdefault(region, (image, machine_type))
        for region, (image, machine_type) in sorted(images.items()):
            findings += permissions(self._clients, region, image, machine_type)
        return [*findings, *quotas(self._clients, wanted)]

    def _account(self) -> Iterator[Finding]:
        subject = "aws credentials"
        try:
            with translated("sts:GetCallerIdentity"):
                reply = self._clients.reading("sts").get_caller_identity()
        except Refused as error:
            yield Finding(subject, Level.ERROR, str(error))
            return
        yield Finding(subject, Level.OK, f"{reply['Arn']}, account {reply['Account']}")
        date = reply["ResponseMetadata"]["HTTPHeaders"].get("date")
        yield from skew("aws", "Amazon's", date, self._clock())

    def _image(
        self,
        region: str,
        architecture: str,
        gpu: bool,  # noqa: FBT001 - one of three keys
    ) -> tuple[Finding, str | None]:
        subject = f"aws {region} image for {architecture}{' with GPU' if gpu else ''}"
        try:
            ami = self._amis.find(region, architecture, gpu=gpu)
        except Refused as error:
            return Finding(subject, Level.ERROR, str(error)), None
        return Finding(subject, Level.OK, ami.id), ami.id

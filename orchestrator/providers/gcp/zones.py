"""The zones of regions, and the instances in all zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from google.cloud import compute_v1

from orchestrator.model.machine import Offer, ProviderError, ProviderErrorKind
from orchestrator.providers.gcp import labels
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.errors import translated
from orchestrator.system.once import Once

_EMPTY = "NO_RESULTS_ON_PAGE"


class Zones:
    """The zones of the project, listed once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: Once[tuple[str, ...]] = Once()

    def expanded(self, offers: Sequence[Offer]) -> tuple[Offer, ...]:
        """Each offer of a region as one for each of its zones. Raises ``ProviderError``."""
        if all(offer.zone is not None for offer in offers):
            return tuple(offers)
        known = self._known.get(("zones",), self._ask)
        return tuple(
            replace(offer, zone=zone)
            for offer in offers
            for zone in ([offer.zone] if offer.zone else known)
            if offer.zone or zone.rpartition("-")[0] == offer.region
        )

    def _ask(self) -> tuple[str, ...]:
        with translated("compute.zones.list"):
            found = self._clients.zones.list(project=self._clients.project, **self._clients.looking)
            return tuple(sorted(zone.name for zone in found if zone.status == "UP"))


def alive(clients: Clients, run: str | None) -> list[compute_v1.Instance]:
    """Our instances in all zones, of one run or of all. Raises ``ProviderError``.

    A zone that does not answer is an error: machines there would be overlooked.
    """
    value = "*" if run is None else labels.safe(run)
    operator = ":" if run is None else "="
    request = compute_v1.AggregatedListInstancesRequest(
        project=clients.project,
        filter=f"labels.{labels.RUN}{operator}{value}",
        max_results=500,
    )
    found: list[compute_v1.Instance] = []
    with translated("compute.instances.aggregatedList"):
        pages = clients.instances.aggregated_list(request, **clients.looking).pages
        for page in pages:
            for unreachable in page.unreachables:
                raise _silent(unreachable)
            for scope, scoped in page.items.items():
                warning: Any = scoped.warning  # mypy takes its type for the builtin one
                if warning.code not in ("", _EMPTY):
                    raise _silent(f"{scope} ({warning.code}: {warning.message})")
                found.extend(scoped.instances)
    return found


def _silent(zone: str) -> ProviderError:
    return ProviderError(
        ProviderErrorKind.UNCERTAIN, f"compute.instances.aggregatedList: no answer from {zone}"
    )

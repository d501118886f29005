"""Compute Engine's operations, polled until they are done.

``operation.result()`` of the SDK would create a client of its own, for Google's endpoint instead of
the configured one. So operations are polled here.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.cloud import compute_v1

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.cloud import Pace
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.errors import failed, translated

INSERT = "insert"
PREEMPTED = "compute.instances.preempted"
TRANSIENT = (ProviderErrorKind.THROTTLED, ProviderErrorKind.UNCERTAIN)


class Operations:
    """Waits for operations; a failed one raises ``ProviderError``."""

    def __init__(self, clients: Clients, pace: Pace) -> None:
        self._clients = clients
        self._pace = pace

    def until_done(self, operation: compute_v1.Operation, doing: str, zone: str | None) -> None:
        """Wait until it is done; ``zone``: ``None`` for a global one. Raises ``ProviderError``."""
        pace = self._pace
        start = pace.clock()
        while operation.status != compute_v1.Operation.Status.DONE:
            if pace.clock() - start > pace.end:
                raise ProviderError(
                    ProviderErrorKind.UNCERTAIN,
                    f"{doing}: not done after {pace.end:.0f} s, still going on",
                )
            pace.sleep(pace.poll)
            try:
                operation = self._again(operation, zone)
            except ProviderError as error:
                if error.kind not in TRANSIENT:
                    raise
        failure = failed(operation, doing)
        if failure is not None:
            raise failure

    def of_instance(self, zone: str, name: str) -> Sequence[compute_v1.Operation]:
        """The operations on an instance, newest last. Raises ``ProviderError``."""
        request = compute_v1.ListZoneOperationsRequest(
            project=self._clients.project,
            zone=zone,
            filter=f'targetLink eq ".*/instances/{name}"',
        )
        with translated(f"compute.zoneOperations.list of {name} in {zone}"):
            found = list(self._clients.zone_operations.list(request, **self._clients.looking))
        return sorted(found, key=lambda operation: operation.insert_time)

    def _again(self, operation: compute_v1.Operation, zone: str | None) -> compute_v1.Operation:
        clients = self._clients
        with translated(f"operation {operation.name}"):
            if zone is None:
                return clients.global_operations.get(
                    project=clients.project, operation=operation.name, **clients.once
                )
            return clients.zone_operations.get(
                project=clients.project, zone=zone, operation=operation.name, **clients.once
            )


def is_done(operation: compute_v1.Operation) -> bool:
    """Whether the operation has ended, also by a failure."""
    return operation.status == compute_v1.Operation.Status.DONE

"""Provider ``gcp``: the life of Compute Engine instances, from an order to a confirmed end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from google.cloud import compute_v1

from orchestrator import catalog
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import (
    Finding,
    Machine,
    Offer,
    Order,
    ProviderError,
    ProviderErrorKind,
    Unavailable,
)
from orchestrator.providers.cloud import Pace, own_address
from orchestrator.providers.gcp import labels
from orchestrator.providers.gcp.check import Check
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.errors import ERRORS, failed, refused, status_of
from orchestrator.providers.gcp.images import Images
from orchestrator.providers.gcp.lifetime import COMING, Lifetime
from orchestrator.providers.gcp.network import Network
from orchestrator.providers.gcp.operations import Operations, is_done
from orchestrator.providers.gcp.request import gpu_of, instance_of, name_of, request_id
from orchestrator.providers.gcp.zones import Zones, alive

USER = "eqc"
"""The user for SSH: Google's guest agent creates it and lets it use Docker."""
_CONFLICT = 409


class GcpProvider:
    """Compute Engine instances of the user's own project, by the user's own configuration.

    For tests and unusual projects these can be given: the machine images and their user, this
    computer's address, the waiting times (``pace``), and the clock (``now``, Unix seconds).
    """

    def __init__(
        self,
        clients: Clients | None = None,
        *,
        images: Images | None = None,
        user: str = USER,
        address: Callable[[], str] = own_address,
        pace: Pace | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients or Clients()
        self._images = images or Images(self._clients)
        self._user = user
        self._now = now
        pace = pace or Pace()
        operations = Operations(self._clients, pace)
        self._network = Network(self._clients, operations, address)
        self._lifetime = Lifetime(self._clients, operations, pace, user)
        self._zones = Zones(self._clients)

    def offers(self, platform: Platform) -> Sequence[Offer]:
        """The zones, by their region's price. Raises ``Unavailable``."""
        offers = self._zones.expanded(catalog.offers(platform))
        if not offers:
            raise Unavailable("no-region", f"{platform.name}: the project has no such region")
        return offers

    def launch(self, order: Order) -> Machine:
        """Order the instance and return at once. Raises ``ProviderError``."""
        zone, machine_type = order.offer.zone, order.offer.machine_type
        if zone is None or machine_type is None:
            raise ProviderError(
                ProviderErrorKind.INVALID, "an order at gcp needs a zone and a machine type"
            )
        # A repeated request is harmless by its id, as long as Compute Engine remembers that, and by
        # the instance's name, as long as the instance exists.
        existing = self._lifetime.describe(zone, name_of(order))
        if existing is not None:
            return self._known(order, existing)
        gpu = gpu_of(order.platform, machine_type)
        architecture = catalog.machine_type("gcp", machine_type).architecture
        image = self._images.find(architecture, gpu=gpu)
        instance = instance_of(order, image, self._user, self._now())
        self._network.ensure(order.run, order.owner)
        operation = self._insert(order, zone, instance)
        if operation is None or is_done(operation):
            # Done at once: the order was sent before, and its instance may have ended since.
            existing = self._lifetime.describe(zone, instance.name)
            if existing is None:
                raise ProviderError(
                    ProviderErrorKind.GONE, f"{instance.name} of this order is over: a new attempt"
                )
            return self._known(order, existing)
        return Machine(
            id=instance.name,
            platform=order.platform,
            architecture=architecture,
            offer=order.offer,
            run=order.run,
            token=order.token,
            owner=order.owner,
            expires=float(int(order.expires)),
            launched=labels.when(operation.insert_time),
        )

    def wait(self, machine: Machine) -> Machine:
        """Wait until it runs and has an address. Raises ``ProviderError``.

        Compute Engine often reports missing capacity or quota only now, after it took the order.
        """
        return self._lifetime.until_up(machine)

    def release(self, machine: Machine) -> None:
        """Delete it; returns when it is deleted. Raises ``ProviderError``."""
        self._lifetime.end(machine)

    def find(self, run: str | None = None) -> Sequence[Machine]:
        """All our instances, in every zone. Raises ``ProviderError`` if a zone does not answer."""
        return tuple(labels.machine(instance) for instance in alive(self._clients, run))

    def delete_shared(self, run: str) -> None:
        """Remove the run's firewall rules. Raises ``ProviderError``."""
        self._network.remove(run)

    def list_shared(self, owner: str | None = None) -> Sequence[str]:
        """Runs that have firewall rules. Raises ``ProviderError``."""
        return self._network.runs(owner)

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:
        """Check credentials, permissions, images, quotas, and this clock."""
        return Check(self._clients, self._images, self.offers).run(platforms)

    def _insert(
        self, order: Order, zone: str, instance: compute_v1.Instance
    ) -> compute_v1.Operation | None:
        """The operation; ``None``: the instance exists already. Raises ``ProviderError``."""
        doing = f"compute.instances.insert {order.offer.label}"
        request = compute_v1.InsertInstanceRequest(
            project=self._clients.project,
            zone=zone,
            instance_resource=instance,
            request_id=request_id(order.token),
        )
        try:
            operation = self._clients.instances.insert_unary(request, **self._clients.once)
        except ERRORS as error:
            if status_of(error) == _CONFLICT:
                return None
            raise refused(error, doing) from error
        failure = failed(operation, doing) if is_done(operation) else None
        if failure is not None:
            raise failure
        return operation

    def _known(self, order: Order, instance: compute_v1.Instance) -> Machine:
        """Compute Engine's description of the machine, completed from the order."""
        if instance.status not in COMING:
            raise ProviderError(
                ProviderErrorKind.GONE, f"{instance.name} is {instance.status}: this order is over"
            )
        found = labels.machine(instance)
        return replace(found, platform=order.platform, offer=order.offer)

"""Provider ``aws``: the life of EC2 instances, from an order to a confirmed end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

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
from orchestrator.providers.aws import tags
from orchestrator.providers.aws.ami import USER, Amis
from orchestrator.providers.aws.check import Check
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import translated
from orchestrator.providers.aws.lifetime import ALIVE, Lifetime
from orchestrator.providers.aws.network import LoginKeys, Network
from orchestrator.providers.aws.regions import alive, in_each, runs_of_shared, tidy_region
from orchestrator.providers.aws.request import run_instances
from orchestrator.providers.cloud import Pace, own_address
from orchestrator.system.once import Once


class AwsProvider:
    """EC2 instances of the user's own account, by the user's own boto3 configuration.

    For tests and unusual accounts these can be given: the machine images and their user, the
    regions (``None``: all enabled ones), this computer's address, and the waiting times (``pace``).
    """

    def __init__(
        self,
        clients: Clients | None = None,
        *,
        amis: Amis | None = None,
        user: str = USER,
        regions: Sequence[str] | None = None,
        address: Callable[[], str] = own_address,
        pace: Pace | None = None,
    ) -> None:
        self._clients = clients or Clients()
        self._amis = amis or Amis(self._clients)
        self._user = user
        self._regions = None if regions is None else tuple(regions)
        self._enabled: Once[tuple[str, ...]] = Once()
        self._pace = pace or Pace(end=180.0, poll=5.0)
        self._network = Network(self._clients, address)
        self._keys = LoginKeys(self._clients)
        self._lifetime = Lifetime(self._clients, self._pace, user)

    def offers(self, platform: Platform) -> Sequence[Offer]:
        """The enabled regions of the account, by price. Raises ``Unavailable``."""
        # A region that is not enabled refuses the credentials as if they were invalid: omit it.
        known, regions = catalog.offers(platform), self._all_regions()
        usable = tuple(offer for offer in known if offer.region in regions)
        if not usable:
            wanted = ", ".join(sorted({str(offer.region) for offer in known}))
            raise Unavailable("no-region", f"none is enabled in this account of: {wanted}")
        return usable

    def launch(self, order: Order) -> Machine:
        """Order the instance and return at once. Raises ``ProviderError``."""
        region, machine_type = order.offer.region, order.offer.machine_type
        if region is None or machine_type is None:
            raise ProviderError(
                ProviderErrorKind.INVALID, "an order at aws needs a region and a machine type"
            )
        # EC2 makes a repeated request harmless by its ClientToken, but only with the same
        # parameters, and after a crash the host key is another one: so search by tag first. The tag
        # alone is not enough, since it is listed only some time after the instance was made.
        existing = alive(self._clients, region, tags.TOKEN, order.token)
        if existing:
            return self._machine(order, tags.machine(existing[0], region))
        facts = catalog.machine_type("aws", machine_type)
        ami = self._amis.find(region, facts.architecture, gpu=facts.gpus > 0)
        group = self._network.ensure(order.run, order.owner, region)
        key_name = self._keys.ensure(order.run, order.owner, region, order.login_key)
        request = run_instances(order, ami, group, key_name, self._user)
        try:
            with translated(f"ec2:RunInstances {order.offer.label}"):
                reply = self._clients.ec2(region).run_instances(**request)
        except ProviderError as error:
            if error.kind is ProviderErrorKind.UNCERTAIN:
                # The cause may be a removed group or key: the next try looks them up again.
                self._forget(order.run)
            raise
        instance = reply["Instances"][0]
        if instance["State"]["Name"] not in ALIVE:
            # For a known token EC2 returns the instance of then, which may have ended.
            raise ProviderError(
                ProviderErrorKind.GONE,
                f"{instance['InstanceId']} of this order is over: a new attempt",
            )
        return self._machine(order, tags.machine(instance, region))

    def wait(self, machine: Machine) -> Machine:
        """Wait until it runs and has an address. Raises ``ProviderError``."""
        return self._lifetime.until_up(machine)

    def release(self, machine: Machine) -> None:
        """Terminate it; returns when EC2 confirms that it shuts down. Raises ``ProviderError``."""
        self._lifetime.end(machine)

    def find(self, run: str | None = None) -> Sequence[Machine]:
        """All our instances, in every region. Raises ``ProviderError`` if one does not answer."""

        def ask(region: str) -> list[Machine]:
            found = alive(self._clients, region, tags.RUN, run)
            return [tags.machine(instance, region) for instance in found]

        return tuple(m for machines in in_each(self._all_regions(), ask) for m in machines)

    def delete_shared(self, run: str) -> None:
        """Remove the run's key pairs and security groups everywhere. Raises ``ProviderError``."""
        self._forget(run)
        in_each(
            self._all_regions(), lambda region: tidy_region(self._clients, self._pace, region, run)
        )

    def list_shared(self, owner: str | None = None) -> Sequence[str]:
        """Runs with key pairs or security groups in any region. Raises ``ProviderError``."""
        regions = self._all_regions()
        found = in_each(regions, lambda region: runs_of_shared(self._clients, region, owner))
        return sorted(set().union(*found))

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:
        """Check credentials, permissions (by dry-run calls), images, quotas, and this clock."""
        return Check(self._clients, self._amis, self.offers).run(platforms)

    def _machine(self, order: Order, found: Machine) -> Machine:
        """EC2's description of the machine, completed from the order."""
        offer = replace(order.offer, zone=found.offer.zone)
        return replace(found, platform=order.platform, offer=offer)

    def _all_regions(self) -> Sequence[str]:
        if self._regions is None:
            return self._enabled.get(("regions",), self._clients.enabled_regions)
        return self._regions

    def _forget(self, run: str) -> None:
        self._network.forget(run)
        self._keys.forget(run)

"""Access to the machines of a run: two firewall rules admit SSH from this computer only.

The default network of a project admits everybody to port 22. So one rule admits our address to
machines with the run's tag, and a second one, of a priority between that and the network's, denies
everything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from google.cloud import compute_v1

from orchestrator.providers.cloud import own_address
from orchestrator.providers.gcp import labels
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.errors import ERRORS, refused, status_of, translated
from orchestrator.providers.gcp.operations import Operations
from orchestrator.providers.gcp.request import NETWORK
from orchestrator.system.once import Once

_EVERYBODY = "0.0.0.0/0"
_CONFLICT, _NOT_FOUND = 409, 404
# Firewall rules have no labels, so run and owner are in the description.
_DESCRIBED = re.compile("eqc run (?P<run>[^ ]+) of (?P<owner>[^ ]*): ")


class Network:
    """Firewall rules, created with a run's first order."""

    def __init__(
        self, clients: Clients, operations: Operations, address: Callable[[], str] = own_address
    ) -> None:
        self._clients = clients
        self._operations = operations
        self._address = address
        self._made: Once[None] = Once()

    def ensure(self, run: str, owner: str) -> None:
        """Create missing rules, which admit our address only. Raises ``ProviderError``."""
        self._made.get((run,), lambda: self._make(run, owner))

    def runs(self, owner: str | None) -> Sequence[str]:
        """Tags of the runs that have rules, by their descriptions. Raises ``ProviderError``."""
        with translated("compute.firewalls.list"):
            rules = list(
                self._clients.firewalls.list(project=self._clients.project, **self._clients.looking)
            )
        said = filter(None, (_DESCRIBED.match(rule.description) for rule in rules))
        return sorted({found["run"] for found in said if owner in (None, found["owner"])})

    def remove(self, run: str) -> None:
        """Remove the run's rules, if there are any. Raises ``ProviderError``."""
        self._made.forget(run)
        for name in rule_names(run):
            doing = f"compute.firewalls.delete {name}"
            try:
                operation = self._clients.firewalls.delete_unary(
                    project=self._clients.project, firewall=name, **self._clients.once
                )
            except ERRORS as error:
                if status_of(error) == _NOT_FOUND:
                    continue
                raise refused(error, doing) from error
            self._operations.until_done(operation, doing, None)

    def _make(self, run: str, owner: str) -> None:
        # The denying rule first, so that at no time another address is admitted.
        for rule in reversed(_rules(run, owner, f"{self._address()}/32")):
            self._set(rule)

    def _set(self, rule: compute_v1.Firewall) -> None:
        clients = self._clients
        doing = f"compute.firewalls.insert {rule.name}"
        try:
            operation = clients.firewalls.insert_unary(
                project=clients.project, firewall_resource=rule, **clients.once
            )
        except ERRORS as error:
            if status_of(error) != _CONFLICT:
                raise refused(error, doing) from error
            self._correct(rule)
        else:
            self._operations.until_done(operation, doing, None)

    def _correct(self, rule: compute_v1.Firewall) -> None:
        """Update a rule of an earlier call, which may have had another address."""
        clients = self._clients
        with translated(f"compute.firewalls.get {rule.name}"):
            found = clients.firewalls.get(
                project=clients.project, firewall=rule.name, **clients.looking
            )
        if (found.source_ranges, found.allowed, found.denied, found.target_tags) == (
            rule.source_ranges,
            rule.allowed,
            rule.denied,
            rule.target_tags,
        ):
            return
        doing = f"compute.firewalls.update {rule.name}"
        with translated(doing):
            operation = clients.firewalls.update_unary(
                project=clients.project,
                firewall=rule.name,
                firewall_resource=rule,
                **clients.once,
            )
        self._operations.until_done(operation, doing, None)


def rule_names(run: str) -> tuple[str, str]:
    """The names of the run's two rules: the admitting and the denying one."""
    name = labels.named(run)
    return name, name.replace("eqc-", "eqcdeny-", 1)


def _rules(run: str, owner: str, own: str) -> tuple[compute_v1.Firewall, compute_v1.Firewall]:
    admit, deny = rule_names(run)
    return (
        compute_v1.Firewall(
            name=admit,
            description=f"eqc run {run} of {owner}: SSH from one address",
            network=NETWORK,
            direction="INGRESS",
            priority=900,
            source_ranges=[own],
            target_tags=[admit],
            allowed=[compute_v1.Allowed(I_p_protocol="tcp", ports=["22"])],
        ),
        compute_v1.Firewall(
            name=deny,
            description=f"eqc run {run} of {owner}: nothing else",
            network=NETWORK,
            direction="INGRESS",
            priority=1000,
            source_ranges=[_EVERYBODY],
            target_tags=[admit],
            denied=[compute_v1.Denied(I_p_protocol="all")],
        ),
    )

"""Waiting until an instance runs and has an address, and deleting one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from google.cloud import compute_v1

from orchestrator.model.machine import Address, Machine, ProviderError, ProviderErrorKind
from orchestrator.providers.cloud import Pace
from orchestrator.providers.gcp import labels
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.errors import ERRORS, failed, refused, status_of
from orchestrator.providers.gcp.operations import INSERT, PREEMPTED, TRANSIENT, Operations, is_done

COMING = ("PENDING", "PROVISIONING", "STAGING", "RUNNING")
"""States of an instance that is up or will come up."""
_NOT_FOUND = 404


def zone_of(machine: Machine) -> str:
    """The machine's zone. Raises ``ProviderError`` where its offer has none."""
    if machine.offer.zone is None:
        raise ProviderError(ProviderErrorKind.INVALID, f"of {machine.id} the zone is not known")
    return machine.offer.zone


class Lifetime:
    """Starts and ends of single instances. ``user``: the user for SSH."""

    def __init__(self, clients: Clients, operations: Operations, pace: Pace, user: str) -> None:
        self._clients = clients
        self._operations = operations
        self._pace = pace
        self._user = user

    def describe(self, zone: str, name: str) -> compute_v1.Instance | None:
        """The instance; ``None``: there is none of that name. Raises ``ProviderError``."""
        clients = self._clients
        try:
            return clients.instances.get(
                project=clients.project, zone=zone, instance=name, **clients.once
            )
        except ERRORS as error:
            if status_of(error) == _NOT_FOUND:
                return None
            raise refused(error, f"compute.instances.get {name} in {zone}") from error

    def until_up(self, machine: Machine) -> Machine:
        """Wait until it runs; the machine with its address. Raises ``ProviderError``."""
        pace, zone = self._pace, zone_of(machine)
        start = pace.clock()
        state = "ordered"
        while True:
            try:
                instance = self.describe(zone, machine.id)
                host = None if instance is None else _external(instance)
                if instance is not None:
                    state = instance.status
                if instance is not None and state == "RUNNING" and host:
                    return self._reachable(machine, instance, host)
                if instance is None or state not in COMING:
                    young = pace.clock() - start <= pace.settle
                    self._raise_if_over(machine, instance, young=young)
            except ProviderError as error:
                if error.kind not in TRANSIENT:
                    raise
                state = str(error)
            if pace.clock() - start > pace.boot:
                raise ProviderError(
                    ProviderErrorKind.UNREACHABLE,
                    f"{machine.id} in {zone} has no address after {pace.boot:.0f} s ({state})",
                )
            pace.sleep(pace.poll)

    def end(self, machine: Machine) -> None:
        """Delete it and wait until Compute Engine confirms that. Raises ``ProviderError``."""
        pace, zone = self._pace, zone_of(machine)
        start = pace.clock()
        while True:
            try:
                if self._deleted(zone, machine.id, young=pace.clock() - start <= pace.settle):
                    return
                said = "it is not there yet"
            except ProviderError as error:
                if error.kind not in (*TRANSIENT, ProviderErrorKind.GONE):
                    raise
                said = str(error)
            if pace.clock() - start > pace.end:
                raise ProviderError(
                    ProviderErrorKind.UNCERTAIN, f"the end of {machine.id} in {zone}: {said}"
                )
            pace.sleep(pace.poll)

    def _deleted(self, zone: str, name: str, *, young: bool) -> bool:
        """Delete it and wait. False: it does not exist yet, but its order may still create it."""
        doing = f"compute.instances.delete {name} in {zone}"
        request = compute_v1.DeleteInstanceRequest(
            project=self._clients.project,
            zone=zone,
            instance=name,
            # A new id each time: an old one would only return the operation that failed.
            request_id=str(uuid.uuid4()),
        )
        try:
            operation = self._clients.instances.delete_unary(request, **self._clients.once)
        except ERRORS as error:
            if status_of(error) != _NOT_FOUND:
                raise refused(error, doing) from error
            # Its operations show whether it has ended or is still to be created.
            return not _may_come(self._operations.of_instance(zone, name), young=young)
        self._operations.until_done(operation, doing, zone)
        return True

    def _raise_if_over(
        self, machine: Machine, instance: compute_v1.Instance | None, *, young: bool
    ) -> None:
        """Raise ``ProviderError`` for a machine that has ended, unless it may still come up."""
        zone = zone_of(machine)
        done = self._operations.of_instance(zone, machine.id)
        insert = _insert(done)
        failure = insert and failed(insert, f"compute.instances.insert {machine.offer.label}")
        if failure:
            raise failure
        if instance is None and _may_come(done, young=young):
            return
        kinds = [o.operation_type for o in done if o.operation_type != INSERT]
        why = "spot reclaim" if PREEMPTED in kinds else (kinds or ["no reason known"])[-1]
        what = "is not there" if instance is None else f"is {instance.status}"
        raise ProviderError(ProviderErrorKind.GONE, f"{machine.id} in {zone} {what}: {why}")

    def _reachable(self, machine: Machine, instance: compute_v1.Instance, host: str) -> Machine:
        key = labels.metadata(instance).get(labels.HOST_KEY)
        return replace(machine, address=Address(host=host, user=self._user, host_key=key))


def _external(instance: compute_v1.Instance) -> str | None:
    """The instance's address on the internet; ``None`` while it has none."""
    found = [c.nat_i_p for i in instance.network_interfaces for c in i.access_configs]
    return next(filter(None, found), None)


def _insert(done: Sequence[compute_v1.Operation]) -> compute_v1.Operation | None:
    """The newest operation to create the instance, also a failed one."""
    return next((o for o in reversed(done) if o.operation_type == INSERT), None)


def _may_come(done: Sequence[compute_v1.Operation], *, young: bool) -> bool:
    """Whether an instance that does not exist may still be created, by its operations."""
    insert = _insert(done)
    if insert is not None and not is_done(insert):
        return True
    failure = insert is not None and failed(insert, insert.name) is not None
    ended = any(operation.operation_type != INSERT for operation in done)
    return young and not failure and not ended

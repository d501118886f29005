"""Waiting until an instance runs and has an address, and ending one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from orchestrator.model.machine import Address, Machine, ProviderError, ProviderErrorKind
from orchestrator.providers.aws import tags
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import code_of, translated
from orchestrator.providers.cloud import Pace

ALIVE = ("pending", "running", "stopping", "stopped")
"""States of an instance that still costs money."""
_TRANSIENT = (ProviderErrorKind.THROTTLED, ProviderErrorKind.UNCERTAIN)


def region_of(machine: Machine) -> str:
    """The machine's region. Raises ``ProviderError`` where its offer has none."""
    if machine.offer.region is None:
        raise ProviderError(ProviderErrorKind.INVALID, f"of {machine.id} the region is not known")
    return machine.offer.region


class Lifetime:
    """Starts and ends of single instances. ``user``: the user for SSH."""

    def __init__(self, clients: Clients, pace: Pace, user: str) -> None:
        self._clients = clients
        self._pace = pace
        self._user = user

    def until_up(self, machine: Machine) -> Machine:
        """Wait until it runs; the machine with its address. Raises ``ProviderError``."""
        pace = self._pace
        start = pace.clock()
        seen, state = False, "pending"
        while True:
            try:
                instance = self._describe(machine)
            except ProviderError as error:
                if error.kind not in _TRANSIENT:
                    raise
                state = str(error)
            else:
                if instance is not None:
                    seen, state = True, _state(instance)
                    if state == "running" and instance.get("PublicIpAddress"):
                        return self._reachable(machine, instance)
                    if state not in ("pending", "running"):
                        raise ProviderError(
                            ProviderErrorKind.GONE, f"{machine.id} is {state}: {_why(instance)}"
                        )
                elif seen or pace.clock() - start > pace.settle:
                    raise ProviderError(
                        ProviderErrorKind.GONE, f"EC2 knows no {machine.id} any more"
                    )
            if pace.clock() - start > pace.boot:
                hint = "; does its subnet give public addresses?" if state == "running" else ""
                raise ProviderError(
                    ProviderErrorKind.UNREACHABLE,
                    f"{machine.id} has no address after {pace.boot:.0f} s ({state}){hint}",
                )
            pace.sleep(pace.poll)

    def end(self, machine: Machine) -> None:
        """Terminate it and wait until EC2 confirms that. Raises ``ProviderError``."""
        pace = self._pace
        region = region_of(machine)
        start = pace.clock()
        while True:
            state = None
            try:
                with translated(f"ec2:TerminateInstances {machine.id} in {region}"):
                    state = self._terminate(machine, region)
            except ProviderError as error:
                if error.kind not in _TRANSIENT or pace.clock() - start > pace.end:
                    raise
            else:
                if state is not None and state not in ALIVE:
                    return
                # A new instance may not be known to EC2 yet: only after `settle` it is gone.
                if state is None and pace.clock() - start > pace.settle:
                    return
            if pace.clock() - start > pace.end:
                raise ProviderError(
                    ProviderErrorKind.UNCERTAIN, f"{machine.id} in {region} is still {state}"
                )
            pace.sleep(pace.poll)

    def _terminate(self, machine: Machine, region: str) -> str | None:
        """The state after the call; ``None`` where EC2 knows no such instance."""
        try:
            reply = self._clients.ec2(region).terminate_instances(InstanceIds=[machine.id])
        except ClientError as error:
            if code_of(error) == "InvalidInstanceID.NotFound":
                return None
            raise
        return str(reply["TerminatingInstances"][0]["CurrentState"]["Name"])

    def _describe(self, machine: Machine) -> Mapping[str, Any] | None:
        region = region_of(machine)
        with translated(f"ec2:DescribeInstances {machine.id} in {region}"):
            try:
                reply = self._clients.reading("ec2", region).describe_instances(
                    InstanceIds=[machine.id]
                )
            except ClientError as error:
                if code_of(error) == "InvalidInstanceID.NotFound":
                    return None
                raise
        found = [i for reservation in reply["Reservations"] for i in reservation["Instances"]]
        return found[0] if found else None

    def _reachable(self, machine: Machine, instance: Mapping[str, Any]) -> Machine:
        address = Address(
            host=str(instance["PublicIpAddress"]),
            user=self._user,
            host_key=tags.read(instance).get(tags.HOST_KEY),
        )
        offer = replace(machine.offer, zone=instance["Placement"]["AvailabilityZone"])
        return replace(machine, address=address, offer=offer)


def _state(instance: Mapping[str, Any]) -> str:
    return str(instance["State"]["Name"])


def _why(instance: Mapping[str, Any]) -> str:
    """EC2's reason for the end; a spot reclaim is named as such."""
    reason = instance.get("StateReason", {})
    code = str(reason.get("Code", ""))
    said = str(reason.get("Message") or instance.get("StateTransitionReason") or "no reason given")
    return f"spot reclaim ({said})" if code == "Server.SpotInstanceTermination" else said

"""Computers that are there already, reached by SSH: nothing is made, nothing ended."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import (
    Address,
    Finding,
    Level,
    Machine,
    Offer,
    Order,
    ProviderError,
    ProviderErrorKind,
    SshPlacement,
)
from orchestrator.ssh.config import resolved
from orchestrator.ssh.known_hosts import (
    SYSTEM_KNOWN_HOSTS,
    known_as,
    known_hosts_files,
    known_keys,
)

CONNECT_SECONDS = 5.0


class SshProvider:
    """Provider ``ssh``.

    What a host's architecture is nobody knows before a login: machines say ``x86_64`` until the
    shell has asked. What is started on a host is the shell's to find and to end.
    """

    def offers(self, platform: Platform) -> Sequence[Offer]:  # noqa: ARG002 - the contract's
        """Where it stands, for nothing that we know of."""
        return (Offer(price_per_hour=0.0),)

    def launch(self, order: Order) -> Machine:
        """The host, where it is now. The same one for every order: it exists once."""
        platform = order.platform
        return Machine(
            id=f"{platform.name}-{platform.id}",
            platform=platform,
            address=address_of(platform),
            offer=order.offer,
            run=order.run,
            token=order.token,
            owner=order.owner,
            expires=order.expires or None,
        )

    def wait(self, machine: Machine) -> Machine:
        """It is up, or it is not: the shell will see."""
        return machine

    def release(self, machine: Machine) -> None:
        """Nothing was made, so nothing is to be ended."""

    def delete_shared(self, run: str) -> None:
        """Nothing of a run is kept anywhere."""

    def list_shared(self, owner: str | None = None) -> Sequence[str]:  # noqa: ARG002 - the contract's
        """Nothing of a run is kept anywhere."""
        return ()

    def find(self, run: str | None = None) -> Sequence[Machine]:  # noqa: ARG002 - the contract's
        """Nothing was made. What runs on hosts is found there: ``executors.remote_container``."""
        return ()

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:
        """Of every host: is it reachable, is its key known, are the files there that are named."""
        found: list[Finding] = []
        for platform in platforms:
            address: Address | None = None
            try:
                address = address_of(platform)
            except ProviderError as error:
                found.append(Finding(f"{platform.name} address", Level.ERROR, str(error)))
            while address is not None:
                found += _check(platform, address)
                address = address.jump
        return found


def address_of(platform: Platform) -> Address:
    """Where the host of a platform is, by the experiment and the user's SSH configuration.

    Raises ``ProviderError`` where the platform names none, or the configuration cannot be followed.
    """
    placement = platform.placement
    if not isinstance(placement, SshPlacement):
        raise ProviderError(ProviderErrorKind.INVALID, f"{platform.name} names no host")
    try:
        return resolved(placement.host)
    except EnvironmentNotReady as error:
        raise ProviderError(ProviderErrorKind.INVALID, str(error)) from error


def _check(platform: Platform, address: Address) -> list[Finding]:
    where = f"{address.host}:{address.port}"
    found = [_reachable(platform, address, where), _key_known(platform, address, where)]
    # Files that OpenSSH is told of need not be there; one that the experiment names does.
    files = () if SYSTEM_KNOWN_HOSTS in address.known_hosts else address.known_hosts
    for what, paths in (("identity", address.identities), ("known_hosts", files)):
        for path in paths:
            if not Path(path).is_file():
                text = f"there is no file {path}; correct the host's {what}"
                found.append(Finding(f"{platform.name} {what}", Level.ERROR, text))
    return found


def _reachable(platform: Platform, address: Address, where: str) -> Finding:
    subject = f"{platform.name} reachable at {where}"
    if address.jump is not None:
        text = f"not looked at: only its jump host {address.jump.host} can tell"
        return Finding(subject, Level.OK, text)
    try:
        socket.create_connection((address.host, address.port), CONNECT_SECONDS).close()
    except OSError as error:
        text = f"{error.strerror or error}; is it up, and are address and port right?"
        return Finding(subject, Level.ERROR, text)
    return Finding(subject, Level.OK, "it accepts connections")


def _key_known(platform: Platform, address: Address, where: str) -> Finding:
    subject = f"{platform.name} host key of {where}"
    try:
        known = known_keys(address)
    except ValueError as error:
        return Finding(subject, Level.ERROR, str(error))
    kinds = sorted({kind for kind, b64 in known.accepted if (kind, b64) in known})
    if kinds:
        return Finding(subject, Level.OK, f"known: {', '.join(kinds)}")
    files = " or ".join(str(path) for path in known_hosts_files(address))
    return Finding(
        subject,
        Level.ERROR,
        f"not known, so it will be refused: ask its owner for it and put it into {files} under "
        f"the name {known_as(address)}, or give it as host_key",
    )

"""Computers that are there already, reached by SSH: nothing is made, nothing ended."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.model.experiment import Platform, Scalar
from orchestrator.model.machine import (
    Address,
    Finding,
    Level,
    Machine,
    Offer,
    Order,
    ProviderError,
    ProviderErrorKind,
)
from orchestrator.ssh.known_hosts import known_as, known_hosts_files, known_keys

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
        """The host. The same one for every order: it exists once."""
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
        """Nothing was made. What runs on hosts is found there: ``shell.remote_leftovers``."""
        return ()

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:
        """Of every host: is it reachable, is its key known, are the files there that are named."""
        found: list[Finding] = []
        for platform in platforms:
            address: Address | None = address_of(platform)
            while address is not None:
                found += _check(platform, address)
                address = address.jump
        return found


def address_of(platform: Platform) -> Address:
    """The address in a platform's placement. Raises ``ProviderError`` where there is none.

    Keys of a jump host are those of the host with ``jump_`` in front, as often as there are jumps.
    """
    address = _address(dict(platform.placement), "")
    if address is None:
        raise ProviderError(
            ProviderErrorKind.INVALID, f"{platform.name} has no address in its placement"
        )
    return address


def _address(placement: Mapping[str, Scalar], prefix: str) -> Address | None:
    def text(key: str) -> str | None:
        value = placement.get(prefix + key)
        return None if value is None else str(value)

    host = text("address")
    if host is None:
        return None
    return Address(
        host=host,
        port=int(text("port") or 22),
        user=text("user"),
        host_key=text("host_key"),
        known_hosts=text("known_hosts"),
        identity=text("identity"),
        jump=_address(placement, f"{prefix}jump_"),
    )


def _check(platform: Platform, address: Address) -> list[Finding]:
    where = f"{address.host}:{address.port}"
    found = [_reachable(platform, address, where), _key_known(platform, address, where)]
    for what, path in (("identity", address.identity), ("known_hosts", address.known_hosts)):
        if path is not None and not Path(path).is_file():
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

"""The check of a host's key, before anything is sent to the host. Unknown keys are refused."""

from __future__ import annotations

import base64
import hashlib

import paramiko

from orchestrator.errors import HostKeyRefused
from orchestrator.model.machine import Address
from orchestrator.ssh.known_hosts import KnownKeys, known_as, known_hosts_files

OFFERS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
}
"""Type of a host key → names of the signature algorithms with which a host offers it."""


def written(address: Address) -> str:
    """``user@host:port`` for messages; without the port where it is 22."""
    user = f"{address.user}@" if address.user else ""
    port = f":{address.port}" if address.port != 22 else ""
    return f"{user}{address.host}{port}"


def unwanted_types(known: KnownKeys) -> list[str]:
    """Algorithms to disable, so that the host offers a key of a type that is known for it."""
    wanted = {kind for kind, _ in known.accepted}
    if not wanted:
        return []
    return [name for kind, names in OFFERS.items() if kind not in wanted for name in names]


class KnownHostsOnly(paramiko.MissingHostKeyPolicy):
    """Decides about every host key, since the paramiko client itself is given no known key."""

    def __init__(self, address: Address, known: KnownKeys) -> None:
        self._address = address
        self._known = known

    def missing_host_key(
        self,
        client: paramiko.SSHClient,  # noqa: ARG002 - paramiko's signature
        hostname: str,  # noqa: ARG002 - paramiko's signature
        key: paramiko.PKey,
    ) -> None:
        """Raise ``HostKeyRefused`` for every key that is not known to be this host's."""
        offered = (key.get_name(), key.get_base64())
        if offered not in self._known:
            raise _host_key_refused(self._address, self._known, key)


def _host_key_refused(address: Address, known: KnownKeys, key: paramiko.PKey) -> HostKeyRefused:
    label, shown = written(address), f"{key.get_name()} {key.fingerprint}"
    files = " or ".join(str(path) for path in known_hosts_files(address))
    if (key.get_name(), key.get_base64()) in known.revoked:
        return HostKeyRefused(f"{label} has the host key {shown}, which {files} marks as revoked")
    if not known.accepted:
        return HostKeyRefused(
            f"the host key of {label} is not known: it offers {shown}. Compare that with what its "
            f"owner says, then put the key into {files} under the name {known_as(address)}, or "
            "give it as host_key"
        )
    expected = ", ".join(sorted(f"{kind} {_fingerprint(b64)}" for kind, b64 in known.accepted))
    where = "the one given" if address.host_key is not None else f"the one in {files}"
    return HostKeyRefused(
        f"{label} offers the host key {shown}, not {where}: {expected}. Either this is another "
        "machine, or its key was renewed: ask its owner, then replace the old key"
    )


def _fingerprint(b64: str) -> str:
    digest = hashlib.sha256(base64.b64decode(b64)).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

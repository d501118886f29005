"""The host keys that OpenSSH's known_hosts files have for a name. Standard library only.

Hashed names, patterns, negation and ``@revoked`` are supported. ``@cert-authority`` is not: a host
that is known by such a line only counts as unknown.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from orchestrator.model.machine import Address

SYSTEM_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts"
PublicKey = tuple[str, str]
"""(type, Base64) of a key written ``ssh-ed25519 AAAA…``."""
_WRITTEN_KEY = re.compile(r"(ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+) ([A-Za-z0-9+/]+=*)( .*)?")


@dataclass(frozen=True)
class KnownKeys:
    """The keys accepted for a host, and the revoked ones, which are refused."""

    accepted: frozenset[PublicKey]
    revoked: frozenset[PublicKey]

    def __contains__(self, key: PublicKey) -> bool:
        return key in self.accepted and key not in self.revoked


def known_keys(address: Address) -> KnownKeys:
    """The keys for the host at ``address``: its ``host_key`` alone if given, else by the files.

    A file that cannot be read counts as empty. Raises ``ValueError`` for a malformed ``host_key``.
    """
    if address.host_key is not None:
        return KnownKeys(frozenset({parse_key(address.host_key)}), frozenset())
    lines = [line for path in known_hosts_files(address) for line in _lines(path)]
    return search(lines, known_as(address))


def known_hosts_files(address: Address) -> Sequence[Path]:
    """The files for ``address``: those it names, or else the user's and the system's."""
    if address.known_hosts:
        return tuple(map(Path, address.known_hosts))
    return (Path.home() / ".ssh/known_hosts", Path(SYSTEM_KNOWN_HOSTS))


def known_as(address: Address) -> str:
    """The name of a host in those files: ``host``, or ``[host]:port`` for another port than 22.

    Where it has an alias it is that, whatever the port.
    """
    if address.host_key_alias is not None:
        return address.host_key_alias
    host = address.host.lower()
    return host if address.port == 22 else f"[{host}]:{address.port}"


def parse_key(written: str) -> PublicKey:
    """``ssh-ed25519 AAAA… comment`` → type and Base64. Raises ``ValueError``."""
    match = _WRITTEN_KEY.fullmatch(written.strip())
    if match is None:
        raise ValueError(f"a host key is written like 'ssh-ed25519 AAAA…', not {written!r}")
    base64.b64decode(match[2], validate=True)
    return match[1], match[2]


def search(lines: Iterable[str], name: str) -> KnownKeys:
    """The keys of ``name`` in ``lines`` of known_hosts files; malformed lines are ignored."""
    accepted: set[PublicKey] = set()
    revoked: set[PublicKey] = set()
    for line in lines:
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else None
        if len(fields) < 3 or fields[0].startswith("#") or not _matches(fields[0], name):
            continue
        try:
            key = parse_key(f"{fields[1]} {fields[2]}")
        except ValueError:
            continue
        if marker is None:
            accepted.add(key)
        elif marker == "@revoked":
            revoked.add(key)
    return KnownKeys(frozenset(accepted), frozenset(revoked))


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()


def _matches(patterns: str, name: str) -> bool:
    matched = False
    for pattern in patterns.split(","):
        if pattern.startswith("|1|"):
            matched = matched or _hash_matches(pattern, name)
        elif pattern.startswith("!"):
            if _pattern_matches(pattern[1:], name):
                return False
        else:
            matched = matched or _pattern_matches(pattern, name)
    return matched


def _pattern_matches(pattern: str, name: str) -> bool:
    # OpenSSH has the wildcards * and ? only; brackets belong to [host]:port.
    return fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))


def _hash_matches(pattern: str, name: str) -> bool:
    try:
        _, _, salt, expected = pattern.split("|")
        digest = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(digest, base64.b64decode(expected))
    except (ValueError, binascii.Error):
        return False

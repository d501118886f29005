"""The user's own SSH configuration (``~/.ssh/config``), for hosts that an experiment names.

Read by paramiko: Host, Match (all, canonical, final, exec, host, originalhost, user, localuser) and
the settings below. Include is read here, where it stands before the first Host or Match.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko.config import SSHConfigDict

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.machine import Address, SshHost
from orchestrator.ssh.known_hosts import SYSTEM_KNOWN_HOSTS

_CRITERIA = frozenset(
    {"all", "canonical", "final", "exec", "host", "originalhost", "user", "localuser"}
)
_DEEPEST_INCLUDE = 16
"""As OpenSSH has it."""
_MOST_JUMPS = 8
_JUMP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?P<name>\[[^\]]+\]|[^:@\[\]]+)(?::(?P<port>[0-9]{1,5}))?/?"
)


def resolved(host: SshHost, path: Path | None = None) -> Address:
    """Where ``host`` is and who logs in there, its jump hosts too.

    What ``host`` says wins over the configuration (``path``, else the user's), and that over
    OpenSSH's defaults. Raises ``EnvironmentNotReady`` for a configuration that cannot be followed,
    naming its file.
    """
    path = path or Path.home() / ".ssh/config"
    lines = _lines(path, path.parent) if path.exists() else ()
    return _Configuration(path, paramiko.SSHConfig.from_text("\n".join(lines))).address(host, ())


@dataclass(frozen=True)
class _Configuration:
    path: Path
    config: paramiko.SSHConfig

    def address(self, host: SshHost, passed: tuple[str, ...]) -> Address:
        """``passed``: names of the hosts that ``host`` is a jump host for."""
        if host.name in passed or len(passed) > _MOST_JUMPS:
            raise self._wrong(passed[0], "its jump hosts go in a circle, or are too many")
        said = self._lookup(host.name)
        return Address(
            host=said["hostname"].strip("[]"),
            port=host.port or self._port(host.name, said.get("port", "22")),
            user=host.user or said.get("user"),
            host_key=host.host_key,
            known_hosts=_given(host.known_hosts) or _known_hosts(said),
            host_key_alias=said.get("hostkeyalias"),
            identities=_given(host.identity) or _identities(said),
            jump=self._jump(host, said, (*passed, host.name)),
        )

    def _lookup(self, name: str) -> SSHConfigDict:
        try:
            return self.config.lookup(name)
        except (paramiko.SSHException, ValueError, OSError) as error:
            raise self._wrong(name, str(error)) from error
        except KeyError as error:
            raise self._wrong(name, f"{error} is missing") from error

    def _port(self, name: str, written: str) -> int:
        if not (written.isdecimal() and 1 <= int(written) <= 65535):
            raise self._wrong(name, f"Port {written} is not a number from 1 to 65535")
        return int(written)

    def _jump(self, host: SshHost, said: SSHConfigDict, passed: tuple[str, ...]) -> Address | None:
        if host.jump is not None:
            return self.address(host.jump, passed)
        written = said.get("proxyjump")
        if written is None and said.get("proxycommand") is not None:
            raise self._wrong(host.name, "ProxyCommand is not followed: use ProxyJump, or jump")
        if written is None or written.lower() == "none":
            return None
        jump: SshHost | None = None
        for part in written.split(","):
            # The first is the one that is reached from here.
            match = _JUMP.fullmatch(part.strip())
            if match is None:
                raise self._wrong(host.name, f"ProxyJump {written} is not user@host:port")
            port = None if match["port"] is None else self._port(host.name, match["port"])
            jump = SshHost(match["name"].strip("[]"), port, match["user"], jump=jump)
        return None if jump is None else self.address(jump, passed)

    def _wrong(self, name: str, what: str) -> EnvironmentNotReady:
        return EnvironmentNotReady(f"{self.path}: host {name}: {what}")


def _given(written: str | None) -> tuple[str, ...]:
    return () if written is None else (written,)


def _known_hosts(said: SSHConfigDict) -> tuple[str, ...]:
    written = said.get("userknownhostsfile")
    if written is None:
        return ()
    names = [] if written.lower() == "none" else shlex.split(written)
    home = str(Path.home())
    mine = [str(Path(name.replace("%d", home)).expanduser()) for name in names]
    return (*mine, SYSTEM_KNOWN_HOSTS)


def _identities(said: SSHConfigDict) -> tuple[str, ...]:
    """Those that are there, as OpenSSH does it; all of them where none is, so that it is told."""
    written = [str(Path(name.strip('"')).expanduser()) for name in said.get("identityfile", ())]
    named = [name for name in written if name.lower() != "none"]
    return tuple([name for name in named if Path(name).exists()] or named)


def _lines(path: Path, folder: Path, depth: int = 0) -> Iterator[str]:
    """The lines of ``path``, in place of an Include those of its files (relative to ``folder``)."""
    if depth > _DEEPEST_INCLUDE:
        raise EnvironmentNotReady(f"{path}: Include goes in a circle, or too deep")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentNotReady(f"{path}: cannot be read: {error}") from error
    for_all = True
    for number, line in enumerate(lines, start=1):
        try:
            key, value = _setting(line)
        except (paramiko.SSHException, ValueError) as error:
            raise EnvironmentNotReady(f"{path}:{number}: {error}") from error
        for_all = for_all and key not in ("host", "match")
        if key == "userknownhostsfile":
            # Several files, each perhaps quoted; paramiko takes the outermost quotes away.
            yield f'{key} "{value}"'
        elif key != "include":
            yield line
        elif for_all:
            for pattern in shlex.split(value):
                yield from _included(folder / Path(pattern).expanduser(), folder, depth + 1)
        else:
            text = "Include is understood before the first Host or Match only: move it there"
            raise EnvironmentNotReady(f"{path}:{number}: {text}")


def _included(pattern: Path, folder: Path, depth: int) -> Iterator[str]:
    root = Path(pattern.anchor)
    for path in sorted(root.glob(str(pattern.relative_to(root)))):
        yield from _lines(path, folder, depth)
        yield "Host *"  # what follows the Include is in no section of that file


def _setting(line: str) -> tuple[str, str]:
    """Keyword in lower case and value; raises ``SSHException`` or ``ValueError`` for neither."""
    paramiko.SSHConfig.from_text(line)
    match = paramiko.SSHConfig.SETTINGS_REGEX.match(line.strip())
    if match is None or line.strip().startswith("#"):
        return "", ""
    key, value = match[1].lower(), match[2]
    if key == "match":
        # paramiko takes what it does not know for something that is always true.
        for criterion in _criteria(shlex.split(value)):
            if criterion not in _CRITERIA:
                raise ValueError(f"Match {criterion} is not understood")
    return key, value


def _criteria(words: list[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        criterion = word.removeprefix("!").lower()
        yield criterion
        if criterion not in ("all", "canonical", "final"):
            next(rest, None)

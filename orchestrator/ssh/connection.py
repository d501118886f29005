"""SSH connections: check the host key, then log in; paramiko's errors become ours."""

from __future__ import annotations

import getpass
import logging
from typing import TYPE_CHECKING

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from orchestrator.errors import ConnectionLost, HostKeyRefused, LoginRefused
from orchestrator.ssh.host_keys import KnownHostsOnly, unwanted_types, written
from orchestrator.ssh.known_hosts import KnownKeys, known_keys

if TYPE_CHECKING:
    from orchestrator.model.machine import Address

KEEPALIVE_SECONDS = 15
# Failures are raised as our errors; without a handler paramiko prints tracebacks to stderr too.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class Connection:
    """A connection after login and, if it goes through a jump host, the connection to that."""

    def __init__(self, label: str, client: paramiko.SSHClient, through: Connection | None) -> None:
        self.label = label
        self._client = client
        self._through = through

    @property
    def alive(self) -> bool:
        """False once the loss of the connection was noticed; true proves nothing."""
        transport = self._client.get_transport()
        return transport is not None and transport.is_active()

    def session(self, seconds: float) -> paramiko.Channel:
        """A channel for one command. Raises ``ConnectionLost`` unless it opens in ``seconds``."""
        try:
            return self._transport().open_session(timeout=seconds)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise lost(self.label, error) from error

    def tunnel(self, host: str, port: int, seconds: float) -> paramiko.Channel:
        """A channel to an address that this machine can reach. Raises ``ConnectionLost``."""
        try:
            return self._transport().open_channel(
                "direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=seconds
            )
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise lost(f"{host}:{port} through {self.label}", error) from error

    def check(self, seconds: float) -> None:
        """Verify that the machine answers within ``seconds``. Raises ``ConnectionLost``."""
        self.session(seconds).close()

    def sftp(self) -> paramiko.SFTPClient:
        """A client for copying files. Raises ``ConnectionLost``."""
        try:
            return self._client.open_sftp()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise lost(self.label, error) from error

    def close(self) -> None:
        """Close the connection, and the one to the jump host."""
        self._client.close()
        if self._through is not None:
            self._through.close()

    def _transport(self) -> paramiko.Transport:
        transport = self._client.get_transport()
        if transport is None:
            raise EOFError("the connection was closed")
        return transport


def connect(address: Address, seconds: float) -> Connection:
    """Connect and log in; each step may take ``seconds``.

    Raises ``HostKeyRefused`` before anything is sent to a host with an unknown or wrong key,
    ``LoginRefused``, and ``ConnectionLost`` for every failure that may be temporary.
    """
    label = written(address)
    through = connect(address.jump, seconds) if address.jump is not None else None
    client = paramiko.SSHClient()
    connected = False
    try:
        known = _known(address)
        client.set_missing_host_key_policy(KnownHostsOnly(address, known))
        sock = through.tunnel(address.host, address.port, seconds) if through else None
        _login(client, address, known, sock, seconds)
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(KEEPALIVE_SECONDS)
        connected = True
    finally:
        if not connected:
            client.close()
            if through is not None:
                through.close()
    return Connection(label, client, through)


def lost(label: str, error: Exception) -> ConnectionLost:
    """The error for a connection that failed with ``error``."""
    what = str(error) or type(error).__name__
    return ConnectionLost(
        f"{label}: no connection ({what}); is the machine up, and the port right?"
    )


def _login(
    client: paramiko.SSHClient,
    address: Address,
    known: KnownKeys,
    sock: paramiko.Channel | None,
    seconds: float,
) -> None:
    label = written(address)
    try:
        client.connect(
            address.host,
            address.port,
            address.user or getpass.getuser(),
            # One or several, as paramiko documents it.
            key_filename=list(address.identities) or None,  # type: ignore[arg-type]
            look_for_keys=not address.identities,
            timeout=seconds,
            banner_timeout=seconds,
            auth_timeout=seconds,
            sock=sock,
            disabled_algorithms={"keys": unwanted_types(known)},
        )
    except paramiko.AuthenticationException as error:
        raise _login_refused(address, error) from error
    except IncompatiblePeer as error:
        if "host key" not in str(error):
            raise lost(label, error) from error
        kinds = ", ".join(sorted({kind for kind, _ in known.accepted}))
        raise HostKeyRefused(
            f"{label} has no host key of the known type ({kinds}). Either this is another machine, "
            "or its keys were renewed: ask its owner, then replace the old key"
        ) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise _login_refused(address, error) from error
        if type(error) is paramiko.SSHException and "authentication methods" in str(error):
            raise _login_refused(address, error) from error
        raise lost(label, error) from error
    except ValueError as error:
        # The identity file holds no key.
        raise _login_refused(address, error) from error


def _login_refused(address: Address, error: Exception) -> LoginRefused:
    named = " or ".join(address.identities)
    key = f"the key {named}" if named else "the agent's and the user's keys"
    return LoginRefused(
        f"{written(address)} refuses the login with {key} ({error}); put the public key into "
        "its authorized_keys, or name another user or identity (a key with a passphrase has to be "
        "in the agent)"
    )


def _known(address: Address) -> KnownKeys:
    try:
        return known_keys(address)
    except ValueError as error:
        raise HostKeyRefused(f"{written(address)}: {error}") from error

"""Commands and files on a remote machine over SSH, across lost connections.

A connection is opened when a call needs one; after ``ConnectionLost`` the next call opens another.
No call is repeated automatically: only the caller knows which ones may safely run twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import BinaryIO, TypeVar, cast

import paramiko

from orchestrator.errors import ConnectionLost, HostKeyRefused, LoginRefused, OutputRefused
from orchestrator.model.machine import Address
from orchestrator.ssh.command import Command, Completed, Reader
from orchestrator.ssh.connection import Connection, connect, lost
from orchestrator.ssh.host_keys import written
from orchestrator.system.lines import lines_of

OUTPUT_LIMIT = 16 << 20
"""Bytes of one command's stdout, or of one file."""
STREAM_LIMIT = 128 << 20
"""Bytes of one followed output: twice what an engine keeps of a container's log."""
PADDING_LIMIT = 1 << 20
"""Bytes that may follow the end of an archive: its padding."""
KEYS_SECONDS = 120.0
"""From a booting machine's first answer until its host key and our login key must work."""

T = TypeVar("T")


class SshClient:
    """Commands on one machine, over one connection; usable from any thread."""

    def __init__(
        self,
        address: Address,
        *,
        connect_seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
        gone: Callable[[], str | None] = lambda: None,
    ) -> None:
        """``gone``: called while the machine does not answer; why it never will, or ``None``.

        ``connect_seconds`` limits each step of connecting.
        """
        self.address = address
        self.label = written(address)
        self._seconds = connect_seconds
        self._clock = clock
        self._gone = gone
        self._lock = threading.Lock()
        self._current: Connection | None = None

    def __enter__(self) -> SshClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_until_reachable(self, seconds: float, stop: Event, *, booting: bool = False) -> None:
        """Try to connect for up to ``seconds``; return at once when ``stop`` is set.

        Raises ``ConnectionLost`` after that time. Raises ``HostKeyRefused`` and ``LoginRefused`` at
        once, or ``KEYS_SECONDS`` later for a ``booting`` machine, which may not have its keys yet.
        """
        end = self._clock() + seconds
        pause = 0.5
        answered = None
        while not stop.is_set():
            try:
                self._connection()
            except (ConnectionLost, HostKeyRefused, LoginRefused) as error:
                # Also after a wrong host key: the address of an ended machine gets another host.
                why = self._gone()
                if why is not None:
                    raise ConnectionLost(f"{self.label}: {why}") from error
                if not isinstance(error, ConnectionLost):
                    if not booting:
                        raise
                    answered = answered or self._clock()
                    end = min(end, answered + KEYS_SECONDS)
                if self._clock() + pause > end:
                    raise
            else:
                return
            stop.wait(pause)
            pause = min(pause * 1.5, 5.0)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float = 60.0,
        stdin: bytes | BinaryIO | None = None,
        limit: int = OUTPUT_LIMIT,
    ) -> Completed:
        """Run a command to its end. The words of ``argv`` are quoted for the remote shell.

        Raises ``ConnectionLost`` where its exit status is not known, also after ``timeout``
        seconds; ``OutputRefused`` for more than ``limit`` bytes on its stdout.
        """
        with self._command(argv, stdin) as command:
            output = bytearray()
            for chunk in command.chunks(timeout=timeout):
                output += chunk
                if len(output) > limit:
                    raise OutputRefused(
                        f"{self.label}: {argv[0]} wrote more than {limit} bytes, the most accepted"
                    )
            return command.ended(bytes(output))

    def stream(
        self,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        *,
        stop: Event,
        timeout: float | None = None,
    ) -> Completed | None:
        """Run a command and pass each line of its stdout to ``on_line`` as it comes.

        ``None`` where ``stop`` was set first: then its output is not read any more, but the command
        itself is not ended. Raises ``ConnectionLost``, and ``OutputRefused`` for more than
        ``STREAM_LIMIT`` bytes.
        """
        with self._command(argv, None) as command:
            chunks = self._limited(argv[0], command.chunks(timeout=timeout, stop=stop))
            for line in lines_of(chunks):
                if not command.stopped:
                    on_line(line)
            return None if command.stopped else command.ended()

    def _limited(self, program: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        received = 0
        for chunk in chunks:
            received += len(chunk)
            if received > STREAM_LIMIT:
                raise OutputRefused(
                    f"{self.label}: {program} wrote more than {STREAM_LIMIT} bytes, the most "
                    "accepted"
                )
            yield chunk

    def receive(
        self,
        argv: Sequence[str],
        consume: Callable[[BinaryIO], T],
        *,
        timeout: float | None = None,
    ) -> tuple[Completed, T]:
        """Run a command whose stdout ``consume`` reads; how it ended, and what that returned.

        The stream can be read once, forwards. Raises ``ConnectionLost``, and ``OutputRefused``
        where more than ``PADDING_LIMIT`` bytes are left after ``consume``.
        """
        with self._command(argv, None) as command:
            chunks = command.chunks(timeout=timeout)
            result = consume(cast(BinaryIO, Reader(chunks)))
            rest = 0
            for chunk in chunks:
                rest += len(chunk)
                if rest > PADDING_LIMIT:
                    raise OutputRefused(f"{self.label}: {argv[0]} sent data after its archive")
            return command.ended(), result

    def put(self, local: Path, remote: str) -> None:
        """Copy a file to the machine. Raises ``ConnectionLost``; ``OSError`` where it refuses."""
        with self._connection().sftp() as sftp:
            try:
                sftp.put(str(local), remote)
            except (paramiko.SSHException, EOFError) as error:
                raise lost(self.label, error) from error

    def get(self, remote: str, local: Path, *, limit: int = OUTPUT_LIMIT) -> None:
        """Copy a file of at most ``limit`` bytes from the machine; whole or not at all.

        Raises ``ConnectionLost``, ``OutputRefused``, and ``OSError`` where it cannot be read.
        """
        part = local.with_name(f".{local.name}.part")
        try:
            with (
                self._connection().sftp() as sftp,
                sftp.open(remote, "rb") as source,
                part.open("wb") as target,
            ):
                # The size that the machine reports may be wrong: count the bytes that arrive.
                copied = 0
                while block := source.read(1 << 15):
                    copied += len(block)
                    if copied > limit:
                        raise OutputRefused(f"{self.label}: {remote} is over {limit} bytes")
                    target.write(block)
            part.replace(local)
        except (paramiko.SSHException, EOFError) as error:
            raise lost(self.label, error) from error
        finally:
            part.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the connection. The next call opens another."""
        with self._lock:
            if self._current is not None:
                self._current.close()
            self._current = None

    def _command(self, argv: Sequence[str], stdin: bytes | BinaryIO | None) -> Command:
        return Command(
            self._connection(), argv, stdin=stdin, seconds=self._seconds, clock=self._clock
        )

    def _connection(self) -> Connection:
        with self._lock:
            if self._current is not None and not self._current.alive:
                self._current.close()
                self._current = None
            if self._current is None:
                self._current = connect(self.address, self._seconds)
            return self._current


RECONNECT_SECONDS = 300.0
"""How long a machine that stopped answering is waited for."""
STOPPING_SECONDS = 20.0
"""The same once the run is being stopped."""
_QUICK_SECONDS = 60.0
_QUICK_DROPS = 10


def reconnecting(
    shell: SshClient, do: Callable[[], T], *, reconnect_seconds: float, stop: Event | None = None
) -> T:
    """The result of ``do``, which is called again after each lost connection.

    So ``do`` must be safe to repeat. Raises ``ConnectionLost`` where the machine does not answer
    for ``reconnect_seconds``, or where connections are lost within a minute, ten times in a row.
    """
    drops = 0
    while True:
        begun = time.monotonic()
        try:
            return do()
        except ConnectionLost:
            drops = drops + 1 if time.monotonic() - begun < _QUICK_SECONDS else 1
            if drops > _QUICK_DROPS:
                raise
        # The client may not have noticed the loss: discard its connection.
        shell.close()
        if stop is not None and stop.is_set():
            shell.wait_until_reachable(min(reconnect_seconds, STOPPING_SECONDS), Event())
        else:
            shell.wait_until_reachable(reconnect_seconds, stop or Event())

"""One command on a remote machine: its output as it comes, within limits, and its end."""

from __future__ import annotations

import io
import selectors
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import BinaryIO

import paramiko

from orchestrator.errors import ConnectionLost, OutputRefused
from orchestrator.ssh.connection import Connection, lost

CHUNK = 1 << 16
ERRORS_KEPT = 1 << 16
"""Bytes at the end of stderr that are kept."""
ERRORS_LIMIT = 256 << 20
"""Bytes on stderr after which the command is given up."""
COMPLAINT = 2000
"""Bytes at the end of stderr that an error message shows."""
POLL_SECONDS = 0.2
SILENCE_SECONDS = 20.0
"""Without output for so long, the machine is checked with a new channel."""


@dataclass(frozen=True)
class Completed:
    """A command that ended. ``stderr`` holds its last ``ERRORS_KEPT`` bytes only."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def complaint(self) -> str:
        """The end of its stderr on one line, safe to print; the exit status where that is empty."""
        said = " ".join(printable(self.stderr[-COMPLAINT:]).split())
        return said or f"exit status {self.code}"


class Command:
    """A started command. Used as a context manager: leaving it closes its channel.

    Closing the channel does not end the process on the machine.
    """

    def __init__(
        self,
        connection: Connection,
        argv: Sequence[str],
        *,
        stdin: bytes | BinaryIO | None = None,
        seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not argv or any("\0" in word for word in argv):
            raise ValueError(f"no command: {argv!r}")
        self._connection = connection
        self._program = argv[0]
        self._seconds = seconds
        self._clock = clock
        self._stderr = b""
        self._complaints = 0
        self._source_error: OSError | None = None
        self.stopped = False
        self._channel = connection.session(seconds)
        try:
            self._channel.exec_command(shlex.join(argv))
        except (paramiko.SSHException, OSError, EOFError) as error:
            self._channel.close()
            raise lost(connection.label, error) from error
        source = io.BytesIO(stdin or b"") if not hasattr(stdin, "read") else stdin
        self._feeder = threading.Thread(target=self._feed, args=(source,), daemon=True)
        self._feeder.start()

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing sends a message, which fails where the machine is gone.
        with suppress(OSError, EOFError):
            self._channel.close()
        self._feeder.join()

    def chunks(self, *, timeout: float | None = None, stop: Event | None = None) -> Iterator[bytes]:
        """Its stdout in pieces, until its end or until ``stop`` is set (which sets ``stopped``).

        Raises ``ConnectionLost`` where the machine stopped answering, or where the command has not
        ended after ``timeout`` seconds; ``OutputRefused`` for too much output on its stderr.
        """
        channel = self._channel
        begun = heard = self._clock()
        with selectors.DefaultSelector() as selector:
            selector.register(channel.fileno(), selectors.EVENT_READ)
            while True:
                if stop is not None and stop.is_set():
                    self.stopped = True
                    return
                if timeout is not None and self._clock() - begun > timeout:
                    raise ConnectionLost(
                        f"{self._connection.label}: {self._program} did not end in {timeout:g} s"
                    )
                # Read before the buffers: after the end nothing more can get into them.
                ended = channel.eof_received or channel.closed
                if channel.recv_stderr_ready():
                    heard = self._clock()
                    self._complain(channel.recv_stderr(CHUNK))
                elif channel.recv_ready():
                    heard = self._clock()
                    yield channel.recv(CHUNK)
                elif ended:
                    if not channel.eof_received:
                        raise ConnectionLost(f"{self._connection.label}: the connection was cut")
                    return
                elif self._clock() - heard > SILENCE_SECONDS:
                    self._connection.check(self._seconds)
                    heard = self._clock()
                else:
                    selector.select(POLL_SECONDS)

    def _complain(self, chunk: bytes) -> None:
        self._stderr = (self._stderr + chunk)[-ERRORS_KEPT:]
        self._complaints += len(chunk)
        if self._complaints > ERRORS_LIMIT:
            raise OutputRefused(
                f"{self._connection.label}: {self._program} wrote more than {ERRORS_LIMIT} bytes "
                "to stderr, the most accepted"
            )

    def ended(self, stdout: bytes = b"") -> Completed:
        """The exit status, after the output has ended.

        Raises ``ConnectionLost`` where none arrives, and ``OSError`` where the file given as stdin
        could not be read.
        """
        end = self._clock() + self._seconds
        while not self._channel.exit_status_ready() and self._clock() < end:
            time.sleep(0.01)
        if self._source_error is not None:
            raise self._source_error
        code = self._channel.recv_exit_status() if self._channel.exit_status_ready() else -1
        if code == -1:
            raise ConnectionLost(
                f"{self._connection.label}: {self._program} ended without an exit status (the "
                "connection was cut, or a signal killed it)"
            )
        return Completed(code, stdout, self._stderr)

    def _feed(self, source: BinaryIO) -> None:
        while True:
            try:
                block = source.read(CHUNK)
            except OSError as error:
                self._source_error = error
                block = b""
            try:
                if not block:
                    self._channel.shutdown_write()
                    return
                self._channel.sendall(block)
            except (OSError, EOFError):
                # The command ended before it read all; its exit status says how.
                return


class Reader(io.RawIOBase):
    """The output of a command as a file that can be read once, forwards."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill ``buffer`` with what has arrived; the number of bytes, 0 at the end."""
        if not self._rest:
            self._rest = next(self._chunks, b"")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def printable(text: bytes | str) -> str:
    r"""A machine's text with all control characters escaped (``\x1b``), safe for a terminal."""
    if isinstance(text, bytes):
        text = text.decode(errors="backslashreplace")
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )

"""Writing files whole or not at all, also when the process is killed in between."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import EnvironmentNotReady


def write_whole(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` whole or not at all: temporary file, fsync, rename.

    Raises ``EnvironmentNotReady``, as ``copy_whole`` does.
    """
    _write(path, lambda file: file.write(content))


def copy_whole(source: Path, path: Path) -> None:
    """Copy a file, of any size, to ``path`` whole or not at all."""
    with source.open("rb") as content:
        _write(path, lambda file: shutil.copyfileobj(content, file, 1 << 20))


def _write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp makes files private, but other users shall read results.
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Write the names in ``folder`` to disk: only then does a rename in it survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_FLOCK = "hhqqi"
"""``struct flock`` of 64-bit Linux: type, whence, start, length, process."""


def lock_file(descriptor: int) -> None:
    """Lock an open file until it is closed by all who have it. Raises ``BlockingIOError``.

    The lock is one of Linux's open file descriptions: other than ``flock`` it can be asked for
    without taking it.
    """
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0))


def is_locked(path: Path) -> bool:
    """Whether a running process has locked the file ``path``; false without that file.

    Only asks: whoever wants the lock at the same moment gets it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked)
    finally:
        os.close(descriptor)
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Raise ``EnvironmentNotReady``, which says what to do, for an ``OSError`` in the block."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EnvironmentNotReady(
                f"{path}: no space left on this disk; free some and run the same command again "
                "(what was observed until now is safe and is not computed again)"
            ) from error
        raise EnvironmentNotReady(
            f"{path}: cannot be written ({error.strerror}); choose another folder or change its "
            "permissions"
        ) from error

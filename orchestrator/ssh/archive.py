"""Folders as tar archives: sent to a machine, and unpacked from it without trusting it.

Only the files that a runner writes are unpacked. ``tarfile`` loads extension headers into memory
whole, whatever size they claim, and follows chains of them. The files of a runner need none, so
``Archive`` reads the stream entry by entry in constant memory and skips such headers.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, BinaryIO

from orchestrator.errors import OutputRefused
from orchestrator.ssh.command import printable
from orchestrator.system.files import disk_errors

EXPECTED = re.compile(r"fingerprint\.json|observations\.jsonl|tensors/[0-9a-f]{64}")
"""The files of a runner's output folder (docs/formats.md, section 2)."""
_NAMED = 5


@dataclass(frozen=True)
class UnpackLimits:
    """How much a machine may send for one job, ignored entries included."""

    total_bytes: int = 64 << 30
    file_bytes: int = 8 << 30
    entries: int = 1_000_000


@dataclass(frozen=True)
class Unpacked:
    """What was unpacked: files, their bytes, and the entries ignored as not from a runner.

    ``named`` holds the names of the first ignored entries.
    """

    files: int
    total_bytes: int
    ignored: int
    named: tuple[str, ...]


def unpack(
    stream: BinaryIO, into: Path, *, prefix: str = "", limits: UnpackLimits | None = None
) -> Unpacked:
    """Write the expected files of a tar stream into ``into``, each whole or not at all.

    Other entries (links, devices, other names, paths out of ``into``) are ignored and counted.
    ``prefix``: only entries below this folder of the archive, such as ``out/``. Raises
    ``OutputRefused`` for more than ``limits`` or a stream that is no tar archive, and
    ``EnvironmentNotReady`` where this computer's disk cannot be written.
    """
    into.mkdir(parents=True, exist_ok=True)
    limits = _within_disk(limits or UnpackLimits(), into)
    entries = files = total = ignored = 0
    named: list[str] = []
    archive = Archive(stream)
    for entry in archive:
        entries, total = entries + 1, total + entry.size
        _check(entry, entries, total, limits)
        name = _expected_name(entry, prefix)
        if name is not None:
            files += 1
            _write(archive.content(), into, name)
        elif entry.notable:
            ignored += 1
            if len(named) < _NAMED:
                named.append(_shown(entry.name))
    return Unpacked(files, total, ignored, tuple(named))


def _within_disk(limits: UnpackLimits, into: Path) -> UnpackLimits:
    """One machine may use half of the free disk: other machines send results at the same time."""
    free = shutil.disk_usage(into).free // 2
    return replace(limits, total_bytes=min(limits.total_bytes, free))


def _check(entry: Entry, entries: int, total: int, limits: UnpackLimits) -> None:
    if entry.size > limits.file_bytes:
        raise OutputRefused(
            f"{_shown(entry.name)} has {entry.size} bytes; at most {limits.file_bytes} are accepted"
        )
    if entries > limits.entries or total > limits.total_bytes:
        raise OutputRefused(
            f"the archive has more than {limits.entries} entries or {limits.total_bytes} bytes"
        )


def _expected_name(entry: Entry, prefix: str) -> str | None:
    if not entry.regular or not entry.name.startswith(prefix):
        return None
    name = entry.name.removeprefix(prefix)
    return name if EXPECTED.fullmatch(name) else None


def _write(content: Iterable[bytes], into: Path, name: str) -> None:
    target = into / name
    with disk_errors(target):
        folder = _real_folder(target.parent, into)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                for block in content:
                    file.write(block)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _real_folder(folder: Path, into: Path) -> Path:
    """``folder``, created if missing. A link in its place is refused: it may leave ``into``."""
    if folder != into and folder.is_symlink():
        raise OSError(errno.ELOOP, "a link stands where a folder should be", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _shown(name: str) -> str:
    return printable(name.encode(errors="surrogateescape"))[:200]


_BLOCK = tarfile.BLOCKSIZE
_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE)
_WITHOUT_CONTENT = (
    *(tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE),
    *(tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE),
)
_EXTENSIONS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)


@dataclass(frozen=True)
class Entry:
    """One entry. ``name`` is as the machine sent it and may contain any characters."""

    name: str
    size: int
    """Bytes of content, by the entry's header."""
    regular: bool
    """A plain file, not a link, folder, device or sparse file."""
    notable: bool
    """Whether it is reported when ignored: all but folders and extension headers."""


class Archive:
    """Entries of a tar stream. Raises ``OutputRefused`` where it is no tar or ends too early.

    An empty stream has no entries: it comes from a command that failed, whose exit status is
    checked by the caller.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._unread = self._padding = 0

    def __iter__(self) -> Iterator[Entry]:
        first = True
        while True:
            # Skip what the caller did not read of the previous entry, and its padding.
            for _ in self.content():
                continue
            header = self._exactly(_BLOCK, first=first)
            first = False
            if not header.strip(b"\0"):
                return
            try:
                found = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
            except tarfile.HeaderError as error:
                raise OutputRefused(f"not a tar archive ({error})") from error
            if found.size < 0:
                raise OutputRefused("a tar entry claims a negative size")
            self._unread = 0 if found.type in _WITHOUT_CONTENT else found.size
            self._padding = -self._unread % _BLOCK
            yield Entry(
                found.name,
                self._unread,
                regular=found.type in _REGULAR,
                notable=found.type not in (*_EXTENSIONS, tarfile.DIRTYPE),
            )

    def content(self) -> Iterator[bytes]:
        """The unread content of the entry that the iteration gave last, in blocks up to 1 MiB."""
        while self._unread:
            block = self._exactly(min(self._unread, 1 << 20))
            self._unread -= len(block)
            if not self._unread:
                self._exactly(self._padding)
            yield block

    def _exactly(self, count: int, *, first: bool = False) -> bytes:
        parts: list[bytes] = []
        while count:
            part = self._stream.read(count)
            if not part and first and not parts:
                return b""
            if not part:
                raise OutputRefused("the tar archive ends too early")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


_IN_MEMORY = 64 << 20


@contextmanager
def packed(content: Mapping[str, Path]) -> Iterator[IO[bytes]]:
    """An archive of ``content`` (name in it → file or folder), to be read from its start.

    Owners and times are left out and everything is readable for all: another user unpacks it.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        # Links are followed: a job's files are often links into this computer's cache.
        with tarfile.open(fileobj=file, mode="w", dereference=True) as tar:
            for name, path in content.items():
                tar.add(path, name, filter=_plain)
        file.seek(0)
        yield file


def empty_folder(name: str) -> bytes:
    """An archive of one empty folder, writable for all users."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(entry)
        file.seek(0)
        return file.read()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "__pycache__" in entry.name.split("/"):
        return None
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry

"""A tar stream of a machine that nobody trusts, read entry by entry in constant memory.

``tarfile`` itself reads extension headers whole, whatever size they claim, and follows chains of
them. No file that a runner writes needs one, so here they are skipped like any foreign content.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from orchestrator.errors import OutputRefused

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
    """One entry. ``name`` is as sent: it may hold anything."""

    name: str
    size: int
    """Bytes of content, as claimed."""
    regular: bool
    """A plain file: no link, folder, device, sparse file."""
    notable: bool
    """Whether a person should hear of it if nobody wanted it: no folder, no extension header."""


class Archive:
    """Entries of a tar stream. Raises ``OutputRefused`` where it is none or ends too early.

    A stream of no bytes has no entries: a command that failed says so elsewhere.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._unread = self._padding = 0

    def __iter__(self) -> Iterator[Entry]:
        first = True
        while True:
            # What was not read of the entry before, and its padding.
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
        """The content of the entry that iteration has just given, or what is left of it."""
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
                raise OutputRefused("a tar archive that ends too early")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

"""Folders as tar archives, on their way to a machine."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_IN_MEMORY = 64 << 20


@contextmanager
def packed(folders: Mapping[str, Path]) -> Iterator[IO[bytes]]:
    """An archive of ``folders`` (name in the archive → folder), to be read from its start.

    Owners and times are left out, and everything may be read: whoever unpacks it is somebody else.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        # Links are followed: a job's files are often links to a cache that is only here.
        with tarfile.open(fileobj=file, mode="w", dereference=True) as tar:
            for name, folder in folders.items():
                tar.add(folder, name, filter=_plain)
        file.seek(0)
        yield file


def empty_folder(name: str) -> bytes:
    """An archive of one empty folder that anybody may write to."""
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

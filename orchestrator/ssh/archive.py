"""What a machine sends back, unpacked without trusting it: only what a runner writes, bounded."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from orchestrator.errors import OutputRefused
from orchestrator.system.files import disk_errors
from orchestrator.ssh.bounds import Archive, Entry
from orchestrator.ssh.command import printable

EXPECTED = re.compile(r"fingerprint\.json|observations\.jsonl|tensors/[0-9a-f]{64}")
"""The files of a runner's output folder (docs/formats.md, section 2)."""
_NAMED = 5


@dataclass(frozen=True)
class UnpackLimits:
    """How much a machine may send for one job, wanted or not."""

    total_bytes: int = 64 << 30
    file_bytes: int = 8 << 30
    entries: int = 1_000_000


@dataclass(frozen=True)
class Unpacked:
    """What came. ``ignored`` counts entries that no runner writes; the first few are named."""

    files: int
    total_bytes: int
    ignored: int
    named: tuple[str, ...]


def unpack(
    stream: BinaryIO, into: Path, *, prefix: str = "", limits: UnpackLimits | None = None
) -> Unpacked:
    """Write the expected files of a tar stream into ``into``, each whole or not at all.

    Everything else (links, devices, other names, paths that lead elsewhere) is ignored and counted.
    ``prefix``: the folder in the archive that is looked at, such as ``out/``. Raises
    ``OutputRefused`` for too much or for no tar, and ``EnvironmentNotReady`` for a full disk here.
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
    """One machine may fill half of what is free here: the others send their results, too."""
    free = shutil.disk_usage(into).free // 2
    return replace(limits, total_bytes=min(limits.total_bytes, free))


def _check(entry: Entry, entries: int, total: int, limits: UnpackLimits) -> None:
    if entry.size > limits.file_bytes:
        raise OutputRefused(
            f"{_shown(entry.name)} has {entry.size} bytes; allowed are {limits.file_bytes}"
        )
    if entries > limits.entries or total > limits.total_bytes:
        raise OutputRefused(f"more than {limits.entries} files or {limits.total_bytes} bytes")


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
    """``folder``, made if need be; it may not lead out of ``into`` by a link."""
    if folder != into and folder.is_symlink():
        raise OSError(errno.ELOOP, "a link stands where a folder should be", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _shown(name: str) -> str:
    return printable(name.encode(errors="surrogateescape"))[:200]

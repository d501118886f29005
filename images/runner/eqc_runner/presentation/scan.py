"""The index of the CPUID and XGETBV instructions of everything that a session may load.

python -m eqc_runner.presentation.scan --out sites.tsv [--cache DIR] ROOT…

ROOT is a folder or a file. The index has the line ``# eqc sites 1``, then for every program and
shared object of x86-64, by path, also without sites::

    <real path> TAB <bytes of the file> TAB <CPUID sites> TAB <XGETBV sites>

Sites are virtual addresses of the file in hexadecimal, separated by commas. Candidates of which
``sites.py`` cannot decide whether they are sites are none; they follow as lines
``# undecided TAB <real path> TAB <addresses>``, and are counted on stderr, as is what was skipped.

With ``--cache`` a file is decoded once, wherever its copies are (by build id and layout, else by
content), and what has not changed since is only asked for its time. Only decoding needs iced-x86.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import mmap
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

from eqc_runner.presentation.elf import Elf, NotScanned
from eqc_runner.presentation.elf_files import ElfFile, ElfFiles

VERSION = 1
"""Of the search: raised when it may find other sites in the same file, or keeps them otherwise."""
HEADER = "# eqc sites 1\n"


class Found(NamedTuple):
    """What a file has, as the index writes it; ``note``: why it was skipped, else empty."""

    cpuid: str = ""
    xgetbv: str = ""
    undecided: str = ""
    candidates: int = 0
    note: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the index; returns the exit code of the process."""
    parser = argparse.ArgumentParser(prog="eqc_runner.presentation.scan", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="sites.tsv")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="a folder to remember things in")
    parser.add_argument("roots", nargs="+", metavar="ROOT", help="a folder or a file")
    options = parser.parse_args(arguments)
    found = scan(options.roots, options.cache)
    _write_if_other(options.out, index(found))
    sys.stderr.write(summary(found))
    return 0


def scan(roots: Sequence[str], cache: Path | None = None) -> dict[ElfFile, Found]:
    """What each ELF file below ``roots`` has, by path."""
    memory = None
    if cache is not None:
        name = hashlib.sha256("\0".join(map(os.path.realpath, roots)).encode(*_PATHS)).hexdigest()
        memory = cache / f"tree-{name[:16]}.json"
    remembered = _read(memory)
    files = ElfFiles(remembered.get("folders"))
    known = remembered.get("files", {})
    found: dict[ElfFile, Found] = {}
    for file in files.below(roots):
        stamp, *fields = known.get(file.path, [None])
        found[file] = Found(*fields) if stamp == file.stamp else _found(file, cache)
    if memory is not None:
        told = {file.path: [file.stamp, *each] for file, each in found.items()}
        now = {"version": VERSION, "folders": files.memory, "files": told}
        if now != remembered:
            _write(memory, json.dumps(now).encode())
    return found


def index(found: Mapping[ElfFile, Found]) -> bytes:
    """The content of ``sites.tsv``."""
    lines = [HEADER]
    undecided = []
    for file, each in found.items():
        if not each.note:
            lines.append(f"{file.path}\t{file.size}\t{each.cpuid}\t{each.xgetbv}\n")
        if each.undecided:
            undecided.append(f"# undecided\t{file.path}\t{each.undecided}\n")
    return "".join(lines + undecided).encode(*_PATHS)


def summary(found: Mapping[ElfFile, Found]) -> str:
    """What was found, and what was skipped or not decided and why: for people."""
    lines = [f"{file.path}: skipped: {each.note}" for file, each in found.items() if each.note]
    lines.extend(
        f"{file.path}: not decided, so left as they are: {each.undecided}"
        for file, each in found.items()
        if each.undecided
    )
    cpuid, xgetbv, undecided = (
        sum(_count(each[field]) for each in found.values()) for field in range(3)
    )
    candidates = sum(each.candidates for each in found.values())
    lines.append(
        f"{len(found)} files: {cpuid} CPUID, {xgetbv} XGETBV, {undecided} not decided, "
        f"of {candidates} candidates"
    )
    return "".join(f"{line}\n" for line in lines).encode(*_PATHS).decode(errors="replace")


_PATHS = ("utf-8", "surrogateescape")
"""Paths are bytes: what is no UTF-8 is written as it is."""


def _count(addresses: str) -> int:
    return len(addresses.split(",")) if addresses else 0


def _found(file: ElfFile, cache: Path | None) -> Found:
    if any(letter in file.path for letter in "\t\n"):
        return Found(note="a tab or a line break in its path")
    try:
        with open(file.path, "rb") as opened:  # noqa: PTH123
            if not file.size:
                return Found(note="empty")
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _sites(Elf(content), cache)
    except NotScanned as reason:
        return Found(note=str(reason))
    except OSError as error:
        return Found(note=error.strerror or str(error))


def _sites(elf: Elf, cache: Path | None) -> Found:
    kept = None if cache is None else cache / "objects" / f"{_identity(elf)}.json"
    known = _read(kept).get("found")
    if known is not None:
        return Found(*known)
    # Here, so that asking again what has not changed does without iced-x86.
    from eqc_runner.presentation.sites import find_sites  # noqa: PLC0415

    sites = find_sites(elf)
    hexadecimal = (",".join(f"{each:x}" for each in part) for part in sites[:3])
    found = Found(*hexadecimal, sites.candidates)
    if kept is not None:
        _write(kept, json.dumps({"version": VERSION, "found": found}).encode())
    return found


def _identity(elf: Elf) -> str:
    """Equal for copies of a file: its build id with its headers, else its content.

    A changed file may keep its build id, but hardly its layout and size.
    """
    digest = hashlib.blake2b(digest_size=16)
    if elf.build_id:
        digest.update(repr((elf.build_id, len(elf.data), elf.segments)).encode())
    else:
        digest.update(elf.data)
    return digest.hexdigest()


def _read(path: Path | None) -> dict[str, Any]:
    """What is kept there; nothing where it is absent, damaged or another version's."""
    if path is None:
        return {}
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) and kept.get("version") == VERSION else {}


def _write_if_other(path: Path, content: bytes) -> None:
    try:
        if path.read_bytes() == content:
            return
    except OSError:
        pass
    _write(path, content)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=str(path.parent))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        os.replace(temporary, str(path))  # noqa: PTH105
    except BaseException:
        Path(temporary).unlink()
        raise


if __name__ == "__main__":
    sys.exit(main())

"""Finds the files that an experiment names, and computes the sha256 of their content."""

from __future__ import annotations

import hashlib
import importlib.util
import stat
from pathlib import Path

PACKAGE = "package:"
FILE, FOLDER = "a file", "a folder"
_KINDS = {
    stat.S_IFREG: FILE,
    stat.S_IFDIR: FOLDER,
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}


class FileMistake(Exception):  # noqa: N818 - callers turn it into a Mistake with its line
    """A file is absent, unreadable or not of the expected content; the message has its path."""


def find(written: str, folder: Path) -> Path:
    """The absolute path of a file or folder as written in an experiment file in ``folder``.

    ``package:name/path`` is looked up in the installed package ``name`` without importing it.
    Raises FileMistake where it is not there, or neither file nor folder.
    """
    if written.startswith(PACKAGE):
        path = _in_package(written.removeprefix(PACKAGE))
    else:
        path = (folder / Path(written).expanduser()).absolute()
    if not path.exists():
        raise FileMistake(f"'{written}' does not exist (looked for {path})")
    _check_kind(path)
    return path


def kind_of(path: Path) -> str:
    """What is at ``path``: ``FILE``, ``FOLDER``, or a word for what is neither. Raises OSError."""
    return _KINDS.get(stat.S_IFMT(path.stat().st_mode), "a device")


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content, as 64 hex digits.

    For a folder: the sha256 of the sorted lines ``<sha256>  <relative path>`` of its files.
    Raises FileMistake for an empty folder, a file that cannot be read and what is neither.
    """
    try:
        _check_kind(path)
        if path.is_file():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        names = sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())
    except OSError as error:
        raise FileMistake(f"cannot read {path}: {error.strerror}") from error
    if not names:
        raise FileMistake(f"the folder {path} is empty")
    lines = "".join(f"{sha256_of(path / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def check_sha256(what: str, actual: str, expected: str | None) -> None:
    """Raises FileMistake if the sha256 of ``what`` is not ``expected`` (``None``: any)."""
    if expected is not None and expected.lower() != actual:
        raise FileMistake(f"{what} has another sha256: expected {expected.lower()}, is {actual}")


def _check_kind(path: Path) -> None:
    """Reading a FIFO may wait for ever."""
    kind = kind_of(path)
    if kind not in (FILE, FOLDER):
        raise FileMistake(f"{path} is {kind}, not a file")


def _in_package(written: str) -> Path:
    name, _, inside = written.partition("/")
    try:
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise FileMistake(f"package '{name}' is not installed; try: pip install {name}")
    roots = [Path(root) for root in spec.submodule_search_locations]
    paths = [(root / inside).resolve() for root in roots]
    for root, path in zip(roots, paths, strict=True):
        if not path.is_relative_to(root.resolve()):
            raise FileMistake(f"'{PACKAGE}{written}' is outside of its package")
    return next((path for path in paths if path.exists()), paths[0])

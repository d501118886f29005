"""The fingerprints of a store's platforms, for CPUs named ``STORE:PLATFORM``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.model.experiment import Json

_OBSERVATIONS = "observations"


def store_in(path: Path) -> Path | None:
    """The run folder ``path``, or the latest one in it; ``None``: there is none."""
    if (path / _OBSERVATIONS).is_dir():
        return path
    runs = sorted(path.glob(f"*/{_OBSERVATIONS}")) if path.is_dir() else []
    return runs[-1].parent if runs else None


def fingerprints_in(store: Path) -> Mapping[str, Path]:
    """The file of each platform's fingerprint by the platform's name; the last one recorded.

    Platforms that no machine described are not there. Raises ``OSError``.
    """
    found: dict[str, tuple[str, Path]] = {}
    for path in sorted((store / _OBSERVATIONS).glob("*.jsonl")):
        for name, digest, recorded in _described(path):
            if name not in found or found[name][0] <= recorded:
                found[name] = (recorded, store / "fingerprints" / f"{digest}.json")
    return {name: path for name, (_, path) in sorted(found.items())}


def read_json(path: Path) -> Json:
    """A file's content. Raises ``OSError``, ``ValueError`` where it is no JSON."""
    content: Json = json.loads(path.read_bytes())
    return content


def _described(path: Path) -> Iterator[tuple[str, str, str]]:
    """(platform, digest, when) of each run of lines with one fingerprint."""
    last = None
    with path.open("rb") as lines:
        for line in lines:
            try:
                record = json.loads(line)
                name, digest = record["platform"]["name"], record["fingerprint"]
            except (ValueError, KeyError, TypeError):
                continue  # a torn line was never acknowledged
            if isinstance(digest, str) and (name, digest) != last:
                last = (name, digest)
                yield str(name), digest, str(record.get("recorded"))

"""Observation files that are closed: named by their content, so that copies of them never differ.

A run's ``observations/<machine>.jsonl`` is open: it is appended to. Where a store is shared, what
was appended is closed now and then by giving its file a name that no other content can have,
``<machine>.<BLAKE3>.jsonl``. Readers take both kinds; nothing ever changes a closed one.
"""

from __future__ import annotations

import re
from pathlib import Path

from blake3 import blake3

from orchestrator.system.files import disk_errors, sync_folder

_SEGMENT = re.compile(r"(?P<machine>.+)\.[0-9a-f]{64}\.jsonl")


def is_segment(path: Path) -> bool:
    """Whether an observation file is closed."""
    return _SEGMENT.fullmatch(path.name) is not None


def open_name(path: Path) -> str:
    """The name of the open file of the machine that ``path`` belongs to."""
    found = _SEGMENT.fullmatch(path.name)
    return path.name if found is None else f"{found['machine']}.jsonl"


def seal(run: Path) -> None:
    """Close every open file of a run. Nobody else may write to it meanwhile."""
    folder = run / "observations"
    opened = [path for path in sorted(folder.glob("*.jsonl")) if not is_segment(path)]
    if not opened:
        return
    with disk_errors(folder):
        for path in opened:
            content = path.read_bytes()
            if content:
                path.rename(path.with_name(f"{path.stem}.{blake3(content).hexdigest()}.jsonl"))
        sync_folder(folder)

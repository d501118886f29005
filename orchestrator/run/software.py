"""Which software would compute a cell now: what decides whether a stored session counts as done.

Looked up by installation, and by platform where a remote machine has software of its own. It is
learnt while a run goes on, and only where something is stored that it decides about.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator

from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors.process import installed_software
from orchestrator.model.experiment import Cell, Installation, Pending
from orchestrator.packages.environments import existing
from orchestrator.packages.requirements import is_default
from orchestrator.providers.registry import is_here
from orchestrator.results.record import SoftwareRecord
from orchestrator.run.job import Done

Key = tuple[str | None, Installation]
"""(platform id of a remote machine; ``None``: this computer, installation)."""


class PresentSoftware:
    """Thread-safe. Not yet known software accepts nothing; where there is none, what is stored."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Key, SoftwareRecord | None] = {}

    def learn(self, key: Key, software: SoftwareRecord | None) -> None:
        """What is installed. ``None``: it cannot be computed with, so what is stored stands."""
        with self._lock:
            self._known[key] = software

    def knows(self, key: Key) -> bool:
        """Whether ``learn`` was called for it."""
        return key in self._known

    def of(self, cell: Cell) -> SoftwareRecord | None:
        """What would compute ``cell``; ``None``: not known."""
        return self._known.get(key_of(cell))

    def accepts(self, cell: Cell, computed_by: Collection[str | None]) -> bool:
        """Whether a session of ``cell`` that these computed need not be computed again."""
        key = key_of(cell)
        if not self.knows(key):
            return False
        software = self._known[key]
        return software is None or software.id in computed_by

    def upgrades(
        self, pending: Pending, done: dict[tuple[str, int], dict[str | None, str | None]]
    ) -> Iterator[str]:
        """What to say of pending sessions that other software computed, one text for each."""
        found: Counter[tuple[str, str | None, str | None]] = Counter()
        for cell, sessions in pending:
            present = self.of(cell)
            if present is None:
                continue
            for session in sessions:
                versions = done.get((cell.id, session), {})
                if versions:
                    # The last one recorded.
                    found[cell.variant.framework, [*versions.values()][-1], present.version] += 1
        for (framework, before, now), count in found.items():
            yield _upgrade(framework, before, now, count)


def key_of(cell: Cell) -> Key:
    """Under which the software of a cell is known."""
    here = is_here(cell.platform.provider)
    return None if here else cell.platform.id, cell.variant.installation


def doubtful(cells: Collection[Cell], done: Done) -> dict[Key, Cell]:
    """A cell for each installation of which sessions are stored."""
    stored = {cell for cell, _ in done}
    found: dict[Key, Cell] = {}
    for cell in cells:
        if cell.id in stored:
            found.setdefault(key_of(cell), cell)
    return found


def sessions_by_present(
    cells: Collection[Cell], done: Done, *, installed: bool
) -> tuple[dict[str, int], int]:
    """By cell id, the stored sessions that need not be computed again, as far as is known.

    ``installed``: jobs are processes, so what would compute is told by metadata, offline. Of what
    is not known (images, remote machines) all count, by whatever software; the second number says
    how many these are.
    """
    present = PresentSoftware()
    here = [cell for cell in cells if installed and is_here(cell.platform.provider)]
    for key, cell in doubtful(here, done).items():
        present.learn(key, _installed(cell.variant.installation))
    asked = {cell.id: cell for cell in cells}
    found: Counter[str] = Counter()
    unjudged = 0
    for (cell_id, _), by in done.items():
        if cell_id not in asked:
            continue
        known = present.of(asked[cell_id]) is not None
        if not known or present.accepts(asked[cell_id], by):
            found[cell_id] += 1
            unjudged += not known
    return found, unjudged


def _installed(installation: Installation) -> SoftwareRecord | None:
    """What processes would compute with now; ``None``: it cannot be told, or is not made yet."""
    python = None if is_default(installation) else existing(installation)
    if python is None and not is_default(installation):
        return None
    try:
        return installed_software(installation, python)
    except EnvironmentNotReady:
        return None


def _upgrade(framework: str, before: str | None, now: str | None, count: int) -> str:
    old = f"{framework} {before or 'of unknown version'}"
    if now is None and before is not None:
        return f"{old} computed {count} of these sessions; {framework} is not installed here"
    if before != now:
        return f"{old} computed {count} of these sessions; computing them with {now}"
    return (
        f"{old}, with other packages, another Python or another runner, computed {count} of these "
        "sessions; computing them with what is installed now"
    )

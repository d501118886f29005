"""Has sets of settings observed, as cells of a run of their own, and says what platforms gave.

What is stored is not computed again, so a search that was stopped goes on where it was.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.agree.search import Ask, Failed, Gave
from orchestrator.agree.subjects import Subject, plan_of
from orchestrator.model.experiment import Cell, Experiment, Plan, Status
from orchestrator.results.record import Observation
from orchestrator.store.read import read
from orchestrator.store.records import is_final

SUFFIX = "-agree"
"""Of the experiment that the observations belong to."""
Output = tuple[str, str, str]
"""Workload and input, by label, and the name of the output."""
Run = Callable[[Plan], Path]
"""Observes what the store has not of a plan; returns the folder of the run."""


@dataclass
class Observing:
    """The observations of one search over an experiment."""

    experiment: Experiment
    run: Run
    stored: Callable[[str], Path | None]
    """The folder of the newest run of the experiment of that name."""
    refused: Callable[[Plan], str | None]
    """Why nothing more may be computed, of all that was planned; ``None``: it may."""
    stopped: str | None = None
    """Why the search was ended early."""
    cells: dict[str, Cell] = field(default_factory=dict)
    """All that were asked for, by id."""
    computed: int = 0
    """Sessions that were computed now."""
    _digests: dict[Ask, Mapping[Output, str]] = field(default_factory=dict)
    _software: dict[str, str | None] = field(default_factory=dict)
    """What computed a subject without any setting, by its label."""

    @property
    def plan(self) -> Plan:
        """All that was asked for."""
        return plan_of(self.experiment, tuple(self.cells.values()), SUFFIX)

    def of(self, subject: Subject) -> Callable[[Sequence[Ask]], Mapping[Ask, Gave]]:
        """What ``search`` calls."""

        def observe(asks: Sequence[Ask]) -> Mapping[Ask, Gave]:
            return self._observe(subject, asks)

        return observe

    def digests(self, ask: Ask) -> Mapping[Output, str]:
        """What a platform gave under a set, by output; nothing where it gave none."""
        return self._digests.get(ask, {})

    def _observe(self, subject: Subject, asks: Sequence[Ask]) -> Mapping[Ask, Gave]:
        wanted = {ask: subject.cells_with(*ask) for ask in asks}
        plan = plan_of(self.experiment, [c for cells in wanted.values() for c in cells], SUFFIX)
        folder = self.stored(plan.experiment.name)
        rows = self._rows(folder)
        if self._are_open(subject, plan, rows):
            if self.stopped is None:
                self.cells.update({cell.id: cell for cell in plan.cells})
                self.stopped = self.refused(self.plan)
            if self.stopped is None:
                rows = self._rows(self.run(plan))
                # What ended while it ran, too.
                self.stopped = self.refused(self.plan)
        self.cells.update({cell.id: cell for cell in plan.cells if cell.id in rows})
        found = {}
        for ask, cells in wanted.items():
            gave = self._gave(subject, ask, cells, rows)
            if gave is not None:
                found[ask] = gave
        return found

    def _rows(self, folder: Path | None) -> Mapping[str, Sequence[Observation]]:
        by_cell: dict[str, list[Observation]] = defaultdict(list)
        if folder is not None:
            for row in read(folder).records:
                by_cell[row.cell].append(row)
        return by_cell

    def _are_open(
        self, subject: Subject, plan: Plan, rows: Mapping[str, Sequence[Observation]]
    ) -> bool:
        """Whether a session of ``plan`` is not yet computed by what computes now.

        Which software that is, a run finds out: so the first plan of a subject is always run.
        """
        if subject.label not in self._software:
            return True
        software = self._software[subject.label]
        return any(
            {row.session for row in rows.get(cell.id, ()) if _is_final(row, software)}
            < set(range(cell.observe.sessions))
            for cell in plan.cells
        )

    def _gave(
        self,
        subject: Subject,
        ask: Ask,
        cells: Sequence[Cell],
        rows: Mapping[str, Sequence[Observation]],
    ) -> Gave | None:
        """``None``: not computed, or not to its end."""
        if subject.label not in self._software:
            good = [row for cell in cells for row in rows.get(cell.id, ()) if row.outputs]
            if good:
                last = max(good, key=lambda row: row.recorded or "")
                self._software[subject.label] = last.software.id
        software = self._software.get(subject.label)
        said, digests, varies = [], dict[Output, str](), False
        for cell in cells:
            found = [row for row in rows.get(cell.id, ()) if row.session < cell.observe.sessions]
            good = [row for row in found if row.outputs and row.software.id == software]
            if len(good) < cell.observe.sessions:
                return _failure(cell, [row for row in found if not row.outputs])
            outputs = sorted({_finals(row) for row in good})
            varies |= len(outputs) > 1
            said.append([cell.workload.id, cell.input.id, outputs])
            where = cell.workload.label, cell.input.label
            digests |= {(*where, name): digest for name, digest in outputs[0]}
        self._digests[ask] = digests
        text = json.dumps(sorted(said))
        return f"varies on {ask[1]}: {text}" if varies else text


def _finals(row: Observation) -> tuple[tuple[str, str], ...]:
    """Name and digest, which is of type, shape and bits."""
    return tuple(sorted((one.name, one.digest) for one in row.outputs if one.role == "final"))


def _is_final(row: Observation, software: str | None) -> bool:
    """Whether nothing need be tried again, with the software that computes now."""
    ours = row.status != Status.OK or row.software.id == software
    return ours and is_final(row.status, row.reason)


def _failure(cell: Cell, rows: Sequence[Observation]) -> Failed | None:
    reasons = [row.reason for row in rows if row.reason is not None]
    if not reasons:
        return None
    last = reasons[-1]
    text = " ".join(last.message.split("\n", 1)[0].split())
    return Failed(f"{last.code}: {text} ({cell.workload.label})")

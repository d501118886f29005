"""``eqc explain --confirm``: prepare what is to be tried, try it, and say what it showed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.hardware.attributes import described
from orchestrator.confirm.bisect import Outcome, State
from orchestrator.confirm.elsewhere import machine_for
from orchestrator.confirm.hypotheses import Pair
from orchestrator.confirm.interventions import Attributes, Way
from orchestrator.confirm.judging import Judging, matters
from orchestrator.confirm.presenting import Presenter
from orchestrator.confirm.search import Described, Plan, judged, planned, tried
from orchestrator.confirm.stand_in import StandIns, class_of
from orchestrator.confirm.stored_cells import stored_cells
from orchestrator.confirm.verdicts import shown_group
from orchestrator.cpuid.dependencies import closure
from orchestrator.cpuid.from_fingerprint import NoTable
from orchestrator.cpuid.from_fingerprint import described as cpu_of
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.experiment import Cell, Experiment, Status
from orchestrator.plan.cost import SESSION_SECONDS
from orchestrator.providers.registry import is_here
from orchestrator.results.confirmation import Confirmation, ConfirmedPartition, Elsewhere
from orchestrator.results.explanation import Explanation, Kind
from orchestrator.results.record import Observation, SoftwareRecord
from orchestrator.store.run_folder import run_folders

SHOWN_CHANGES = 3
"""So many changes are named, more are counted."""
Compute = Callable[[Cell, str | None], Observation]
"""A session of a cell, by the software of this id if that was ever stored; may raise
``Exhausted``."""


@dataclass(frozen=True)
class ThisComputer:
    """What stands in for the platforms."""

    name: str
    cores: int | None
    presenter: Presenter | None
    why_no_cpu: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """One explanation, and all that is needed to try it."""

    explanation: Explanation
    experiment: Experiment
    known: Described
    stand_ins: StandIns
    units: Mapping[str, Observation]
    """By platform, the session that describes it."""
    plan: Plan
    seconds: float
    """That one session takes, by estimate."""
    where: Callable[[str, Kind], Elsewhere | None]

    @property
    def sessions(self) -> int:
        """How many sessions the plan takes where one change decides each pair."""
        return sum(math.ceil(most_observations(len(way.changes))) for _, way in self.plan)


def most_observations(changes: int) -> float:
    """For one cause among so many changes."""
    return 2 * math.log2(changes) + 4 if changes else 1.0


def prepare(
    found: Findings,
    explanation: Explanation,
    store: Path,
    here: ThisComputer,
    file: Path | None = None,
) -> Prepared:
    """What would be tried of ``explanation``. Raises ``UsageError``, as ``stored_cells`` does."""
    units = _units(found, explanation)
    table = described(units, found.fingerprints, found.noun)
    kinds = {name: kind for name, kind in table.kinds.items() if matters(name, kind)}
    rows: dict[str, Attributes] = {
        str(name): dict(zip(map(str, table.frame.columns), values, strict=True))
        for name, values in zip(
            table.frame.index.tolist(), table.frame.to_numpy(dtype=object).tolist(), strict=True
        )
    }
    made = stored_cells(store, {units[name].cell for name in rows}, file)
    tables = _tables({name: units[name].fingerprint for name in rows}, store)
    presenter = here.presenter
    stand_ins = StandIns(
        rows,
        {name: made.cells[units[name].cell] for name in rows},
        tables,
        {name: presenter.lacks(table) for name, table in tables.items()} if presenter else {},
        presenter,
        here.cores,
        is_here,
    )

    def judge(before: str, after: str) -> Judging:
        lacked = stand_ins.lacked(before, after)
        presenter, why = here.presenter, here.why_no_cpu
        if presenter is not None and before not in stand_ins.tables:
            presenter, why = None, f"what CPUID answers on {before} is not known"
        return Judging(presenter, units[before].variant, lacked, here.name, why)

    known = Described(rows, kinds, judge, lambda flag: closure([flag]) - {flag})
    names = {info.name: info.microarchitecture for info in found.summary.platforms}
    return Prepared(
        explanation,
        made.experiments[units[next(iter(rows))].cell],
        known,
        stand_ins,
        units,
        planned(explanation, known),
        median([units[name].seconds or 0.0 for name in rows]) + SESSION_SECONDS,
        lambda attribute, kind: machine_for(
            attribute, kind, rows, {name: found for name, found in names.items() if found}
        ),
    )


def carry_out(
    prepared: Prepared,
    compute: Compute,
    here: ThisComputer,
    spent: Callable[[], tuple[int, float]],
    say: Callable[[str], None] = lambda _: None,
) -> Confirmation:
    """Try everything. ``spent``: sessions and seconds until now; ``say`` is told of each state."""
    sessions, seconds = spent()
    notes: dict[str, None] = {}

    def observe(pair: Pair, way: Way, state: State) -> Outcome:
        cell = prepared.stand_ins.cell(pair, way, state)
        before = prepared.units[pair.before].software
        record = compute(cell, before.id)
        if record.software.id not in (before.id, None):
            notes[_other(before, record.software)] = None
        if record.status == Status.OK:
            base = prepared.stand_ins.cells[pair.before]
            outcome = class_of(prepared.explanation, pair, record, base)
        else:
            reason = record.reason
            outcome = Outcome(None, reason.message if reason is not None else str(record.status))
        say(_step(pair, way, state, outcome))
        return outcome

    explanation = prepared.explanation
    found = tried(explanation, prepared.known, prepared.plan, observe)
    now = spent()
    return Confirmation(
        tuple(
            ConfirmedPartition(
                *one.key,
                tuple(
                    (group.number, explanation.class_id(group.number, place))
                    for group in explanation.classes
                ),
            )
            for place, one in enumerate(explanation.partitions)
        ),
        judged(explanation, found, prepared.where),
        tuple(one.trial for one in found),
        here.name,
        now[0] - sessions,
        round(now[1] - seconds, 1),
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        tuple(notes),
    )


def _other(stored: SoftwareRecord, now: SoftwareRecord) -> str:
    name, old, new = now.framework, stored.version or "another version", now.version
    if old == new:
        return f"computed with {name} {new} and other packages than the store's classes"
    return f"computed with {name} {new}, the store's classes with {old}"


def _step(pair: Pair, way: Way, state: State, outcome: Outcome) -> str:
    """``A towards B, changed 3 of 57: class 1``."""
    names = ", ".join(sorted(state))
    made = names if 0 < len(state) <= SHOWN_CHANGES else f"{len(state)} of {len(way.changes)}"
    found = outcome.group and shown_group(outcome.group)
    return f"{pair.before} towards {pair.after}, changed {made}: {found or outcome.reason}"


def _units(found: Findings, explanation: Explanation) -> dict[str, Observation]:
    """By platform that has a class, its first good session of the first partition."""
    workload, given, variant, _ = explanation.partitions[0].key
    members = {name for group in explanation.classes for name in group.platforms}
    units: dict[str, Observation] = {}
    for record in found.ordered:
        labels = record.workload.label, record.input.label, record.variant.label
        if record.status == Status.OK and labels == (workload, given, variant):
            units.setdefault(record.platform.label, record)
    return {name: record for name, record in units.items() if name in members}


def _tables(digests: Mapping[str, str | None], store: Path) -> dict[str, CpuidTable]:
    """By platform, what its CPU answers; none where its fingerprint does not say."""
    folders = [run / "fingerprints" for run in run_folders(store)]
    found: dict[str, CpuidTable] = {}
    for name, digest in digests.items():
        path = next(
            (f / f"{digest}.json" for f in folders if (f / f"{digest}.json").is_file()), None
        )
        if path is None:
            continue
        try:
            found[name] = cpu_of(json.loads(path.read_bytes())).table
        except NoTable:
            continue
    return found

"""The rows of one software for each variant: what others computed is left out, or is a variant.

Two versions of a framework are two things that compute. Were their rows read as one variant, a
changed bit would look like non-determinism, or like an effect of the hardware.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from orchestrator.analysis.observations.software_names import Told, is_called, software_names
from orchestrator.errors import UsageError
from orchestrator.model.experiment import Json, Status
from orchestrator.results.record import FrameworkRecord, Observation, PlannedRecord

ALL = "all"
"""In the place of a name: every software is shown."""

_VERSION = re.compile(r"v?\d[\w.+-]*")
_Row = TypeVar("_Row", Observation, PlannedRecord)


@dataclass(frozen=True)
class ByOneSoftware:
    """Records of which each variant was computed by one software."""

    records: Sequence[Observation]
    planned: Sequence[PlannedRecord]
    reasons: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """(status, reason) of planned cells that only other software computed, by the cell's id."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What to call each software, by the id that the records have."""
    notes: tuple[str, ...] = ()
    """What was left out, and how to see it."""


def by_one_software(
    records: Sequence[Observation],
    planned: Sequence[PlannedRecord] = (),
    wanted: Sequence[str] = (),
) -> ByOneSoftware:
    """The rows of each variant that its last software computed, or those ``wanted``.

    The last is the one that recorded last. ``wanted``: ``ALL``, or names as in ``ByOneSoftware``,
    frameworks with their versions, ids; a framework of which none is named is shown by its last.
    Where several of one variant are shown, each is a variant of its own. Rows of one id whose
    framework reports two versions of one library are of two. Raises ``UsageError`` where no
    software is called as one wanted.
    """
    told = _Told()
    by = [told.key(record) for record in records]
    names = software_names(told.all)
    _refuse_unknown(wanted, names, told.all)
    last: dict[str, dict[str, str]] = {}
    for record, key in zip(records, by, strict=True):
        if key is not None:
            recorded = last.setdefault(record.variant.id, {})
            recorded[key] = max(recorded.get(key, ""), record.recorded or "")
    if all(len(recorded) < 2 for recorded in last.values()):
        return ByOneSoftware(records, planned, names=names)
    shown = {variant: _shown(found, wanted, names, told.all) for variant, found in last.items()}
    return _Selection(records, by, planned, names, shown).made()


@dataclass
class _Told:
    """Tells the software of records by ids, parted where reported libraries contradict."""

    all: dict[str, Told] = field(default_factory=dict)
    parts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    known: dict[tuple[str, int], str] = field(default_factory=dict)
    """By the recorded id and the framework's record, which many rows share."""

    def key(self, record: Observation) -> str | None:
        software = record.software.id
        if software is None:
            return None
        found = self.known.get((software, id(record.framework)))
        if found is None:
            found = self.known[software, id(record.framework)] = self._part(software, record)
        return found

    def _part(self, software: str, record: Observation) -> str:
        libraries = {**_libraries(record.framework), **record.software.platform_packages}
        for key in self.parts[software]:
            known = self.all[key].libraries
            # What one of two platforms does not have is no contradiction.
            if all(known.get(name, version) == version for name, version in libraries.items()):
                self.all[key] = Told(record.software, {**known, **libraries})
                return key
        number = len(self.parts[software])
        key = software if number == 0 else f"{software}.{number}"
        self.parts[software].append(key)
        self.all[key] = Told(record.software, libraries)
        return key


def _libraries(framework: FrameworkRecord) -> dict[str, str]:
    """The versions that it reported; other remarks of it are left out."""
    said: Json = framework.libraries
    if not isinstance(said, dict):
        return {}
    return {
        name: value
        for name, value in said.items()
        if isinstance(value, str) and _VERSION.fullmatch(value)
    }


def _refuse_unknown(
    wanted: Sequence[str], names: Mapping[str, str], told: Mapping[str, Told]
) -> None:
    for one in wanted:
        if one != ALL and not any(is_called(names[key], told[key], one) for key in names):
            known = ", ".join(sorted(names.values())) or "none"
            raise UsageError(f"no software {one!r} computed any of this; there are: {known}")


def _shown(
    recorded: Mapping[str, str],
    wanted: Sequence[str],
    names: Mapping[str, str],
    told: Mapping[str, Told],
) -> tuple[str, ...]:
    """Which of the software that computed a variant is shown, the last one last.

    ``recorded``: when each recorded last; of equals the one that is read last.
    """
    ordered = sorted(recorded, key=recorded.__getitem__)
    if ALL in wanted:
        return tuple(ordered)
    asked = [key for key in ordered if any(is_called(names[key], told[key], one) for one in wanted)]
    return tuple(asked) or (ordered[-1],)


@dataclass(frozen=True)
class _Selection:
    records: Sequence[Observation]
    by: Sequence[str | None]
    """Which software computed each record."""
    planned: Sequence[PlannedRecord]
    names: Mapping[str, str]
    shown: Mapping[str, tuple[str, ...]]
    """By the id of a variant that any software computed."""

    def made(self) -> ByOneSoftware:
        kept: list[Observation] = []
        left_out: Counter[tuple[str, str]] = Counter()
        done = self._sessions()
        for record, key in zip(self.records, self.by, strict=True):
            shown = self.shown.get(record.variant.id, ())
            if key is None:
                # Why nothing was computed, unless it was; and rows that nobody can tell of.
                session = (record.run, record.cell, record.session)
                if record.status == Status.OK or session not in done:
                    kept.append(record)
            elif key in shown:
                kept.append(self._by(record, key))
            else:
                left_out[self.names[key], self._list(shown)] += 1
        cells, reasons = self._cells()
        return ByOneSoftware(kept, cells, reasons, self.names, _notes(left_out))

    def _sessions(self) -> set[tuple[str, str, int]]:
        """Those that shown software computed."""
        return {
            (record.run, record.cell, record.session)
            for record, key in zip(self.records, self.by, strict=True)
            if key is not None and key in self.shown[record.variant.id]
        }

    def _cells(self) -> tuple[list[PlannedRecord], dict[str, tuple[str, str]]]:
        """The planned cells, one for each software that is shown, and why one has no rows."""
        computed: dict[str, set[str]] = defaultdict(set)
        cells = {cell.cell: cell for cell in self.planned}
        for record, key in zip(self.records, self.by, strict=True):
            if key is not None:
                computed[record.cell].add(key)
                if record.cell not in cells:
                    cells[record.cell] = _as_planned(record)
        found: list[PlannedRecord] = []
        reasons: dict[str, tuple[str, str]] = {}
        for cell in cells.values():
            for key in self.shown.get(cell.variant.id, (None,)):
                row = cell if key is None else self._by(cell, key)
                found.append(row)
                others = computed[cell.cell]
                if others and key not in others:
                    reasons[row.cell] = ("missing", f"computed by {self._list(others)} only")
        return found, reasons

    def _by(self, row: _Row, key: str) -> _Row:
        """The row under the id that ``key`` is; of a variant of its own where several are shown."""
        if isinstance(row, Observation) and row.software.id != key:
            row = row._replace(software=replace(row.software, id=key))
        variant = row.variant
        if len(self.shown[variant.id]) < 2:
            return row
        framework = variant.framework or ""
        pinned = f"{framework}{variant.pin or ''}"
        word = pinned if variant.label.startswith(pinned) else framework
        label = self.names[key] + variant.label.removeprefix(word)
        told = replace(variant, id=f"{variant.id}@{key}", label=label)
        return row._replace(variant=told, cell=f"{row.cell}@{key}")

    def _list(self, keys: Iterable[str]) -> str:
        return " and ".join(sorted(self.names[key] for key in keys))


def _as_planned(row: Observation) -> PlannedRecord:
    return PlannedRecord(row.cell, 1, row.platform, row.workload, row.input, row.variant)


def _notes(left_out: Mapping[tuple[str, str], int]) -> tuple[str, ...]:
    return tuple(
        f"{count} {'session' if count == 1 else 'sessions'} computed by {other} left out, for "
        f"what {shown} computed since (--software all: each as a variant of its own)"
        for (other, shown), count in sorted(left_out.items())
    )

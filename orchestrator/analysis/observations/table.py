"""Stored observation records as tables: the form that every analysis starts from.

Labels are codes in the order of the tables (planned first, else by first appearance), digests are
codes into ``Observations.chains``, so that millions of rows cost a few dozen bytes each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from orchestrator.analysis.observations.chains import ChainCollector
from orchestrator.analysis.observations.columns import KEYS, Coded, Observations, OutputColumns
from orchestrator.analysis.observations.labels import Labels
from orchestrator.analysis.observations.session_row import SessionRow, SessionRows
from orchestrator.errors import ConflictError
from orchestrator.model.experiment import Status
from orchestrator.results.outputs import Codes, OutputPool, Outputs, UnrecordedOutput
from orchestrator.results.partitions import Planned
from orchestrator.results.record import Observation, SessionKey

__all__ = ("KEYS", "Observations", "observations_table")

Layout = tuple[tuple[str, str, int, str | None], ...]
NO_OUTPUTS = OutputPool().add(())


@dataclass(slots=True)
class _Entry:
    rank: tuple[bool, int]
    """(ended well, attempt): a later failure never replaces an observation."""
    keys: tuple[int, ...]
    """Codes of the four labels."""
    row: SessionRow
    layout: int
    digests: Codes
    unrecorded: tuple[UnrecordedOutput, ...]


@dataclass
class _Reading:
    chains: ChainCollector = field(default_factory=ChainCollector)
    layouts: dict[Layout, int] = field(default_factory=dict)
    pooled: dict[tuple[OutputPool, int], int] = field(default_factory=dict)
    """The number of a pool's layout in ``layouts``."""
    entries: dict[SessionKey, _Entry] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=lambda: {key: Labels() for key in KEYS})
    rows: SessionRows = field(default_factory=SessionRows)


def observations_table(
    records: Iterable[Observation],
    planned: Iterable[Planned] = (),
    order: Sequence[str] = (),
) -> Observations:
    """Tables of ``records``, read once and not kept.

    Platforms are ordered by ``order``, then as in ``planned``, then by first appearance. Of
    several attempts at one session by one software the latest that ended well counts, else the
    latest. Raises ``ConflictError`` where two of them ended well with other bits.
    """
    reading = _Reading()
    for name in order:
        reading.labels["platform"].expect(name)
    for cell in planned:
        for key in KEYS:
            reading.labels[key].expect(getattr(cell, key))
    for record in records:
        _add(reading, record)
    return _finish(reading)


def _add(reading: _Reading, record: Observation) -> None:
    labels = reading.labels
    codes = (
        labels["platform"].code(record.platform),
        labels["workload"].code(record.workload),
        labels["input"].code(record.input, record.workload.id),
        labels["variant"].code(record.variant),
    )
    ended_well = record.status == Status.OK
    outputs = record.outputs if ended_well else NO_OUTPUTS
    digests = reading.chains.add_all(outputs).astype(np.int32)
    rank = (ended_well, record.attempt)
    key = record.key
    known = reading.entries.get(key)
    if known is not None:
        if rank[0] and known.rank[0] and not np.array_equal(digests, known.digests):
            raise ConflictError(
                f"run {record.run or '?'}, cell {record.cell}, session {record.session} is "
                f"recorded twice with other bits: on machine {known.row.machine} and on "
                f"machine {record.machine.id}; find out which file is "
                "wrong and remove it from the store"
            )
        if rank < known.rank:
            return
    layout = _layout(reading, outputs)
    reading.entries[key] = _Entry(
        rank,
        codes,
        reading.rows.row(record),
        layout,
        digests,
        record.unrecorded if ended_well else (),
    )


def _layout(reading: _Reading, outputs: Outputs) -> int:
    """The number of the list of layers that ``outputs`` are."""
    place = outputs.pool, outputs.layout
    if place not in reading.pooled:
        described = tuple(each[:4] for each in outputs.pool.layouts[outputs.layout])
        reading.pooled[place] = reading.layouts.setdefault(described, len(reading.layouts))
    return reading.pooled[place]


def _finish(reading: _Reading) -> Observations:
    entries = list(reading.entries.values())
    codes = np.array([entry.keys for entry in entries], dtype=np.int32).reshape(-1, len(KEYS))
    keys = {
        key: Coded(column, tuple(reading.labels[key].names()))
        for key, column in zip(KEYS, codes.T, strict=True)
    }
    chains = reading.chains.finish()
    notes = tuple(
        f"output {digest[:12]} was recorded with two different precision chains; "
        "the first is used: the records are damaged"
        for digest in sorted(set(reading.chains.conflicts))
    )
    outputs = _outputs(reading, entries, keys)
    unrecorded = {row: each.unrecorded for row, each in enumerate(entries) if each.unrecorded}
    return Observations([entry.row for entry in entries], keys, outputs, chains, notes, unrecorded)


def _outputs(
    reading: _Reading, entries: Sequence[_Entry], keys: Mapping[str, Coded]
) -> OutputColumns:
    names, roles, operations = Labels(), Labels(), Labels()
    blank = np.array([[-1, -1, -1, -1]], dtype=np.int32)
    layouts = [
        np.array(
            [
                (
                    names.expect(name),
                    roles.expect(role),
                    index,
                    -1 if operation is None else operations.expect(operation),
                )
                for name, role, index, operation in layout
            ],
            dtype=np.int32,
        ).reshape(-1, 4)
        if layout
        else blank
        for layout in reading.layouts
    ]
    parts = [layouts[entry.layout] for entry in entries]
    rows = np.concatenate(parts) if parts else blank[:0]
    session = np.repeat(np.arange(len(entries), dtype=np.int32), [len(part) for part in parts])
    none = np.array([-1], dtype=np.int32)
    digests = [entry.digests if entry.digests.size else none for entry in entries]
    return OutputColumns(
        **{key: keys[key].take(session) for key in KEYS},
        output=Coded(rows[:, 0], tuple(names.names())),
        role=Coded(rows[:, 1], tuple(roles.names())),
        operation=Coded(rows[:, 3], tuple(operations.names())),
        index=rows[:, 2],
        status=_statuses(entries).take(session),
        digest=np.concatenate(digests) if digests else none[:0],
        session=session,
    )


def _statuses(entries: Sequence[_Entry]) -> Coded:
    values = [entry.row.status for entry in entries]
    names = tuple(sorted(set(values)))
    places = {name: place for place, name in enumerate(names)}
    return Coded(np.array([places[value] for value in values], dtype=np.int32), names)

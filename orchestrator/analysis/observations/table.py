"""Stored observation records as tables: the form that every analysis starts from.

Labels are codes in the order of the tables (planned first, else by first appearance), digests are
codes into ``Observations.chains``, so that millions of rows cost a few dozen bytes each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from orchestrator.analysis.observations.chains import ChainCollector
from orchestrator.analysis.observations.columns import KEYS, Coded, Observations, OutputColumns
from orchestrator.analysis.observations.labels import Labels
from orchestrator.analysis.observations.session_row import SESSION_COLUMNS, session_row
from orchestrator.errors import ConflictError
from orchestrator.results.outputs import Codes, OutputPool, Outputs
from orchestrator.results.partitions import Planned

__all__ = ("KEYS", "Observations", "observations_table")

Layout = tuple[tuple[str, str, int, str | None], ...]
_STATUS, _MACHINE = (1 + SESSION_COLUMNS.index(name) for name in ("status", "machine"))
_LAYOUT = itemgetter("name", "role", "index", "operation")


@dataclass
class _Entry:
    rank: tuple[bool, int]
    """(ended well, attempt): a later failure never replaces an observation."""
    keys: tuple[int, ...]
    """Codes of the four labels."""
    row: tuple[Any, ...]
    layout: int
    digests: Codes


@dataclass
class _Reading:
    chains: ChainCollector = field(default_factory=ChainCollector)
    layouts: dict[Layout, int] = field(default_factory=dict)
    pooled: dict[tuple[OutputPool, int], int] = field(default_factory=dict)
    """The number of a pool's layout in ``layouts``."""
    entries: dict[tuple[str, str, int], _Entry] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=lambda: {key: Labels() for key in KEYS})


def observations_table(
    records: Iterable[Mapping[str, Any]],
    planned: Iterable[Planned] = (),
    order: Sequence[str] = (),
) -> Observations:
    """Tables of ``records`` (docs/formats.md, section 5), read once and not kept.

    Platforms are ordered by ``order``, then as in ``planned``, then by first appearance. Of
    several attempts at one (run, cell, session) the latest that ended well counts, else the
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


def _add(reading: _Reading, record: Mapping[str, Any]) -> None:
    labels = reading.labels
    workload = str(record["workload"].get("id"))
    codes = tuple(labels[key].code(record[key], workload if key == "input" else "") for key in KEYS)
    cell = record.get("cell") or "/".join(record[key]["id"] for key in KEYS)
    key = (record.get("run") or "", cell, int(record.get("session") or 0))
    outputs = record["outputs"] if record["status"] == "ok" else ()
    digests = np.asarray(reading.chains.add_all(outputs), dtype=np.int32)
    rank = (record["status"] == "ok", int(record.get("attempt") or 0))
    known = reading.entries.get(key)
    if known is not None:
        if rank[0] and known.rank[0] and not np.array_equal(digests, known.digests):
            raise ConflictError(
                f"run {key[0] or '?'}, cell {cell}, session {key[2]} is recorded twice with "
                f"other bits: on machine {known.row[_MACHINE]} and on "
                f"machine {(record.get('machine') or {}).get('id')}; find out which file is "
                "wrong and remove it from the store"
            )
        if rank < known.rank:
            return
    number = _layout(reading, outputs)
    row = (cell, *session_row(record))
    reading.entries[key] = _Entry(rank, codes, row, number, digests)


def _layout(reading: _Reading, outputs: Sequence[Mapping[str, Any]]) -> int:
    """The number of the list of layers that ``outputs`` are."""
    if not isinstance(outputs, Outputs):
        layout: Layout = tuple(map(_LAYOUT, outputs))
        return reading.layouts.setdefault(layout, len(reading.layouts))
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
    return Observations([entry.row for entry in entries], keys, outputs, chains, notes)


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
    values = [entry.row[_STATUS] for entry in entries]
    names = tuple(sorted(set(values)))
    places = {name: place for place, name in enumerate(names)}
    return Coded(np.array([places[value] for value in values], dtype=np.int32), names)

"""Stored observation records as tables: the form that every analysis starts from.

``Observations.sessions`` has one row per session, ``Observations.table`` one per output of a
session. Labels are categoricals in the order of the tables (planned first, else by first
appearance), digests are codes into ``Observations.chains``, so that millions of rows cost a few
dozen bytes each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from orchestrator.analysis.chains import ChainCollector, Chains
from orchestrator.analysis.labels import Labels
from orchestrator.analysis.session_row import SESSION_COLUMNS, session_row
from orchestrator.errors import ConflictError
from orchestrator.results_model import Planned

KEYS = ("platform", "workload", "input", "variant")
Layout = tuple[tuple[str, str, int, str | None], ...]
_LAYOUT = itemgetter("name", "role", "index", "operation")


@dataclass(frozen=True, eq=False)
class Observations:
    """All sessions and their outputs.

    ``sessions``: one row per session with the columns ``platform workload input variant``
    (categorical), ``cell``, ``status``, ``reason`` and what ``session_row`` lists.

    ``table``: one row per output: ``platform workload input variant output role operation
    status`` (categorical), ``index`` (position of a layer), ``digest`` (code into ``chains``)
    and ``session`` (row of ``sessions``). A session without outputs has one row whose
    ``output``, ``role`` and ``operation`` are missing and whose ``digest`` is -1.
    """

    sessions: pd.DataFrame
    table: pd.DataFrame
    chains: Chains
    notes: tuple[str, ...] = ()


@dataclass
class _Entry:
    rank: tuple[bool, int]
    """(ended well, attempt): a later failure never replaces an observation."""
    row: tuple[Any, ...]
    layout: int
    digests: npt.NDArray[np.int64]


@dataclass
class _Reading:
    chains: ChainCollector = field(default_factory=ChainCollector)
    layouts: dict[Layout, int] = field(default_factory=dict)
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
    digests = np.array(reading.chains.add_all(outputs), dtype=np.int64)
    rank = (record["status"] == "ok", int(record.get("attempt") or 0))
    known = reading.entries.get(key)
    if known is not None:
        if rank[0] and known.rank[0] and not np.array_equal(digests, known.digests):
            raise ConflictError(
                f"run {key[0] or '?'}, cell {cell}, session {key[2]} is recorded twice with "
                f"other bits: on machine {known.row[SESSION_COLUMNS.index('machine')]} and on "
                f"machine {(record.get('machine') or {}).get('id')}; find out which file is "
                "wrong and remove it from the store"
            )
        if rank < known.rank:
            return
    layout: Layout = tuple(map(_LAYOUT, outputs))
    number = reading.layouts.setdefault(layout, len(reading.layouts))
    row = (*codes, cell, *session_row(record))
    reading.entries[key] = _Entry(rank, row, number, digests)


def _finish(reading: _Reading) -> Observations:
    entries = list(reading.entries.values())
    columns = ("platform", "workload", "input", "variant", "cell", *SESSION_COLUMNS)
    sessions = pd.DataFrame.from_records([entry.row for entry in entries], columns=list(columns))
    for key in KEYS:
        codes = sessions[key].to_numpy(dtype=np.int64)
        sessions[key] = _categorical(codes, reading.labels[key])
    table = _outputs(reading, entries, sessions)
    chains = reading.chains.finish()
    notes = tuple(
        f"output {digest[:12]} was recorded with two different precision chains; "
        "the first is used: the records are damaged"
        for digest in sorted(set(reading.chains.conflicts))
    )
    return Observations(sessions, table, chains, notes)


def _outputs(reading: _Reading, entries: list[_Entry], sessions: pd.DataFrame) -> pd.DataFrame:
    names, roles, operations = Labels(), Labels(), Labels()
    blank = np.array([[-1, -1, -1, -1]], dtype=np.int64)
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
            dtype=np.int64,
        ).reshape(-1, 4)
        if layout
        else blank
        for layout in reading.layouts
    ]
    parts = [layouts[entry.layout] for entry in entries]
    rows = np.concatenate(parts) if parts else blank[:0]
    session = np.repeat(np.arange(len(entries)), [len(part) for part in parts])
    none = np.array([-1])
    digests = [entry.digests if entry.digests.size else none for entry in entries]
    return pd.DataFrame(
        {key: sessions[key].array.take(session) for key in KEYS}
        | {
            "output": _categorical(rows[:, 0], names),
            "role": _categorical(rows[:, 1], roles),
            "operation": _categorical(rows[:, 3], operations),
            "index": rows[:, 2].astype(np.int32),
            "status": pd.Categorical(sessions["status"].array.take(session)),
            "digest": (np.concatenate(digests) if digests else none[:0]).astype(np.int32),
            "session": session.astype(np.int32),
        }
    )


def _categorical(codes: npt.NDArray[np.int64], labels: Labels) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(codes, pd.Index(labels.names(), dtype="str"))

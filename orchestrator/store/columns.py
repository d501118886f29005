"""The observations of one run as columns: one row per line of its files, nothing decided yet.

Which attempt counts, what contradicts what, and what is torn is for the reader of the rows to
say, every time: a column holds what the lines hold, so that it may come from a cache.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.errors import StoreError
from orchestrator.results.outputs import Codes, OutputPool, Outputs
from orchestrator.results.record import Observation, SoftwareRecord
from orchestrator.store.parse import (
    PARTS,
    PLANNED,
    JsonObject,
    parse_software,
    parse_unrecorded,
    software_of_framework,
    variants_for,
)
from orchestrator.store.records import Sourced

ABSENT = -1
_OTHER_PARTS = tuple(PARTS.keys() - set(PLANNED))


@dataclass(frozen=True, eq=False)
class Column:
    """One key of the records. ``texts``: its distinct values as JSON; ``codes``: which, by row."""

    texts: Sequence[str]
    codes: Codes
    """(rows,): into ``texts``, or ``ABSENT`` where the record has no such key."""


@dataclass(frozen=True, eq=False)
class Columns:
    """All rows of a run, in the order of its files and their lines."""

    file: Codes
    """(rows,): into the observation files, sorted by name."""
    line: Codes
    """(rows,): counted from 1."""
    keys: Mapping[str, Column]
    """Every key but ``outputs``."""
    pool: OutputPool
    layout: Codes
    """(rows,): into ``pool.layouts``."""
    ends: npt.NDArray[np.int64]
    """(rows,): where the row's part of ``contents`` ends and the next one's starts."""
    contents: Codes
    """(outputs of all rows,): into ``pool.contents``."""

    def rows(self, files: Sequence[Path]) -> Iterator[Sourced[Observation]]:
        """The observations; ``files`` are those they stand in, sorted by name.

        Equal parts are one object, shared by all observations of the run.
        """
        # Fields that no record has repeat for ever: there are as many rows as outputs.
        fields = (self._values(name) for name in Observation._fields)
        records = map(Observation._make, zip(*fields, strict=False))
        return map(Sourced, records, map(files.__getitem__, self.file.tolist()), self.line.tolist())

    def _values(self, name: str) -> Iterable[Any]:
        """The values of one field of ``Observation``, by row."""
        if name == "outputs":
            return self._outputs()
        if name == "software":
            return self._software()
        if name == "variant":
            return variants_for(self._parts(name), self._parts("workload"))
        return self._parts(name)

    def _parts(self, name: str) -> Iterable[Any]:
        parse, column = PARTS.get(name), self.keys.get(name)
        default = parse(None) if parse else Observation._field_defaults.get(name)
        if column is None:
            return repeat(default)
        values = json.loads(f"[{','.join(column.texts)}]")
        if name == "converted":
            values = [tuple(value or ()) for value in values]
        if name == "unrecorded":
            values = [parse_unrecorded(value) for value in values]
        # The last one is what ABSENT points at.
        values = [*(map(parse, values) if parse else values), default]
        return map(values.__getitem__, column.codes.tolist())

    def _software(self) -> Iterable[SoftwareRecord]:
        """Where a row does not say, it is told by the version that its framework recorded."""
        column, frameworks = self.keys.get("software"), self._values("framework")
        if column is None:
            return map(software_of_framework, frameworks)
        said = [parse_software(value) for value in json.loads(f"[{','.join(column.texts)}]")]
        said.append(SoftwareRecord())
        return (
            found if found.id is not None else software_of_framework(framework)
            for found, framework in zip(
                map(said.__getitem__, column.codes.tolist()), frameworks, strict=False
            )
        )

    def _outputs(self) -> Iterator[Outputs]:
        start = 0
        for layout, end in zip(self.layout.tolist(), self.ends.tolist(), strict=True):
            yield Outputs(self.pool, layout, self.contents[start:end])
            start = end


def columns_of(files: Sequence[Path], sourced: Iterable[Sourced[JsonObject]]) -> Columns:
    """The columns of the records ``sourced`` from ``files``, read once and not kept.

    Raises ``StoreError`` with file and line for a record that no analysis could take.
    """
    rows = _Rows({path: number for number, path in enumerate(files)})
    for item in sourced:
        try:
            rows.add(item)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else str(error)
            raise StoreError(
                f"{item.path}:{item.line}: not an observation ({what}); the file is damaged"
            ) from error
    return rows.finish()


_as_json = json.JSONEncoder().encode


@dataclass
class _Key:
    texts: dict[str, int] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    words: dict[str, int] = field(default_factory=dict)
    """Codes of the values that are texts: most repeat, and need not be encoded again."""

    def add(self, row: int, value: Any) -> None:
        is_word = type(value) is str
        code = self.words.get(value) if is_word else None
        if code is None:
            code = self.texts.setdefault(_as_json(value), len(self.texts))
            if is_word:
                self.words[value] = code
        self.codes.extend([ABSENT] * (row - len(self.codes)))
        self.codes.append(code)

    def finish(self, rows: int) -> Column:
        self.codes.extend([ABSENT] * (rows - len(self.codes)))
        return Column(tuple(self.texts), np.array(self.codes, dtype=np.int32))


@dataclass
class _Rows:
    files: dict[Path, int]
    file: list[int] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    keys: dict[str, _Key] = field(default_factory=dict)
    pool: OutputPool = field(default_factory=OutputPool)
    outputs: list[Outputs] = field(default_factory=list)

    def add(self, item: Sourced[JsonObject]) -> None:
        outputs = self.pool.add(_checked(item.record))
        row = len(self.file)
        for key, value in item.record.items():
            if key != "outputs":
                self.keys.setdefault(key, _Key()).add(row, value)
        self.outputs.append(outputs)
        self.file.append(self.files[item.path])
        self.line.append(item.line)

    def finish(self) -> Columns:
        rows = len(self.file)
        none = np.empty(0, dtype=np.int32)
        return Columns(
            np.array(self.file, dtype=np.int32),
            np.array(self.line, dtype=np.int32),
            {name: key.finish(rows) for name, key in self.keys.items()},
            self.pool,
            np.array([outputs.layout for outputs in self.outputs], dtype=np.int32),
            np.cumsum([len(outputs) for outputs in self.outputs], dtype=np.int64),
            np.concatenate([outputs.contents for outputs in self.outputs] or [none]),
        )


def _checked(document: JsonObject) -> Sequence[JsonObject]:
    """The outputs of a record; raises where it lacks what every analysis asks of it."""
    record: dict[str, Any] = document
    for name in ("run", "cell", "status"):
        if not isinstance(record[name], str):
            raise TypeError(f"{name} is {record[name]!r}, no text")
    if type(record["session"]) is not int or type(record.get("attempt", 0)) is not int:
        raise TypeError("session or attempt is no number")
    for name in PLANNED:
        if not isinstance(record[name], dict):
            raise TypeError(f"{name} is {record[name]!r}, no object")
    for name in _OTHER_PARTS:
        part = record.get(name)
        if part is not None and not isinstance(part, dict):
            raise TypeError(f"{name} is {part!r}, no object")
    parse_unrecorded(record.get("unrecorded"))
    outputs: Sequence[JsonObject] = record.get("outputs", [])
    if not isinstance(outputs, list):
        raise TypeError("outputs are no list")
    return outputs

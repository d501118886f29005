"""The tables that every analysis starts from, as plain columns and as data frames.

A frame costs milliseconds to make, however small it is, so the analyses of classes and layers
work on the columns, and the frames are made for whoever asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy.typing as npt
import pandas as pd

from orchestrator.analysis.observations.chains import Chains
from orchestrator.analysis.observations.session_row import SessionRow
from orchestrator.results.outputs import Codes, UnrecordedOutput

KEYS = ("platform", "workload", "input", "variant")


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of few distinct texts: ``codes`` into ``names``, -1 where there is none."""

    codes: Codes
    names: tuple[str, ...]

    def take(self, rows: npt.NDArray[Any]) -> Coded:
        """The column of these ``rows``."""
        return Coded(self.codes[rows], self.names)

    def categorical(self) -> pd.Categorical[str]:
        """As pandas has it."""
        return pd.Categorical.from_codes(self.codes, pd.Index(self.names, dtype="str"))


@dataclass(frozen=True, eq=False)
class OutputColumns:
    """One row per output of a session; see ``Observations.table``."""

    platform: Coded
    workload: Coded
    input: Coded
    variant: Coded
    output: Coded
    role: Coded
    operation: Coded
    index: Codes
    status: Coded
    digest: Codes
    session: Codes


class Unrecorded(NamedTuple):
    """An output that a platform computed and could not record."""

    platform: str
    computation: tuple[str, str, str]
    """(workload, input, variant), by label."""
    output: UnrecordedOutput


@dataclass(frozen=True, eq=False)
class Observations:
    """All sessions and their outputs.

    ``sessions``: one row per session with the columns ``platform workload input variant``
    (categorical) and the fields of ``SessionRow``.

    ``table``: one row per output: ``platform workload input variant output role operation
    status`` (categorical), ``index`` (position of a layer), ``digest`` (code into ``chains``)
    and ``session`` (row of ``sessions``). A session without outputs has one row whose
    ``output``, ``role`` and ``operation`` are missing and whose ``digest`` is -1.

    ``outputs`` are the columns of ``table``.
    """

    rows: Sequence[SessionRow]
    """One per session."""
    keys: dict[str, Coded]
    """Of the sessions, by ``KEYS``."""
    outputs: OutputColumns
    chains: Chains
    notes: tuple[str, ...] = ()
    unrecorded: Mapping[int, tuple[UnrecordedOutput, ...]] = field(default_factory=dict)
    """What sessions could not record, by their places in ``rows``; most have nothing."""

    def each_unrecorded(self, role: str) -> Iterator[Unrecorded]:
        """Every output of ``role`` that a session could not record, with the session's labels."""
        columns = [self.keys[key] for key in KEYS]
        for row, outputs in self.unrecorded.items():
            platform, workload, given, variant = (
                column.names[column.codes[row]] for column in columns
            )
            for output in outputs:
                if output.role == role:
                    yield Unrecorded(platform, (workload, given, variant), output)

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """One row per session."""
        frame = pd.DataFrame.from_records(list(self.rows), columns=list(SessionRow._fields))
        for place, key in enumerate(KEYS):
            frame.insert(place, key, pd.Series(self.keys[key].categorical()))
        return frame

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per output of a session."""
        coded = (*KEYS, "output", "role", "operation")
        return pd.DataFrame(
            {name: getattr(self.outputs, name).categorical() for name in coded}
            | {
                "index": self.outputs.index,
                "status": self.outputs.status.categorical(),
                "digest": self.outputs.digest,
                "session": self.outputs.session,
            }
        )

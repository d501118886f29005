"""One file per format: what it is called, what it writes, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.results.details import Details
from orchestrator.results.difference import Difference
from orchestrator.results.partitions import Summary
from orchestrator.results.table import Table


class Written(StrEnum):
    """What a format may write."""

    REPORT = "report"
    """A whole report, ``eqc report``."""
    TABLE = "table"
    """One analysis, ``eqc report --show``."""
    DIFFERENCE = "difference"
    """``eqc diff``."""


@dataclass(frozen=True)
class Format:
    """A format. Each file here declares one as ``FORMAT``; what it does not write is ``None``."""

    name: str
    """As ``--format`` takes it."""
    suffix: str
    """Of the files that ``--show all`` writes, ``.csv``."""
    report: Callable[[Summary], str] | None = None
    """The whole report as text, or ``page``."""
    page: Callable[[Summary, Details], str] | None = None
    """The whole report with what stands behind the classes, within ``findings.PAGE``'s bounds."""
    table: Callable[[Table], str] | None = None
    difference: Callable[[Difference], str] | None = None

    def writes(self, what: Written) -> bool:
        """Whether it writes that."""
        return {
            Written.REPORT: self.report or self.page,
            Written.TABLE: self.table,
            Written.DIFFERENCE: self.difference,
        }[what] is not None

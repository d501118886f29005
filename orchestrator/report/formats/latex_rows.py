"""Rows and preamble of LaTeX tables, so that any name is only text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.report.escape import latex

PREAMBLE = (
    r"% Needs, in the preamble of the document that takes this in with \input:",
    r"%   \usepackage[T1]{fontenc}",
    r"%   \usepackage[utf8]{inputenc}",
    r"%   \usepackage{array,booktabs,longtable,xcolor}",
)
"""Comments at the top of every LaTeX output."""


_BREAKS = re.compile(r"/|\\_")


def words(text: str) -> str:
    """A text that LaTeX may break: names of platforms have no blanks."""
    return _BREAKS.sub(lambda found: found[0] + r"\allowbreak{}", latex(text))


def row(cells: Sequence[str]) -> str:
    """One row of escaped cells.

    The line before ends with two backslashes, after which LaTeX would take a bracket or an
    asterisk for an argument; the empty group keeps it a character.
    """
    guarded = ("{}" + cell if cell.startswith(("[", "*")) else cell for cell in cells)
    return " & ".join(guarded) + r" \\"


def item(label: str, text: str) -> str:
    """An entry of a list; the group keeps a closing bracket in the label."""
    return rf"\item[{{{label}}}] {text}"

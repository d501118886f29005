"""Collects the mistakes of one file with their lines, so that all are reported at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.errors import Mistake

Loc = tuple[str | int, ...]
"""The location of a value in a document: keys and list indices from the root."""


@dataclass(frozen=True)
class Mark:
    """A position in the text; line and column count from 1."""

    line: int
    column: int


@dataclass
class Mistakes:
    """The mistakes found so far in ``file``, and the position in the text of every location."""

    file: str
    values: dict[Loc, Mark] = field(default_factory=dict)
    """Where each value starts."""
    keys: dict[Loc, Mark] = field(default_factory=dict)
    """Where the key of each value in a mapping starts."""
    found: list[Mistake] = field(default_factory=list)
    incomplete: set[Loc] = field(default_factory=set)
    """Entries with an unknown key, probably a misspelt one: keys they lack are not reported."""

    def at(self, mark: Mark, message: str) -> None:
        """Add a mistake at a position, unless it is there already."""
        mistake = Mistake(self.file, mark.line, mark.column, message)
        if mistake not in self.found:
            self.found.append(mistake)

    def add(self, loc: Loc, message: str, *, key: bool = False) -> None:
        """Add a mistake about the value at ``loc``, or with ``key`` about its key."""
        self.at(self.mark(loc, key=key), message)

    def mark(self, loc: Loc, *, key: bool = False) -> Mark:
        """The position of the deepest part of ``loc`` that the document has; else 1, 1.

        ``loc`` may have parts that the document has not: pydantic adds some (the tag of a union),
        and a list of one value may be written without brackets. They are skipped.
        """
        known = self.known(loc)
        if key and known in self.keys:
            return self.keys[known]
        return self.values.get(known, Mark(1, 1))

    def known(self, loc: Loc) -> Loc:
        """``loc`` without the parts that are not in the document."""
        known: Loc = ()
        for part in loc:
            if (*known, part) in self.values:
                known = (*known, part)
        return known


def nearest(word: object, valid: Iterable[object]) -> str:
    """``; did you mean 'x'?`` or, where no word is near, ``; valid: x, y``; "" if none is valid."""
    words = sorted({str(name) for name in valid})
    if not words:
        return ""
    folded = {name.lower(): name for name in words}
    close = difflib.get_close_matches(str(word).lower(), list(folded), n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{folded[close[0]]}'?"
    shown = ", ".join(words[:20]) + (", …" if len(words) > 20 else "")
    return f"; valid: {shown}"

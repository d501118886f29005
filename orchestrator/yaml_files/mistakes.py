"""Collects the mistakes of one file, each with the place it is at, until all are known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator.errors import Mistake

Loc = tuple[str | int, ...]
"""Where something is in a document: keys and list indices from the root."""


@dataclass(frozen=True)
class Mark:
    """A place in the text; both count from 1."""

    line: int
    column: int


@dataclass
class Mistakes:
    """The mistakes found so far in ``file``, and the marks that give a location its line."""

    file: str
    values: dict[Loc, Mark] = field(default_factory=dict)
    """Where each value starts."""
    keys: dict[Loc, Mark] = field(default_factory=dict)
    """Where the key of each value in a mapping starts."""
    found: list[Mistake] = field(default_factory=list)
    incomplete: set[Loc] = field(default_factory=set)
    """Entries that lost a key that was not known: what they lack is not told as well."""

    def at(self, mark: Mark, message: str) -> None:
        """Note a mistake at a place; the same one is kept once."""
        mistake = Mistake(self.file, mark.line, mark.column, message)
        if mistake not in self.found:
            self.found.append(mistake)

    def add(self, loc: Loc, message: str, *, key: bool = False) -> None:
        """Note a mistake about the value at ``loc``, or about its key."""
        self.at(self.mark(loc, key=key), message)

    def mark(self, loc: Loc, *, key: bool = False) -> Mark:
        """The mark of the deepest part of ``loc`` that the document has.

        Parts the document does not have are passed over: the validator adds some of its own
        (the tag of a union), and a list of one may be written without its brackets.
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
    """``; did you mean 'x'?``, or the valid words where none is near; empty without any."""
    words = sorted({str(name) for name in valid})
    if not words:
        return ""
    folded = {name.lower(): name for name in words}
    close = difflib.get_close_matches(str(word).lower(), list(folded), n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{folded[close[0]]}'?"
    shown = ", ".join(words[:20]) + (", …" if len(words) > 20 else "")
    return f"; valid: {shown}"

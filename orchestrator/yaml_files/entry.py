"""One entry of a list in a file: where it is, and how its mistakes are told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.yaml_files.mistakes import Loc, Mistakes


@dataclass(frozen=True)
class EntryPlace:
    """Where an entry stands."""

    loc: Loc
    folder: Path
    """The folder of its file: what paths in it are relative to."""
    mistakes: Mistakes

    def mistake(self, message: str, *within: str | int, key: bool = False) -> None:
        """Note a mistake about the entry, or about what is ``within`` it: ``"cpu", 0``.

        With ``key`` it is about the key there, not about its value.
        """
        self.mistakes.add((*self.loc, *within), message, key=key)

    @property
    def found(self) -> int:
        """How many mistakes the whole file has until now."""
        return len(self.mistakes.found)

    @property
    def incomplete(self) -> bool:
        """Whether the entry lost a key that was not known: what it lacks is not told as well."""
        return self.loc in self.mistakes.incomplete

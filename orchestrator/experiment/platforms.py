"""Platform entries → platforms: every combination an entry stands for, each one once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from orchestrator.model.experiment import Platform
from orchestrator.yaml_files.entry import EntryPlace
from orchestrator.yaml_files.fields import Strict
from orchestrator.yaml_files.mistakes import Loc, Mistakes


class KnownProvider(Protocol):
    """What an experiment file has to know of a provider: its registration, seen from here."""

    @property
    def name(self) -> str:
        """What stands after ``provider:``."""
        ...

    @property
    def entry(self) -> type[Strict] | None:
        """The form of its entries; ``None``: no file may name it."""
        ...

    @property
    def resolve(self) -> Callable[[Any, EntryPlace], Sequence[Platform]] | None:
        """An entry → the platforms it stands for; there where ``entry`` is."""
        ...

    @property
    def rented(self) -> bool:
        """Whether its machines cost money."""
        ...


def resolve_platforms(
    entries: list[tuple[Loc, Any]],
    providers: Sequence[KnownProvider],
    folder: Path,
    mistakes: Mistakes,
) -> list[Platform]:
    """All platforms in the order of the file; what two entries have in common is there once."""
    resolvers = {each.name: each.resolve for each in providers if each.resolve is not None}
    platforms: dict[str, Platform] = {}
    for loc, entry in entries:
        for platform in resolvers[entry.provider](entry, EntryPlace(loc, folder, mistakes)):
            platforms.setdefault(platform.id, platform)
    return list(platforms.values())

"""What a provider says of itself, once: its name, its entry in experiment files, how it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, get_args

from orchestrator import catalog
from orchestrator.model.experiment import Isolation, Json, Platform
from orchestrator.model.machine import Machine, Provider
from orchestrator.yaml_files.entry import EntryPlace
from orchestrator.yaml_files.fields import Strict


def _nothing() -> Mapping[str, Any]:
    return {"cpu": {}}


@dataclass(frozen=True)
class Surroundings:
    """What a provider may have to know of this computer, and of the run it makes machines for."""

    isolation: Isolation = Isolation.PROCESS
    frameworks: frozenset[str] = frozenset()
    """Those that the run will use."""
    fingerprint: Callable[[], Mapping[str, Any]] = _nothing
    """What this computer says of itself (docs/formats.md, section 4); takes a second, once.

    Raises ``EnvironmentNotReady``.
    """


Resolve = Callable[[Any, EntryPlace], Sequence[Platform]]
"""(an entry that has the right form, its place) -> the platforms it stands for.

What is wrong in it all the same is told by ``EntryPlace.mistake``; then the result is not used.
"""
Refresh = Callable[[Sequence[str], str | None], Mapping[str, Json]]
"""(regions, project) -> newer lists of the catalogue, by kind; no regions: all that may be used."""


def by_reaping(machine: Machine) -> Sequence[str]:
    """The command that ends a machine which its provider's own tools know nothing of."""
    return ("eqc", "reap", *(("--run", machine.run) if machine.run else ()))


@dataclass(frozen=True)
class ProviderRegistration:
    """One provider. Raises ``ValueError`` where ``entry`` is not an entry of it."""

    name: str
    """What stands after ``provider:``."""
    make: Callable[[Surroundings], Provider]
    """Called when machines are wanted, not before: what it imports may be missing until then."""
    entry: type[Strict] | None = None
    """The form of its entries, with ``provider: Literal[name]``; ``None``: no file may name it."""
    resolve: Resolve | None = None
    here: bool = False
    """Its machine is this computer."""
    rented: bool = False
    """Its machines cost money, and could be left behind."""
    how_to_end: Callable[[Machine], Sequence[str]] = by_reaping
    """The words of the command that a person ends a machine with where we cannot."""
    refresh: Refresh | None = None
    """Asks the provider itself for its machine types and prices."""

    def __post_init__(self) -> None:
        if (self.entry is None) != (self.resolve is None):
            raise ValueError(f"provider {self.name} needs both entry and resolve, or neither")
        if self.entry is None:
            return
        field = self.entry.model_fields.get("provider")
        if field is None or get_args(field.annotation) != (self.name,):
            wanted = f'provider: Literal["{self.name}"]'
            raise ValueError(f"{self.entry.__name__} needs the field {wanted}")

    @property
    def catalogued(self) -> bool:
        """Whether its hardware is bought by machine types that the catalogue knows."""
        return self.name in catalog.PROVIDERS


def imported(target: str) -> Any:
    """``module:name``, imported now: SDKs are extras, and validating a file needs none."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)

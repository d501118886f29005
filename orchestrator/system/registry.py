"""Things by name: those of this package, and those that other installed distributions add."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from orchestrator.errors import EnvironmentNotReady

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Registry(Mapping[str, T]):
    """Things of one ``kind``, a word; what other distributions add is imported when asked for.

    ``ours`` gives those of this package. ``group`` names the entry points of other distributions,
    ``check`` takes what such an entry point loads and its name, and raises ``TypeError`` or
    ``ValueError`` where that is no thing of this kind.

    Raises ``EnvironmentNotReady``, which names the distribution and its entry point: at any use
    where two things have one name, and when a thing is asked for that cannot be loaded.
    """

    kind: str
    group: str
    ours: Callable[[], Mapping[str, T]]
    check: Callable[[object, str], T]

    def __getitem__(self, name: str) -> T:
        added = self._added.get(name)
        return self.own[name] if added is None else self._loaded(added)

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from self._added

    def __len__(self) -> int:
        return len(self.own) + len(self._added)

    @cached_property
    def own(self) -> Mapping[str, T]:
        """Those of this package."""
        return self.ours()

    @property
    def added(self) -> tuple[str, ...]:
        """The names that other distributions add, sorted."""
        return tuple(self._added)

    def distribution(self, name: str) -> str | None:
        """The distribution that adds ``name``, in words; ``None``: it is one of this package."""
        point = self._added.get(name)
        return None if point is None else _distribution(point)

    @cached_property
    def _added(self) -> Mapping[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for point in sorted(entry_points(group=self.group), key=lambda point: point.name):
            if point.name in self.own:
                raise EnvironmentNotReady(
                    f"{_source(point)}: {self.kind} {point.name!r} is one of eqc's own: "
                    "uninstall that distribution, or rename its entry point"
                )
            if point.name in found:
                raise EnvironmentNotReady(
                    f"{_source(point)}: {self.kind} {point.name!r} is also an entry point of "
                    f"{_source(found[point.name])}: uninstall one of the two"
                )
            found[point.name] = point
        return found

    def _loaded(self, point: EntryPoint) -> T:
        try:
            return self.check(point.load(), point.name)
        except Exception as error:
            # Whatever a stranger's module raises while it is imported.
            raise EnvironmentNotReady(
                f"{_source(point)}: {self.kind} {point.name!r} cannot be loaded "
                f"({type(error).__name__}: {error}): mend or uninstall that distribution"
            ) from error


def _source(point: EntryPoint) -> str:
    """``eqc-speeds 1.0, entry point speeds = eqc_speeds:table in eqc_orchestrator.tables``."""
    return f"{_distribution(point)}, entry point {point.name} = {point.value} in {point.group}"


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown distribution"

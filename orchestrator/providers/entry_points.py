"""Providers that other installed distributions bring: entry points of the group ``GROUP``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from orchestrator.errors import EnvironmentNotReady
from orchestrator.providers.registration import ProviderRegistration

GROUP = "eqc_orchestrator.providers"


@dataclass(frozen=True)
class Outside:
    """One provider that is not ours."""

    registration: ProviderRegistration
    distribution: str
    origin: str
    """For messages: the distribution and its entry point."""


def outside() -> Iterator[Outside]:
    """All of them, by the names of their entry points.

    Raises ``EnvironmentNotReady`` naming the distribution and the entry point that is broken.
    """
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        yield Outside(_loaded(point), _distribution(point), _origin(point))


def _loaded(point: EntryPoint) -> ProviderRegistration:
    try:
        found = point.load()
    except Exception as error:
        raise _broken(point, f"{type(error).__name__}: {error}") from error
    if not isinstance(found, ProviderRegistration):
        raise _broken(point, f"it is a {type(found).__name__}, not a ProviderRegistration")
    return found


def _broken(point: EntryPoint, why: str) -> EnvironmentNotReady:
    return EnvironmentNotReady(
        f"{_origin(point)} cannot be used ({why}): mend or uninstall that distribution"
    )


def _origin(point: EntryPoint) -> str:
    return f"entry point {point.name} = {point.value} of {_distribution(point)} ({GROUP})"


def _distribution(point: EntryPoint) -> str:
    # Entry points that were found by group have one; their type does not say so.
    return "an unknown distribution" if point.dist is None else point.dist.name

"""What ``eqc agree`` found, for every format."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.agree.settings import Setting
from orchestrator.model.experiment import Variant
from orchestrator.results.distance import Distance


@dataclass(frozen=True)
class Slowdown:
    """The time with the settings over that without: laps side by side, ratios of each pair."""

    median: float
    quartiles: tuple[float, float]
    laps: int
    seconds: float
    """The median without the settings, of all workloads and inputs together."""
    platform: str
    """Where it was measured."""
    processor: str | None


@dataclass(frozen=True)
class Answer:
    """One smallest set of settings with the fewest classes."""

    settings: tuple[Setting, ...]
    variant: Variant
    """With the settings."""
    classes: tuple[tuple[str, ...], ...]
    """The platforms of each class that is left."""
    change: Distance | None
    """How far outputs are from before, the most of all platforms; ``None``: nothing changed."""
    flips: tuple[int, int] | None
    """Labels that flip against before, of how many, over outputs that differ and have labels;
    ``None``: no output looks like scores."""
    slowdown: Slowdown | None
    not_timed: str | None = None
    """Why there is no slowdown."""


@dataclass(frozen=True)
class Incomplete:
    """A set under which platforms gave nothing: it is not recommended."""

    settings: tuple[Setting, ...]
    failed: tuple[tuple[str, str], ...]
    """(platform, why)."""


@dataclass(frozen=True)
class Agreement:
    """What was found of one variant."""

    label: str
    computations: tuple[tuple[str, str], ...]
    """(workload, input)."""
    platforms: tuple[str, ...]
    """That were compared."""
    before: tuple[tuple[str, ...], ...]
    """The classes without any setting."""
    without: tuple[tuple[str, str], ...]
    """Platforms that gave nothing without any setting, and why: nothing is said of them."""
    unobserved: tuple[str, ...]
    """Platforms that were not yet observed without any setting: the search has not begun."""
    not_available: tuple[tuple[str, str], ...]
    answers: tuple[Answer, ...]
    """The fastest first."""
    incomplete: tuple[Incomplete, ...]
    idle: tuple[Setting, ...]
    candidates: int
    """How many settings were tried or are to be."""
    tried: int
    untried: int
    """Sets; see ``search.Found``."""
    seconds: float
    """Of the search, times not counted."""
    stopped: str | None = None
    """Why it was ended early."""
    others: tuple[str, ...] = ()
    """What else ``on:`` of the file names."""

    @property
    def agrees(self) -> bool:
        """Whether all compared platforms agree without any setting."""
        return len(self.before) == 1 and len(self.platforms) > 1 and not self.unobserved

"""What a search is about: one variant of an experiment, on all platforms that compute the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orchestrator import catalog
from orchestrator.agree.settings import Setting, SettingSet, is_of, with_settings
from orchestrator.catalog.agreement import Kind, candidates_of
from orchestrator.errors import UsageError
from orchestrator.model.experiment import (
    STORED,
    Cell,
    Experiment,
    Keep,
    Observe,
    Plan,
    Platform,
    Variant,
)
from orchestrator.plan.availability import not_available
from orchestrator.plan.cells import make_plan
from orchestrator.results.comparison import BY_PLATFORM

_SLOW = {"local": 0, "mask": 0, "cpuid": 0, "emulated": 1}
"""Which providers answer soon; machines that are rented or far come last."""


def anything(_: Setting) -> bool:
    """Every setting may be tried."""
    return True


@dataclass(frozen=True)
class Subject:
    """One variant, whose outputs of all its workloads and inputs are to agree."""

    variant: Variant
    """That of the first cell."""
    cells: tuple[Cell, ...]
    """On all platforms: those of one platform have the workloads and inputs of any other."""
    not_available: tuple[tuple[str, str], ...] = ()
    """Platforms that are known not to have it, and why."""

    @property
    def label(self) -> str:
        """The variant's, which is the first one's where model files and others are mixed."""
        return self.variant.label

    @property
    def platforms(self) -> tuple[str, ...]:
        """By name; those that answer soon first."""
        found = {cell.platform.name: cell.platform for cell in self.cells}
        return tuple(sorted(found, key=lambda name: _SLOW.get(found[name].provider, 2)))

    @property
    def computations(self) -> tuple[tuple[str, str], ...]:
        """Workload and input, by their labels."""
        labels = ((cell.workload.label, cell.input.label) for cell in self.cells)
        return tuple(dict.fromkeys(labels))

    def cells_with(self, settings: SettingSet, platform: str) -> tuple[Cell, ...]:
        """The cells of one platform with ``settings`` beside those of the variant."""
        return tuple(
            replace(cell, variant=with_settings(cell.variant, settings))
            for cell in self.cells
            if cell.platform.name == platform
        )

    def cells_here(self, settings: SettingSet, platform: Platform) -> tuple[Cell, ...]:
        """As ``cells_with``, on a platform that need not be one of its own."""
        first = self.platforms[0]
        return tuple(replace(cell, platform=platform) for cell in self.cells_with(settings, first))

    def candidates(
        self, choice: Callable[[Setting], bool] = anything
    ) -> tuple[tuple[Setting, ...], frozenset[Setting]]:
        """What may be set, as ``agreement.json`` of the framework says, and what of it may act
        with others only. What the variant sets itself is not varied.
        """
        settings, interacting = [], set[Setting]()
        for each in candidates_of(catalog.frameworks()[self.variant.framework]):
            found = [Setting(each.kind, each.name, value) for value in each.values]
            wanted = [one for one in found if not is_of(one, self.variant) and choice(one)]
            settings += wanted
            interacting.update(wanted if each.interacts else ())
        return tuple(settings), frozenset(interacting)


def without_float64(setting: Setting) -> bool:
    """Whether ``setting`` leaves the types of the computation as they are."""
    return setting.kind is not Kind.PRECISION


def subjects(experiment: Experiment) -> tuple[Subject, ...]:
    """Every variant of ``experiment``, in its order.

    Raises ``UsageError`` where it compares along other axes than platforms: what is to agree then
    is no platform.
    """
    if experiment.compare != BY_PLATFORM:
        axes = ", ".join(experiment.compare)
        raise UsageError(
            f"{experiment.name}: compares {axes}, and only platforms can be made to agree here: "
            "write a file with compare: [platform], where each of the others is a value of 'vary'"
        )
    by_variant: dict[Variant, list[Cell]] = {}
    for cell in make_plan(experiment).cells:
        by_variant.setdefault(_of_any_workload(cell.variant), []).append(_observed(cell))
    return tuple(one for cells in by_variant.values() for one in _alike(cells))


def plan_of(experiment: Experiment, cells: Sequence[Cell], suffix: str) -> Plan:
    """A plan of ``cells`` whose run is another experiment's: its name ends with ``suffix``."""
    name = experiment.name[: 64 - len(suffix)] + suffix
    source = f"# Made by eqc{suffix.replace('-', ' ')}: plan.json has the variants.\n"
    unique = tuple({cell.id: cell for cell in cells}.values())
    return Plan(replace(experiment, name=name, source=source + experiment.source), unique)


def _of_any_workload(variant: Variant) -> Variant:
    """One for model files, which compute as they are stored, and for what has no file."""
    if variant.precision in (STORED, "float32"):
        return replace(variant, precision="float32", stated=False)
    return variant


def _observed(cell: Cell) -> Cell:
    """Without what only disturbs: layers, kernels and times are none of the search."""
    sessions = cell.observe.sessions - (1 if cell.observe.time else 0)
    return replace(
        cell, observe=Observe(sessions=sessions, mode=cell.observe.mode, keep=Keep.FINAL)
    )


def _alike(cells: Sequence[Cell]) -> list[Subject]:
    """The cells of one variant, platforms of different workloads and inputs apart."""
    by_platform: dict[str, list[Cell]] = {}
    unavailable: dict[str, str] = {}
    for cell in cells:
        reason = not_available(cell)
        if reason is not None:
            unavailable[cell.platform.name] = reason.message
        else:
            by_platform.setdefault(cell.platform.name, []).append(cell)
    groups: dict[frozenset[tuple[str, str]], list[Cell]] = {}
    for some in by_platform.values():
        key = frozenset((cell.workload.id, cell.input.id) for cell in some)
        groups.setdefault(key, []).extend(some)
    absent = tuple(sorted(unavailable.items()))
    return [Subject(some[0].variant, tuple(some), absent) for some in groups.values()]

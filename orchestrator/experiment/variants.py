"""``vary`` → every combination of settings, and the frameworks each one is for."""

from __future__ import annotations

from itertools import product

from orchestrator.model.experiment import Pairs, Scalar, Variant, pairs
from orchestrator.experiment.document import Vary
from orchestrator.experiment.fields import FlagSet, VariableSet

AUTO = "auto"
"""Device of a variant that did not ask for one: the GPU where the platform has one."""

Limited = tuple[Pairs, frozenset[str] | None]


def resolve_variants(vary: Vary, frameworks: tuple[str, ...]) -> list[Variant]:
    """Variants in the order of ``itertools.product`` over the keys of ``vary``.

    A variant for all frameworks has ``framework == ""``. One whose environment or flags are
    limited by ``on`` comes once for each of those of ``frameworks``, named by it.
    """
    variants: list[Variant] = []
    devices: list[str] = [*vary.device] if vary.device else [AUTO]
    for environment, flags, precision, batch, device, threads in product(
        _limited(vary.environment),
        _limited(vary.flags),
        vary.precision or ["float32"],
        vary.batch or [None],
        devices,
        vary.threads or [None],
    ):
        limits = [limit for _, limit in (environment, flags) if limit is not None]
        names = [f for f in frameworks if all(f in limit for limit in limits)] if limits else [""]
        variants += [
            Variant(name, precision, threads, batch, device, environment[0], flags[0])
            for name in names
        ]
    return variants


def _limited(sets: list[VariableSet] | list[FlagSet] | None) -> list[Limited]:
    limited: list[Limited] = []
    for entry in sets or ():
        values: dict[str, Scalar] = dict(entry.__pydantic_extra__ or {})
        limited.append((pairs(values), None if entry.on is None else frozenset(entry.on)))
    return limited or [((), None)]

"""``vary`` → variants; ``include`` and ``exclude`` entries → filters, each value checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from orchestrator.experiment.document import FilterEntry, Vary
from orchestrator.experiment.fields import FlagSet, VariableSet
from orchestrator.experiment.workloads import ResolvedWorkload
from orchestrator.model import selection
from orchestrator.model.experiment import (
    Filter,
    Installation,
    Pairs,
    Platform,
    Scalar,
    Variant,
    pairs,
)
from orchestrator.yaml_files.mistakes import Loc, Mistakes, nearest
from orchestrator.yaml_files.text import WrittenInt


def resolve_filters(
    entries: list[tuple[Loc, FilterEntry]], domain: dict[str, set[Scalar]], mistakes: Mistakes
) -> list[Filter]:
    """Filters in the order of the file.

    ``domain`` has the values of each field that occur in the experiment. Any other value is a
    mistake: the filter would silently match nothing. Fields that ``domain`` lacks are not checked.
    """
    filters = []
    for loc, entry in entries:
        fields: list[tuple[str, frozenset[Scalar]]] = []
        for key, given in entry:
            if isinstance(given, dict):
                for name, value in given.items():
                    fields.append((f"{key}.{name}", frozenset([_text(key, value)])))
            elif given is not None:
                fields.append((key, frozenset(given)))
                _judge(loc, key, given, domain, mistakes)
        if not fields and loc not in mistakes.incomplete:
            mistakes.add(loc, "a filter without fields would match every cell")
        filters.append(Filter(tuple(sorted(fields, key=lambda field: field[0]))))
    return filters


def domain_of(
    platforms: Iterable[Platform],
    workloads: Sequence[ResolvedWorkload],
    inputs: Iterable[str],
    variants: Iterable[Variant],
) -> dict[str, set[Scalar]]:
    """For each field of a filter, the values that occur in the experiment."""
    domain: dict[str, set[Scalar]] = {field: set() for field in selection.FIELDS}
    parts = [selection.of_platform(platform) for platform in platforms]
    parts += [selection.of_workload(resolved.workload) for resolved in workloads]
    parts += [
        selection.of_variant(variant.for_workload(workload))
        for variant in variants
        for workload in {each.workload.is_file: each.workload for each in workloads}.values()
    ]
    for part in parts:
        for field, values in part.items():
            if field in domain:
                domain[field] |= values
    domain["input"] = set(inputs)
    used = {each for resolved in workloads for each in resolved.installations}
    domain["on"] = {value for each in used for value in selection.of_installation(each)["on"]}
    domain["model"] |= {resolved.model for resolved in workloads}
    if AUTO in domain["device"]:
        domain["device"] = {"cpu", "gpu"}
    return domain


def _judge(
    loc: Loc, key: str, given: list[Scalar], domain: dict[str, set[Scalar]], mistakes: Mistakes
) -> None:
    if key not in domain:
        return
    for index, value in enumerate(given):
        if value not in domain[key]:
            hint = nearest(value, (v for v in domain[key] if v is not None))
            text = f"nothing in this experiment has {key} {value!r}{hint}"
            mistakes.add((*loc, key, index), text)


def _text(key: str, value: Scalar) -> Scalar:
    """Environment values are text, also where the file has a number."""
    if key != "environment" or value is None:
        return value
    return value.text if isinstance(value, WrittenInt) else str(value)


AUTO = "auto"
"""Device of a variant without ``device``: the GPU where the platform has one, else the CPU."""

Limited = tuple[Pairs, frozenset[str] | None]


def resolve_variants(vary: Vary, installations: tuple[Installation, ...]) -> list[Variant]:
    """Variants in the order of ``itertools.product`` over the keys of ``vary``.

    A variant for all installations has ``framework == ""``. Where ``on`` limits its environment or
    flags, there is one variant for each framework and version of ``installations`` that ``on``
    allows.
    """
    used = {
        (each.framework, each.pin): selection.of_installation(each)["on"] for each in installations
    }
    variants: list[Variant] = []
    devices: list[str] = [*vary.device] if vary.device else [AUTO]
    for environment, flags, precision, batch, device, threads in product(
        _limited(vary.environment),
        _limited(vary.flags),
        vary.precision or ["stored"],
        vary.batch or [None],
        devices,
        vary.threads or [None],
    ):
        limits = [limit for _, limit in (environment, flags) if limit is not None]
        allowed = [each for each, names in used.items() if all(names & limit for limit in limits)]
        variants += [
            Variant(name, precision, threads, batch, device, environment[0], flags[0], pin)
            for name, pin in (allowed if limits else [("", None)])
        ]
    return variants


def _limited(sets: list[VariableSet] | list[FlagSet] | None) -> list[Limited]:
    limited: list[Limited] = []
    for entry in sets or ():
        values: dict[str, Scalar] = dict(entry.__pydantic_extra__ or {})
        limited.append((pairs(values), None if entry.on is None else frozenset(entry.on)))
    return limited or [((), None)]

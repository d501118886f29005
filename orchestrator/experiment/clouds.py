"""Entries of ``aws`` and ``gcp`` → platforms, checked against the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from orchestrator import catalog
from orchestrator.experiment.mistakes import Loc, Mistakes, nearest
from orchestrator.experiment.platform_entries import Aws, Gcp
from orchestrator.model.experiment import Pairs, Platform, Scalar, pairs
from orchestrator.model.machine import Unavailable

Axis = list[dict[str, Scalar]]
_WHAT = ("families", "machine_types", "gpus", "microarchitectures", "vendors", "architectures")


def cloud_platforms(loc: Loc, entry: Aws | Gcp, mistakes: Mistakes) -> list[Platform]:
    """Machines x microarchitectures or CPU platforms x GPUs: those of them that there are.

    Regions, zones, spot and price say where and how a machine is had; they are no part of it.
    """
    before = len(mistakes.found)
    _judge_keys(loc, entry, mistakes)
    if not any(getattr(entry, key) for key in _WHAT):
        if loc not in mistakes.incomplete:
            what = ", ".join(_WHAT[:-1])
            text = f"{entry.provider} needs at least one of the keys {what} and {_WHAT[-1]}"
            mistakes.add(loc, text)
        return []
    _judge_words(loc, entry, mistakes)
    if len(mistakes.found) > before:
        return []
    platforms = []
    for combination in product(*filter(None, _axes(entry))):
        parameters = {key: value for part in combination for key, value in part.items()}
        words = [str(value) for part in combination for value in part.values()]
        name = "/".join([entry.provider, *words])
        platforms.append(Platform(entry.provider, name, pairs(parameters), _placement(entry)))
    return _possible(loc, entry, platforms, mistakes)


def _judge_keys(loc: Loc, entry: Aws | Gcp, mistakes: Mistakes) -> None:
    if entry.families and entry.machine_types:
        text = "families and machine_types are two ways to say one thing: use two entries"
        mistakes.add((*loc, "machine_types"), text, key=True)
    if entry.sizes and not (entry.families or entry.vendors or entry.architectures):
        mistakes.add((*loc, "sizes"), "sizes are sizes of families: name these too", key=True)
    if isinstance(entry, Gcp) and entry.cpu_platforms and entry.microarchitectures:
        text = "cpu_platforms and microarchitectures are two ways to say one thing"
        mistakes.add((*loc, "cpu_platforms"), text, key=True)


def _judge_words(loc: Loc, entry: Aws | Gcp, mistakes: Mistakes) -> None:
    provider = entry.provider
    types = catalog.machine_types(provider)
    known = {march for each in types.values() for march in each.microarchitectures}
    _judge(loc, "families", entry.families, catalog.families(provider), "family", mistakes)
    _judge(loc, "regions", entry.regions, catalog.regions(provider), "region", mistakes)
    _judge(
        loc, "microarchitectures", entry.microarchitectures, known, "microarchitecture", mistakes
    )
    if isinstance(entry, Gcp):
        platforms = catalog.cpu_platforms()
        _judge(loc, "cpu_platforms", entry.cpu_platforms, platforms, "CPU platform", mistakes)
    for index, name in enumerate(entry.machine_types or ()):
        try:
            catalog.machine_type(provider, name)
        except Unavailable:
            text = f"unknown {provider} machine type '{name}'{nearest(name, _like(name, types))}"
            mistakes.add((*loc, "machine_types", index), text)
    _judge_sizes(loc, entry, mistakes)


def _judge(
    loc: Loc,
    key: str,
    given: Sequence[str] | None,
    known: Iterable[str],
    kind: str,
    mistakes: Mistakes,
) -> None:
    for index, name in enumerate(given or ()):
        if name not in known:
            mistakes.add((*loc, key, index), f"unknown {kind} '{name}'{nearest(name, known)}")


def _judge_sizes(loc: Loc, entry: Aws | Gcp, mistakes: Mistakes) -> None:
    """A size is wrong if none of the families has it; a family may lack one that another has."""
    families = _families(entry)
    known = {t.size for t in catalog.machine_types(entry.provider).values() if t.family in families}
    for index, size in enumerate(entry.sizes or ()):
        if families and known and size not in known:
            text = f"no size '{size}' in {', '.join(families[:5])}{nearest(size, known)}"
            mistakes.add((*loc, "sizes", index), text)


def _families(entry: Aws | Gcp) -> list[str]:
    """Families that were named, or that vendors and architectures stand for."""
    if entry.families or entry.machine_types or entry.gpus or entry.microarchitectures:
        return [*entry.families] if entry.families else []
    types = catalog.machine_types(entry.provider).values()
    found = catalog.select(
        types, vendors=entry.vendors or (), architectures=entry.architectures or ()
    )
    wanted = {each.family for each in found if each.gpu is None}
    return [family for family in catalog.families(entry.provider) if family in wanted]


def _axes(entry: Aws | Gcp) -> Iterable[Axis]:
    families, known = _families(entry), catalog.machine_types(entry.provider)
    dot = "." if entry.provider == "aws" else "-"
    names = [f"{family}{dot}{size}" for family, size in product(families, entry.sizes or ())]
    names = [name for name in names if name in known] + [*(entry.machine_types or ())]
    if names:
        yield [{"machine_type": name} for name in names]
    else:
        yield [{"family": family} for family in families]
    yield [{"microarchitecture": name} for name in entry.microarchitectures or ()]
    if isinstance(entry, Gcp):
        yield [{"cpu_platform": name} for name in entry.cpu_platforms or ()]
    yield [{"gpu": name} for name in entry.gpus or ()]


def _placement(entry: Aws | Gcp) -> Pairs:
    placement: dict[str, Scalar] = {"spot": entry.spot}
    if entry.regions:
        placement["regions"] = ",".join(entry.regions)
    if isinstance(entry, Gcp) and entry.zones:
        placement["zones"] = ",".join(entry.zones)
    if entry.max_price is not None:
        placement["max_price"] = entry.max_price
    return pairs(placement)


def _possible(
    loc: Loc, entry: Aws | Gcp, platforms: list[Platform], mistakes: Mistakes
) -> list[Platform]:
    """Those the catalogue has a machine for; none at all is a mistake.

    A combination that cannot be (a family that never has a microarchitecture) is left out, for
    lists are multiplied; one that stands alone is then a mistake.
    """
    possible = []
    reason = ""
    for platform in platforms:
        try:
            fitting = catalog.select(
                catalog.candidates(platform),
                vendors=entry.vendors or (),
                architectures=entry.architectures or (),
            )
            if fitting:
                catalog.offers(platform)
                possible.append(platform)
            else:
                reason = reason or f"{platform.name}: not of these vendors and architectures"
        except Unavailable as error:
            reason = reason or str(error)
    if not possible:
        mistakes.add(loc, f"no machine is like this: {reason}")
    return possible


def _like(name: str, types: Iterable[str]) -> list[str]:
    """Names to suggest: of the same family where there is one."""
    family = name.replace("-", ".").partition(".")[0]
    same = [each for each in types if each.replace("-", ".").partition(".")[0] == family]
    return same or list(types)

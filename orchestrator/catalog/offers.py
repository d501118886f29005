"""A platform → the machine types that are it, and the regions and zones that offer one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.catalog.lists import PROVIDERS, read
from orchestrator.catalog.machine_types import (
    MachineType,
    attachable,
    cpu_platforms,
    custom_family,
    families,
    machine_type,
    machine_types,
    select,
)
from orchestrator.catalog.prices import Price
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import CloudPlacement, Offer, Unavailable

ENOUGH_VCPUS = 2
ENOUGH_MEMORY = 7 * 2**29
"""3.5 GiB: what a framework, a model and its session need; large models name a size."""


def offers(platform: Platform) -> tuple[Offer, ...]:
    """Where a platform of the catalogue may be had: cheapest first, unknown prices last.

    With ``spot`` these come first and places on demand follow: they are what is left when no spot
    machine is. Without ``regions`` only regions that need no opting in are offered. A zone is only
    named where ``zones`` were asked for. Raises ``Unavailable`` where nothing fits.
    """
    placement = _placement(platform)
    limit = placement.max_price
    found: list[Offer] = []
    for spot in (True, False) if placement.spot else (False,):
        prices = [
            price
            for each in candidates(platform)
            for price in _priced(platform, each, spot=spot)
            if limit is None or price.at_most <= limit
        ]
        # A stable sort: of equal and of unknown prices the larger region is first.
        found += [price.offer for price in sorted(prices, key=_Priced.order)]
    if not found:
        within = "" if limit is None else f" for a known price of at most {limit} USD an hour"
        raise Unavailable("no-place", f"{platform.name}: no region has it{within}")
    return tuple(found)


@dataclass(frozen=True)
class _Priced:
    offer: Offer
    at_most: float
    """US dollars per hour; infinite where nothing is known. Spot never costs more than without."""

    def order(self) -> tuple[bool, float]:
        return self.offer.price_per_hour is None, self.at_most


def candidates(platform: Platform) -> tuple[MachineType, ...]:
    """The types that are what a platform asks for; all have equally many GPUs, vCPUs and bytes.

    A type that is named is the only one. Else it is the smallest with at least 2 vCPUs and 3.5 GiB:
    a machine with more cores would be other hardware. Of equally many cores, types that are sure to
    have a microarchitecture that is asked for come before those that may turn out to be another.
    Raises ``Unavailable``.
    """
    if platform.provider not in PROVIDERS:
        raise Unavailable("no-machine-types", f"{platform.provider} has no machine types")
    name = platform.get("machine_type")
    if isinstance(name, str):
        fitting: tuple[MachineType, ...] = (machine_type(platform.provider, name),)
    else:
        fitting = _fitting(platform)
    wanted = _microarchitecture(platform)
    fitting = tuple(
        each
        for each in fitting
        if (wanted is None or wanted in each.microarchitectures) and _has_gpu(each, platform)
    )
    if not fitting:
        raise Unavailable("no-machine-type", f"{platform.name}: the catalogue has no such machine")

    def extent(each: MachineType) -> tuple[int, int, bool, int]:
        unsure = wanted is not None and each.microarchitectures != (wanted,)
        return each.gpus, each.vcpus, unsure, each.memory_bytes

    smallest = min(map(extent, fitting))
    return tuple(each for each in fitting if extent(each) == smallest)


def min_cpu_platform(platform: Platform, name: str) -> str | None:
    """The ``minCpuPlatform`` that Compute Engine should be told for a machine type.

    ``None`` where none is asked for, or where the family has no choice of it. It is a minimum: a
    newer one may be received all the same.
    """
    wanted = _microarchitecture(platform)
    known = families(platform.provider)
    about = known.get(name.partition("-")[0]) or known[str(custom_family(platform.provider))]
    if wanted is None or not about["selectable"]:
        return None
    return next((n for n in about["cpu_platforms"] if cpu_platforms()[n] == wanted), None)


def architecture(platform: Platform) -> str | None:
    """``x86_64`` or ``arm64``; ``None``: the platform does not say (``local``, ``mask``, ``ssh``).

    Raises ``Unavailable`` where a cloud has no such machine.
    """
    if platform.provider in PROVIDERS:
        return candidates(platform)[0].architecture
    given = platform.get("arch")
    return None if given is None else str(given)


def regions(provider: str) -> tuple[str, ...]:
    """All regions known of a provider, those that need opting in last."""
    about = read(f"{provider}_families.json")
    return (*about["regions"], *about["opt_in_regions"])


def _fitting(platform: Platform) -> tuple[MachineType, ...]:
    gpu, family = platform.get("gpu"), platform.get("family")
    types: Iterable[MachineType] = machine_types(platform.provider).values()
    if isinstance(family, str):
        types = select(types, families=(family,))
    elif isinstance(gpu, str):
        how = attachable(platform.provider, gpu)
        hosts = how["families"] if how is not None else ()
        types = select(types, families=hosts, gpus=() if hosts else (gpu,))
    else:
        types = [each for each in types if each.gpu is None]
    found = tuple(types)
    enough = tuple(
        each for each in found if each.vcpus >= ENOUGH_VCPUS and each.memory_bytes >= ENOUGH_MEMORY
    )
    return enough or found


def _microarchitecture(platform: Platform) -> str | None:
    cpu_platform = platform.get("cpu_platform")
    if isinstance(cpu_platform, str):
        known = cpu_platforms().get(cpu_platform)
        if known is None:
            raise Unavailable("no-cpu-platform", f"{platform.name}: no such CPU platform is known")
        return known
    wanted = platform.get("microarchitecture")
    return wanted if isinstance(wanted, str) else None


def _has_gpu(each: MachineType, platform: Platform) -> bool:
    gpu = platform.get("gpu")
    if gpu is None or each.gpu == gpu:
        return True
    how = attachable(platform.provider, str(gpu))
    return each.gpu is None and how is not None and each.family in how["families"]


def _priced(platform: Platform, each: MachineType, *, spot: bool) -> Iterable[_Priced]:
    zones = _placement(platform).zones
    # What a GPU costs that is attached is not known, so neither is what the machine costs.
    attached = each.gpu is None and platform.get("gpu") is not None
    for price in _prices(platform, each, zones):
        usual = None if attached else price.on_demand
        cost = None if attached else price.spot if spot else price.on_demand
        at_most = next((p for p in (cost, usual) if p is not None), float("inf"))
        in_region: list[str | None] = [zone for zone in zones if _region(zone) == price.region]
        for zone in in_region or [None]:
            yield _Priced(Offer(price.region, zone, each.name, spot, cost), at_most)


def _prices(platform: Platform, each: MachineType, zones: Sequence[str]) -> list[Price]:
    """The regions to try: those asked for, else every usual one: a price may only be missing."""
    known = {price.region: price for price in each.prices}
    wanted = _placement(platform).regions
    asked = list(dict.fromkeys([*wanted, *map(_region, zones)]))
    if zones:
        # Zones are the narrower word: a region that none of them is in is not meant.
        asked = [r for r in asked if r in set(map(_region, zones))]
    asked = asked or read(f"{each.provider}_families.json")["regions"]
    return [known.get(region) or Price(region, None, None, "") for region in asked]


def _region(zone: str) -> str:
    """``europe-west4-a`` → ``europe-west4``; ``us-east-1b`` → ``us-east-1``."""
    head, dash, last = zone.rpartition("-")
    return head if dash and last.isalpha() else zone.rstrip("abcdefghijklmnopqrstuvwxyz")


def _placement(platform: Platform) -> CloudPlacement:
    placement = platform.placement
    return placement if isinstance(placement, CloudPlacement) else CloudPlacement()

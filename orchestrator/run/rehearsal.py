"""A plan as it can be played on this computer: every far machine by an emulated CPU."""

from __future__ import annotations

from dataclasses import replace

from orchestrator import catalog
from orchestrator.model.experiment import Cell, Experiment, Plan, Platform, Scalar, Variant, pairs
from orchestrator.model.machine import Unavailable
from orchestrator.providers import registry as providers
from orchestrator.providers.this_computer.registration import REHEARSAL


def rehearsed(plan: Plan, *, rented: bool = False) -> Plan:
    """The same cells with platforms that are here; ids and names differ from the real ones'.

    A platform far away becomes ``rehearsal/<its name>``, played by the nearest emulated CPU of its
    microarchitecture; where the variant leaves the number of threads open it is the machine's
    number of vCPUs. ``rented``: it keeps its provider, and is rented at a cloud that is played.
    """
    played = {p.id: _played(p, rented=rented) for p in plan.experiment.platforms}
    cells: dict[str, Cell] = {}
    for cell in plan.cells:
        platform = played[cell.platform.id]
        vcpus = platform.get("vcpus")
        variant = cell.variant
        if isinstance(vcpus, int) and variant.threads is None:
            variant = _with_threads(variant, vcpus)
        new = replace(cell, platform=platform, variant=_on_cpu(variant))
        cells.setdefault(new.id, new)
    experiment: Experiment = replace(
        plan.experiment,
        name=f"{plan.experiment.name}-rehearsal",
        platforms=tuple(played.values()),
    )
    return Plan(experiment, tuple(cells.values()))


def notes(plan: Plan) -> tuple[str, ...]:
    """What each player of a rehearsed plan has not of the machine it plays."""
    return tuple(
        f"{platform.name} is played by {platform.get('cpu')}, without {platform.get('lacks')}"
        for platform in plan.experiment.platforms
        if platform.get("lacks")
    )


def _played(platform: Platform, *, rented: bool) -> Platform:
    if providers.is_here(platform.provider):
        return platform
    provider = platform.provider if rented else REHEARSAL.name
    parameters: dict[str, Scalar] = {"rehearsal": platform.provider, **dict(platform.parameters)}
    parameters |= _player(platform)
    placement = platform.placement if rented else None
    return Platform(provider, f"rehearsal/{platform.name}", pairs(parameters), placement)


def _player(platform: Platform) -> dict[str, Scalar]:
    """The parameters that say who plays it."""
    if not providers.registration(platform.provider).catalogued:
        return _cpu((), "x86_64")  # nothing is known of the machine before it is asked
    try:
        offer = catalog.offers(platform)[0]
        kind = catalog.machine_type(platform.provider, str(offer.machine_type))
    except Unavailable:
        return _cpu((), "x86_64")
    asked = platform.get("microarchitecture")
    names = (str(asked),) if asked else kind.microarchitectures
    return {**_cpu(names, kind.architecture), "machine_type": kind.name, "vcpus": kind.vcpus}


def _cpu(microarchitectures: tuple[str, ...], architecture: str) -> dict[str, Scalar]:
    player = catalog.player(microarchitectures, architecture)
    found: dict[str, Scalar] = {"cpu": player.cpu, "arch": architecture}
    return found | ({"lacks": player.lacks} if player.lacks else {})


def _with_threads(variant: Variant, vcpus: int) -> Variant:
    return replace(variant, threads=vcpus)


def _on_cpu(variant: Variant) -> Variant:
    """There is no GPU to play one."""
    return replace(variant, device="cpu") if variant.device == "gpu" else variant

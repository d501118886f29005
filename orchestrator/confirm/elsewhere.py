"""Which machine that can be rented would tell what cannot be tried here, and at what price."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.catalog.lists import PROVIDERS
from orchestrator.catalog.machine_types import MachineType, machine_types, select
from orchestrator.confirm.interventions import Attributes
from orchestrator.results.confirmation import Elsewhere
from orchestrator.results.explanation import Kind


def machine_for(
    attribute: str,
    kind: Kind,
    attributes: Mapping[str, Attributes],
    microarchitectures: Mapping[str, str],
) -> Elsewhere | None:
    """The cheapest machine type of a microarchitecture that was seen with the flag, or of the GPU.

    ``microarchitectures``: by platform. ``None`` where the catalogue has none, and for attributes
    of other kinds: every machine has some value of those.
    """
    if kind is Kind.GPU:
        names = {str(one.get("GPU")) for one in attributes.values()} - {"None", "none"}
        return _cheapest(gpus=names, by="")
    if kind is not Kind.FLAG:
        return None
    having = {
        microarchitectures[name]
        for name, one in attributes.items()
        if one.get(attribute) is True and name in microarchitectures
    }
    return _cheapest(microarchitectures=having)


def _cheapest(
    *,
    microarchitectures: frozenset[str] | set[str] = frozenset(),
    gpus: frozenset[str] | set[str] = frozenset(),
    by: str | None = None,
) -> Elsewhere | None:
    if not microarchitectures and not gpus:
        return None
    found = [
        (price is None, price or 0.0, one.provider, one.name, one, price)
        for provider in PROVIDERS
        for one in select(
            machine_types(provider).values(), microarchitectures=microarchitectures, gpus=gpus
        )
        for price in [_price(one)]
    ]
    if not found:
        return None
    *_, best, price = min(found, key=lambda row: row[:4])
    fitting = [name for name in best.microarchitectures if name in microarchitectures]
    name = by if by is not None else fitting[0]
    return Elsewhere(best.provider, best.name, name or str(best.gpu), price)


def _price(one: MachineType) -> float | None:
    return min((p.on_demand for p in one.prices if p.on_demand is not None), default=None)

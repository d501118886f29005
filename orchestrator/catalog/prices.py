"""Prices of machine types per region, each with the date of its list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.catalog.lists import lists, refreshed_folder
from orchestrator.model.experiment import Json


@dataclass(frozen=True)
class Price:
    """US dollars per hour in one region; an unknown price is ``None``, never 0."""

    region: str
    on_demand: float | None
    spot: float | None
    date: str
    """The date of the list of prices, e.g. ``2025-03-02``."""


def prices(provider: str, name: str) -> tuple[Price, ...]:
    """One price per region of a machine type, each from the newest list that has the region."""
    return _index(provider, refreshed_folder()).get(name, ())


def price_document(
    source: str,
    date: str,
    regions: Sequence[str],
    on_demand: Mapping[str, Mapping[str, float]],
    spot: Mapping[str, Mapping[str, float]],
) -> dict[str, Json]:
    """Prices by type and region in the catalogue's format: a row per type, a column per region.

    A price of 0 means unknown and becomes ``None``; a type without any price is left out.
    """

    def rows(table: Mapping[str, Mapping[str, float]]) -> dict[str, Json]:
        found = {name: [table[name].get(r) or None for r in regions] for name in sorted(table)}
        return {name: list(row) for name, row in found.items() if any(row)}

    return {
        "schema": 1,
        "source": source,
        "date": date,
        "currency": "USD",
        "regions": list(regions),
        "on_demand": rows(on_demand),
        "spot": rows(spot),
    }


@cache
def _index(provider: str, folder: Path) -> Mapping[str, tuple[Price, ...]]:
    index: dict[str, dict[str, Price]] = {}
    for document in lists(provider, "prices", folder):
        regions, nothing = document["regions"], [None] * len(document["regions"])
        for name in _names(document):
            known = index.setdefault(name, {})
            on_demand = document["on_demand"].get(name, nothing)
            spot = document["spot"].get(name, nothing)
            for region, price, cheap in zip(regions, on_demand, spot, strict=True):
                if price is not None or cheap is not None:
                    known.setdefault(region, Price(region, price, cheap, document["date"]))
    return {name: tuple(found.values()) for name, found in index.items()}


def _names(document: Any) -> Iterable[str]:
    return dict.fromkeys([*document["on_demand"], *document["spot"]])

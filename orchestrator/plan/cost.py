"""An estimate of a plan's cost: each platform's first offer times its estimated minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator import catalog
from orchestrator.model.experiment import Cell, Installation, Json, Platform
from orchestrator.model.machine import CloudPlacement, Offer, Unavailable

BOOT_MINUTES = 3.0
IMAGE_MINUTES = 2.0
SESSION_SECONDS = 5.0
LEAST_MINUTES = 1.0
"""EC2 and Compute Engine bill by the second, with a minimum of one minute."""

ASSUMPTION = (
    f"{BOOT_MINUTES:g} min to boot, {IMAGE_MINUTES:g} min for each image, "
    f"{SESSION_SECONDS:g} s a session; on-demand list prices unless spot; "
    "no disks, traffic or taxes"
)


@dataclass(frozen=True)
class Estimate:
    """The estimate for one platform that has sessions left."""

    platform: str
    offer: Offer | None
    """The first offer to be tried; ``None``: this computer, no offer (see ``obstacle``), or offers
    that only the provider knows."""
    minutes: float
    cost: float | None
    """US dollars; ``None``: unknown."""
    price_date: str | None = None
    """The date of the price list, ``YYYY-MM-DD``."""
    obstacle: str | None = None
    """Why there is no offer, so that the platform will be skipped; ``None``: there is one."""


@dataclass(frozen=True)
class Total:
    """The estimate for all platforms of a plan."""

    cost: float
    """US dollars, of the platforms with a known price."""
    unknown: int
    """How many platforms have no known price."""
    price_dates: tuple[str, ...]

    @property
    def label(self) -> str:
        """``0.42 USD``, or ``at least 0.42 USD`` where a price is unknown."""
        return f"{'at least ' if self.unknown else ''}{dollars(self.cost)} USD"


def estimates(cells: Iterable[Cell], done: Mapping[str, int]) -> tuple[Estimate, ...]:
    """One per platform with sessions left, in the order of the cells.

    ``done``: cell id → sessions in the store.
    """
    sessions: Counter[str] = Counter()
    images: dict[str, set[Installation]] = {}
    platforms: dict[str, Platform] = {}
    for cell in cells:
        left = cell.observe.sessions - done.get(cell.id, 0)
        if left > 0:
            platforms.setdefault(cell.platform.id, cell.platform)
            sessions[cell.platform.id] += left
            images.setdefault(cell.platform.id, set()).add(cell.variant.installation)
    return tuple(
        _estimate(platform, sessions[key], len(images[key])) for key, platform in platforms.items()
    )


def total(found: Sequence[Estimate]) -> Total:
    """The sum of the known costs, and how many are unknown."""
    return Total(
        sum(each.cost or 0.0 for each in found),
        sum(each.cost is None and each.obstacle is None for each in found),
        tuple(sorted({each.price_date for each in found if each.price_date})),
    )


def hourly(found: Sequence[Estimate], machines: int | None) -> float:
    """US dollars per hour while the ``machines`` most expensive ones run (``None``: all of them).

    Machines without a known price are not counted.
    """
    prices = [e.offer.price_per_hour or 0.0 for e in found if e.offer is not None]
    return sum(sorted(prices, reverse=True)[:machines])


def estimate_json(found: Sequence[Estimate]) -> dict[str, Json]:
    """As JSON. ``cost``: ``null`` where a price is unknown; ``at_least``: the known prices' sum."""
    whole = total(found)
    return {
        "cost": None if whole.unknown else round(whole.cost, 4),
        "at_least": round(whole.cost, 4),
        "price_dates": list(whole.price_dates),
        "assumption": ASSUMPTION,
        "platforms": [
            {
                "platform": each.platform,
                "place": each.offer.label if each.offer else None,
                "machine_type": each.offer.machine_type if each.offer else None,
                "price_per_hour": each.offer.price_per_hour if each.offer else None,
                "minutes": round(each.minutes, 1),
                "cost": None if each.cost is None else round(each.cost, 4),
                "price_date": each.price_date,
                "obstacle": each.obstacle,
            }
            for each in found
        ],
    }


def dollars(amount: float) -> str:
    """Two decimals, four below 0.1: ``12.30``, ``0.0042``."""
    return f"{amount:.2f}" if amount >= 0.1 or amount == 0 else f"{amount:.4f}"


def _estimate(platform: Platform, sessions: int, images: int) -> Estimate:
    minutes = sessions * SESSION_SECONDS / 60
    if platform.provider not in catalog.PROVIDERS:
        # What is rented at a price that no list of ours has costs something all the same.
        rented = isinstance(platform.placement, CloudPlacement)
        return Estimate(platform.name, None, minutes, None if rented else 0.0)
    minutes = max(minutes + BOOT_MINUTES + images * IMAGE_MINUTES, LEAST_MINUTES)
    try:
        offer = catalog.offers(platform)[0]
    except Unavailable as error:
        return Estimate(platform.name, None, 0.0, None, obstacle=str(error))
    price = offer.price_per_hour
    cost = None if price is None else price * minutes / 60
    return Estimate(platform.name, offer, minutes, cost, _date(platform, offer))


def _date(platform: Platform, offer: Offer) -> str | None:
    if offer.price_per_hour is None or offer.machine_type is None:
        return None
    known = catalog.machine_type(platform.provider, offer.machine_type).prices
    return next((price.date for price in known if price.region == offer.region), None)

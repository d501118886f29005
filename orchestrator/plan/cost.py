"""What a plan will probably cost: the cheapest place of each platform, for the time it may take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator import catalog
from orchestrator.model.experiment import Cell, Json, Platform
from orchestrator.model.machine import CloudPlacement, Offer, Unavailable

BOOT_MINUTES = 3.0
IMAGE_MINUTES = 2.0
SESSION_SECONDS = 5.0
LEAST_MINUTES = 1.0
"""Both providers charge seconds, but a minute at least."""

ASSUMPTION = (
    f"{BOOT_MINUTES:g} min to boot, {IMAGE_MINUTES:g} min for each image, "
    f"{SESSION_SECONDS:g} s a session; on-demand list prices unless spot; "
    "no disks, traffic or taxes"
)


@dataclass(frozen=True)
class Estimate:
    """Of one platform that has something left to do."""

    platform: str
    offer: Offer | None
    """The first that will be tried; ``None``: this computer, nowhere, or its provider's choice."""
    minutes: float
    cost: float | None
    """US dollars; ``None``: unknown."""
    price_date: str | None = None
    """Of the list the price is from."""
    obstacle: str | None = None
    """Why there is no such machine: it will be skipped."""


@dataclass(frozen=True)
class Total:
    """Of all platforms of a plan."""

    cost: float
    """US dollars, of what has a known price."""
    unknown: int
    """How many platforms have none."""
    price_dates: tuple[str, ...]

    @property
    def label(self) -> str:
        """``0.42 USD``, or ``at least 0.42 USD`` where a price is unknown."""
        return f"{'at least ' if self.unknown else ''}{dollars(self.cost)} USD"


def estimates(cells: Iterable[Cell], done: Mapping[str, int]) -> tuple[Estimate, ...]:
    """One per platform with sessions left, in the order of the cells; ``done`` is by cell id."""
    sessions: Counter[str] = Counter()
    images: dict[str, set[str]] = {}
    platforms: dict[str, Platform] = {}
    for cell in cells:
        left = cell.observe.sessions - done.get(cell.id, 0)
        if left > 0:
            platforms.setdefault(cell.platform.id, cell.platform)
            sessions[cell.platform.id] += left
            images.setdefault(cell.platform.id, set()).add(cell.variant.framework)
    return tuple(
        _estimate(platform, sessions[key], len(images[key])) for key, platform in platforms.items()
    )


def total(found: Sequence[Estimate]) -> Total:
    """The sum of what is known, and of how much it is not the sum."""
    return Total(
        sum(each.cost or 0.0 for each in found),
        sum(each.cost is None and each.obstacle is None for each in found),
        tuple(sorted({each.price_date for each in found if each.price_date})),
    )


def hourly(found: Sequence[Estimate], machines: int | None) -> float:
    """US dollars per hour while the ``machines`` dearest run (``None``: all): known prices only."""
    prices = [e.offer.price_per_hour or 0.0 for e in found if e.offer is not None]
    return sum(sorted(prices, reverse=True)[:machines])


def estimate_json(found: Sequence[Estimate]) -> dict[str, Json]:
    """For programs: ``cost`` is ``null`` where a price is unknown, ``at_least`` never is."""
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
    """Cents, and more digits where there are only these: ``12.30``, ``0.0042``."""
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

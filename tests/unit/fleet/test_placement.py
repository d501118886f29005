from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.fleet.placement import Placement
from orchestrator.model.experiment import Reason
from orchestrator.model.machine import Offer, ProviderErrorKind
from tests.unit.fleet.fleets import A_SPOT, A_ZONE, B_SPOT, A, B, platform

ZONES = (Offer("a", "a1", "m5.large"), Offer("a", "a2", "m5.large"), B)


def refuse(placement: Placement, kind: ProviderErrorKind, times: int = 1) -> None:
    for _ in range(times):
        offer = placement.next()
        assert offer is not None
        placement.refused(offer, kind, f"said {kind.value}")


def left(placement: Placement) -> list[Offer]:
    found = []
    while (offer := placement.next()) is not None:
        found.append(offer)
        placement.refused(offer, ProviderErrorKind.CAPACITY, "")
    return found


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        (ProviderErrorKind.CAPACITY, [ZONES[1], B]),
        (ProviderErrorKind.QUOTA, [B]),
        (ProviderErrorKind.THROTTLED, [ZONES[1], B]),
        (ProviderErrorKind.UNCERTAIN, [ZONES[1], B]),
        (ProviderErrorKind.INVALID, [B]),
        (ProviderErrorKind.DENIED, []),
        (ProviderErrorKind.GONE, [ZONES[1], B, ZONES[0]]),
        (ProviderErrorKind.UNREACHABLE, [ZONES[1], B, ZONES[0]]),
    ],
)
def test_the_offers_that_remain_after_each_refusal(
    kind: ProviderErrorKind, then: list[Offer]
) -> None:
    placement = Placement(platform(), ZONES, attempts=3)
    refuse(placement, kind)
    assert left(placement) == then


def test_the_quota_of_spot_is_not_that_of_machines_on_demand() -> None:
    placement = Placement(platform(), (A_SPOT, B_SPOT, A, A_ZONE), attempts=3)
    refuse(placement, ProviderErrorKind.QUOTA)
    assert left(placement) == [B_SPOT, A, A_ZONE]


def test_other_hardware_is_never_tried() -> None:
    other = Offer("a", None, "m5.xlarge")
    assert left(Placement(platform(), (other, A), attempts=3)) == [A]
    assert Placement(platform(), (other,), attempts=3).reason().code == "no-place"


@pytest.mark.parametrize("spend", [Placement.rejected, Placement.lost])
def test_no_more_machines_than_attempts(spend: Callable[..., None]) -> None:
    placement = Placement(platform(), (A,), attempts=3)
    for _ in range(3):
        assert placement.next() == A
        spend(placement, A, Reason("cpu", "asked for Zen 3, received Zen 2"))
    assert placement.next() is None
    code = "mismatch" if spend is Placement.rejected else "lost"
    assert placement.reason().code == code
    assert placement.reason().message.endswith("received Zen 2 (3 times)")


def test_a_request_that_three_regions_call_invalid_is_given_up() -> None:
    offers = tuple(Offer(region, None, "m5.large") for region in "abcdef")
    placement = Placement(platform(), offers, attempts=3)
    refuse(placement, ProviderErrorKind.INVALID, 3)
    assert placement.next() is None


def test_the_reason_lists_the_first_offers_and_counts_the_rest() -> None:
    offers = tuple(Offer(f"r{n}", None, "m5.large") for n in range(9))
    placement = Placement(platform(), offers, attempts=3)
    refuse(placement, ProviderErrorKind.CAPACITY, 9)
    reason = placement.reason()
    assert reason.code == "no-capacity"
    assert reason.message.startswith("m5.large in r0: no-capacity: said no-capacity; ")
    assert reason.message.endswith("; and 3 more")
    assert len(placement.attempts) == 9

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.fleet.placement import Candidates
from orchestrator.model.experiment import Reason
from orchestrator.model.machine import Place, Refusal
from tests.unit.fleet.fleets import A_SPOT, A_ZONE, B_SPOT, A, B, platform

ZONES = (Place("a", "a1", "m5.large"), Place("a", "a2", "m5.large"), B)


def refuse(candidates: Candidates, kind: Refusal, times: int = 1) -> None:
    for _ in range(times):
        place = candidates.next()
        assert place is not None
        candidates.refused(place, kind, f"said {kind.value}")


def left(candidates: Candidates) -> list[Place]:
    found = []
    while (place := candidates.next()) is not None:
        found.append(place)
        candidates.refused(place, Refusal.CAPACITY, "")
    return found


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        (Refusal.CAPACITY, [ZONES[1], B]),
        (Refusal.QUOTA, [B]),
        (Refusal.THROTTLED, [ZONES[1], B]),
        (Refusal.UNCERTAIN, [ZONES[1], B]),
        (Refusal.INVALID, [B]),
        (Refusal.DENIED, []),
        (Refusal.GONE, [ZONES[1], B, ZONES[0]]),
        (Refusal.UNREACHABLE, [ZONES[1], B, ZONES[0]]),
    ],
)
def test_where_to_go_after_each_refusal(kind: Refusal, then: list[Place]) -> None:
    candidates = Candidates(platform(), ZONES, attempts=3)
    refuse(candidates, kind)
    assert left(candidates) == then


def test_the_quota_of_spot_is_not_that_of_machines_on_demand() -> None:
    candidates = Candidates(platform(), (A_SPOT, B_SPOT, A, A_ZONE), attempts=3)
    refuse(candidates, Refusal.QUOTA)
    assert left(candidates) == [B_SPOT, A, A_ZONE]


def test_other_hardware_is_never_tried() -> None:
    other = Place("a", None, "m5.xlarge")
    assert left(Candidates(platform(), (other, A), attempts=3)) == [A]
    assert Candidates(platform(), (other,), attempts=3).reason().code == "no-place"


@pytest.mark.parametrize("spend", [Candidates.rejected, Candidates.lost])
def test_so_many_machines_and_no_more(spend: Callable[..., None]) -> None:
    candidates = Candidates(platform(), (A,), attempts=3)
    for _ in range(3):
        assert candidates.next() == A
        spend(candidates, A, Reason("cpu", "asked for Zen 3, received Zen 2"))
    assert candidates.next() is None
    code = "mismatch" if spend is Candidates.rejected else "lost"
    assert candidates.reason().code == code
    assert candidates.reason().message.endswith("received Zen 2 (3 times)")


def test_a_request_that_three_regions_call_wrong_is_wrong() -> None:
    places = tuple(Place(region, None, "m5.large") for region in "abcdef")
    candidates = Candidates(platform(), places, attempts=3)
    refuse(candidates, Refusal.INVALID, 3)
    assert candidates.next() is None


def test_the_reason_lists_every_place_but_not_endlessly() -> None:
    places = tuple(Place(f"r{n}", None, "m5.large") for n in range(9))
    candidates = Candidates(platform(), places, attempts=3)
    refuse(candidates, Refusal.CAPACITY, 9)
    reason = candidates.reason()
    assert reason.code == "no-capacity"
    assert reason.message.startswith("m5.large in r0: no-capacity: said no-capacity; ")
    assert reason.message.endswith("; and 3 more")
    assert len(candidates.attempts) == 9

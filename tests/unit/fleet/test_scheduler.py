from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from bench.synthetic.provider import Bucket, Fault, SyntheticProvider
from orchestrator.errors import MachinesLeft
from orchestrator.fleet.clock import SimulatedClock
from orchestrator.fleet.journal import Outcome
from orchestrator.fleet.limits import FleetLimits, Timeouts
from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import (
    Lost,
    Machine,
    Offer,
    Order,
    ProviderErrorKind,
    Rejected,
    Unavailable,
)
from tests.unit.fleet.fleets import A_SPOT, A, B, Made, nothing_left, platform, provider


def test_many_machines_take_as_long_as_the_slowest(tmp_path: Path) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, boot=lambda p: 30.0 + 10 * float(str(p.get("number"))))
    made = Made(tmp_path, cloud, clock)
    served = list(made.fleet.run([platform(n) for n in range(10)], made.work(60)))
    assert sorted(str(s.result) for s in served) == sorted(m.id for m in cloud.made)
    assert [s.reason for s in served] == [None] * 10
    assert 180 < clock.now() < 200
    assert cloud.most == 10
    nothing_left(made, cloud)
    states = [e.state for e in made.told if e.platform == "aws/3"]
    assert states == ["waiting", "launching", "booting", "working", "releasing"]


def test_every_intent_is_written_before_the_provider_is_asked(tmp_path: Path) -> None:
    clock = SimulatedClock()

    class Strict(SyntheticProvider):
        def launch(self, order):  # type: ignore[no-untyped-def]
            assert order.token in {i.token for i in made.journal.open_intents()}
            return super().launch(order)

    cloud = Strict(clock, (A,))
    made = Made(tmp_path, cloud, clock)
    served = list(made.fleet.run([platform()], made.work()))
    assert served[0].result is not None


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        (FleetLimits(machines=3), 3),
        (FleetLimits(machines_per_provider=2), 2),
        (FleetLimits(machines_per_region=1), 1),
        (FleetLimits(cost_per_hour=0.4), 4),
    ],
)
def test_no_more_at_once_than_allowed(tmp_path: Path, limits: FleetLimits, most: int) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, offers=(A,))
    made = Made(tmp_path, cloud, clock, limits=limits)
    served = list(made.fleet.run([platform(n) for n in range(8)], made.work()))
    assert all(s.reason is None for s in served)
    assert cloud.most == most


def test_no_capacity_goes_on_elsewhere_and_every_answer_is_kept(tmp_path: Path) -> None:
    clock = SimulatedClock()
    script = {("launch", "a"): [Fault(ProviderErrorKind.CAPACITY)] * 2}
    cloud = provider(clock, offers=(A_SPOT, A, B), script=script)
    made = Made(tmp_path, cloud, clock)
    (served,) = made.fleet.run([platform()], made.work())
    assert served.result is not None
    assert [(a.offer, a.outcome) for a in served.attempts] == [
        ("m5.large in a, spot", "no-capacity"),
        ("m5.large in a", "no-capacity"),
    ]
    assert cloud.made[0].offer == B
    outcomes = [i.outcome for i in made.journal.intents()]
    assert outcomes == [Outcome.REFUSED, Outcome.REFUSED, Outcome.RELEASED]
    assert len({order.token for order in cloud.orders}) == 3


def test_no_capacity_anywhere_is_a_reason_that_names_all_places(tmp_path: Path) -> None:
    clock = SimulatedClock()
    script = {("launch", region): [Fault(ProviderErrorKind.CAPACITY)] for region in "ab"}
    made = Made(tmp_path, provider(clock, script=script), clock)
    (served,) = made.fleet.run([platform()], made.work())
    assert served.result is None
    assert served.reason is not None
    assert served.reason.code == "no-capacity"
    assert "m5.large in a" in served.reason.message
    assert "m5.large in b" in served.reason.message


@pytest.mark.parametrize("kind", [ProviderErrorKind.THROTTLED, ProviderErrorKind.UNCERTAIN])
def test_the_same_order_is_repeated_while_there_is_no_answer(
    tmp_path: Path, kind: ProviderErrorKind
) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, script={("launch", "a"): [Fault(kind, after=True)] * 4})
    made = Made(tmp_path, cloud, clock)
    (served,) = made.fleet.run([platform()], made.work())
    assert served.result == "m-00000"
    assert len({order.token for order in cloud.orders}) == 1
    assert {order.offer for order in cloud.orders} == {A}
    assert len(cloud.orders) == 5
    nothing_left(made, cloud)


def test_an_order_without_an_answer_is_looked_for_before_the_next_place(tmp_path: Path) -> None:
    clock = SimulatedClock()
    script = {("launch", "a"): [Fault(ProviderErrorKind.UNCERTAIN, after=True)] * 1000}
    cloud = provider(clock, script=script)
    made = Made(tmp_path, cloud, clock)
    (served,) = made.fleet.run([platform()], made.work())
    assert served.result == "m-00001"
    assert [m.offer for m in cloud.made] == [A, B]
    assert cloud.most == 1
    first = made.journal.intents()[0]
    assert (first.machine_id, first.outcome) == ("m-00000", Outcome.RELEASED)


def test_a_machine_that_is_listed_late_is_ended_by_the_cleanup(tmp_path: Path) -> None:
    clock = SimulatedClock()
    script = {
        ("launch", "a"): [
            Fault(ProviderErrorKind.UNCERTAIN, after=True),
            Fault(ProviderErrorKind.CAPACITY),
        ],
    }
    cloud = provider(clock, script=script, visible=50.0)
    made = Made(tmp_path, cloud, clock, timeouts=Timeouts(settle=60))
    (served,) = made.fleet.run([platform()], made.work(1))
    assert served.result == "m-00001"
    assert [m.id for m in cloud.alive.values()] == ["m-00000"]
    assert len(made.journal.open_intents()) == 1
    nothing_left(made, cloud)


def test_a_denial_closes_the_provider_for_all(tmp_path: Path) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, script={("launch", "a"): [Fault(ProviderErrorKind.DENIED)] * 100})
    made = Made(tmp_path, cloud, clock, limits=FleetLimits(machines=1))
    served = list(made.fleet.run([platform(n) for n in range(6)], made.work()))
    assert {s.reason.code for s in served if s.reason} == {"denied"}
    assert len(served) == 6
    assert len(cloud.orders) == 1


@pytest.mark.parametrize("error", [Rejected, Lost])
def test_a_machine_that_is_rejected_or_lost_is_replaced(
    tmp_path: Path, error: type[Rejected] | type[Lost]
) -> None:
    clock = SimulatedClock()
    cloud = provider(clock)
    made = Made(tmp_path, cloud, clock)

    def work(machine: Machine, stop: Event) -> str:
        if machine.offer.region == "a":
            raise error(Reason("cpu", "asked for Ice Lake server, received Zen 2"))
        return machine.id

    (served,) = made.fleet.run([platform()], work)
    assert served.result == "m-00001"
    assert served.attempts[0].outcome == ("rejected" if error is Rejected else "lost")
    nothing_left(made, cloud)


def test_after_three_rejected_machines_the_platform_is_given_up(tmp_path: Path) -> None:
    clock = SimulatedClock()
    cloud = provider(clock)
    made = Made(tmp_path, cloud, clock)

    def work(machine: Machine, stop: Event) -> str:
        raise Rejected(Reason("cpu", "received Zen 2"))

    (served,) = made.fleet.run([platform()], work)
    assert served.reason is not None
    assert served.reason.code == "mismatch"
    assert len(cloud.made) == 3
    nothing_left(made, cloud)


@pytest.mark.parametrize("kind", [ProviderErrorKind.GONE, ProviderErrorKind.UNREACHABLE])
def test_a_machine_that_never_came_up_is_released_and_replaced(
    tmp_path: Path, kind: ProviderErrorKind
) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, offers=(A,), script={("wait", "a"): [Fault(kind)]})
    made = Made(tmp_path, cloud, clock)
    (served,) = made.fleet.run([platform()], made.work())
    assert served.result == "m-00001"
    assert cloud.most == 1


def test_a_release_is_repeated_until_it_is_confirmed(tmp_path: Path) -> None:
    clock = SimulatedClock()
    faults = [Fault(ProviderErrorKind.THROTTLED), Fault(ProviderErrorKind.UNCERTAIN, after=True)]
    cloud = provider(clock, script={("release", "a"): faults})
    made = Made(tmp_path, cloud, clock)
    list(made.fleet.run([platform()], made.work()))
    assert cloud.alive == {}
    assert list(made.journal.open_intents()) == []


def test_a_machine_that_cannot_be_released_is_named_with_the_command_that_ends_it(
    tmp_path: Path,
) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, script={("release", "a"): [Fault(ProviderErrorKind.DENIED)] * 1000})
    made = Made(tmp_path, cloud, clock)
    list(made.fleet.run([platform()], made.work()))
    with pytest.raises(MachinesLeft, match="aws ec2 terminate-instances --instance-ids m-00000"):
        made.fleet.cleanup()


def test_a_cleanup_that_cannot_list_machines_is_an_error(tmp_path: Path) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, script={("find", None): [Fault(ProviderErrorKind.DENIED)] * 1000})
    made = Made(tmp_path, cloud, clock)
    made.fleet.recover()
    list(made.fleet.run([platform()], made.work()))
    with pytest.raises(MachinesLeft, match="aws could not be searched"):
        made.fleet.cleanup()


def test_shared_keys_and_rules_are_removed_after_the_machines(tmp_path: Path) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, script={("tidy", None): [Fault(ProviderErrorKind.THROTTLED)]})
    unused = provider(clock)
    made = Made(tmp_path, {"aws": cloud, "gcp": unused}, clock)
    list(made.fleet.run([platform()], made.work()))
    assert made.fleet.cleanup().untidy == ()
    assert (cloud.tidied, unused.tidied) == (["run-1"], [])
    cloud.script = {("tidy", None): [Fault(ProviderErrorKind.DENIED)]}
    assert made.fleet.cleanup().untidy == ("aws: scripted denied",)


def test_a_platform_without_offers_has_a_reason(tmp_path: Path) -> None:
    def nowhere(asked: Platform) -> tuple[Offer, ...]:
        raise Unavailable("no-place", f"{asked.name}: no region has it")

    clock = SimulatedClock()
    made = Made(tmp_path, SyntheticProvider(clock, nowhere), clock)
    (served,) = made.fleet.run([platform()], made.work())
    assert served.reason == Reason("no-place", "aws/0: no region has it")


def test_throttled_launches_are_repeated_until_all_succeed(tmp_path: Path) -> None:
    clock = SimulatedClock()
    cloud = provider(clock, offers=(A,), bucket=lambda: Bucket(5, 2.0))
    made = Made(tmp_path, cloud, clock)
    served = list(made.fleet.run([platform(n) for n in range(60)], made.work()))
    assert all(s.reason is None for s in served)
    assert cloud.throttled > 0
    assert len(cloud.made) == 60
    # The provider accepts two launches a second.
    assert 27 < clock.now() < 160


def test_an_order_that_made_nothing_is_closed_after_the_settling_time(tmp_path: Path) -> None:
    clock = SimulatedClock(1000.0)
    cloud = provider(clock)
    made = Made(tmp_path, cloud, clock, timeouts=Timeouts(settle=60))
    made.journal.intend(Order("run-1", platform(), 0, A), 990.0)
    made.fleet.recover()
    assert [i.outcome for i in made.journal.intents()] == [Outcome.NOT_MADE]
    assert 1050 <= clock.now() < 1060
    list(made.fleet.run([platform()], made.work()))
    assert cloud.orders[0].attempt == 1


def test_machines_of_a_provider_that_is_no_longer_used_are_reported(tmp_path: Path) -> None:
    clock = SimulatedClock()
    made = Made(tmp_path, provider(clock), clock)
    order = Order("run-1", platform(0, "gcp"), 0, Offer("r", "r-a", "n2-standard-2"))
    made.journal.intend(order, 0.0)
    made.journal.launched(order.token, "r-a/eqc-1", 0.0)
    with pytest.raises(MachinesLeft, match="gcloud compute instances delete eqc-1 --zone r-a"):
        made.fleet.recover()

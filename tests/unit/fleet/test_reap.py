from __future__ import annotations

from bench.synthetic.provider import Fault, SyntheticProvider
from orchestrator.fleet.clock import SimulatedClock
from orchestrator.fleet.reap import find_all, reap, to_reap
from orchestrator.model.machine import Machine, Order, ProviderErrorKind
from orchestrator.providers import registry
from tests.unit.fleet.fleets import A, B, platform


def machine(
    number: int, *, run: str | None = "run-1", owner: str = "me", expires: float | None = 5000.0
) -> Machine:
    return Machine(f"m-{number}", platform(number), run=run, owner=owner, expires=expires)


def test_expired_machines_and_those_of_no_live_run() -> None:
    machines = [
        machine(0),
        machine(1, run="run-2"),
        machine(2, expires=100.0),
        machine(3, run=None, expires=None),
        machine(4, owner="you", expires=100.0),
    ]
    found = {m.id: why for m, why in to_reap(machines, 1000.0, {"run-1"}, owner="me")}
    assert found == {
        "m-1": "run run-2 is not driven from here",
        "m-2": "expired 15 min ago",
        "m-3": "run unknown is not driven from here",
    }


def test_of_one_run_or_of_all_owners() -> None:
    machines = [machine(0), machine(1, run="run-2"), machine(2, owner="you")]
    assert [m.id for m, _ in to_reap(machines, 0.0, (), run="run-2")] == ["m-1"]
    assert len(to_reap(machines, 0.0, ())) == 3
    assert len(to_reap(machines, 0.0, (), owner="me")) == 2


def clouds(**script: list[Fault]) -> tuple[SimulatedClock, dict[str, SyntheticProvider]]:
    clock = SimulatedClock()
    clouds = {name: SyntheticProvider(clock, (A, B)) for name in ("aws", "gcp")}
    for name, cloud in clouds.items():
        for number in range(3):
            cloud.launch(Order("run-1", platform(number, name), 0, B if number == 2 else A))
        faults = [Fault(ProviderErrorKind.DENIED)]
        if name in script:
            cloud.script = {("release", "b"): faults * 9, ("find", None): list(script[name])}
    return clock, clouds


def test_all_are_ended_and_looked_for_afterwards() -> None:
    clock, providers = clouds()
    found = find_all(providers)
    assert len(found.machines) == 6
    done = reap(providers, found.machines, clock, registry.how_to_end)
    assert len(done.ended) == 6
    assert done.left == ()
    assert not any(cloud.alive for cloud in providers.values())


def test_what_is_left_says_why_and_what_to_type() -> None:
    clock, providers = clouds(gcp=[])
    done = reap(providers, find_all(providers).machines, clock, registry.how_to_end)
    assert len(done.ended) == 5
    ((left, why),) = done.left
    assert left.id == "m-00002"
    assert why.startswith("denied: ")
    assert why.endswith("; gcloud compute instances delete m-00002")


def test_a_provider_that_fails_is_not_taken_for_one_without_machines() -> None:
    _, providers = clouds(gcp=[Fault(ProviderErrorKind.DENIED)])
    found = find_all(providers)
    assert len(found.machines) == 3
    assert found.not_seen == (("gcp", "scripted denied"),)


def test_a_release_that_cannot_be_verified_counts_as_left() -> None:
    clock, providers = clouds()
    machines = find_all(providers).machines
    providers["aws"].script = {("find", None): [Fault(ProviderErrorKind.UNCERTAIN)] * 9}
    done = reap(providers, machines, clock, registry.how_to_end)
    assert {m.platform.provider for m, _ in done.left} == {"aws"}
    assert len(done.ended) == 3

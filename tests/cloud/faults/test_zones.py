"""Compute Engine's row of docs/faults.md: a stockout of one zone, after the order is accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from orchestrator import experiment
from orchestrator.fakes.gcp.server import Gce, serving
from orchestrator.model import events
from orchestrator.model.experiment import Isolation
from orchestrator.plan.cells import make_plan
from orchestrator.providers import registry
from orchestrator.run import pipeline
from orchestrator.run.rehearsal import rehearsed
from orchestrator.store.read import read
from tests.e2e.running import written

pytestmark = [pytest.mark.docker, pytest.mark.cloud_fake, pytest.mark.emulated, pytest.mark.slow]
SPEC = """\
schema: 1
name: zones
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
platforms:
  - provider: gcp
    machine_types: [n1-standard-2]
    cpu_platforms: [Intel Haswell]
    zones: [us-central1-a, us-central1-b]
observe: {sessions: 1}
"""
STOCKOUT = "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"


@pytest.fixture
def gce() -> Iterator[Gce]:
    with serving(containers=True) as gce:
        yield gce


def test_no_capacity_in_one_zone(
    gce: Gce, tmp_path: Path, small_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in gce.environment.items():
        monkeypatch.setenv(name, value)
    full = gce.rule("instances.insert", STOCKOUT, 503, late=True, zone="us-central1-a")
    told: list[events.Event] = []
    ran = pipeline.run(
        rehearsed(
            make_plan(experiment.load(written(tmp_path, SPEC), registry.providers())), rented=True
        ),
        tmp_path,
        fresh=True,
        isolation=Isolation.DOCKER,
        at_once=1,
        argv=["eqc"],
        tell=told.append,
        stop=Event(),
        abort=Event(),
    )
    changes = [event for event in told if isinstance(event, events.MachineChanged)]
    (refused,) = (each for each in changes if each.state == events.MachineState.REFUSED)
    assert refused.offer == "n1-standard-2 in us-central1-a"
    assert refused.text.startswith("no-capacity: ")
    assert full.hits == 1
    (row,) = read(ran.folder).records
    assert row.status == "ok"
    assert row.machine.offer is not None
    assert row.machine.offer.zone == "us-central1-b"
    assert row.machine.rehearsal
    assert isinstance(told[-1], events.CleanedUp)
    assert told[-1].left == 0
    assert gce.machines() == ()
    assert gce.cloud._firewalls_list()["items"] == []

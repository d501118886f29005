"""A sweep over AWS, Compute Engine and an SSH host, from the file to the last machine's end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from orchestrator.executors.container import LABEL
from orchestrator.fakes.sshd import OWNER
from orchestrator.images import connect
from orchestrator.store.read import read
from tests.e2e.running import eqc, written
from tests.fakes import registry

pytestmark = [pytest.mark.cloud_fake, pytest.mark.docker]

SWEEP = """\
schema: 1
name: sweep
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
platforms:
  - provider: aws
    machine_types: [c4.large]
    regions: [us-east-1]
  - provider: gcp
    machine_types: [n1-standard-2]
    cpu_platforms: [Intel Sandy Bridge]
    regions: [us-central1]
    spot: true
  - provider: ssh
    hosts: [rack-1]
observe: {sessions: 2}
"""
ARM = """\
  - provider: aws
    machine_types: [c6g.large]
    regions: [us-east-1]
    spot: true
"""
PLACES = {
    "rehearsal/aws/c4.large": ("c4.large", "us-east-1", False),
    "rehearsal/gcp/n1-standard-2/Intel Sandy Bridge": ("n1-standard-2", "us-central1", True),
    "rehearsal/ssh/rack-1": None,
    "rehearsal/aws/c6g.large": ("c6g.large", "us-east-1", True),
}


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    client.close()


def swept(folder: Path, spec: str, client: docker.DockerClient) -> list[dict[str, Any]]:
    """Rehearse ``spec`` with a registry and check the outcome; returns the run's events."""
    written(folder, spec)
    (folder / "registry").mkdir()
    orphans = set(left(client))
    with registry.serving(folder / "registry") as offer:
        words = ("rehearse", "experiment.yaml", "--cloud", "--registry", f"{offer.host}/eqc")
        done = eqc(*words, "--events", "events.jsonl", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "machines left: 0; cost" in done.stderr
    # Pushed once and pulled by digest, so that no tag of the registry is on the engine.
    assert done.stderr.count("pushing eqc-numpy:") == (2 if ARM in spec else 1)
    assert not [tag for image in client.images.list() for tag in image.tags if offer.host in tag]
    records = read(folder / "results").records
    platforms = {record.platform.name for record in records}
    assert platforms <= set(PLACES)
    assert len(records) == 2 * len(platforms)
    for record in records:
        assert record.status == "ok", record.reason
        machine = record.machine
        assert machine.rehearsal is True
        assert machine.isolation == "docker"
        asked = PLACES[record.platform.name]
        had = machine.offer
        assert asked == (had and (had.machine_type, had.region, had.spot))
    (run,) = (folder / "results").glob("*/*/run.json")
    assert set(left(client, json.loads(run.read_text())["tag"])) <= orphans
    lines = (folder / "events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def left(client: docker.DockerClient, tag: str | None = None) -> list[str]:
    """Containers that still exist: of fakes whose process has ended, and of jobs of run ``tag``."""
    found = []
    for container in client.containers.list(all=True, ignore_removed=True):
        owner = container.labels.get(OWNER)
        orphan = owner is not None and not Path("/proc", owner).exists()
        if orphan or (tag and container.labels.get(LABEL, "").startswith(tag)):
            found.append(str(container.name))
    return found


def test_machines_of_three_providers_come_compute_and_go(
    tmp_path: Path, client: docker.DockerClient
) -> None:
    events = swept(tmp_path, SWEEP, client)
    states: dict[str, list[str]] = {}
    for event in events:
        if event["event"] == "machine":
            states.setdefault(event["platform"], []).append(event["state"])
    life = ["waiting", "launching", "booting", "working", "releasing"]
    assert states.pop("rehearsal/ssh/rack-1")[-2:] == ["working", "releasing"]
    assert all([s for s in seen if s in life] == life for seen in states.values()), states


@pytest.mark.arm64
@pytest.mark.slow
@pytest.mark.usefixtures("arm64_images")
def test_a_spot_machine_of_another_architecture_is_among_them(
    tmp_path: Path, client: docker.DockerClient
) -> None:
    swept(tmp_path, SWEEP.replace("  - provider: gcp", f"{ARM}  - provider: gcp"), client)
    (arm,) = {
        str(record.fingerprint)
        for record in read(tmp_path / "results").records
        if record.platform.name == "rehearsal/aws/c6g.large"
    }
    cpu = read(tmp_path / "results").fingerprints[arm].cpu
    assert (cpu.architecture, cpu.microarchitecture) == ("aarch64", "Neoverse N1")

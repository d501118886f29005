"""Whole `eqc run` calls against the EC2 fake, whose machines are containers on this computer.

The machine types are described as having this computer's hardware: see ``tests.cloud.two_clouds``.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.models.containers import Container

from orchestrator.fakes.aws.server import Ec2
from tests.cloud.faults.calls import FAULTY, SOUND, Ran, Running
from tests.cloud.faults.machines import Altered
from tests.cloud.two_clouds import keys_and_groups
from tests.e2e.running import command, environment, written


@dataclass(frozen=True)
class Lab:
    """Runs `eqc` in a folder of its own against the fake."""

    ec2: Ec2
    machines: Altered
    client: docker.DockerClient
    folder: Path
    cache: Path

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def experiment(
        self,
        *types: str,
        regions: str = "us-east-1, us-west-2",
        sessions: int = 1,
        spot: bool = False,
        attempts: int = 3,
    ) -> Path:
        """An experiment file: a small network on NumPy, on one machine of each type."""
        return written(
            self.folder,
            f"""\
schema: 1
name: faults
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {{shape: [1, 32, 32, 3], seed: 1, distribution: uniform}}
platforms:
  - provider: aws
    machine_types: [{", ".join(types or (FAULTY, SOUND))}]
    regions: [{regions}]
    spot: {str(spot).lower()}
observe: {{sessions: {sessions}, mode: cold}}
limits: {{attempts: {attempts}}}
""",
        )

    def run(self, experiment: Path, *options: object) -> Ran:
        with self.running(experiment, *options) as running:
            return running.ended()

    @contextmanager
    def running(self, experiment: Path, *options: object) -> Iterator[Running]:
        call = f"call-{time.monotonic_ns()}"
        events, shown = self.folder / f"{call}.jsonl", self.folder / f"{call}.txt"
        words = ("run", experiment, "--results", self.results, "--events", events, *options)
        variables = {**environment(), **self.ec2.environment, "XDG_CACHE_HOME": str(self.cache)}
        with shown.open("w") as err:
            process = subprocess.Popen(
                command(*words),
                cwd=self.folder,
                env=variables,
                stdout=subprocess.DEVNULL,
                stderr=err,
            )
        try:
            yield Running(self.results, process, events, shown)
        finally:
            process.kill()
            process.wait()

    def containers(self, machine_type: str = "") -> list[Container]:
        """The run's job containers; all machines of the fake use this computer's Docker engine."""
        found: list[Container] = []
        for label in self._labels(machine_type):
            found += self.client.containers.list(
                all=True, filters={"label": f"eqc.run={label}"}, ignore_removed=True
            )
        return found

    def instances(self, machine_type: str) -> list[str]:
        """Ids of all instances of a type that were ever made, in order."""
        made = self.ec2.instances.values()
        return [i.id for i in made if i.parameters["InstanceType"] == machine_type]

    def left(self) -> list[str]:
        """What still exists of the run: instances, key pairs, security groups, containers."""
        found = [*self.ec2.machines(), *keys_and_groups(self.ec2)]
        found += [str(job.name) for job in self.containers()]
        fakes = self.client.containers.list(
            all=True, filters={"label": "eqc.fake"}, ignore_removed=True
        )
        ours = {f"eqc-fake-{instance}" for instance in self.ec2.instances}
        return found + [str(fake.name) for fake in fakes if fake.name in ours]

    def _labels(self, machine_type: str) -> set[str]:
        """The labels of the containers of one platform, or of all."""
        (path,) = self.results.glob("*/*/journal.sqlite")
        with closing(sqlite3.connect(path)) as journal:
            ordered = journal.execute("SELECT run, platform_id, platform_name FROM intents")
            return {
                f"{run}-{number}" for run, number, name in ordered if name.endswith(machine_type)
            }

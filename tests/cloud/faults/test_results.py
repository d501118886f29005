"""Rows of docs/faults.md where results are damaged, or two runs would write to one store."""

from __future__ import annotations

import pytest

from tests.cloud.faults.calls import FAULTY, SOUND
from tests.cloud.faults.lab import Lab

pytestmark = [pytest.mark.docker, pytest.mark.cloud_fake]

# Replaces the machine's Docker command and damages the results when they are fetched.
ON_THEIR_WAY = """\
#!/bin/sh
case "$1 $2 $3" in
  "cp "*":/out/files -") {fault};;
  *) exec /usr/bin/docker "$@";;
esac
"""
OTHER_TENSORS = """\
at=$(mktemp -d); /usr/bin/docker "$@" | tar -x -C $at
    for f in $at/files/tensors/*; do echo other >> $f; done; tar -c -C $at files"""
TORN = """\
at=$(mktemp -d); /usr/bin/docker "$@" | tar -x -C $at
    truncate -s -40 $at/files/observations.jsonl; tar -c -C $at files"""
CUT = '/usr/bin/docker "$@" | head -c 1500'


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(TORN, "not-reported", id="torn"),
        pytest.param(CUT, "damaged-output", id="cut"),
    ],
)
def test_a_result_is_not_whole(lab: Lab, fault: str, code: str) -> None:
    lab.machines.flaw(FAULTY, docker=ON_THEIR_WAY.format(fault=fault))
    ran = lab.run(lab.experiment(FAULTY))
    assert ran.code == 5
    assert {found for found, _ in ran.reasons(FAULTY)} == {code}
    assert ran.status(FAULTY) == {"failed"}
    assert lab.left() == []


def test_a_tensor_is_damaged(lab: Lab) -> None:
    # On one platform only: a tensor that the store has already is not fetched a second time.
    lab.machines.flaw(FAULTY, docker=ON_THEIR_WAY.format(fault=OTHER_TENSORS))
    ran = lab.run(lab.experiment(FAULTY))
    assert ran.code == 5
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "damaged-output"
    assert "has other content" in message
    assert lab.left() == []
    lab.machines.sound()
    again = lab.run(lab.experiment())
    assert again.code == 0
    assert again.status(FAULTY) == again.status(SOUND) == {"ok"}
    assert lab.left() == []


def test_two_runs_at_once_on_one_store(lab: Lab) -> None:
    spec = lab.experiment(sessions=8)
    with lab.running(spec) as running:
        # As early as possible: the second takes seconds to start, and the first must still run.
        running.until(lambda: lab.ec2.instances)
        second = lab.run(spec)
        assert running.process.poll() is None, "the first was not disturbed"
        ran = running.ended()
    assert second.code == 8
    assert f"another eqc run (process {running.process.pid}) is writing this run" in second.shown
    assert ran.code == 0
    assert ran.status(FAULTY) == ran.status(SOUND) == {"ok"}
    assert len(lab.ec2.instances) == 2
    assert lab.left() == []

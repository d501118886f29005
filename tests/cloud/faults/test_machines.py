"""Rows of docs/faults.md where a machine is lost, or is not what was ordered."""

from __future__ import annotations

import pytest

from tests.cloud.faults.calls import FAULTY, SOUND, Running
from tests.cloud.faults.lab import Lab

pytestmark = [pytest.mark.docker, pytest.mark.cloud_fake]
SESSIONS = 8
"""Computed one after the other, each in a process of its own: enough seconds for a fault."""


def struck(lab: Lab, running: Running) -> str:
    """The id of the instance that computes; its job is removed, as if it had lost power."""
    running.computing()
    (instance,) = lab.instances(FAULTY)
    for job in lab.containers(FAULTY):
        job.remove(force=True, v=True)
    return instance


def test_a_spot_machine_is_reclaimed_in_mid_run(lab: Lab) -> None:
    spec = lab.experiment(regions="us-east-1", sessions=SESSIONS, spot=True)
    with lab.running(spec) as running:
        instance = struck(lab, running)
        lab.ec2.end_from_outside(
            instance, "Server.SpotInstanceTermination", "Spot instance terminated"
        )
        ran = running.ended()
    assert ran.code == 0
    assert "lost aws/m1.large (m1.large in us-east-1, spot)" in ran.shown
    assert f"{instance} is terminated: spot reclaim" in ran.shown
    assert len(lab.instances(FAULTY)) == 2
    assert len(lab.instances(SOUND)) == 1
    assert ran.status(FAULTY) == ran.status(SOUND) == {"ok"}
    assert len(ran.rows) == 2 * SESSIONS
    assert lab.left() == []


def test_a_host_dies_during_a_session(lab: Lab) -> None:
    with lab.running(lab.experiment(sessions=SESSIONS, attempts=1)) as running:
        instance = struck(lab, running)
        lab.machines.container(instance).kill()
        ran = running.ended()
    assert ran.code == 4
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "lost"
    assert f"{instance} is terminated" in message
    assert ran.status(FAULTY) == {"failed"}
    assert ran.status(SOUND) == {"ok"}
    assert len(ran.rows) == 2 * SESSIONS
    assert lab.left() == []


def test_ssh_drops_and_comes_back(lab: Lab) -> None:
    with lab.running(lab.experiment(sessions=SESSIONS)) as running:
        running.computing()
        (instance,) = lab.instances(FAULTY)
        cut = "pkill -KILL -f '^sshd: ec2-user|^sshd: eqc'"
        code, _ = lab.machines.container(instance).exec_run(["sh", "-c", cut])
        assert code == 0, "there was a connection to cut"
        ran = running.ended()
    assert ran.code == 0
    assert "lost" not in ran.shown
    assert ran.status(FAULTY) == ran.status(SOUND) == {"ok"}
    assert len(ran.rows) == 2 * SESSIONS
    assert lab.instances(FAULTY) == [instance]
    assert running.sessions(FAULTY) == list(range(SESSIONS)), "each is told once"
    assert lab.left() == []


@pytest.mark.slow
def test_a_wrong_host_key(lab: Lab) -> None:
    lab.machines.flaw(
        FAULTY,
        script="rm /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' "
        "-f /etc/ssh/ssh_host_ed25519_key; pkill -HUP -o -x sshd",
    )
    ran = lab.run(lab.experiment(attempts=1))
    assert ran.code == 4
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "lost"
    assert "not-let-in" in message
    assert "host key" in message
    assert ran.status(SOUND) == {"ok"}
    assert lab.left() == []


def test_the_hardware_is_not_what_was_asked_for(lab: Lab) -> None:
    ran = lab.run(lab.experiment("c4.8xlarge", SOUND, attempts=2))
    assert ran.code == 4
    ((code, message),) = ran.reasons("c4.8xlarge")
    assert code == "mismatch"
    assert "logical CPUs: asked for 36, received" in message
    assert ran.status("c4.8xlarge") == {"mismatch"}
    assert len(lab.instances("c4.8xlarge")) == 2, "as many as attempts are allowed"
    assert {lab.ec2.instances[i].region for i in lab.instances("c4.8xlarge")} == {
        "us-east-1",
        "us-west-2",
    }
    assert ran.status(SOUND) == {"ok"}
    assert lab.left() == []


def test_the_clock_of_a_machine_is_wrong(lab: Lab) -> None:
    ahead = 7200
    lab.machines.flaw(FAULTY, date=f'#!/bin/sh\nexec /bin/date -d "{ahead} seconds" "$@"\n')
    with lab.running(lab.experiment(sessions=4)) as running:
        running.computing()
        (job,) = lab.containers(FAULTY)
        running.computing(SOUND)
        (other,) = lab.containers(SOUND)
        ran = running.ended()
    assert ran.code == 0
    assert ran.status(FAULTY) == {"ok"}
    deadlines = [int(each.labels["eqc.deadline"]) for each in (job, other)]
    # The two jobs need not begin at the same second.
    assert deadlines[0] - deadlines[1] == pytest.approx(ahead, abs=30)
    assert lab.left() == []


def test_docker_comes_up_after_ssh(lab: Lab) -> None:
    later = "mv /usr/bin/docker /root/docker; (sleep 8; mv /root/docker /usr/bin/docker) "
    lab.machines.flaw(FAULTY, script=f"{later} > /dev/null 2>&1 &")
    ran = lab.run(lab.experiment())
    assert ran.code == 0
    assert len(lab.instances(FAULTY)) == 1
    assert ran.status(FAULTY) == ran.status(SOUND) == {"ok"}
    assert lab.left() == []

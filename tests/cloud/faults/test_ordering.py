"""Rows of docs/faults.md where the cloud refuses an order or does not answer it."""

from __future__ import annotations

import pytest

from tests.cloud.faults.calls import FAULTY, SOUND
from tests.cloud.faults.lab import Lab

pytestmark = [pytest.mark.docker, pytest.mark.cloud_fake]
OF_FAULTY = {"InstanceType": FAULTY}


def test_no_capacity_in_one_region(lab: Lab) -> None:
    full = lab.ec2.rule(
        *("RunInstances", "InsufficientInstanceCapacity", 500),
        region="us-east-1",
        parameters=OF_FAULTY,
    )
    ran = lab.run(lab.experiment())
    assert ran.code == 0
    assert "refused aws/m1.large (m1.large in us-east-1): no-capacity" in ran.shown
    assert full.hits == 1
    assert ran.offers(FAULTY) == {("us-west-2", False)}
    assert ran.status(FAULTY) == ran.status(SOUND) == {"ok"}
    assert "machines left: 0" in ran.shown
    assert lab.left() == []


def test_no_capacity_anywhere(lab: Lab) -> None:
    full = lab.ec2.rule("RunInstances", "InsufficientInstanceCapacity", 500, parameters=OF_FAULTY)
    ran = lab.run(lab.experiment())
    assert ran.code == 4
    assert full.hits == 2
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "no-capacity"
    assert "m1.large in us-east-1: no-capacity" in message
    assert "m1.large in us-west-2: no-capacity" in message
    assert ran.status(FAULTY) == {"failed"}
    assert ran.status(SOUND) == {"ok"}
    assert lab.left() == []


def test_the_quota_of_spot_machines_is_used_up(lab: Lab) -> None:
    spot = {**OF_FAULTY, "InstanceMarketOptions.MarketType": "spot"}
    over = lab.ec2.rule("RunInstances", "MaxSpotInstanceCountExceeded", parameters=spot)
    ran = lab.run(lab.experiment(FAULTY, spot=True, regions="us-east-1"))
    assert ran.code == 0
    assert over.hits == 1
    assert "(m1.large in us-east-1, spot): over-quota" in ran.shown
    assert ran.offers(FAULTY) == {("us-east-1", False)}
    assert lab.left() == []


def test_the_quota_of_vcpus_is_used_up(lab: Lab) -> None:
    over = lab.ec2.rule("RunInstances", "VcpuLimitExceeded", parameters=OF_FAULTY)
    ran = lab.run(lab.experiment())
    assert ran.code == 4
    assert over.hits == 2, "asked once in each region, whose quota is its own"
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "over-quota"
    assert "VcpuLimitExceeded" in message
    assert ran.status(SOUND) == {"ok"}
    assert lab.left() == []


def test_a_throttling_storm(lab: Lab) -> None:
    storm = lab.ec2.rule("RunInstances", "RequestLimitExceeded", 503, times=3)
    looking = lab.ec2.rule("DescribeInstances", "RequestLimitExceeded", 503, times=3)
    ending = lab.ec2.rule("TerminateInstances", "RequestLimitExceeded", 503, times=1)
    ran = lab.run(lab.experiment(FAULTY))
    assert ran.code == 0
    assert (storm.hits, looking.hits, ending.hits) == (3, 3, 1)
    assert "again aws/" in ran.shown
    assert "throttled: ec2:RunInstances" in ran.shown
    assert ran.status(FAULTY) == {"ok"}
    assert len(lab.ec2.instances) == 1
    assert lab.left() == []


def test_the_reply_is_lost_after_the_instance_was_made(lab: Lab) -> None:
    lost = lab.ec2.rule("RunInstances", cut=True, parameters=OF_FAULTY, times=1)
    ran = lab.run(lab.experiment(FAULTY))
    assert ran.code == 0
    assert lost.hits == 1
    assert "again aws/m1.large (m1.large in us-east-1): uncertain" in ran.shown
    assert ran.status(FAULTY) == {"ok"}
    assert len(lab.ec2.called("RunInstances")) == 1, "the order's token is looked for first"
    assert len(lab.instances(FAULTY)) == 1
    assert lab.left() == []


def test_credentials_have_expired(lab: Lab) -> None:
    expired = lab.ec2.rule("RunInstances", "ExpiredToken")
    ran = lab.run(lab.experiment())
    assert ran.code == 5
    for each in (FAULTY, SOUND):
        ((code, message),) = ran.reasons(each)
        assert code == "denied"
        assert "log in again" in message
        assert ran.status(each) == {"skipped"}
    assert expired.hits <= 2, "nobody goes on asking with them"
    assert lab.left() == []
    expired.times = 0
    again = lab.run(lab.experiment())
    assert again.code == 0
    assert again.status(FAULTY) == again.status(SOUND) == {"ok"}
    assert lab.left() == []


@pytest.mark.slow
def test_credentials_expire_before_a_machine_is_ended(lab: Lab) -> None:
    expired = lab.ec2.rule("TerminateInstances", "ExpiredToken")
    ran = lab.run(lab.experiment(FAULTY))
    assert ran.code == 6
    assert ran.status(FAULTY) == {"ok"}, "what it had computed is stored"
    (left,) = lab.instances(FAULTY)
    assert f"aws ec2 terminate-instances --instance-ids {left}" in ran.shown
    assert "log in again" in ran.shown
    assert lab.ec2.machines() == (left,)
    expired.times = 0
    again = lab.run(lab.experiment(FAULTY))
    assert again.code == 0
    assert lab.instances(FAULTY) == [left], "nothing is computed again"
    assert lab.left() == []


def test_the_clock_of_this_computer_is_wrong(lab: Lab) -> None:
    lab.ec2.rule("RunInstances", "RequestExpired")
    ran = lab.run(lab.experiment(FAULTY))
    assert ran.code == 5
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "denied"
    assert "check this computer's clock" in message
    assert lab.left() == []

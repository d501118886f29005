"""Tags: written from an order, read back from EC2's description of an instance."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from orchestrator.model.machine import Offer
from orchestrator.providers.aws import tags
from tests.cloud.orders import aws_order


def test_an_order_written_and_read_back() -> None:
    order = aws_order("a1.medium", "eu-central-1", spot=True)
    launched = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    machine = tags.machine(
        {
            "InstanceId": "i-1",
            "InstanceType": "a1.medium",
            "Architecture": "arm64",
            "InstanceLifecycle": "spot",
            "Placement": {"AvailabilityZone": "eu-central-1b"},
            "LaunchTime": launched,
            "Tags": tags.of_order(order),
        },
        "eu-central-1",
    )
    assert machine.platform == order.platform
    assert machine.architecture == "arm64"
    assert machine.offer == Offer("eu-central-1", "eu-central-1b", "a1.medium", spot=True)
    assert (machine.run, machine.token, machine.owner) == (order.run, order.token, "tests")
    assert machine.expires == order.expires
    assert machine.launched == launched.timestamp()


def test_every_tag_fits() -> None:
    order = aws_order()
    order = replace(order, owner="o" * 500, platform=replace(order.platform, name="n" * 500))
    assert all(len(tag["Value"]) <= 256 for tag in tags.of_order(order))


def test_the_private_half_of_the_host_key_is_in_no_tag() -> None:
    assert "PRIVATE" not in str(tags.of_order(aws_order()))


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e9", "0"])
def test_an_expiry_that_is_not_a_number_is_ignored(text: str) -> None:
    instance = {
        "InstanceId": "i-1",
        "InstanceType": "m5.large",
        "Tags": [{"Key": tags.RUN, "Value": "r"}, {"Key": tags.EXPIRES, "Value": text}],
    }
    machine = tags.machine(instance, "us-east-1")
    assert machine.expires is None

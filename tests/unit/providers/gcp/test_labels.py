"""Labels and metadata: written from an order, read back from the description of an instance."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from google.cloud import compute_v1
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.providers.gcp import labels
from orchestrator.providers.gcp.images import Image
from orchestrator.providers.gcp.network import rule_names
from orchestrator.providers.gcp.request import instance_of, name_of, request_id
from tests.cloud.orders import gcp_order

NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
IMAGE = Image("projects/cos-cloud/global/images/cos-1", 30)
TAGS = st.text("abcXYZ019-", min_size=1, max_size=40)


def test_an_order_written_and_read_back() -> None:
    order = gcp_order("t2a-standard-2", "europe-west4-b", run="Night", spot=True)
    instance = instance_of(order, IMAGE, "eqc", order.expires - 3600)
    instance.zone = "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west4-b"
    instance.creation_timestamp = "2026-01-02T03:04:05.000-07:00"
    machine = labels.machine(instance)
    assert machine.platform == order.platform
    assert machine.architecture == "arm64"
    assert machine.offer == replace(order.offer, price_per_hour=None)
    assert (machine.run, machine.token, machine.owner) == ("Night", order.token, "tests")
    assert machine.expires == order.expires
    assert machine.launched == 1767348245.0


@given(TAGS)
def test_every_run_has_names_and_labels_that_are_allowed(run: str) -> None:
    order = gcp_order(run=run)
    assert NAME.fullmatch(name_of(order))
    assert all(NAME.fullmatch(name) for name in rule_names(run))
    for key, value in labels.of_order(order).items():
        assert re.fullmatch(r"[a-z][-_a-z0-9]{0,62}", key)
        assert re.fullmatch(r"[-_a-z0-9]{0,63}", value)


@given(TAGS, TAGS)
def test_two_runs_share_nothing(one: str, other: str) -> None:
    if one != other:
        assert labels.safe(one) != labels.safe(other)
        assert not set(rule_names(one)) & set(rule_names(other))


@given(st.text(max_size=300))
def test_any_owner_and_platform_can_be_labelled(text: str) -> None:
    order = gcp_order(owner=text)
    assert all(len(value) <= 63 for value in labels.of_order(order).values())
    assert labels.metadata_of(order)["eqc-owner"] == text


def test_the_private_half_of_the_host_key_is_no_label() -> None:
    order = gcp_order()
    assert "PRIVATE" not in str(labels.of_order(order)) + str(labels.metadata_of(order))


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e9", "0"])
def test_an_expiry_that_is_not_a_number_is_ignored(text: str) -> None:
    assert labels.machine(compute_v1.Instance(labels={"eqc-expires": text})).expires is None


def test_an_instance_without_metadata_is_still_a_machine() -> None:
    machine = labels.machine(
        compute_v1.Instance(name="eqc-x", zone="zones/a-b1-c", machine_type="z/n2-standard-2")
    )
    assert (machine.id, machine.offer.zone, machine.offer.region) == ("eqc-x", "a-b1-c", "a-b1")
    assert (machine.run, machine.token, machine.launched) == (None, None, None)
    assert machine.platform.name == "gcp/n2-standard-2"


def test_the_same_order_is_the_same_request() -> None:
    order = gcp_order()
    assert request_id(order.token) == request_id(replace(order, owner="else").token)
    assert request_id(order.token) != request_id(replace(order, attempt=1).token)


@pytest.mark.parametrize(("left", "seconds"), [(-5, 60), (3600, 3600), (1e9, 7 * 24 * 3600)])
def test_a_wrong_clock_does_not_make_it_live_forever(left: float, seconds: int) -> None:
    order = gcp_order()
    instance = instance_of(order, IMAGE, "eqc", order.expires - left)
    assert instance.scheduling.max_run_duration.seconds == seconds

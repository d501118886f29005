"""The private half of the host key is sent in metadata and appears nowhere else."""

from __future__ import annotations

import json
import logging

import pytest

from orchestrator.fakes.gcp.server import Gce
from orchestrator.model.machine import ProviderError
from orchestrator.providers.gcp.provider import GcpProvider
from tests.cloud.orders import gcp_order

pytestmark = pytest.mark.cloud_fake


def test_no_log_at_any_level_has_it(
    gce: Gce, provider: GcpProvider, caplog: pytest.LogCaptureFixture
) -> None:
    order = gcp_order()
    assert order.host_key is not None
    with caplog.at_level(logging.DEBUG):
        machine = provider.launch(order)
        provider.wait(machine)
        provider.find()
        gce.rule("instances.insert", "invalid")
        with pytest.raises(ProviderError) as raised:
            provider.launch(gcp_order(attempt=1, host_key=order.host_key))
    logged = " ".join(str(vars(record)) for record in caplog.records)
    shown = logged + caplog.text + str(raised.value) + repr(order) + repr(machine)
    assert order.host_key.private.splitlines()[2] not in shown
    assert "OPENSSH PRIVATE" not in shown


def test_the_sdk_would_log_the_key(
    gce: Gce, provider: GcpProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """Google's SDK logs requests at level DEBUG, so the test above could fail."""
    order = gcp_order()
    with caplog.at_level(logging.DEBUG, logger="google.cloud.compute_v1"):
        provider.launch(order)
    assert "OPENSSH PRIVATE" in " ".join(str(vars(record)) for record in caplog.records)


def test_it_is_in_the_launch_and_in_no_other_call(gce: Gce, provider: GcpProvider) -> None:
    order = gcp_order()
    assert order.host_key is not None
    provider.release(provider.wait(provider.launch(order)))
    provider.delete_shared(order.run)
    body = order.host_key.private.splitlines()[2]
    for call in gce.calls:
        assert body not in str((call.path, call.query, call.headers))
        assert (body in call.body.decode()) is (call.method == "instances.insert")
    (sent,) = gce.called("instances.insert")
    items = {i["key"]: i["value"] for i in json.loads(sent.body)["metadata"]["items"]}
    assert [key for key, value in items.items() if body in value] == ["user-data"]


def test_no_token_is_sent_without_tls(gce: Gce, provider: GcpProvider) -> None:
    provider.launch(gcp_order())
    provider.check([])
    assert not [call for call in gce.calls if "Authorization" in call.headers]

"""The private half of the host key is sent in user data and appears nowhere else."""

from __future__ import annotations

import base64
import logging

import pytest

from orchestrator.fakes.aws.server import Ec2
from orchestrator.model.machine import ProviderError
from orchestrator.providers.aws.provider import AwsProvider
from tests.cloud.orders import aws_order

pytestmark = pytest.mark.cloud_fake


def list_shared(private: str) -> list[str]:
    """The key's body, and its encodings in base64 from each of the three possible offsets."""
    body = private.splitlines()[2]
    encoded = [base64.b64encode(body[n : n + 30].encode()).decode() for n in range(3)]
    return [body, *encoded]


def test_no_log_at_any_level_has_it(
    ec2: Ec2, provider: AwsProvider, caplog: pytest.LogCaptureFixture
) -> None:
    order = aws_order()
    assert order.host_key is not None
    with caplog.at_level(logging.DEBUG):
        machine = provider.launch(order)
        provider.wait(machine)
        ec2.rule("RunInstances", "InvalidParameterValue")
        with pytest.raises(ProviderError) as raised:
            provider.launch(aws_order(attempt=1, host_key=order.host_key))
    (sent,) = (c.parameters["UserData"] for c in ec2.called("RunInstances")[:1])
    assert sent not in caplog.text
    shown = caplog.text + str(raised.value) + repr(order) + repr(machine)
    assert not [trace for trace in list_shared(order.host_key.private) if trace in shown]
    assert "test-secret" not in shown


def test_it_is_in_the_launch_and_in_no_other_call(ec2: Ec2, provider: AwsProvider) -> None:
    order = aws_order()
    assert order.host_key is not None
    provider.release(provider.wait(provider.launch(order)))
    body = order.host_key.private.splitlines()[2]
    for call in ec2.calls:
        values = [*call.parameters.values(), *call.headers.values()]
        plain = " ".join(v for v in values if v != call.parameters.get("UserData"))
        assert body not in plain
        user_data = base64.b64decode(call.parameters.get("UserData", "")).decode()
        assert (body in user_data) is (call.operation == "RunInstances")

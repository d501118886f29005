"""Keys and firewall rules of a run that ended its machines but not its cleanup.

They cost nothing, but other owners' runs could not tell whose they are: they are found and removed.
"""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from orchestrator.cli.main import cli
from orchestrator.fakes.aws.server import Ec2
from orchestrator.fakes.gcp.server import Gce
from orchestrator.model.machine import Order, Provider
from tests.cloud.aws.conftest import _amis, _clients, _ec2, ec2
from tests.cloud.aws.conftest import provider as aws
from tests.cloud.gcp.conftest import _gce, clients, gce
from tests.cloud.gcp.conftest import provider as gcp
from tests.cloud.orders import aws_order, gcp_order

__all__ = ["_amis", "_clients", "_ec2", "_gce", "aws", "clients", "ec2", "gce", "gcp"]
pytestmark = pytest.mark.cloud_fake


@pytest.mark.parametrize(("name", "order"), [("aws", aws_order()), ("gcp", gcp_order())])
def test_shared_things_are_found_by_owner_without_any_machine(
    request: pytest.FixtureRequest, name: str, order: Order
) -> None:
    provider: Provider = request.getfixturevalue(name)
    assert provider.list_shared() == []
    provider.release(provider.launch(order))
    assert provider.list_shared() == [order.run]
    assert provider.list_shared(order.owner) == [order.run]
    assert provider.list_shared("somebody-else") == []
    provider.delete_shared(order.run)
    assert provider.list_shared() == []


def test_reap_removes_shared_things(
    ec2: Ec2, aws: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = aws_order()
    monkeypatch.setenv("EQC_OWNER", order.owner)
    aws.release(aws.launch(order))
    dry = CliRunner().invoke(cli, ["reap", "--provider", "aws"])
    assert f"would remove keys and firewall rules of run {order.run} at aws" in dry.output
    assert aws.list_shared() == [order.run]
    monkeypatch.setenv("EQC_OWNER", "somebody-else")
    assert order.run not in CliRunner().invoke(cli, ["reap", "--provider", "aws", "--yes"]).output
    assert aws.list_shared() == [order.run]
    monkeypatch.setenv("EQC_OWNER", order.owner)
    done = CliRunner().invoke(cli, ["reap", "--provider", "aws", "--yes"])
    assert done.exit_code == 0, done.output
    assert aws.list_shared() == []


def test_reap_keeps_what_spared_machines_share(
    ec2: Ec2, aws: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = aws_order(owner="me")
    aws.launch(order)
    monkeypatch.setenv("EQC_OWNER", "me")
    monkeypatch.setattr("orchestrator.cli.fleet.live_runs", lambda: frozenset({order.run}))
    done = CliRunner().invoke(cli, ["reap", "--provider", "aws", "--yes"])
    assert "0 ended, 0 left, 1 spared" in done.output
    assert aws.list_shared() == [order.run]
    assert len(ec2.machines()) == 1


def test_reap_removes_what_a_run_shares_at_a_cloud_without_machines(
    ec2: Ec2, gce: Gce, aws: Provider, gcp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for provider, order in ((aws, aws_order()), (gcp, gcp_order())):
        machine = provider.launch(order)
    gcp.release(machine)
    monkeypatch.setenv("EQC_OWNER", order.owner)
    done = CliRunner().invoke(cli, ["reap", "--yes"])
    assert "1 ended, 0 left, 0 spared" in done.output
    assert (aws.list_shared(), gcp.list_shared()) == ([], [])
    assert (ec2.machines(), gce.machines()) == ((), ())

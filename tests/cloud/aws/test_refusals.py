"""Errors of EC2 and the network: no machine is made twice, lost or left behind because of them."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from orchestrator.fakes.aws.server import Ec2
from orchestrator.model.machine import Machine, ProviderError, ProviderErrorKind
from orchestrator.providers.aws.provider import AwsProvider
from orchestrator.providers.cloud import Pace
from orchestrator.ssh.login_keys import new_host_key
from tests.cloud.aws.conftest import PACE
from tests.cloud.orders import aws_order

pytestmark = pytest.mark.cloud_fake


def refusal(provider: AwsProvider, **changes: object) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        provider.launch(aws_order(**changes))  # type: ignore[arg-type]
    assert raised.value.__cause__ is not None
    return raised.value


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("InsufficientInstanceCapacity", 500, ProviderErrorKind.CAPACITY),
        ("SpotMaxPriceTooLow", 400, ProviderErrorKind.CAPACITY),
        ("Unsupported", 400, ProviderErrorKind.CAPACITY),
        ("VcpuLimitExceeded", 400, ProviderErrorKind.QUOTA),
        ("MaxSpotInstanceCountExceeded", 400, ProviderErrorKind.QUOTA),
        ("RequestLimitExceeded", 503, ProviderErrorKind.THROTTLED),
        ("UnauthorizedOperation", 403, ProviderErrorKind.DENIED),
        ("ExpiredToken", 400, ProviderErrorKind.DENIED),
        ("InvalidParameterValue", 400, ProviderErrorKind.INVALID),
        ("InternalError", 500, ProviderErrorKind.UNCERTAIN),
    ],
)
def test_a_refused_launch(
    ec2: Ec2, provider: AwsProvider, code: str, status: int, kind: ProviderErrorKind
) -> None:
    rule = ec2.rule("RunInstances", code, status)
    refused = refusal(provider)
    assert refused.kind is kind
    assert code in str(refused)
    assert "m5.large in us-east-1" in str(refused)
    assert rule.hits == 1, "repeating is the fleet's business"
    assert ec2.machines() == ()


def test_one_zone_is_full_and_the_next_is_not(ec2: Ec2, provider: AwsProvider) -> None:
    zone = {"Placement.AvailabilityZone": "us-east-1a"}
    ec2.rule("RunInstances", "InsufficientInstanceCapacity", 500, parameters=zone)
    assert refusal(provider, zone="us-east-1a").kind is ProviderErrorKind.CAPACITY
    machine = provider.launch(aws_order(zone="us-east-1b", attempt=1))
    assert machine.offer.zone == "us-east-1b"


def test_ec2_refuses_a_zone_that_does_not_exist(ec2: Ec2, provider: AwsProvider) -> None:
    order = aws_order("c4.large")
    order = replace(order, offer=replace(order.offer, zone="us-east-1q"))
    with pytest.raises(ProviderError) as raised:
        provider.launch(order)
    assert raised.value.kind is ProviderErrorKind.INVALID


def test_a_lost_reply_leaves_one_machine_and_it_is_found(ec2: Ec2, provider: AwsProvider) -> None:
    ec2.rule("RunInstances", cut=True, times=1)
    order = aws_order()
    with pytest.raises(ProviderError) as raised:
        provider.launch(order)
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN
    (left,) = ec2.machines()
    assert provider.launch(order).id == left
    assert [m.id for m in AwsProvider(pace=PACE).find()] == [left]


def test_a_lost_reply_while_tags_are_not_seen_yet(ec2: Ec2, provider: AwsProvider) -> None:
    """``ClientToken`` finds the machine although its tags are not listed yet."""
    ec2.lag = 60
    ec2.rule("RunInstances", cut=True, times=1)
    order = aws_order()
    with pytest.raises(ProviderError):
        provider.launch(order)
    machine = provider.launch(order)
    assert (machine.id,) == ec2.machines()


def test_after_a_crash_the_tag_helps_where_the_token_refuses(
    ec2: Ec2, provider: AwsProvider
) -> None:
    """With a new host key the request differs, so EC2 refuses the token: the tag is used."""
    ec2.lag = 60
    order = aws_order()
    machine = provider.launch(order)
    later = replace(order, host_key=new_host_key())
    with pytest.raises(ProviderError, match="IdempotentParameterMismatch") as raised:
        provider.launch(later)
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN
    ec2.lag = 0
    assert provider.launch(later).id == machine.id


def test_an_order_whose_machine_has_ended_is_over(ec2: Ec2, provider: AwsProvider) -> None:
    order = aws_order()
    provider.release(provider.launch(order))
    with pytest.raises(ProviderError, match="new attempt") as raised:
        provider.launch(order)
    assert raised.value.kind is ProviderErrorKind.GONE


def test_a_group_that_somebody_removed_is_made_again(ec2: Ec2, provider: AwsProvider) -> None:
    provider.release(provider.launch(aws_order()))
    client = boto3.client("ec2")
    client.delete_security_group(GroupName="eqc-run-1")
    with pytest.raises(ProviderError) as raised:
        provider.launch(aws_order(attempt=1))
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN
    provider.launch(aws_order(attempt=1))


def test_waiting_survives_errors_and_lost_replies(ec2: Ec2, provider: AwsProvider) -> None:
    machine = provider.launch(aws_order())
    storm = ec2.rule("DescribeInstances", "InternalError", 500, times=1)
    lost = ec2.rule("DescribeInstances", cut=True, times=1)
    assert provider.wait(machine).address is not None
    assert (storm.hits, lost.hits) == (1, 1)


def test_waiting_allows_for_an_instance_that_is_not_listed_yet(
    ec2: Ec2, provider: AwsProvider
) -> None:
    ec2.lag = 0.15
    assert provider.wait(provider.launch(aws_order())).address is not None


def test_a_spot_reclaim_is_called_by_its_name(ec2: Ec2, provider: AwsProvider) -> None:
    machine = provider.launch(aws_order(spot=True))
    ec2.end_from_outside(machine.id, "Server.SpotInstanceTermination", "Spot instance terminated")
    with pytest.raises(ProviderError, match="spot reclaim") as raised:
        provider.wait(machine)
    assert raised.value.kind is ProviderErrorKind.GONE
    assert provider.find() == ()
    provider.release(machine)


def test_a_machine_that_never_gets_an_address(ec2: Ec2, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(0, 10_000, 100))
    slept: list[float] = []
    pace = Pace(clock=lambda: float(next(ticks)), sleep=slept.append)
    provider = AwsProvider(pace=pace)
    machine = provider.launch(aws_order())
    monkeypatch.setattr(ec2._machines, "address", lambda instance_id: None)
    with pytest.raises(ProviderError, match=r"no address after 300 s \(pending\)") as raised:
        provider.wait(machine)
    assert raised.value.kind is ProviderErrorKind.UNREACHABLE
    assert set(slept) == {pace.poll}


def test_credentials_that_expire_while_waiting(ec2: Ec2, provider: AwsProvider) -> None:
    machine = provider.launch(aws_order())
    ec2.rule("DescribeInstances", "RequestExpired", 400)
    with pytest.raises(ProviderError, match="clock") as raised:
        provider.wait(machine)
    assert raised.value.kind is ProviderErrorKind.DENIED


def test_a_release_is_repeated_through_throttling_until_confirmed(
    ec2: Ec2, provider: AwsProvider
) -> None:
    machine = provider.launch(aws_order())
    ec2.rule("TerminateInstances", "RequestLimitExceeded", 503, times=2)
    ec2.rule("TerminateInstances", cut=True, times=1)
    provider.release(machine)
    assert len(ec2.called("TerminateInstances")) == 4
    assert ec2.machines() == ()


def test_a_release_that_cannot_be_confirmed_is_an_error(ec2: Ec2, provider: AwsProvider) -> None:
    machine = provider.launch(aws_order())
    ec2.rule("TerminateInstances", "InternalError", 500)
    with pytest.raises(ProviderError) as raised:
        provider.release(machine)
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN
    assert ec2.machines() == (machine.id,)


def test_releasing_a_protected_machine_is_an_error(ec2: Ec2, provider: AwsProvider) -> None:
    machine = provider.launch(aws_order())
    ec2.rule("TerminateInstances", "OperationNotPermitted", 400)
    with pytest.raises(ProviderError) as raised:
        provider.release(machine)
    assert raised.value.kind is ProviderErrorKind.DENIED


def test_a_machine_that_ec2_does_not_list_yet_is_released(ec2: Ec2, provider: AwsProvider) -> None:
    machine = provider.launch(aws_order())
    ec2.lag = 0.15
    ec2.instances[machine.id].made += 0.1
    provider.release(machine)
    assert ec2.machines() == ()


def test_releasing_a_machine_that_no_longer_exists_succeeds(
    ec2: Ec2, provider: AwsProvider
) -> None:
    order = aws_order()
    machine = Machine("i-0123456789abcdef0", order.platform, offer=order.offer)
    provider.release(machine)


@pytest.mark.parametrize("code", ["InternalError", "UnauthorizedOperation"])
def test_a_region_that_does_not_answer_is_not_left_out(
    ec2: Ec2, provider: AwsProvider, code: str
) -> None:
    provider.launch(aws_order())
    ec2.rule("DescribeInstances", code, 500 if "Internal" in code else 403, region="us-west-2")
    with pytest.raises(ProviderError, match="us-west-2"):
        provider.find()


def test_no_credentials(ec2: Ec2, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ProviderError, match="credentials") as raised:
        AwsProvider(pace=PACE).launch(aws_order())
    assert raised.value.kind is ProviderErrorKind.DENIED


def test_an_endpoint_that_does_not_answer(ec2: Ec2, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ProviderError) as raised:
        AwsProvider(pace=PACE).launch(aws_order())
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN


@pytest.mark.parametrize("said", ["fe80::1", "not an address", "192.0.2.1/8"])
def test_our_own_address_has_to_be_an_ipv4_address(
    ec2: Ec2, provider: AwsProvider, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("EQC_OWN_ADDRESS", said)
    refused = refusal(provider)
    assert refused.kind is ProviderErrorKind.INVALID
    assert "EQC_OWN_ADDRESS" in str(refused)
    assert ec2.called("CreateSecurityGroup") == []

"""An EC2 instance from its order to its end, and the requests that EC2 gets meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest

from orchestrator.fakes.aws.server import Ec2
from orchestrator.fakes.faults import decoded
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import (
    CloudPlacement,
    Order,
    ProviderError,
    ProviderErrorKind,
    Unavailable,
)
from orchestrator.providers.aws.ami import PARAMETERS
from orchestrator.providers.aws.provider import AwsProvider
from orchestrator.ssh.login_keys import new_host_key
from tests.cloud.aws.conftest import PACE
from tests.cloud.orders import LOGIN_KEY, aws_order

pytestmark = pytest.mark.cloud_fake


def launched(ec2: Ec2) -> dict[str, str]:
    """The parameters of the only launch."""
    (call,) = ec2.called("RunInstances")
    return dict(call.parameters)


def seen(region: str, instance_id: str) -> dict[str, Any]:
    """The instance as ``DescribeInstances`` returns it."""
    reply = boto3.client("ec2", region_name=region).describe_instances(InstanceIds=[instance_id])
    instance: dict[str, Any] = reply["Reservations"][0]["Instances"][0]
    return instance


def test_from_order_to_nothing(ec2: Ec2, provider: AwsProvider) -> None:
    order = aws_order()
    machine = provider.launch(order)
    assert machine.platform == order.platform
    assert machine.offer == replace(order.offer, zone="us-east-1a")
    assert (machine.run, machine.token) == (order.run, order.token)
    assert machine.expires == order.expires
    up = provider.wait(machine)
    assert up.address is not None
    assert order.host_key is not None
    assert (up.address.user, up.address.host_key) == ("ec2-user", order.host_key.public)
    assert [found.id for found in provider.find(order.run)] == [machine.id]
    assert provider.find("another-run") == ()
    provider.release(machine)
    provider.release(machine)
    assert provider.find() == ()
    assert ec2.machines() == ()


def test_the_same_order_again_is_the_same_machine(ec2: Ec2, provider: AwsProvider) -> None:
    order = aws_order()
    first = provider.launch(order)
    assert provider.launch(order).id == first.id
    # After a crash the private host key is lost; its public half is in a tag of the machine.
    again = AwsProvider(pace=PACE).launch(replace(order, host_key=new_host_key()))
    assert again.id == first.id
    up = provider.wait(again)
    assert up.address is not None
    assert order.host_key is not None
    assert up.address.host_key == order.host_key.public
    assert len(ec2.called("RunInstances")) == 1


def test_another_attempt_is_another_machine(ec2: Ec2, provider: AwsProvider) -> None:
    order = aws_order()
    ids = {provider.launch(replace(order, attempt=n)).id for n in range(3)}
    assert ids == set(ec2.machines())
    assert len(ids) == 3


def test_machines_are_found_in_all_regions_without_our_state(
    ec2: Ec2, provider: AwsProvider
) -> None:
    orders = [aws_order(region=region) for region in ec2.regions]
    orders = [replace(order, attempt=n) for n, order in enumerate(orders)]
    made = {provider.launch(order).id for order in orders}
    other = provider.launch(aws_order(run="run-2", region="us-west-2"))
    stranger = AwsProvider(pace=PACE)
    assert {m.id for m in stranger.find("run-1")} == made
    assert {m.offer.region for m in stranger.find("run-1")} == set(ec2.regions)
    assert {m.id for m in stranger.find()} == {*made, other.id}
    for machine in stranger.find():
        stranger.release(machine)
    assert stranger.find() == ()


def test_instances_without_our_tags_are_not_listed(ec2: Ec2, provider: AwsProvider) -> None:
    image = provider._amis.find("us-east-1", "x86_64", gpu=False).id
    boto3.client("ec2").run_instances(
        ImageId=image, InstanceType="m5.large", MinCount=1, MaxCount=1
    )
    assert provider.find() == ()


def test_many_launches_at_once_share_one_group_and_one_key(ec2: Ec2, provider: AwsProvider) -> None:
    orders = [replace(aws_order(), attempt=n) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        machines = list(pool.map(provider.launch, orders))
    assert len({m.id for m in machines}) == 8
    assert len(ec2.called("CreateSecurityGroup")) == 1
    assert len(ec2.called("ImportKeyPair")) == 1


def test_the_request_sets_an_end_encryption_and_no_role(ec2: Ec2, provider: AwsProvider) -> None:
    order = aws_order(zone="us-east-1c")
    provider.launch(order)
    request = launched(ec2)
    assert request["InstanceInitiatedShutdownBehavior"] == "terminate"
    assert request["MetadataOptions.HttpTokens"] == "required"
    assert request["MetadataOptions.HttpPutResponseHopLimit"] == "1"
    assert request["ClientToken"] == order.token
    assert request["Placement.AvailabilityZone"] == "us-east-1c"
    assert request["BlockDeviceMapping.1.DeviceName"] == "/dev/xvda"
    volume = "BlockDeviceMapping.1.Ebs."
    assert request[volume + "DeleteOnTermination"] == request[volume + "Encrypted"] == "true"
    assert request[volume + "VolumeSize"] == "30"
    assert not any(name.startswith(("InstanceMarket", "IamInstance")) for name in request)
    assert str(int(order.expires)) in decoded(request["UserData"])


def test_only_our_address_and_only_ssh_is_admitted(ec2: Ec2, provider: AwsProvider) -> None:
    machine = provider.launch(aws_order())
    (group,) = seen("us-east-1", machine.id)["SecurityGroups"]
    assert group["GroupName"] == "eqc-run-1"

    def admitted() -> list[tuple[int, int, str, list[str]]]:
        reply = boto3.client("ec2").describe_security_groups(GroupIds=[group["GroupId"]])
        return [
            (r["FromPort"], r["ToPort"], r["IpProtocol"], [s["CidrIp"] for s in r["IpRanges"]])
            for r in reply["SecurityGroups"][0]["IpPermissions"]
        ]

    assert admitted() == [(22, 22, "tcp", ["192.0.2.7/32"])]
    # The same run continues from another address: the old one must not be admitted any more.
    elsewhere = AwsProvider(pace=PACE, address=lambda: "198.51.100.9")
    elsewhere.launch(aws_order(attempt=1))
    assert admitted() == [(22, 22, "tcp", ["198.51.100.9/32"])]


def test_volume_and_instance_carry_the_tags(ec2: Ec2, provider: AwsProvider) -> None:
    order = aws_order()
    machine = provider.launch(order)
    by_run = [{"Name": "tag:eqc-run", "Values": ["run-1"]}]
    volumes = boto3.client("ec2").describe_volumes(Filters=by_run)["Volumes"]
    for tagged in (seen("us-east-1", machine.id), *volumes):
        tags = {tag["Key"]: tag["Value"] for tag in tagged["Tags"]}
        assert tags["Name"] == f"eqc-run-1-{order.token}"
        assert tags["eqc-platform"] == order.platform.id
        assert tags["eqc-platform-name"] == "aws/m5.large"
        assert tags["eqc-owner"] == "tests"
        assert tags["eqc-expires"] == str(int(order.expires))
    assert len(volumes) == 1


def test_spot(ec2: Ec2, provider: AwsProvider) -> None:
    provider.launch(aws_order(spot=True))
    request = launched(ec2)
    assert request["InstanceMarketOptions.MarketType"] == "spot"
    options = "InstanceMarketOptions.SpotOptions."
    assert request[options + "SpotInstanceType"] == "one-time"
    assert request[options + "InstanceInterruptionBehavior"] == "terminate"
    assert request["InstanceInitiatedShutdownBehavior"] == "terminate"


@pytest.mark.parametrize(
    ("machine_type", "architecture", "gpu"),
    [("c4.large", "x86_64", False), ("c6g.large", "arm64", False), ("g4dn.xlarge", "x86_64", True)],
)
def test_the_image_fits_the_machine(
    ec2: Ec2,
    provider: AwsProvider,
    machine_type: str,
    architecture: str,
    gpu: bool,
) -> None:
    machine = provider.launch(aws_order(machine_type))
    assert machine.architecture == architecture
    parameter = boto3.client("ssm").get_parameter(Name=PARAMETERS[architecture, gpu])
    assert launched(ec2)["ImageId"] == parameter["Parameter"]["Value"]
    assert ("gpu" in PARAMETERS[architecture, gpu]) is gpu
    assert launched(ec2)["BlockDeviceMapping.1.Ebs.VolumeSize"] == ("80" if gpu else "30")


def test_what_a_runs_machines_shared_is_deleted(ec2: Ec2, provider: AwsProvider) -> None:
    kept = provider.launch(aws_order(run="run-2"))
    machine = provider.launch(aws_order())
    with pytest.raises(ProviderError, match="still used") as raised:
        provider.delete_shared("run-1")
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN
    provider.release(machine)
    provider.delete_shared("run-1")
    provider.delete_shared("run-1")
    client = boto3.client("ec2")
    pairs = [pair["KeyName"] for pair in client.describe_key_pairs()["KeyPairs"]]
    groups = [g["GroupName"] for g in client.describe_security_groups()["SecurityGroups"]]
    assert [name.rpartition("-")[0] for name in pairs] == ["eqc-run-2"]
    assert sorted(groups) == ["default", "eqc-run-2"]
    # The run may still continue: what it shared is made again.
    provider.launch(aws_order(attempt=1))
    provider.release(kept)


def test_places_are_in_regions_that_the_account_has(ec2: Ec2, provider: AwsProvider) -> None:
    offers = provider.offers(aws_order().platform)
    assert {offer.region for offer in offers} == set(ec2.regions)
    prices = [offer.price_per_hour for offer in offers]
    assert None not in prices
    assert prices == sorted(prices, key=lambda price: price or 0)
    elsewhere = Platform(
        "aws", "x", (("machine_type", "m5.large"),), CloudPlacement(("sa-east-1",))
    )
    with pytest.raises(Unavailable, match="sa-east-1"):
        provider.offers(elsewhere)


@pytest.mark.parametrize("lacking", ["host_key", "login_key", "expires"])
def test_an_order_that_would_leave_a_machine_open_is_refused(
    ec2: Ec2, provider: AwsProvider, lacking: str
) -> None:
    nothing: dict[str, object] = {"host_key": None, "login_key": "", "expires": 0.0}
    order: Order = aws_order(**{lacking: nothing[lacking]})
    with pytest.raises(ProviderError) as raised:
        provider.launch(order)
    assert raised.value.kind is ProviderErrorKind.INVALID
    assert ec2.machines() == ()
    assert LOGIN_KEY not in str(raised.value)

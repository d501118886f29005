"""A Compute Engine instance from its order to its end, and the requests that Google gets."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import yaml

from orchestrator.fakes.gcp.server import Gce
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import (
    CloudPlacement,
    Offer,
    Order,
    ProviderError,
    ProviderErrorKind,
    Unavailable,
)
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.images import FAMILIES
from orchestrator.providers.gcp.provider import GcpProvider
from orchestrator.ssh.login_keys import new_host_key
from tests.cloud.gcp.conftest import PACE
from tests.cloud.orders import LOGIN_KEY, gcp_order

pytestmark = pytest.mark.cloud_fake


def asked(gce: Gce) -> dict[str, Any]:
    """The body of the only launch."""
    (call,) = gce.called("instances.insert")
    body: dict[str, Any] = json.loads(call.body)
    return body


def said(body: dict[str, Any]) -> dict[str, str]:
    return {item["key"]: item["value"] for item in body["metadata"]["items"]}


def test_from_order_to_nothing(gce: Gce, provider: GcpProvider) -> None:
    order = gcp_order()
    machine = provider.launch(order)
    assert machine.platform == order.platform
    assert machine.offer == order.offer
    assert (machine.run, machine.token) == (order.run, order.token)
    assert machine.expires == order.expires
    assert machine.launched is not None
    assert abs(machine.launched - time.time()) < 60
    assert machine.id == f"eqc-run-1-{order.token}"
    up = provider.wait(machine)
    assert up.address is not None
    assert order.host_key is not None
    assert (up.address.user, up.address.host_key) == ("eqc", order.host_key.public)
    (found,) = provider.find(order.run)
    assert (found.id, found.owner, found.platform.name) == (
        machine.id,
        "tests",
        order.platform.name,
    )
    assert found.offer == replace(order.offer, price_per_hour=None)
    assert provider.find("another-run") == ()
    provider.release(machine)
    provider.release(machine)
    assert provider.find() == ()
    assert gce.machines() == ()


def test_the_same_order_again_is_the_same_machine(
    gce: Gce, provider: GcpProvider, clients: Clients
) -> None:
    order = gcp_order()
    first = provider.launch(order)
    assert provider.launch(order).id == first.id
    # After a crash the private host key is lost; its public half is in the machine's metadata.
    again = GcpProvider(clients, pace=PACE).launch(replace(order, host_key=new_host_key()))
    assert again.id == first.id
    up = provider.wait(again)
    assert up.address is not None
    assert order.host_key is not None
    assert up.address.host_key == order.host_key.public
    assert len(gce.called("instances.insert")) == 1


def test_another_attempt_is_another_machine(gce: Gce, provider: GcpProvider) -> None:
    order = gcp_order()
    ids = {provider.launch(replace(order, attempt=n)).id for n in range(3)}
    assert ids == set(gce.machines())
    assert len(ids) == 3


def test_machines_are_found_in_all_zones_without_our_state(
    gce: Gce, provider: GcpProvider, clients: Clients
) -> None:
    zones = ("us-central1-a", "us-central1-b", "europe-west4-c", "asia-east1-a", "us-west1-b")
    made = {
        provider.launch(gcp_order(zone=zone, attempt=n)).id
        for n, zone in enumerate([*zones, "us-central1-a"])
    }
    other = provider.launch(gcp_order(run="run-2", zone="us-west2-b"))
    stranger = GcpProvider(clients, pace=PACE)
    assert {m.id for m in stranger.find("run-1")} == made
    assert {m.offer.zone for m in stranger.find("run-1")} == set(zones)
    assert {m.id for m in stranger.find()} == {*made, other.id}
    assert len(gce.called("instances.aggregatedList")) > 3, "there is more than one page"
    for machine in stranger.find():
        stranger.release(machine)
    assert stranger.find() == ()


def test_a_run_whose_tag_no_label_can_hold(gce: Gce, provider: GcpProvider) -> None:
    """Labels and names have no capital letters: runs that differ only there must stay apart."""
    orders = [gcp_order(run=run) for run in ("Night-Run", "night-run", "NIGHT-RUN-" + "x" * 30)]
    for order in orders:
        machine = provider.launch(order)
        (found,) = provider.find(order.run)
        assert (found.id, found.run) == (machine.id, order.run)
    assert len(gce.machines()) == 3
    assert len(gce.cloud.firewalls()) == 6


def test_many_launches_at_once_share_two_rules(gce: Gce, provider: GcpProvider) -> None:
    orders = [replace(gcp_order(), attempt=n) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        machines = list(pool.map(provider.launch, orders))
    assert len({m.id for m in machines}) == 8
    assert len(gce.called("firewalls.insert")) == 2
    assert len(gce.called("images.getFromFamily")) == 1


def test_the_request_sets_an_end_and_has_no_service_account(
    gce: Gce, provider: GcpProvider
) -> None:
    provider.launch(gcp_order())
    body = asked(gce)
    scheduling = body["scheduling"]
    assert scheduling["instanceTerminationAction"] == "DELETE"
    assert 3590 <= int(scheduling["maxRunDuration"]["seconds"]) <= 3600
    assert scheduling["onHostMaintenance"] == "TERMINATE"
    assert scheduling["automaticRestart"] is False
    assert scheduling["provisioningModel"] == "STANDARD"
    assert not body.get("serviceAccounts")
    (disk,) = body["disks"]
    assert disk["autoDelete"] is True
    assert disk["initializeParams"]["labels"] == body["labels"]


def test_labels_and_metadata_say_whose_it_is(gce: Gce, provider: GcpProvider) -> None:
    order = gcp_order(cpu_platform="AMD Milan", owner="Ann O'Nym")
    provider.launch(order)
    body = asked(gce)
    assert body["labels"]["eqc-run"] == "run-1"
    assert body["labels"]["eqc-platform"] == order.platform.id
    assert body["labels"]["eqc-token"] == order.token
    assert body["labels"]["eqc-expires"] == str(int(order.expires))
    assert said(body)["eqc-platform-name"] == "gcp/n2d-standard-2/AMD Milan"
    assert said(body)["eqc-owner"] == "Ann O'Nym"
    assert body["tags"] == {"items": ["eqc-run-1"]}
    (found,) = provider.find()
    assert found.owner == "Ann O'Nym"


def test_only_the_orders_key_logs_in(gce: Gce, provider: GcpProvider) -> None:
    order = gcp_order()
    provider.launch(order)
    assert order.host_key is not None
    items = said(asked(gce))
    assert items["ssh-keys"] == f"eqc:{LOGIN_KEY} eqc"
    assert items["block-project-ssh-keys"] == "TRUE"
    assert items["enable-oslogin"] == "FALSE"
    assert items["eqc-host-key"] == order.host_key.public
    assert items["user-data"].startswith("#cloud-config\n")
    assert "BEGIN OPENSSH" in yaml.safe_load(items["user-data"])["bootcmd"][0][2]


def test_only_our_address_and_only_ssh_is_admitted(
    gce: Gce, provider: GcpProvider, clients: Clients
) -> None:
    provider.launch(gcp_order())

    def admitted() -> tuple[list[str], list[dict[str, object]]]:
        rule = gce.cloud.firewalls()["eqc-run-1"]
        assert rule["targetTags"] == ["eqc-run-1"]
        return rule["sourceRanges"], rule["allowed"]

    ssh = [{"IPProtocol": "tcp", "ports": ["22"]}]
    assert admitted() == (["192.0.2.7/32"], ssh)
    nobody = gce.cloud.firewalls()["eqcdeny-run-1"]
    assert nobody["denied"] == [{"IPProtocol": "all"}]
    assert nobody["sourceRanges"] == ["0.0.0.0/0"]
    assert nobody["targetTags"] == ["eqc-run-1"]
    # It takes precedence over the default network's rule that admits everybody, ours over it.
    assert gce.cloud.firewalls()["eqc-run-1"]["priority"] < nobody["priority"] < 65534
    # The same run continues from another address: the old one must not be admitted any more.
    elsewhere = GcpProvider(clients, pace=PACE, address=lambda: "198.51.100.9")
    elsewhere.launch(gcp_order(attempt=1))
    assert admitted() == (["198.51.100.9/32"], ssh)
    assert len(gce.called("firewalls.update")) == 1


def test_spot(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.launch(gcp_order(spot=True))
    assert asked(gce)["scheduling"]["provisioningModel"] == "SPOT"
    assert asked(gce)["scheduling"]["instanceTerminationAction"] == "DELETE"
    (found,) = provider.find()
    assert machine.offer.spot
    assert found.offer.spot


def test_the_cpu_platform_is_a_minimum(gce: Gce, provider: GcpProvider) -> None:
    provider.launch(gcp_order(cpu_platform="AMD Milan"))
    assert asked(gce)["minCpuPlatform"] == "AMD Milan"


def test_no_cpu_platform_is_requested_where_there_is_no_choice(
    gce: Gce, provider: GcpProvider
) -> None:
    provider.launch(gcp_order("c2-standard-4"))
    assert "minCpuPlatform" not in asked(gce)


@pytest.mark.parametrize(
    ("machine_type", "gpu", "architecture"),
    [
        ("n2d-standard-2", None, "x86_64"),
        ("t2a-standard-1", None, "arm64"),
        ("c4a-standard-1", None, "arm64"),
        ("n1-standard-2", "T4", "x86_64"),
        ("a2-highgpu-1g", "A100", "x86_64"),
    ],
)
def test_the_image_fits_the_machine(
    gce: Gce, provider: GcpProvider, machine_type: str, gpu: str | None, architecture: str
) -> None:
    machine = provider.launch(gcp_order(machine_type, gpu=gpu))
    assert machine.architecture == architecture
    body = asked(gce)
    family = FAMILIES[architecture, gpu is not None]
    disk = body["disks"][0]["initializeParams"]
    assert disk["sourceImage"].startswith(f"projects/{family.project}/global/images/{family.name}-")
    assert int(disk["diskSizeGb"]) == (80 if gpu else 30)
    attached = body.get("guestAccelerators", [])
    wanted = {"acceleratorType": "zones/us-central1-a/acceleratorTypes/nvidia-tesla-t4"}
    assert attached == ([{**wanted, "acceleratorCount": 1}] if gpu == "T4" else [])
    assert ("nvidia-ctk" in said(body)["user-data"]) is (gpu is not None)


def test_what_a_runs_machines_shared_is_deleted(gce: Gce, provider: GcpProvider) -> None:
    provider.launch(gcp_order(run="run-2"))
    provider.release(provider.launch(gcp_order()))
    provider.delete_shared("run-1")
    provider.delete_shared("run-1")
    assert set(gce.cloud.firewalls()) == {"eqc-run-2", "eqcdeny-run-2"}
    # The run may still continue: what it shared is made again.
    provider.launch(gcp_order(attempt=1))
    assert "eqc-run-1" in gce.cloud.firewalls()


def test_rules_are_found_without_our_state(
    gce: Gce, provider: GcpProvider, clients: Clients
) -> None:
    for run, owner in (("run-1", "ann"), ("Run-2", "ann"), ("run-3", "bob")):
        provider.release(provider.launch(gcp_order(run=run, owner=owner)))
    stranger = GcpProvider(clients, pace=PACE)
    assert stranger.list_shared("ann") == ["Run-2", "run-1"]
    assert stranger.list_shared() == ["Run-2", "run-1", "run-3"]
    for run in stranger.list_shared():
        stranger.delete_shared(run)
    assert stranger.list_shared() == []


def test_places_are_zones_cheapest_region_first(gce: Gce, provider: GcpProvider) -> None:
    platform = Platform(
        "gcp",
        "gcp/n2d",
        (("machine_type", "n2d-standard-2"),),
        CloudPlacement(("europe-west4", "us-central1"), spot=True),
    )
    offers = provider.offers(platform)
    zones = [offer.zone for offer in offers if offer.spot]
    assert zones == [*(f"us-central1-{z}" for z in "abcf"), *(f"europe-west4-{z}" for z in "abc")]
    assert [offer.zone for offer in offers if not offer.spot] == zones
    assert provider.launch(gcp_order(offer=offers[0])).offer == offers[0]
    provider.offers(platform)
    assert len(gce.called("zones.list")) == 1


def test_named_zones_are_taken_as_they_are(gce: Gce, provider: GcpProvider) -> None:
    where = CloudPlacement(zones=("us-east1-d",))
    platform = Platform("gcp", "gcp/n2d", (("machine_type", "n2d-standard-2"),), where)
    assert [offer.zone for offer in provider.offers(platform)] == ["us-east1-d"]
    assert gce.calls == []


def test_a_region_that_is_not_there(gce: Gce, provider: GcpProvider) -> None:
    where = CloudPlacement(("mars-north1",))
    platform = Platform("gcp", "gcp/n2d", (("machine_type", "n2d-standard-2"),), where)
    with pytest.raises(Unavailable, match="no such region") as raised:
        provider.offers(platform)
    assert raised.value.reason.code == "no-region"


@pytest.mark.parametrize(
    "changes",
    [
        {"host_key": None},
        {"login_key": ""},
        {"expires": 0.0},
        {"offer": Offer("us-central1", None, "n2d-standard-2")},
    ],
)
def test_an_order_without_what_it_needs(
    gce: Gce, provider: GcpProvider, changes: dict[str, Any]
) -> None:
    order: Order = gcp_order(**changes)
    with pytest.raises(ProviderError) as raised:
        provider.launch(order)
    assert raised.value.kind is ProviderErrorKind.INVALID
    assert gce.called("instances.insert") == []

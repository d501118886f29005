"""Errors of Google and the network: no machine is made twice, lost or left because of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.fakes.gcp.server import Gce
from orchestrator.model.machine import Machine, ProviderError, ProviderErrorKind
from orchestrator.providers.cloud import Pace
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.provider import GcpProvider
from orchestrator.ssh.login_keys import new_host_key
from tests.cloud.gcp.conftest import PACE
from tests.cloud.orders import gcp_order

pytestmark = pytest.mark.cloud_fake

STOCKOUT = "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"


def refusal(provider: GcpProvider, **changes: object) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        provider.launch(gcp_order(**changes))  # type: ignore[arg-type]
    return raised.value


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (STOCKOUT, 503, ProviderErrorKind.CAPACITY),
        ("ZONE_RESOURCE_POOL_EXHAUSTED", 503, ProviderErrorKind.CAPACITY),
        ("quotaExceeded", 403, ProviderErrorKind.QUOTA),
        ("rateLimitExceeded", 403, ProviderErrorKind.THROTTLED),
        ("anything", 429, ProviderErrorKind.THROTTLED),
        ("forbidden", 403, ProviderErrorKind.DENIED),
        ("authError", 401, ProviderErrorKind.DENIED),
        ("invalid", 400, ProviderErrorKind.INVALID),
        ("backendError", 503, ProviderErrorKind.UNCERTAIN),
        ("internalError", 500, ProviderErrorKind.UNCERTAIN),
    ],
)
def test_a_refused_launch(
    gce: Gce, provider: GcpProvider, code: str, status: int, kind: ProviderErrorKind
) -> None:
    rule = gce.rule("instances.insert", code, status)
    refused = refusal(provider)
    assert refused.kind is kind
    assert refused.__cause__ is not None
    assert "n2d-standard-2 in us-central1-a" in str(refused)
    assert rule.hits == 1, "repeating is the fleet's business"
    assert gce.machines() == ()


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (STOCKOUT, 503, ProviderErrorKind.CAPACITY),
        ("QUOTA_EXCEEDED", 403, ProviderErrorKind.QUOTA),
        ("INTERNAL_ERROR", 500, ProviderErrorKind.GONE),
        ("RESOURCE_OPERATION_RATE_EXCEEDED", 429, ProviderErrorKind.GONE),
        ("PERMISSIONS_ERROR", 403, ProviderErrorKind.DENIED),
        ("UNSUPPORTED_OPERATION", 400, ProviderErrorKind.INVALID),
    ],
)
def test_a_refusal_after_the_order_was_accepted(
    gce: Gce, provider: GcpProvider, code: str, status: int, kind: ProviderErrorKind
) -> None:
    gce.rule("instances.insert", code, status, late=True)
    order = gcp_order()
    machine = provider.launch(order)
    with pytest.raises(ProviderError) as raised:
        provider.wait(machine)
    assert raised.value.kind is kind
    assert code in str(raised.value)
    provider.release(machine)
    # The same order again is the same operation, so its failure is reported again.
    with pytest.raises(ProviderError) as again:
        provider.launch(order)
    assert again.value.kind is kind
    assert gce.machines() == ()


def test_one_zone_is_full_and_the_next_is_not(gce: Gce, provider: GcpProvider) -> None:
    gce.rule("instances.insert", STOCKOUT, 503, zone="us-central1-a")
    assert refusal(provider).kind is ProviderErrorKind.CAPACITY
    machine = provider.launch(gcp_order(zone="us-central1-b", attempt=1))
    assert machine.offer.zone == "us-central1-b"


def test_a_zone_without_such_machines_counts_as_no_capacity(
    gce: Gce, provider: GcpProvider
) -> None:
    refused = refusal(provider, zone="us-east1-b")
    assert refused.kind is ProviderErrorKind.CAPACITY
    assert "does not exist in zone" in str(refused)


def test_an_image_family_that_does_not_exist_is_refused(gce: Gce, provider: GcpProvider) -> None:
    order = gcp_order("c2d-standard-2", cpu_platform="AMD Milan")
    gce.rule("images.getFromFamily", "notFound", 404)
    with pytest.raises(ProviderError, match="cos-stable") as raised:
        provider.launch(order)
    assert raised.value.kind is ProviderErrorKind.INVALID


def test_a_lost_reply_leaves_one_machine_and_it_is_found(
    gce: Gce, provider: GcpProvider, clients: Clients
) -> None:
    gce.rule("instances.insert", cut=True, times=1)
    order = gcp_order()
    with pytest.raises(ProviderError) as raised:
        provider.launch(order)
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN
    (left,) = gce.machines()
    assert provider.launch(order).id == left
    assert [m.id for m in GcpProvider(clients, pace=PACE).find()] == [left]


def test_a_lost_reply_while_the_machine_is_not_seen_yet(gce: Gce, clients: Clients) -> None:
    """``requestId`` finds the machine, which is not listed by its name yet."""
    provider = GcpProvider(clients, pace=replace(PACE, settle=10, boot=20))
    gce.rule("instances.insert", cut=True, times=1)
    order = gcp_order()
    gce.cloud.lag = 0.4
    gce.cloud.pace = 0.5
    with pytest.raises(ProviderError):
        provider.launch(order)
    machine = provider.launch(replace(order, host_key=new_host_key()))
    assert (machine.id,) == gce.machines()
    assert len(gce.called("instances.insert")) == 2
    up = provider.wait(machine)
    assert up.address is not None
    assert order.host_key is not None
    assert up.address.host_key == order.host_key.public


def test_an_order_whose_machine_has_ended_is_over(gce: Gce, provider: GcpProvider) -> None:
    order = gcp_order()
    provider.release(provider.launch(order))
    with pytest.raises(ProviderError, match="new attempt") as raised:
        provider.launch(order)
    assert raised.value.kind is ProviderErrorKind.GONE
    assert gce.machines() == ()


def test_waiting_survives_errors_and_lost_replies(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.launch(gcp_order())
    storm = gce.rule("instances.get", "backendError", 503, times=1)
    lost = gce.rule("instances.get", cut=True, times=1)
    limit = gce.rule("instances.get", "rateLimitExceeded", 403, times=1)
    assert provider.wait(machine).address is not None
    assert (storm.hits, lost.hits, limit.hits) == (1, 1, 1)


def test_waiting_allows_for_an_instance_not_listed_yet(gce: Gce, provider: GcpProvider) -> None:
    gce.cloud.lag = 0.15
    assert provider.wait(provider.launch(gcp_order())).address is not None


def test_a_spot_reclaim_is_called_by_its_name(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.launch(gcp_order(spot=True))
    provider.wait(machine)
    gce.cloud.preempt(machine.id)
    for _ in range(2):  # while it stops, and when it no longer exists
        with pytest.raises(ProviderError, match="spot reclaim") as raised:
            provider.wait(machine)
        assert raised.value.kind is ProviderErrorKind.GONE
        provider.release(machine)
    assert provider.find() == ()


def test_a_machine_that_never_gets_an_address(
    gce: Gce, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 10_000, 100))
    slept: list[float] = []
    pace = Pace(clock=lambda: float(next(ticks)), sleep=slept.append)
    provider = GcpProvider(clients, pace=pace)
    monkeypatch.setattr(gce.cloud._machines, "address", lambda name: None)
    provider._network._made.get(("run-1",), lambda: None)  # else this clock would count for it
    machine = provider.launch(gcp_order())
    with pytest.raises(ProviderError, match=r"no address after 300 s \(PROVISIONING\)") as raised:
        provider.wait(machine)
    assert raised.value.kind is ProviderErrorKind.UNREACHABLE
    assert set(slept) == {3.0}


def test_credentials_that_expire_while_waiting(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.launch(gcp_order())
    gce.rule("instances.get", "authError", 401)
    with pytest.raises(ProviderError) as raised:
        provider.wait(machine)
    assert raised.value.kind is ProviderErrorKind.DENIED


def test_a_release_is_repeated_through_throttling_until_confirmed(
    gce: Gce, provider: GcpProvider
) -> None:
    machine = provider.launch(gcp_order())
    provider.wait(machine)
    gce.rule("instances.delete", "rateLimitExceeded", 403, times=2)
    gce.rule("instances.delete", cut=True, times=1)
    gce.rule("zoneOperations.get", "backendError", 503, times=1)
    provider.release(machine)
    assert len(gce.called("instances.delete")) >= 4
    ids = [call.query["requestId"] for call in gce.called("instances.delete")]
    assert len(set(ids)) == len(ids), "an old one would answer with the old failure"
    assert gce.machines() == ()


def test_an_end_whose_operation_fails_is_tried_again(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.launch(gcp_order())
    provider.wait(machine)
    gce.rule("zoneOperations.get", "internalError", 500, times=2)
    provider.release(machine)
    assert gce.machines() == ()


def test_a_release_that_cannot_be_confirmed_is_an_error(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.launch(gcp_order())
    gce.rule("instances.delete", "internalError", 500)
    with pytest.raises(ProviderError) as raised:
        provider.release(machine)
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN
    assert gce.machines() == (machine.id,)


def test_a_delete_that_is_not_allowed_is_an_error(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.launch(gcp_order())
    gce.rule("instances.delete", "forbidden", 403)
    with pytest.raises(ProviderError) as raised:
        provider.release(machine)
    assert raised.value.kind is ProviderErrorKind.DENIED


def test_a_machine_that_google_does_not_list_yet_is_released(
    gce: Gce, provider: GcpProvider
) -> None:
    gce.cloud.lag = 0.15
    machine = provider.launch(gcp_order())
    provider.release(machine)
    assert gce.machines() == ()


def test_a_machine_that_is_listed_only_later_is_released(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.wait(provider.launch(gcp_order()))
    gce.rule("instances.get", "notFound", 404, times=1)
    assert provider.wait(machine).id == machine.id
    gce.rule("instances.delete", "notFound", 404, times=1)
    provider.release(machine)
    assert gce.machines() == ()


def test_a_machine_that_is_still_being_made_is_released(gce: Gce, provider: GcpProvider) -> None:
    gce.cloud.pace = 0.3
    machine = provider.launch(gcp_order())
    provider.release(machine)
    assert gce.machines() == ()


def test_releasing_a_machine_that_no_longer_exists_succeeds(
    gce: Gce, provider: GcpProvider
) -> None:
    order = gcp_order()
    provider.release(Machine("eqc-run-0-0123456789abcdef", order.platform, offer=order.offer))


def test_a_machine_of_which_the_zone_is_not_known(gce: Gce, provider: GcpProvider) -> None:
    with pytest.raises(ProviderError, match="zone") as raised:
        provider.release(Machine("eqc-run-0-0123456789abcdef", gcp_order().platform))
    assert raised.value.kind is ProviderErrorKind.INVALID


def test_a_zone_that_does_not_answer_is_not_left_out(gce: Gce, provider: GcpProvider) -> None:
    provider.launch(gcp_order())
    gce.cloud.unreachable_zones = {"asia-east1-b"}
    with pytest.raises(ProviderError, match="asia-east1-b") as raised:
        provider.find()
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN


def test_find_survives_one_error_but_not_lasting_ones(gce: Gce, provider: GcpProvider) -> None:
    machine = provider.launch(gcp_order())
    gce.rule("instances.aggregatedList", "backendError", 503, times=1)
    assert [m.id for m in provider.find()] == [machine.id]
    gce.rule("instances.aggregatedList", "backendError", 503)
    with pytest.raises(ProviderError) as raised:
        provider.find()
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN


def test_a_firewall_rule_that_cannot_be_made_stops_the_launch(
    gce: Gce, provider: GcpProvider
) -> None:
    gce.rule("firewalls.insert", "QUOTA_EXCEEDED", 403, late=True, times=1)
    assert refusal(provider).kind is ProviderErrorKind.QUOTA
    assert gce.called("instances.insert") == []
    provider.launch(gcp_order())


def test_rules_that_cannot_be_removed_are_reported(gce: Gce, provider: GcpProvider) -> None:
    provider.release(provider.launch(gcp_order()))
    gce.rule("firewalls.delete", "forbidden", 403)
    with pytest.raises(ProviderError, match="eqc-run-1") as raised:
        provider.delete_shared("run-1")
    assert raised.value.kind is ProviderErrorKind.DENIED


def test_no_project(gce: Gce, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    with pytest.raises(ProviderError, match="GOOGLE_CLOUD_PROJECT") as raised:
        GcpProvider(pace=PACE).launch(gcp_order())
    assert raised.value.kind is ProviderErrorKind.DENIED


def test_no_credentials(
    gce: Gce, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path_factory.mktemp("gcloud")))
    with pytest.raises(ProviderError, match="log in") as raised:
        GcpProvider(pace=PACE).launch(gcp_order())
    assert raised.value.kind is ProviderErrorKind.DENIED


def test_an_endpoint_that_does_not_answer(gce: Gce, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", "http://127.0.0.1:9/compute/v1/")
    with pytest.raises(ProviderError) as raised:
        GcpProvider(Clients(patience=0.2), pace=PACE).launch(gcp_order())
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN


@pytest.mark.parametrize("said", ["fe80::1", "not an address", "192.0.2.1/8"])
def test_our_own_address_has_to_be_an_ipv4_address(
    gce: Gce, provider: GcpProvider, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("EQC_OWN_ADDRESS", said)
    refused = refusal(provider)
    assert refused.kind is ProviderErrorKind.INVALID
    assert "EQC_OWN_ADDRESS" in str(refused)
    assert gce.called("firewalls.insert") == []

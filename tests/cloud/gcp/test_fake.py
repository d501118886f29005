"""The fake itself: it refuses wrong requests, and other processes can use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestrator.fakes.gcp.server import Gce
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.provider import GcpProvider
from tests.cloud.gcp.conftest import PACE
from tests.cloud.orders import gcp_order
from tests.environment import ROOT

pytestmark = pytest.mark.cloud_fake


def body(gce: Gce, provider: GcpProvider) -> dict[str, Any]:
    """The body of a correct ``instances.insert``."""
    provider.launch(gcp_order())
    found: dict[str, Any] = json.loads(gce.called("instances.insert")[0].body)
    found["name"] = "another"
    return found


def status(gce: Gce, content: dict[str, Any], query: str = "") -> int:
    url = f"{gce.url}/compute/v1/projects/eqc-test/zones/us-central1-a/instances{query}"
    return requests.post(url, json=content, timeout=10).status_code


def test_a_correct_request_is_accepted(gce: Gce, provider: GcpProvider) -> None:
    assert status(gce, body(gce, provider)) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"unheardOf": 1},
        {"name": "Capital"},
        {"labels": {"eqc-run": "Capital"}},
        {"machineType": "zones/us-central1-b/machineTypes/n2d-standard-2"},
        {"machineType": "zones/us-central1-a/machineTypes/z9-mega-1"},
        {"machineType": "zones/us-central1-a/machineTypes/t2a-standard-1"},
        {"minCpuPlatform": "Intel 8086"},
        {"scheduling": {"provisioningModel": "SPOT"}},
        {"scheduling": {"maxRunDuration": {"seconds": "3600"}}},
        {"disks": []},
        {"networkInterfaces": []},
        {"tags": {"items": ["not a tag"]}},
        {"metadata": {"items": [{"key": "a", "value": ""}, {"key": "a", "value": ""}]}},
    ],
)
def test_a_request_with_a_wrong_field_is_refused(
    gce: Gce, provider: GcpProvider, change: dict[str, Any]
) -> None:
    assert status(gce, body(gce, provider) | change) == 400


@pytest.mark.parametrize("query", ["?requestId=no-uuid", "?unheard=of"])
def test_a_request_with_a_wrong_parameter_is_refused(
    gce: Gce, provider: GcpProvider, query: str
) -> None:
    assert status(gce, body(gce, provider), query) == 400


@contextmanager
def process(state: Path) -> Iterator[dict[str, str]]:
    """The environment for clients of a fake in a process of its own, as that process prints it."""
    command = [
        sys.executable,
        "-m",
        "orchestrator.fakes.gcp.server",
        "--no-containers",
        "--state",
        str(state),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as fake:
        assert fake.stdout is not None
        said = [fake.stdout.readline().split(" ", 1)[1].strip() for _ in range(4)]
        try:
            yield dict(line.split("=", 1) for line in said)
        finally:
            fake.send_signal(signal.SIGKILL)
            fake.wait()


def test_its_state_outlives_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "gce.json"
    order = gcp_order()
    ids = []
    for _ in range(2):
        with process(state) as environment:
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            clients = Clients(patience=2)
            provider = GcpProvider(clients, pace=PACE)
            assert os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"].startswith("http://127.")
            machine = provider.wait(provider.launch(order))
            ids.append(machine.id)
            clients.close()
    assert ids[0] == ids[1]
    assert len(json.loads(state.read_text())["instances"]) == 1


def test_another_process_sets_rules_and_takes_machines_back(
    gce: Gce, provider: GcpProvider
) -> None:
    machine = provider.wait(provider.launch(gcp_order()))
    known = requests.get(f"{gce.url}/fake/machines", timeout=10).json()
    assert known == {"machines": [machine.id]}
    requests.post(f"{gce.url}/fake/preempt", json={"name": machine.id}, timeout=10)
    provider.release(machine)
    assert gce.machines() == ()
    rules = [{"method": "zones.list", "code": "forbidden", "status": 403}]
    requests.post(f"{gce.url}/fake/rules", json=rules, timeout=10)
    url = f"{gce.url}/compute/v1/projects/eqc-test/zones"
    assert requests.get(url, timeout=10).status_code == 403
    (rule,) = requests.get(f"{gce.url}/fake/rules", timeout=10).json()["rules"]
    assert rule["hits"] == 1

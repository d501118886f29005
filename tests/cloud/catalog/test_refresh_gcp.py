"""``eqc catalog refresh --provider gcp`` against a fake of its only call, by HTTP on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest

from orchestrator.catalog.lists import read
from orchestrator.model.machine import ProviderError

compute_v1 = pytest.importorskip("google.cloud.compute_v1")
pytestmark = pytest.mark.cloud_fake

PATH = "/compute/v1/projects/my-project/aggregated/machineTypes"


def machine(name: str, vcpus: int, memory: int, **other: object) -> dict[str, object]:
    return {"name": name, "guestCpus": vcpus, "memoryMb": memory, "architecture": "X86_64", **other}


def gpu(kind: str, count: int) -> list[dict[str, object]]:
    return [{"guestAcceleratorType": kind, "guestAcceleratorCount": count}]


N2 = machine("n2-standard-2", 2, 8192)
A2 = machine("a2-highgpu-1g", 12, 87040, accelerators=gpu("nvidia-tesla-a100", 1))
TPU = machine("ct5lp-hightpu-1t", 24, 49152, accelerators=gpu("ct5lp", 1))
NEW = machine("z9-standard-4", 4, 16384, architecture="ARM64")
PAGES = {
    "": {"zones/us-central1-a": {"machineTypes": [N2, A2, TPU]}},
    "more": {
        "zones/us-central1-b": {"machineTypes": [N2]},
        "zones/europe-west4-a": {"machineTypes": [NEW]},
        "zones/europe-west4-b": {"warning": {"code": "NO_RESULTS_ON_PAGE"}},
    },
}


class Google(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = parse_qs(asked.query)
        known = {"pageToken", "$alt", "maxResults"}
        if asked.path != PATH or not set(query) <= known:
            self._answer(404, {"error": {"code": 404, "message": f"no such call: {self.path}"}})
            return
        token = query.get("pageToken", [""])[0]
        body: dict[str, object] = {"items": PAGES[token]}
        self._answer(200, body if token else body | {"nextPageToken": "more"})

    def _answer(self, status: int, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client() -> Iterator[object]:
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials

    server = ThreadingHTTPServer(("127.0.0.1", 0), Google)
    Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    made = compute_v1.MachineTypesClient(
        credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=endpoint)
    )
    yield made
    made.transport.close()
    server.shutdown()
    server.server_close()


def test_types_of_all_zones_once_each(client: object) -> None:
    from orchestrator.providers.gcp.catalog import SOURCE, machine_types_document

    document = machine_types_document(client, "my-project", ())
    jsonschema.validate(document, read("machine_types.schema.json"))
    assert document["types"] == {
        SOURCE: [
            ["a2-highgpu-1g", 12, 87040, "A100", 1],
            ["n2-standard-2", 2, 8192],
            ["z9-standard-4", 4, 16384],
        ]
    }
    assert document["families"] == {
        "z9": {
            "architecture": "arm64",
            "vendors": ["Arm"],
            "microarchitectures": [],
            "quota": None,
        }
    }


def test_only_the_regions_that_were_asked_for(client: object) -> None:
    from orchestrator.providers.gcp.catalog import SOURCE, machine_types_document

    document = machine_types_document(client, "my-project", ["europe-west4"])
    assert document["types"] == {SOURCE: [["z9-standard-4", 4, 16384]]}


def test_googles_refusal_is_reported(client: object) -> None:
    from orchestrator.providers.gcp.catalog import machine_types_document

    with pytest.raises(ProviderError, match="no such call") as caught:
        machine_types_document(client, "other-project", ())
    assert caught.value.__cause__ is not None

"""``eqc catalog refresh --provider aws`` against moto and a price list, by HTTP on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from orchestrator import catalog
from orchestrator.catalog.lists import read
from orchestrator.cli.main import cli
from orchestrator.errors import EnvironmentNotReady
from tests.cloud.catalog.price_list import price_list

pytestmark = pytest.mark.cloud_fake


@pytest.fixture(scope="module")
def _moto() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def amazon(_moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with price_list() as prices:
        for name, value in {
            "AWS_ENDPOINT_URL": _moto,
            "AWS_ENDPOINT_URL_PRICING": prices,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield


def refresh(*words: str) -> str:
    done = CliRunner().invoke(cli, ["catalog", "refresh", "--provider", "aws", *words])
    if done.exception is not None:
        raise done.exception
    return done.output


@pytest.mark.slow
def test_lists_are_rebuilt_and_read_back(amazon: None, small_cache: Path) -> None:
    written = refresh("--region", "eu-central-1")
    folder = catalog.refreshed_folder()
    assert [Path(line).parent for line in written.split()] == [folder, folder]
    types = json.loads((folder / "aws_machine_types.json").read_text())
    jsonschema.validate(types, read("machine_types.schema.json"))
    ((source, rows),) = types["types"].items()
    assert source == "EC2 DescribeInstanceTypes"
    bundled = {row[0]: row for row in read("aws_machine_types.json")["types"]["moto 5.2.5"]}
    assert len(rows) > 500
    assert all(bundled[row[0]] == row for row in rows)
    assert types["families"] == {}
    prices = json.loads((folder / "aws_prices.json").read_text())
    jsonschema.validate(prices, read("prices.schema.json"))
    # A price of 0 (m5.large) means unknown; a price per Quantity (t3.large) is not per hour.
    assert prices["on_demand"] == {"c5.large": [0.097], "c5.xlarge": [0.194]}
    assert prices["regions"] == ["eu-central-1"]
    assert len(prices["spot"]) > 500
    assert all(len(row) == 1 and row[0] > 0 for row in prices["spot"].values())
    c5 = {p.region: p for p in catalog.machine_type("aws", "c5.large").prices}
    assert c5["eu-central-1"].date == prices["date"] > "2025-03-02"
    assert c5["us-east-1"].date == "2025-03-02"
    assert catalog.machine_type("aws", "c5.large").source == "EC2 DescribeInstanceTypes"
    assert catalog.machine_type("aws", "p2.xlarge").source == "libcloud 3.9.1"


def test_amazons_refusal_is_reported(amazon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(EnvironmentNotReady, match="ec2:DescribeInstanceTypes in us-east-1"):
        refresh("--region", "us-east-1", "-o", "/nonexistent")

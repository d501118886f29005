"""The catalogue's files: their format, and that they agree with each other and their sources."""

from __future__ import annotations

import gzip
import json
import math
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from orchestrator import catalog
from orchestrator.catalog.lists import read
from orchestrator.errors import EnvironmentNotReady
from orchestrator.system.paths import runner_path

KINDS = ("machine_types", "prices", "families")
TYPES = [each for p in catalog.PROVIDERS for each in catalog.machine_types(p).values()]


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_list_has_its_schema(provider: str, kind: str) -> None:
    schema = read(f"{kind}.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    document = read(f"{provider}_{kind}.json")
    jsonschema.validate(document, schema)


def test_no_price_is_zero() -> None:
    document = json.loads(json.dumps(read("aws_prices.json")))
    document["on_demand"]["c5.large"][0] = 0
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, read("prices.schema.json"))
    for each in TYPES:
        for price in each.prices:
            for amount in (price.on_demand, price.spot):
                assert amount is None or 0 < amount < 500, each.name


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
def test_rows_of_prices_are_as_long_as_the_regions(provider: str) -> None:
    document = read(f"{provider}_prices.json")
    for table in (document["on_demand"], document["spot"]):
        assert {len(row) for row in table.values()} <= {len(document["regions"])}
        assert set(table) <= set(catalog.machine_types(provider)) | RETIRED
    assert set(document["regions"]) <= set(catalog.regions(provider))


RETIRED = {"c5ad.metal"} | {
    name
    for name in read("aws_prices.json")["on_demand"]
    if name not in catalog.machine_types("aws")
}
"""Types that the price list knows and EC2 no longer describes."""


def test_few_types_have_only_a_price() -> None:
    assert len(RETIRED) < 30, sorted(RETIRED)


def test_microarchitectures_are_those_a_fingerprint_names() -> None:
    data = runner_path() / "eqc_runner/probe/data"
    x86 = json.loads((data / "x86_microarchitectures.json").read_text())["rows"]
    arm = json.loads((data / "arm_cores.json").read_text())["parts"]
    names = {row["name"] for row in x86} | {
        core for parts in arm.values() for core in parts.values()
    }
    named = {march for each in TYPES for march in each.microarchitectures}
    assert named <= names, named - names
    assert set(catalog.cpu_platforms().values()) <= names


def test_every_gpu_has_a_name_that_experiments_may_use() -> None:
    assert {each.gpu for each in TYPES} - {None} <= set(catalog.gpus())


@pytest.mark.parametrize("provider", catalog.PROVIDERS)
def test_families_and_their_quotas_and_sizes_are_there(provider: str) -> None:
    about = read(f"{provider}_families.json")
    types = catalog.machine_types(provider).values()
    for family, entry in about["families"].items():
        sizes = {each.size for each in types if each.family == family}
        assert sizes, family
        for key in ("sizes", "size_quotas"):
            assert set(entry.get(key, ())) <= sizes, family
        for march in (m for marches in entry.get("sizes", {}).values() for m in marches):
            assert march in entry["microarchitectures"]
        for quota in (entry["quota"], *entry.get("size_quotas", {}).values()):
            assert quota is None or quota in about["quotas"]
        assert (entry["architecture"] == "arm64") == (entry["vendors"] == ["Arm"])


@pytest.mark.cloud_fake
def test_ec2_types_equal_motos_copy_of_ec2s_descriptions() -> None:
    moto = files("moto") / "ec2/resources/instance_types.json.gz"
    described = json.loads(gzip.decompress(moto.read_bytes()))
    ours = {e.name: e for e in catalog.machine_types("aws").values() if e.source == "moto 5.2.5"}
    assert len(ours) > 1300
    assert {n.partition(".")[0] for n in set(described) - set(ours)} <= NOT_FOR_US
    for name, each in ours.items():
        theirs = described[name]
        assert each.vcpus == theirs["VCpuInfo"]["DefaultVCpus"]
        assert each.memory_bytes == theirs["MemoryInfo"]["SizeInMiB"] * 2**20
        assert each.architecture in theirs["ProcessorInfo"]["SupportedArchitectures"]
        maker = theirs["ProcessorInfo"]["Manufacturer"]
        assert each.vendors == ({"AWS": "Arm"}.get(maker, maker),), name
        assert (each.gpu is None) == ("GpuInfo" not in theirs)


NOT_FOR_US = {f"mac2{x}" for x in ("", "-m1ultra", "-m2", "-m2pro")} | {
    *("mac1", "mac-m3ultra", "mac-m4", "mac-m4max", "mac-m4pro"),
    *("dl2q", "f2", "inf1", "inf2", "trn1", "trn1n", "trn2", "vt1"),
}
"""Macs, and machines rented for an accelerator that no framework here computes on."""


@pytest.mark.parametrize(
    ("name", "vcpus", "gibibytes", "on_demand"),
    [
        # From the providers' pages, for us-east-1 and us-central1.
        ("c5.large", 2, 4, 0.085),
        ("p3.2xlarge", 8, 61, 3.06),
        ("g4dn.xlarge", 4, 16, 0.526),
        ("n1-standard-1", 1, 3.75, 0.0475),
        ("n2-highmem-128", 128, 864, None),
        ("e2-medium", 2, 4, 0.0335),
        ("c2-standard-60", 60, 240, 3.1321),
        ("a2-highgpu-1g", 12, 85, None),
        ("c3d-highcpu-30", 30, 59, None),
    ],
)
def test_known_rows(name: str, vcpus: int, gibibytes: float, on_demand: float | None) -> None:
    provider, region = ("aws", "us-east-1") if "." in name else ("gcp", "us-central1")
    each = catalog.machine_type(provider, name)
    assert (each.vcpus, each.memory_bytes) == (vcpus, int(gibibytes * 2**30))
    price = next((p.on_demand for p in each.prices if p.region == region), None)
    if on_demand is not None:
        assert price is not None
        assert math.isclose(price, on_demand, rel_tol=0.002)


@pytest.fixture
def refreshed(small_cache: Path) -> Path:
    folder = catalog.refreshed_folder()
    folder.mkdir(parents=True)
    assert folder.is_relative_to(small_cache)
    return folder


def test_a_refreshed_list_comes_before_ours_and_the_rest_stays(refreshed: Path) -> None:
    types: dict[str, Any] = {
        "schema": 1,
        "families": {
            "z9": {
                "architecture": "x86_64",
                "vendors": ["AMD"],
                "microarchitectures": [],
                "quota": None,
            }
        },
        "types": {"today": [["z9.large", 2, 4096], ["c5.large", 3, 4096]]},
    }
    prices = catalog.price_document(
        "today", "2026-11-01", ["us-east-1"], {"c5.large": {"us-east-1": 0.5}}, {}
    )
    (refreshed / "aws_machine_types.json").write_text(catalog.list_text(types))
    (refreshed / "aws_prices.json").write_text(catalog.list_text(prices))
    assert catalog.machine_type("aws", "z9.large").vendor == "AMD"
    assert catalog.machine_type("aws", "z9.large").price_date is None
    changed = catalog.machine_type("aws", "c5.large")
    assert changed.vcpus == 3
    dates = {p.region: (p.on_demand, p.date) for p in changed.prices}
    assert dates["us-east-1"] == (0.5, "2026-11-01")
    assert dates["eu-central-1"] == (0.097, "2025-03-02")
    assert changed.price_date == "2025-03-02"
    assert catalog.machine_type("aws", "c4.large").vcpus == 2


def test_a_damaged_refreshed_list_is_reported(refreshed: Path) -> None:
    (refreshed / "aws_prices.json").write_text('{"schema": 1}')
    with pytest.raises(EnvironmentNotReady, match=r"aws_prices\.json is not a list .*delete it"):
        catalog.machine_types("aws")


def test_what_has_no_price_is_null_never_0() -> None:
    document = catalog.price_document(
        "x", "2026-01-01", ["a", "b"], {"t": {"a": 0.0, "b": 1.0}}, {}
    )
    assert document["on_demand"] == {"t": [None, 1.0]}
    nothing = catalog.price_document("x", "2026-01-01", ["a"], {"t": {"a": 0.0}}, {})
    assert nothing["on_demand"] == {}


def test_the_text_of_a_list_reads_back() -> None:
    for name in ("aws_prices.json", "gcp_machine_types.json"):
        assert json.loads(catalog.list_text(read(name))) == read(name)
        text = (files("orchestrator.catalog") / name).read_text()
        assert catalog.list_text(read(name)) == text

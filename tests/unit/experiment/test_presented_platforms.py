from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cpuid.models import model_table
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import RecordedCpu

from .conftest import Load, Told, text_of


def platforms(load: Load, entry: str) -> tuple[Platform, ...]:
    return load(text_of(platforms=f"platforms:\n  - {{provider: cpuid, {entry}}}\n")).platforms


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("cpu: [Haswell, EPYC-{Rome,Milan}]", ["Haswell", "EPYC-Rome", "EPYC-Milan"]),
        ("without: [fma, avx512f]", ["this,-avx512f,-fma"]),
        ("without: fma", ["this,-fma"]),
        (
            "with: {l1d: 32 KiB, vendor: GenuineIntel}",
            ["this,vendor=GenuineIntel,l1d=32 KiB"],
        ),
        ("with: {l3: 32 MiB, l2: 524288, model: 17}", ["this,l2=512 KiB,l3=32 MiB,model=17"]),
        ("cpu: [this, Nehalem], without: [aes]", ["this,-aes", "Nehalem,-aes"]),
    ],
)
def test_an_entry_stands_for_each_cpu_with_the_changes(
    load: Load, entry: str, names: list[str]
) -> None:
    assert [each.name for each in platforms(load, entry)] == [f"cpuid/{name}" for name in names]


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("cpu: [Haswel]", "there is no CPU 'Haswel'; did you mean 'Haswell'?"),
        ("cpu: []", "at least 1 item"),
        ("without: [avx51f]", "unknown flag 'avx51f'; did you mean 'avx512f'?"),
        ("without: [asimd]", "unknown flag 'asimd'"),
        ("with: {vendr: x}", "unknown key 'vendr'; did you mean 'vendor'?"),
        ("with: {vendor: Intel}", "unknown vendor 'Intel'"),
        ("with: {l1d: 32 KX}", "a size is written like '4 GiB'"),
        ("with: {l1d: 100}", "in steps of 1 KiB up to 255 KiB"),
        ("with: {l3: 100 KiB}", "in steps of 512 KiB"),
        ("with: {l2: 0}", "should be more than 0"),
        ("with: {}", "nothing is given"),
        ("with: {family: 300}", "should be at most 270"),
        ("with: {family: 5, model: 30}", "family 5 has models up to 15"),
        ("with: {stepping: 16}", "should be at most 15"),
        ("cpu: 'none:x'", "none is no store"),
        ("cpu: none.json", "there is no fingerprint none.json"),
        ("arch: arm64", "unknown key 'arch'"),
    ],
)
def test_mistakes_are_told_where_they_stand(told: Told, entry: str, part: str) -> None:
    said = told(text_of(platforms=f"platforms:\n  - {{provider: cpuid, {entry}}}\n"))
    assert any(part in each.message for each in said), said
    assert {each.line for each in said} <= {next(iter(said)).line}


def stored(folder: Path) -> None:
    """A store with two platforms, one of which describes itself."""
    table = model_table("SandyBridge")
    leaves = {name: list(four) for name, four in table.presented("x").leaves}
    cpu = {"architecture": "x86_64", "leaves": leaves, "xcr0": {"value": "0x7"}}
    (folder / "observations").mkdir(parents=True)
    (folder / "fingerprints").mkdir()
    (folder / "fingerprints" / "abc.json").write_text(json.dumps({"cpu": cpu}))
    rows = [
        {"platform": {"name": "sandy"}, "fingerprint": None, "recorded": "2026"},
        {"platform": {"name": "sandy"}, "fingerprint": "abc", "recorded": "2026"},
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "observations" / "sandy.jsonl").write_text(lines + '{"torn')
    lost = {"platform": {"name": "lost"}, "fingerprint": None}
    (folder / "observations" / "lost.jsonl").write_text(json.dumps(lost) + "\n")


@pytest.mark.parametrize("cpu", ["old/run:sandy", "old:sandy", "old:s*"])
def test_a_platform_of_a_store_is_a_cpu(load: Load, tmp_path: Path, cpu: str) -> None:
    stored(tmp_path / "old" / "run")
    (platform,) = platforms(load, f"cpu: '{cpu}'")
    table = model_table("SandyBridge")
    assert platform.name == f"cpuid/{cpu.partition(':')[0]}:sandy"
    assert platform.get("table") == table.digest
    assert isinstance(platform.placement, RecordedCpu)


def test_platforms_that_a_store_has_are_listed(told: Told, tmp_path: Path) -> None:
    stored(tmp_path / "old" / "run")
    (said,) = told(text_of(platforms="platforms:\n  - {provider: cpuid, cpu: 'old:lost'}\n"))
    assert said.message == "store old has no platform 'lost'; valid: sandy"


def test_a_file_with_a_fingerprint_is_a_cpu(load: Load, told: Told, tmp_path: Path) -> None:
    stored(tmp_path / "s")
    (tmp_path / "s" / "fingerprints" / "abc.json").rename(tmp_path / "mine.json")
    (platform,) = platforms(load, "cpu: mine.json")
    assert (platform.name, platform.get("cpu")) == ("cpuid/mine.json", "mine.json")
    (tmp_path / "mine.json").write_text("{}")
    (said,) = told(text_of(platforms="platforms:\n  - {provider: cpuid, cpu: mine.json}\n"))
    assert said.message == "mine.json: it is no fingerprint: it has no 'cpu'"

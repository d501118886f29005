from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import CloudPlacement, SshHost, SshPlacement

from .conftest import Load, Told, text_of


def platforms(load: Load, *entries: str) -> tuple[Platform, ...]:
    text = "platforms:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)
    return load(text_of(platforms=text)).platforms


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("provider: local", ["local"]),
        ("provider: mask, levels: [sse4, avx512]", ["mask/sse4", "mask/avx512"]),
        ("provider: mask, levels: avx", ["mask/avx"]),
        ("provider: emulated, cpu: [Haswell, max]", ["emulated/Haswell", "emulated/max"]),
        ('provider: emulated, cpu: "Haswell,fma=off"', ["emulated/Haswell,fma=off"]),
        ("provider: emulated, cpu: neoverse-n1, arch: arm64", ["emulated/arm64/neoverse-n1"]),
        (
            "provider: emulated, cpu: [EPYC-{Rome,Milan}]",
            ["emulated/EPYC-Rome", "emulated/EPYC-Milan"],
        ),
        ("provider: aws, machine_types: c5.{large,metal}", ["aws/c5.large", "aws/c5.metal"]),
        ("provider: aws, families: [c4, c5]", ["aws/c4", "aws/c5"]),
        (
            "provider: aws, families: [c5], sizes: [large, xlarge]",
            ["aws/c5.large", "aws/c5.xlarge"],
        ),
        ("provider: aws, gpus: T4", ["aws/T4"]),
        (
            "provider: gcp, machine_types: n2d-standard-4, cpu_platforms: [AMD Rome, AMD Milan]",
            ["gcp/n2d-standard-4/AMD Rome", "gcp/n2d-standard-4/AMD Milan"],
        ),
        (
            "provider: gcp, machine_types: n1-standard-8, gpus: [T4, V100]",
            ["gcp/n1-standard-8/T4", "gcp/n1-standard-8/V100"],
        ),
        ("provider: gcp, families: n2d, sizes: standard-2", ["gcp/n2d-standard-2"]),
        ("provider: gcp, machine_types: n2-custom-4-8192", ["gcp/n2-custom-4-8192"]),
        ("provider: aws, microarchitectures: [Zen 2, Zen 3]", ["aws/Zen 2", "aws/Zen 3"]),
        (
            "provider: aws, families: [c5, c6a], microarchitectures: [Cascade Lake, Zen 3]",
            ["aws/c5/Cascade Lake", "aws/c6a/Zen 3"],
        ),
        (
            "provider: aws, machine_types: [c5.large, c6a.large, c6g.large], vendors: [AMD, Arm]",
            ["aws/c6a.large", "aws/c6g.large"],
        ),
        ("provider: aws, families: [c4, c5], sizes: [9xlarge]", ["aws/c5.9xlarge"]),
        (
            "provider: aws, families: [c5], sizes: [large, 4xlarge], max_price: 0.10 USD",
            ["aws/c5.large"],
        ),
        (
            "provider: gcp, architectures: arm64, sizes: standard-4",
            ["gcp/c4a-standard-4", "gcp/t2a-standard-4"],
        ),
        (
            "provider: ssh, hosts: [me@alpha:2222, {name: beta, address: 10.0.0.1}]",
            ["ssh/alpha", "ssh/beta"],
        ),
    ],
)
def test_an_entry_stands_for_these(load: Load, entry: str, names: list[str]) -> None:
    assert [platform.name for platform in platforms(load, entry)] == names


def test_parameters_say_what_and_placement_says_where(load: Load) -> None:
    entry = "provider: aws, machine_types: c5.large, regions: [eu-central-1, us-east-1], spot: true"
    (platform,) = platforms(load, entry)
    assert platform.parameters == pairs({"machine_type": "c5.large"})
    assert platform.placement == CloudPlacement(("eu-central-1", "us-east-1"), spot=True)
    (elsewhere,) = platforms(load, "provider: aws, families: c5, sizes: large")
    assert elsewhere.id == platform.id


def test_ids_of_what_was_asked_before_stay(load: Load) -> None:
    before = {
        "families: c5, sizes: large": {"machine_type": "c5.large"},
        "families: c4": {"family": "c4"},
        "gpus: T4": {"gpu": "T4"},
    }
    for entry, parameters in before.items():
        (platform,) = platforms(load, f"provider: aws, {entry}, max_price: 10 USD")
        assert platform.id == Platform("aws", "", pairs(parameters)).id
    (platform,) = platforms(load, "provider: aws, microarchitectures: Zen 2, vendors: AMD")
    assert platform.parameters == pairs({"microarchitecture": "Zen 2"})


RECORDED = {
    "provider: local": ["789116112c366d69"],
    "provider: mask, levels: avx2": ["e8840b14ea93443d"],
    "provider: emulated, cpu: Haswell": ["8c821f423c0c66cf"],
    "provider: aws, families: c5, sizes: large, regions: us-east-1, spot: true": [
        "cbfd6d36c1e7bfbd"
    ],
    "provider: gcp, machine_types: n2d-standard-4, cpu_platforms: AMD Milan, zones: us-east1-b": [
        "5130809ee8ec1332"
    ],
    "provider: ssh, hosts: ['me@alpha:2222', {name: beta, address: 10.0.0.7, jump: alpha}]": [
        "b78ca8ce7ead4ca8",
        "25b8a77812609c0f",
    ],
}


@pytest.mark.parametrize(("entry", "ids"), RECORDED.items())
def test_ids_are_those_of_stored_results(load: Load, entry: str, ids: list[str]) -> None:
    """Written down when placement was text: where a machine may be had never enters."""
    assert [platform.id for platform in platforms(load, entry)] == ids


def test_hosts_may_be_in_a_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("hosts:\n  - me@alpha\n  - {name: beta, port: 2222}\n")
    alpha, beta = platforms(load, "provider: ssh, hosts: hosts.yaml")
    assert alpha.placement == SshPlacement(SshHost("alpha", user="me"))
    assert beta.placement == SshPlacement(SshHost("beta", 2222))


def test_what_two_entries_have_in_common_is_there_once(load: Load) -> None:
    found = platforms(
        load,
        "provider: aws, families: [c5], sizes: [large, xlarge]",
        "provider: aws, machine_types: [c5.large, m5.large]",
    )
    assert [p.name for p in found] == ["aws/c5.large", "aws/c5.xlarge", "aws/m5.large"]


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("provider: locl", "did you mean 'local'?"),
        ("provider: local, cpu: x", "unknown key 'cpu'"),
        ("provider: mask", "needs the key 'levels'"),
        ("provider: emulated, cpu: []", "at least 1 item"),
        ("provider: emulated, cpu: [Haswel]", "did you mean 'Haswell'?"),
        ("provider: emulated, cpu: Haswell, arch: arm64", "QEMU has no arm64 CPU"),
        ('provider: emulated, cpu: "Haswell,fma"', "written like fma=off"),
        ("provider: emulated, cpu: [5]", "should be text, not 5"),
        ("provider: aws", "needs at least one of the keys"),
        ("provider: aws, sizes: [large]", "sizes are sizes of families"),
        ("provider: aws, machine_types: [c5large]", "did you mean 'c5.large'?"),
        ("provider: aws, families: [c55]", "did you mean 'c5'?"),
        ("provider: aws, families: [c5], sizes: [largee]", "did you mean 'large'?"),
        ("provider: aws, families: [c5], regions: [eu-centrall-1]", "did you mean 'eu-central-1'?"),
        ("provider: aws, microarchitectures: [Skylake]", "did you mean 'Skylake server'?"),
        ("provider: aws, vendors: [intel]", "did you mean 'Intel'?"),
        ("provider: aws, families: [c5], microarchitectures: [Zen 2]", "no machine is like this"),
        ("provider: aws, families: [c5], max_price: 0.01 USD", "at most 0.01 USD"),
        ("provider: aws, families: [m8i], max_price: 100 USD", "at most 100.0 USD"),
        ("provider: aws, families: [c5], max_price: 1 EUR", "written like '20 USD'"),
        ("provider: aws, families: [c5], vendors: [AMD]", "not of these vendors"),
        ("provider: gcp, machine_types: [n2-standard-3]", "did you mean 'n2-standard-"),
        ("provider: gcp, families: [n2], gpus: [T4]", "no machine is like this"),
        ("provider: gcp, families: [n2], cpu_platforms: [AMD Millan]", "did you mean 'AMD Milan'?"),
        ("provider: gcp, families: [n2], cpu_platforms: [AMD Milan]", "no machine is like this"),
        ("provider: aws, gpus: [T44]", "did you mean 'T4'?"),
        ("provider: aws, families: [c5], machine_types: [c5.large]", "use two entries"),
        ("provider: aws, families: [c5], spot: maybe", "should be true or false, not 'maybe'"),
        ("provider: gcp, cpu_platforms: [AMD Milan]", "needs at least one of the keys"),
        ("provider: ssh, hosts: none.yaml", "'none.yaml' does not exist"),
        ("provider: ssh, hosts: bad.yaml", "bad.yaml:2:4: not a host"),
        ("provider: ssh, hosts: [a, a]", "given twice: a"),
        ("provider: ssh, hosts: ['a b']", "written like user@address:22"),
        ("provider: ssh, hosts: ['a:99999']", "written like user@address:22"),
    ],
)
def test_a_mistake(told: Told, tmp_path: Path, entry: str, part: str) -> None:
    (tmp_path / "bad.yaml").write_text("- a\n- {nam: b}\n")
    found = told(text_of(platforms=f"platforms:\n  - {{{entry}}}\n"))
    assert any(part in m.message for m in found), found
    assert {m.line for m in found} == {8}
    if "sizes" not in entry:
        assert len(found) == 1, found

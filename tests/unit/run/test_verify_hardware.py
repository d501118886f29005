from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eqc_runner.probe.decoding import decode, decode_xcr0
from orchestrator import catalog
from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.platforms import cpuid_platform, presented_cpu
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.experiment import Platform, Scalar, pairs
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.run.verify_hardware import compare, disagreement, not_presented
from orchestrator.store.parse_fingerprint import parse_fingerprint


def asked(provider: str = "aws", **parameters: Scalar) -> Platform:
    return Platform(provider, "asked", pairs(parameters))


def seen(**changes: Any) -> Fingerprint:
    """The fingerprint of a c5.xlarge, with ``changes``."""
    cpu = {"architecture": "x86_64", "microarchitecture": "Cascade Lake"}
    fingerprint = {
        "schema": 1,
        "emulated": None,
        "cpu": {**cpu, **changes.pop("cpu", {})},
        "logical_cpus": 4,
        "memory_bytes": int(7.6 * 2**30),
        "gpus": [],
    }
    return parse_fingerprint({**fingerprint, **changes})


C5 = catalog.machine_type("aws", "c5.xlarge")


@pytest.mark.parametrize("name", ["Skylake server", "Cascade Lake"])
def test_any_of_the_processors_of_a_family_is_accepted(name: str) -> None:
    assert disagreement(asked(), C5, seen(cpu={"microarchitecture": name})) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cpu": {"microarchitecture": "Zen 2"}}, "or Cascade Lake, received Zen 2"),
        ({"cpu": {"architecture": "arm64"}}, "architecture: asked for x86_64, received arm64"),
        ({"logical_cpus": 2}, "logical CPUs: asked for 4, received 2"),
        ({"memory_bytes": 4 * 2**30}, "memory: asked for 8.0 GiB, received 4.0 GiB"),
    ],
)
def test_what_contradicts_the_order_is_named(changes: dict[str, Any], message: str) -> None:
    reason = disagreement(asked(), C5, seen(**changes))
    assert reason is not None
    assert reason.code == "mismatch"
    assert message in reason.message


def test_what_the_fingerprint_lacks_is_unverified_but_no_disagreement() -> None:
    found = compare(asked(), C5, Fingerprint())
    assert found.disagreements == ()
    assert [text.partition(":")[0] for text in found.unverified] == [
        "architecture",
        "microarchitecture",
        "logical CPUs",
        "memory",
    ]


def test_only_the_requested_processor_is_accepted() -> None:
    platform = asked(microarchitecture="Skylake server")
    assert disagreement(platform, C5, seen()) is not None


def test_a_cpu_platform_of_compute_engine() -> None:
    n2d = catalog.machine_type("gcp", "n2d-standard-4")
    milan = asked("gcp", cpu_platform="AMD Milan")
    memory = 16 * 2**30
    zen3 = seen(cpu={"microarchitecture": "Zen 3"}, memory_bytes=memory)
    rome = seen(cpu={"microarchitecture": "Zen 2"}, memory_bytes=memory)
    assert disagreement(milan, n2d, zen3) is None
    reason = disagreement(milan, n2d, rome)
    assert reason is not None
    assert reason.message == "microarchitecture: asked for Zen 3, received Zen 2"


@pytest.mark.parametrize(
    ("gpu", "names", "fits"),
    [
        ("T4", ["Tesla T4"], True),
        ("T4", ["NVIDIA T4G"], False),
        ("A100", ["NVIDIA A100-SXM4-40GB"], True),
        ("V100", ["Tesla V100-SXM2-16GB", "Tesla T4"], False),
        ("RTX-PRO-6000", ["NVIDIA RTX PRO 6000 Blackwell Server Edition"], True),
        ("T4", [], False),
        ("V520", [], True),
    ],
)
def test_gpus_are_recognised_by_nvidias_names(gpu: str, names: list[str], fits: bool) -> None:
    gpus = [{"name": name} for name in names]
    assert (disagreement(asked(gpu=gpu), None, seen(gpus=gpus)) is None) is fits


def test_the_number_of_gpus_is_compared() -> None:
    kind = catalog.machine_type("aws", "g4dn.12xlarge")
    gpus = [{"name": "Tesla T4"}] * 3
    reason = disagreement(
        asked(), kind, seen(gpus=gpus, logical_cpus=kind.vcpus, memory_bytes=kind.memory_bytes)
    )
    assert reason is not None
    assert "GPUs: asked for 4, received 3" in reason.message


@pytest.mark.parametrize("how", [{"rehearsal": True}, {"emulated": "Haswell"}])
def test_a_rehearsed_or_emulated_machine_is_compared_by_architecture_only(
    how: dict[str, Any],
) -> None:
    rehearsal = bool(how.pop("rehearsal", False))
    other = seen(cpu={"microarchitecture": "Haswell"}, logical_cpus=2, memory_bytes=2**30, **how)
    assert disagreement(asked(), C5, other, rehearsal=rehearsal) is None
    other = replace(other, cpu=replace(other.cpu, architecture="arm64"))
    assert disagreement(asked(), C5, other, rehearsal=rehearsal) is not None


def test_an_ssh_host_is_not_compared() -> None:
    found = compare(asked("ssh", host="h1"), None, seen())
    assert (found.disagreements, found.unverified) == ((), ())


def test_arm64_goes_by_the_kernels_name_in_a_fingerprint() -> None:
    graviton = catalog.machine_type("aws", "c6g.xlarge")
    arm = {"architecture": "aarch64", "microarchitecture": "Neoverse N1"}
    assert disagreement(asked(), graviton, seen(cpu=arm)) is None
    assert disagreement(asked(), C5, seen(cpu=arm)) is not None


PRESENTED = cpuid_platform("Haswell", ["fma"])
WANTED = presented_cpu(PRESENTED, model_table("Haswell"))


def as_presented(table: CpuidTable, **changes: Any) -> Fingerprint:
    """What the probe says where programs see ``table``."""
    leaves = {name: list(four) for name, four in table.presented("x").leaves}
    cpu = {**decode(leaves), "architecture": "x86_64", "xcr0": decode_xcr0(table.xcr0)}
    told = {"presented": {"name": WANTED.name, "method": "faulting"}, **changes}
    return parse_fingerprint({"schema": 1, "cpu": cpu, **told})


def test_a_cpu_that_programs_see_as_asked_is_no_mismatch() -> None:
    assert not_presented(WANTED, as_presented(CpuidTable.of_presented(WANTED))) is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (model_table("Haswell"), "with the flags fma"),
        (model_table("Haswell").without(["avx"]), "without the flags avx, avx2, f16c"),
        (model_table("Haswell").without(["avx"]), "XCR0: asked for 0x7, received 0x3"),
        (WANTED, "vendor: asked for GenuineIntel, received AuthenticAMD"),
        (WANTED, "model: asked for 60, received 61"),
        (WANTED, "l1d: asked for 32768, received 49152"),
    ],
)
def test_another_cpu_than_asked_is_a_mismatch(table: Any, said: str) -> None:
    shown = table
    if table is WANTED:
        values = {"vendor": "AuthenticAMD", "model": 61, "l1d": 48 << 10}
        shown = CpuidTable.of_presented(WANTED).replaced(**values)
    reason = not_presented(WANTED, as_presented(shown))
    assert reason is not None
    assert reason.code == "mismatch"
    assert said in reason.message


def test_a_computer_that_was_not_presented_is_a_mismatch() -> None:
    shown = as_presented(CpuidTable.of_presented(WANTED), presented=None)
    reason = not_presented(WANTED, shown)
    assert reason is not None
    assert "was not presented as Haswell,-fma" in reason.message

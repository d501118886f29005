from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cpuid.from_fingerprint import Described
from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.platforms import cpuid_platform
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Machine, Order, Unavailable
from orchestrator.providers.this_computer.cpuid import CpuidProvider


def host(model: str = "Haswell", **cpu: Any) -> dict[str, Any]:
    table = model_table(model)
    leaves = {name: list(four) for name, four in table.presented(model).leaves}
    known = {"architecture": "x86_64", "leaves": leaves, "xcr0": {"value": f"{table.xcr0:#x}"}}
    return {"cpu": {**known, "hypervisor": "KVMKVMKVM", **cpu}}


def launched(platform: Platform, fingerprint: dict[str, Any] | None = None) -> Machine:
    return CpuidProvider(fingerprint or host()).launch(Order("run", platform))


def table_of(machine: Machine) -> CpuidTable:
    assert machine.presented is not None
    return CpuidTable.of_presented(machine.presented)


def test_this_cpu_answers_as_it_does() -> None:
    machine = launched(cpuid_platform())
    assert table_of(machine) == model_table("Haswell")
    assert machine.presented is not None
    assert machine.presented.name == "this"
    assert (machine.launcher, machine.emulated, machine.address) == ((), None, None)


def test_a_model_and_its_changes_are_presented() -> None:
    platform = cpuid_platform("SandyBridge", ["aes"], {"vendor": "AuthenticAMD", "l1d": 48 << 10})
    assert platform.name == "cpuid/SandyBridge,-aes,vendor=AuthenticAMD,l1d=48 KiB"
    table = table_of(launched(platform))
    assert "aes" not in table.flags
    assert table.vendor == "AuthenticAMD"
    assert table.caches["l1d"] == 48 << 10
    assert dict(table.signature) == dict(model_table("SandyBridge").signature)


def test_what_this_cpu_lacks_is_refused_by_flag_before_anything_runs() -> None:
    with pytest.raises(Unavailable, match=r"has adx, avx512bw, .*without: \[adx, ") as refused:
        launched(cpuid_platform("Skylake-Server"))
    assert refused.value.reason.code == "not-on-this-cpu"
    assert "pcid" not in refused.value.reason.message
    lacking = "adx avx512f clflushopt clwb rdseed xgetbv1 xsavec"
    machine = launched(cpuid_platform("Skylake-Server", lacking.split()))
    assert "avx512f" not in table_of(machine).flags


@pytest.mark.parametrize(
    ("fingerprint", "code"),
    [
        ({"cpu": {"architecture": "aarch64"}}, "wrong-architecture"),
        (host(hypervisor="TCGTCGTCGTCG"), "emulated-itself"),
        ({"cpu": {"architecture": "x86_64", "leaves": None}}, "no-cpuid"),
    ],
)
def test_other_computers_are_refused(fingerprint: dict[str, Any], code: str) -> None:
    with pytest.raises(Unavailable) as refused:
        launched(cpuid_platform(), fingerprint)
    assert refused.value.reason.code == code


def test_a_recorded_cpu_is_presented_and_says_what_was_assumed() -> None:
    recorded = Described(model_table("SandyBridge"), ("l1d 32 KiB as QEMU's EPYC", "l2 1 KiB as x"))
    platform = cpuid_platform("study:old", (), {"l2": 1 << 20}, recorded=recorded)
    assert platform.get("table") == model_table("SandyBridge").digest
    machine = launched(platform)
    assert machine.presented is not None
    assert machine.presented.assumed == ("l1d 32 KiB as QEMU's EPYC",)
    assert table_of(machine).caches["l2"] == 1 << 20


def test_ids_are_of_what_is_asked_for() -> None:
    platforms = [
        cpuid_platform(),
        cpuid_platform("Haswell"),
        cpuid_platform("Haswell", ["fma", "avx2"]),
        cpuid_platform("Haswell", ["fma"]),
        cpuid_platform("Haswell", (), {"l1d": 32768}),
    ]
    assert len({each.id for each in platforms}) == 5
    assert cpuid_platform("Haswell", ["avx2", "fma"]).id == platforms[2].id
    assert dict(platforms[2].parameters) == {"cpu": "Haswell", "without": "avx2,fma"}

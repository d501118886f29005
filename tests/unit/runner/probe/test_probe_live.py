"""The probe on this machine, natively and under emulation of other CPUs."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import eqc_runner
from eqc_runner.probe import fingerprint, machine_code
from eqc_runner.probe.leaves import collect, on_one_core
from eqc_runner.probe.tables import table

SCHEMA = Path(eqc_runner.__file__).parent / "probe" / "fingerprint.schema.json"
QEMU = shutil.which("qemu-x86_64-static")

on_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="CPUID is an x86 instruction")


def probe_under(launcher: list[str], *arguments: str) -> dict[str, Any]:
    path = str(Path(eqc_runner.__file__).parents[1])
    done = subprocess.run(
        [*launcher, sys.executable, "-m", "eqc_runner.probe", *arguments],
        env={**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        check=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check_schema(found: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(found)))


def test_the_live_fingerprint_fits_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    found = fingerprint()
    check_schema(found)
    assert found["environment"] == {"CUDA_VISIBLE_DEVICES": ""}
    assert found["affinity"] == sorted(os.sched_getaffinity(0))
    assert found["memory_bytes"] > 2**20
    assert found["system"]["python"] == platform.python_version()


def test_the_schema_refuses_what_is_wrong() -> None:
    found = fingerprint()
    for change in ({"gpus": None}, {"schema": 2}, {"missing": {"cpu.brand": ""}}):
        with pytest.raises(jsonschema.ValidationError):
            check_schema({**found, **change})
    del found["cpu"]["flags"]
    with pytest.raises(jsonschema.ValidationError):
        check_schema(found)


def test_what_is_null_has_a_reason() -> None:
    found = fingerprint(emulated="Haswell")
    assert found["emulated"] == "Haswell"
    for part in ("cpu", "system"):
        nulls = {f"{part}.{name}" for name, value in found[part].items() if value is None}
        reasons = {name for name in found["missing"] if name.startswith(part + ".")}
        assert nulls == reasons
    assert found["gpus"] == []
    assert "gpus" in found["missing"]


def test_two_fingerprints_of_one_machine_are_equal() -> None:
    assert fingerprint() == fingerprint()


@on_x86
def test_executed_flags_cover_what_the_kernel_prints() -> None:
    cpu = fingerprint()["cpu"]
    if cpu["hypervisor"] == "TCGTCGTCGTCG":
        pytest.skip("this test run is itself emulated")
    shown = {name for row in table("x86_flags")["registers"] for name in row["shown"].values()}
    kernel = set(cpu["flags_kernel"])
    assert kernel & shown <= set(cpu["flags"])
    assert {"fpu", "sse2", "lm"} <= kernel & set(cpu["flags"])
    assert cpu["disagreement"]["only_kernel"] == []
    assert cpu["xcr0"] is None or cpu["xcr0"]["avx"] == ("avx" in kernel)


@on_x86
def test_cpuid_is_repeatable_and_keeps_the_affinity() -> None:
    before = os.sched_getaffinity(0)
    with on_one_core():
        assert os.sched_getaffinity(0) == {min(before)}
        assert collect(machine_code.cpuid) == collect(machine_code.cpuid)
    assert os.sched_getaffinity(0) == before


@on_x86
def test_where_mprotect_is_refused_one_page_is_writable_and_executable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = ctypes.CDLL

    class Refusing:
        """The C library with an mprotect that fails, as under some security policies."""

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            libc = real(*arguments, **keywords)
            self.mmap, self.munmap = libc.mmap, libc.munmap

        class mprotect:  # noqa: N801 - the name of the C function
            argtypes: Any = None

            def __new__(cls, *_: Any) -> Any:
                return -1

    expected = machine_code.cpuid(0, 0)
    monkeypatch.setattr(ctypes, "CDLL", Refusing)
    assert machine_code.cpuid(0, 0) == expected


@on_x86
def test_no_executable_memory_is_a_reason_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmap, "PAGESIZE", 0)  # mmap refuses: EINVAL
    found = fingerprint()
    check_schema(found)
    assert found["cpu"]["flags"] is None
    assert found["cpu"]["flags_kernel"]
    assert "CPUID could not be executed" in found["missing"]["cpu.flags"]
    assert found["cpu"]["disagreement"] is None


@on_x86
@pytest.mark.emulated
@pytest.mark.parametrize(
    ("model", "vendor", "microarchitecture", "present", "absent"),
    [
        ("Haswell", "GenuineIntel", "Haswell", "avx2", "sse4a"),
        ("SandyBridge", "GenuineIntel", "Sandy Bridge", "avx", "avx2"),
        ("EPYC-Milan", "AuthenticAMD", "Zen 3", "sse4a", "avx512f"),
    ],
)
def test_under_emulation_cpuid_is_the_models(
    model: str, vendor: str, microarchitecture: str, present: str, absent: str
) -> None:
    assert QEMU is not None
    native = fingerprint()
    found = probe_under([QEMU, "-cpu", f"{model},check=off"])
    check_schema(found)
    cpu = found["cpu"]
    assert (cpu["vendor"], cpu["microarchitecture"]) == (vendor, microarchitecture)
    assert present in cpu["flags"]
    assert absent not in cpu["flags"]
    assert cpu["flags_kernel"] == native["cpu"]["flags_kernel"]
    assert cpu["disagreement"]["only_kernel"] or cpu["disagreement"]["only_cpuid"]
    assert cpu["hypervisor"] == "TCGTCGTCGTCG"
    assert cpu["microcode"] is None
    assert "another processor" in found["missing"]["cpu.microcode"]
    assert found["missing"]["gpus"] == "not looked for under emulation"
    assert found["environment"] == {"CUDA_VISIBLE_DEVICES": ""}

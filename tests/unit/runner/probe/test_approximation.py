"""Approximate instructions: what is executed, that it is the right one, and that it repeats."""

from __future__ import annotations

import mmap
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blake3 import blake3

from eqc_runner.probe import approximation, fingerprint
from eqc_runner.probe.approximate_code import Loop, arm64_loops, x86_loops
from eqc_runner.probe.approximate_operands import operands
from eqc_runner.probe.approximation import describe_approximation, lacking, results
from eqc_runner.probe.processor import describe_processor
from tests.unit.runner.probe.arm_estimates import FORMATS, program, reciprocal, reciprocal_root
from tests.unit.runner.probe.test_probe_live import QEMU, probe_under

ARM_QEMU = shutil.which("qemu-aarch64-static")
ARM = {"architecture": "aarch64", "flags": ["asimd"], "xcr0": None}

on_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="instructions of x86")


def digest(data: bytes) -> str:
    return "blake3:" + blake3(data).hexdigest()


def executable() -> dict[str, Loop]:
    cpu = describe_processor()
    return {name: loop for name, loop in x86_loops().items() if lacking(loop, cpu) is None}


def test_a_fingerprint_has_them_or_says_why_not() -> None:
    found = fingerprint()
    units = found["approximation"]
    reasons = {name for name in found["missing"] if name.startswith("approximation.")}
    assert units
    loops = x86_loops() if platform.machine() == "x86_64" else arm64_loops()
    assert {f"approximation.{name}" for name in loops.keys() - units.keys()} == reasons
    assert units == fingerprint()["approximation"]


@on_x86
def test_every_core_and_every_repeat_gives_the_same_bits() -> None:
    before = os.sched_getaffinity(0)
    seen: dict[str, set[str]] = {}
    try:
        for core in sorted(before)[:8]:
            os.sched_setaffinity(0, {core})
            for name, loop in executable().items():
                seen.setdefault(name, set()).add(digest(results(loop)))
    finally:
        os.sched_setaffinity(0, before)
    assert {name: len(found) for name, found in seen.items()} == dict.fromkeys(seen, 1)


@on_x86
def test_it_takes_little_time() -> None:
    cpu = describe_processor()
    operands.cache_clear()
    start = time.thread_time()
    describe_approximation(cpu)
    assert time.thread_time() - start < 0.2  # about 0.015 s; a busy machine counts more


@on_x86
@pytest.mark.parametrize("name", ["rcpps", "rsqrtps", "vrcp14ps", "vrsqrt14ps", "vrcp14pd"])
def test_reciprocals_are_within_the_error_that_their_makers_promise(name: str) -> None:
    loops = executable()
    if name not in loops:
        pytest.skip(f"this CPU has no {' '.join(x86_loops()[name].flags)}")
    dtype = "<f8" if name.endswith("pd") else "<f4"
    x = np.frombuffer(operands(loops[name].operands), dtype=dtype)
    y = np.frombuffer(results(loops[name]), dtype=dtype)
    normal = (x >= 1) & (x < 4)
    exact = 1 / x[normal].astype(np.float64)
    if "sqrt" in name:
        exact = np.sqrt(exact)
    error = np.abs(y[normal] / exact - 1).max()
    bound = 2.0**-14 if "14" in name else 1.5 * 2.0**-12
    assert error <= bound


@on_x86
@pytest.mark.parametrize(
    ("name", "function"),
    [("fsin", np.sin), ("fcos", np.cos), ("fptan", np.tan), ("f2xm1", lambda x: np.expm1(x * LN2))],
)
def test_x87_computes_what_its_name_says(name: str, function: Any) -> None:
    loop = executable()[name]
    x = np.frombuffer(operands(loop.operands), dtype="<f8")
    chosen = (np.abs(x) > 1e-3) & (np.abs(x) < 1)
    raw = np.frombuffer(results(loop), dtype=np.uint8).reshape(len(x), -1, 10)
    y = _extended(raw[:, -1])  # of FPTAN the second, below the 1 that it pushes
    assert chosen.sum() > 20
    np.testing.assert_allclose(y[chosen], function(x[chosen]), rtol=1e-12)


@on_x86
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("fpatan", lambda x, y: np.arctan2(y, x)),
        ("fyl2x", lambda x, y: y * np.log2(x)),
        ("fyl2xp1", lambda x, y: y * np.log1p(x) / LN2),
    ],
)
def test_x87_of_two_numbers(name: str, function: Any) -> None:
    loop = executable()[name]
    x, y = np.frombuffer(operands(loop.operands), dtype="<f8").reshape(-1, 2).T
    found = _extended(np.frombuffer(results(loop), dtype=np.uint8).reshape(-1, 10))
    np.testing.assert_allclose(found, function(x, y), rtol=1e-11, atol=1e-300)


@on_x86
def test_fsincos_is_fsin_and_fcos() -> None:
    loops = executable()
    both = np.frombuffer(results(loops["fsincos"]), dtype=np.uint8).reshape(-1, 2, 10)
    for place, name in enumerate(("fcos", "fsin")):
        alone = np.frombuffer(results(loops[name]), dtype=np.uint8).reshape(-1, 10)
        np.testing.assert_allclose(_extended(both[:, place]), _extended(alone), rtol=1e-12)


@pytest.mark.parametrize("name", sorted({loop.operands for loop in x86_loops().values()}))
def test_operands_fill_whole_registers_and_pairs(name: str) -> None:
    assert len(operands(name)) % 64 == 0
    if name == "single":
        x = np.frombuffer(operands(name), dtype="<u4")
        inside = x[(x >= 0x3F800000) & (x < 0x40800000)]
        assert set(inside >> 11 & 0xFFF) == set(range(1 << 12))  # every leading 12 bits
        assert set(x >> 23) == set(range(512))  # every exponent, both signs
        assert len(set(inside & 0x3FF)) == 1 << 10
    if name == "angles":
        assert np.abs(np.frombuffer(operands(name), dtype="<f8")).max() < 2.0**63


def test_what_the_presented_cpu_lacks_is_not_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    executed = []
    monkeypatch.setattr(approximation, "results", lambda loop: executed.append(loop) or b"")
    cpu = {"architecture": "x86_64", "flags": ["fpu", "sse", "avx512f"], "xcr0": {"avx512": True}}
    all_but, missing = describe_approximation({**cpu, "xcr0": {"avx512": False}})
    assert all_but is not None
    assert {"rcpps", "fsin"} <= all_but.keys()
    assert not [loop for loop in executed if loop.state]
    assert missing["approximation.vrcp14ps"] == "the system does not save the state avx512"
    assert missing["approximation.vrcpph"] == "the CPU has no avx512_fp16"
    assert describe_approximation({**cpu, "xcr0": None})[0] == all_but
    saved, missing = describe_approximation(cpu)
    assert saved is not None
    assert "vrcp14pd" in saved
    assert missing["approximation.vexp2ps"] == "the CPU has no avx512er"
    few, missing = describe_approximation({**cpu, "flags": ["sse"]})
    assert few is not None
    assert few.keys() == {"rcpps", "rsqrtps"}
    assert missing["approximation.vrcp28pd"] == "the CPU has no avx512f and no avx512er"


def test_none_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = {"architecture": "x86_64", "flags": ["fpu", "sse"], "xcr0": None}
    no_flags = describe_approximation({**cpu, "flags": None})
    assert no_flags == (None, {"approximation": "not executed: the CPU's flags are not known"})
    assert describe_approximation({**cpu, "architecture": "riscv64"})[0] is None
    monkeypatch.setattr(mmap, "PAGESIZE", 0)  # mmap refuses: EINVAL
    units, missing = describe_approximation(cpu)
    assert units is None
    assert missing["approximation"].startswith("not executed: ")
    monkeypatch.setattr(approximation, "blake3", None)
    assert "blake3 is not installed" in describe_approximation(cpu)[1]["approximation"]


@on_x86
@pytest.mark.emulated
@pytest.mark.slow
def test_qemu_divides_where_silicon_looks_up() -> None:
    """The same on every model, and another than this machine's only where the digest says so."""
    assert QEMU is not None
    first, second = (
        probe_under([QEMU, "-cpu", f"{model},check=off"])["approximation"]
        for model in ("Haswell", "EPYC-Milan")
    )
    assert first == second
    x = np.frombuffer(operands("single"), dtype="<f4")
    ordinary = np.isfinite(x) & (np.abs(x) >= 2.0**-126) & (np.abs(x) <= 2.0**126)
    own = np.frombuffer(results(x86_loops()["rcpps"]), dtype="<f4")
    divided = 1 / x[ordinary]
    same = own[ordinary].tobytes() == divided.astype("<f4").tobytes()
    assert same == (fingerprint()["approximation"]["rcpps"] == first["rcpps"])


@pytest.mark.skipif(ARM_QEMU is None, reason="qemu-aarch64-static is not installed")
@pytest.mark.parametrize("name", sorted(arm64_loops()))
def test_arm_estimates_are_those_of_the_architecture(name: str, tmp_path: Path) -> None:
    loop = arm64_loops()[name]
    form = FORMATS[name.partition("_")[2]]
    given = operands(loop.operands)
    path = tmp_path / "estimate"
    path.write_bytes(program(loop.code, given, len(given) // loop.read, len(given)))
    path.chmod(0o700)
    done = subprocess.run([str(ARM_QEMU), "-cpu", "max", path], capture_output=True, check=True)
    estimate = reciprocal if name.startswith("frecpe") else reciprocal_root
    kind = f"<u{form.bits // 8}"
    expected = [estimate(int(pattern), form) for pattern in np.frombuffer(given, dtype=kind)]
    assert done.stdout == np.array(expected, dtype=kind).tobytes()


def test_arm_without_half_precision() -> None:
    assert lacking(arm64_loops()["frecpe_8h"], ARM) == "the CPU has no asimdhp"
    assert lacking(arm64_loops()["frecpe_4s"], ARM) is None


LN2 = np.log(2.0)


def _extended(raw: np.ndarray) -> np.ndarray:
    """Numbers of ten bytes as NumPy's long doubles, which have sixteen on x86-64."""
    filled = np.zeros((len(raw), 16), dtype=np.uint8)
    filled[:, :10] = raw
    return filled.view(np.longdouble)[:, 0]

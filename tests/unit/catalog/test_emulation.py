"""The table of masks, and the switches' effect on the libraries installed here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import catalog
from orchestrator.model.experiment import Platform, pairs

NUMPY = """
import hashlib, json, numpy as np, threadpoolctl
from numpy._core._multiarray_umath import __cpu_features__ as features
random = np.random.Generator(np.random.Philox(key=1))
a = random.standard_normal((96, 512)).astype("f4")
b = random.standard_normal((512, 64)).astype("f4")
x = random.standard_normal(1000)
def digest(t): return hashlib.sha256(t.tobytes()).hexdigest()[:12]
print(json.dumps({
    "isa": threadpoolctl.threadpool_info()[0]["architecture"],
    "v3": features["X86_V3"], "v4": features["X86_V4"],
    "product": digest(a @ b), "exp32": digest(np.exp(x.astype("f4"))), "exp64": digest(np.exp(x)),
}))
"""
TORCH = "import json, torch; print(json.dumps(torch.backends.cpu.get_cpu_capability()))"


def run(code: str, environment: dict[str, str], launcher: tuple[str, ...] = ()) -> object:
    finished = subprocess.run(
        [*launcher, sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(finished.stdout)


def flags() -> set[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def needs(level: str) -> None:
    if catalog.required_flag(level) not in flags():
        pytest.skip(f"this CPU has no {catalog.required_flag(level)}")


def test_every_level_masks_the_frameworks_that_have_a_switch() -> None:
    for level in catalog.LEVELS:
        for framework in ("numpy", "torch", "tensorflow"):
            environment = catalog.mask_environment(level, framework)
            assert environment
            assert all(isinstance(value, str) for value in environment.values())
        assert catalog.mask_environment(level, "onnxruntime") is None
    assert [catalog.required_flag(level) for level in catalog.LEVELS] == [
        "sse4_2",
        "avx",
        "avx2",
        "avx512f",
    ]


def test_levels_differ_for_every_framework() -> None:
    for framework in ("numpy", "torch", "tensorflow"):
        found = [catalog.mask_environment(level, framework) for level in catalog.LEVELS]
        assert len({tuple(sorted((m or {}).items())) for m in found}) == 4


def test_an_unknown_level_is_an_error() -> None:
    with pytest.raises(KeyError):
        catalog.mask_environment("avx3", "numpy")


def test_a_mask_that_is_none_says_what_to_do_instead() -> None:
    def masked(level: str) -> Platform:
        return Platform("mask", f"mask/{level}", pairs({"level": level}))

    for level in catalog.LEVELS:
        assert catalog.no_mask(masked(level), "numpy") is None
        why = catalog.no_mask(masked(level), "onnxruntime")
        assert why is not None
        assert why.startswith(f"onnxruntime has no mask {level}")
    assert "cpu: Haswell" in str(catalog.no_mask(masked("avx2"), "onnxruntime"))
    assert catalog.no_mask(Platform("local", "local"), "onnxruntime") is None


def test_a_mask_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        catalog.mask_environment("avx2", "numpy")["X"] = "1"  # type: ignore[index]


@pytest.mark.parametrize(
    ("level", "isa", "v3", "v4"),
    [
        ("sse4", "Nehalem", False, False),
        ("avx", "Sandybridge", False, False),
        ("avx2", "Haswell", True, False),
        ("avx512", "SkylakeX", True, True),
    ],
)
def test_numpy_does_what_the_mask_says(level: str, isa: str, v3: bool, v4: bool) -> None:
    needs(level)
    found = run(NUMPY, dict(catalog.mask_environment(level, "numpy") or {}))
    assert isinstance(found, dict)
    assert (found["isa"], found["v3"], found["v4"]) == (isa, v3, v4)


@pytest.mark.emulated
@pytest.mark.parametrize(
    ("level", "cpu"),
    [("sse4", "Nehalem"), ("avx", "SandyBridge"), ("avx2", "Haswell"), ("avx2", "EPYC-Milan")],
)
def test_numpy_masked_is_numpy_emulated(level: str, cpu: str) -> None:
    needs(level)
    masked = run(NUMPY, dict(catalog.mask_environment(level, "numpy") or {}))
    emulated = run(NUMPY, {}, ("qemu-x86_64-static", "-cpu", f"{cpu},check=off"))
    assert masked == emulated


@pytest.mark.slow
@pytest.mark.frameworks
@pytest.mark.parametrize(
    ("level", "capability"),
    [("sse4", "DEFAULT"), ("avx", "DEFAULT"), ("avx2", "AVX2"), ("avx512", "AVX512")],
)
def test_torch_says_what_the_mask_says(level: str, capability: str) -> None:
    needs(level)
    assert run(TORCH, dict(catalog.mask_environment(level, "torch") or {})) == capability

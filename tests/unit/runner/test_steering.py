"""Which variables steer numerics, and that no process of the runner inherits one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jobs import Bench, environment

from eqc_runner.steering import reported, steers, without_steering

HOSTILE = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "CUDA_MODULE_LOADING": "EAGER",
    "CUDNN_LOGLEVEL_DBG": "1",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2",
    "KERAS_BACKEND": "torch",
    "MKL_CBWR": "COMPATIBLE",
    "OMP_NUM_THREADS": "17",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Nehalem",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


def test_steering_variables_are_reported_and_secrets_are_not() -> None:
    found = reported(
        {
            "OMP_NUM_THREADS": "2",
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "NVIDIA_TF32_OVERRIDE": "0",
            "XLA_FLAGS": "--xla",
            "HOME": "/root",
            "AWS_SECRET_ACCESS_KEY": "x",
            "TF_VAR_password": "x",
            "TF_TOKEN_app": "x",
            "ORT_API_KEY": "x",
            "MKL_Secret": "x",
        }
    )
    assert sorted(found) == [
        "NVIDIA_TF32_OVERRIDE",
        "OMP_NUM_THREADS",
        "ONEDNN_MAX_CPU_ISA",
        "XLA_FLAGS",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_steering_variables_are_removed(name: str) -> None:
    assert steers(name)
    assert without_steering({name: "x", "HOME": "/root"}) == {"HOME": "/root"}


def test_what_chooses_a_device_stays_and_is_reported() -> None:
    kept = without_steering({"CUDA_VISIBLE_DEVICES": "1", "CUDA_LAUNCH_BLOCKING": "1"})
    assert kept == reported(kept) == {"CUDA_VISIBLE_DEVICES": "1"}


def test_surroundings_do_not_steer_a_session(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = bench.cell("fine")
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    assert bench.run()[cell, 0]["framework"]["isa"] == {"steering": None}


@pytest.mark.parametrize("program", [["eqc_runner", "probe"], ["eqc_runner.probe"]])
def test_a_probe_reports_what_workers_get(program: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *program],
        env={**environment(tmp_path / "log"), **HOSTILE, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["environment"] == {"CUDA_VISIBLE_DEVICES": ""}


def test_the_fingerprint_of_a_job_has_no_variable_of_its_surroundings(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.cell("fine")
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    bench.run(probe=True)
    assert json.loads((bench.out / "fingerprint.json").read_text())["environment"] == {}

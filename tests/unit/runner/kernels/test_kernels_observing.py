"""Observing in another process: what it gives, and that nothing that happens there does harm."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqc_runner.digest import digest
from eqc_runner.kernels import kernel as kernel_module
from eqc_runner.kernels.kernel import Kernel, Told, records
from eqc_runner.kernels.observing import observe_kernels
from eqc_runner.kernels.trace import Line, Mark, Trace, parsed
from eqc_runner.rows import Rows
from eqc_runner.tensor import Tensor

ONES = Tensor.of(np.ones(3, dtype=np.float32))
ALL = Rows.parse(None)


def told(*kernels: Kernel, reason: str | None = None, output: Tensor = ONES) -> Any:
    return lambda trace: Told([("output", output)], list(kernels), reason)


def test_equal_outputs_prove_that_nothing_was_changed() -> None:
    kernel = Kernel("gemm_api", "Conv2D", "4x4:4x4", "onednn", "conv")
    observed = observe_kernels(told(kernel, kernel), ALL, {})
    record = observed.record({0: digest(ONES)})
    assert record == {
        "perturbed": False,
        "reason": None,
        "rows": [
            {
                "layer": "conv",
                "operation": "Conv2D",
                "kernel": "gemm_api",
                "sizes": "4x4:4x4",
                "source": "onednn",
                "calls": 2,
            }
        ],
    }
    assert observed.record({0: "another"})["perturbed"] is True


def test_c_writes_to_the_trace_and_variables_are_set_there_alone() -> None:
    def tell(trace: Trace) -> Told:
        ctypes.CDLL(None).printf(b"from C, %s\n", os.environ["EQC_TEST_LOG"].encode())
        trace.mark("conv", "conv2d")
        os.write(1, b"after\n")
        lines = [Kernel(line.text, None, str(line.mark and line.mark.layer), "x")
                 for line in trace.lines()]  # fmt: skip
        return Told([("output", ONES)], lines)

    found = observe_kernels(tell, ALL, {"EQC_TEST_LOG": "1"})
    assert [(row["kernel"], row["sizes"]) for row in found.rows] == [
        ("from C, 1", "conv"),
        ("after", "None"),
    ]
    assert "EQC_TEST_LOG" not in os.environ


def test_an_error_is_a_reason(capfd: pytest.CaptureFixture[str]) -> None:
    def tell(trace: Trace) -> Told:
        raise RuntimeError("no\nprofiler")

    found = observe_kernels(tell, ALL, {})
    assert found.record({0: "x"}) == {
        "perturbed": None,
        "reason": "the run that observes kernels failed: RuntimeError: no profiler",
        "rows": [],
    }
    assert "RuntimeError" in capfd.readouterr().err


def test_a_crash_is_a_reason() -> None:
    def tell(trace: Trace) -> Told:
        os.kill(os.getpid(), signal.SIGKILL)
        return Told([], [])

    assert (
        observe_kernels(tell, ALL, {}).reason == "the run that observes kernels ended by signal 9"
    )


def test_no_folder_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    observe_kernels(told(), ALL, {})
    assert list(tmp_path.iterdir()) == []


def test_too_many_kernels_are_cut_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_module, "MOST", 2)
    rows, reason = records(Kernel(name * 500, None, None, "x") for name in "abc")
    assert [len(row["kernel"]) for row in rows] == [400, 400]
    assert reason == "1 more kernels are not recorded"


def test_what_was_printed_belongs_to_the_mark_that_follows() -> None:
    lines = ["a", 'eqc-layer ["conv", null]', 'eqc-layer ["relu", "relu"]', "b"]
    assert list(parsed(lines)) == [Line("a", Mark("conv", None)), Line("b", None)]

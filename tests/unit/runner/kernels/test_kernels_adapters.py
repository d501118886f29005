"""Every adapter, by the runner itself: its kernels, and that observing them changed no bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from jobs import Bench

pytestmark = [pytest.mark.frameworks, pytest.mark.slow]

FRAMEWORKS = ("jax", "numpy", "onnxruntime", "openvino", "tensorflow", "torch")
SOURCES = {
    "numpy": {"numpy.adapter"},
    "onnxruntime": {"onnxruntime.profile"},
    "openvino": {"openvino.runtime_model"},
    "tensorflow": {"onednn", "tensorflow.profiler"},
    "torch": {"onednn", "mkl", "torch.profiler"},
}


def lenet(bench: Bench, framework: str, **changes: Any) -> str:
    workload = {
        "source": "builtin",
        "name": "lenet5",
        "path": None,
        "sha256": None,
        "weights": "seed:1",
        "weights_path": None,
        "arguments": {},
    }
    cell = bench.cell("lenet5", framework=framework, workload=workload, kernels=True, **changes)
    image = np.random.default_rng(0).random((1, 32, 32, 1), dtype=np.float32)
    np.save(bench.job / "inputs" / "x.npy", image)
    return cell


def test_every_framework(bench: Bench) -> None:
    cells = {name: lenet(bench, name) for name in FRAMEWORKS}
    plain = {
        name: lenet(bench, name, environment={"TF_ENABLE_ONEDNN_OPTS": "0"}, flags=flags)
        for name, flags in (("tensorflow", {}), ("torch", {"mkldnn": False}))
    }
    bench.write(limits={"memory_bytes": None, "session_seconds": 400})
    with bench.start() as process:
        _, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors.decode()
    records = bench.observations()
    for name in FRAMEWORKS:
        record = records[cells[name], 0]
        assert record["status"] == "ok", record["reason"]
        kernels = record["kernels"]
        # The other process gave the same bits as the session.
        assert kernels["perturbed"] is False, (name, kernels["reason"])
        if name == "jax":
            assert "does not say" in kernels["reason"]
            continue
        assert kernels["reason"] is None
        assert {row["source"] for row in kernels["rows"]} <= SOURCES[name]
        assert {"conv2d", "conv2d_1", "dense", "softmax"} <= {
            row["layer"] for row in kernels["rows"]
        } | ({"softmax"} if name == "openvino" else set())
    eigen = records[plain["tensorflow"], 0]["kernels"]["rows"]
    assert any(row["kernel"] == "gemm_api" and "x" in row["sizes"] for row in eigen)
    explicit = records[plain["torch"], 0]["kernels"]["rows"]
    assert any(row["kernel"] == "aten::_slow_conv2d_forward" for row in explicit)

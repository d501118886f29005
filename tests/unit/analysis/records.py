"""Observations, and the lines of a store that they are read from, made from real tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from orchestrator.results.record import Observation
from orchestrator.results.tensor_file import chain, digest, tensor_file
from orchestrator.store.parse import parse_observation


def record(
    platform: str, outputs: Sequence[np.ndarray | dict[str, Any]], **more: Any
) -> Observation:
    """``line``, as the analysis sees it."""
    return parse_observation(line(platform, outputs, **more))


def output(array: np.ndarray, name: str = "output", index: int = 0) -> dict[str, Any]:
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    dtype, shape, data = array.dtype.name, array.shape, little.tobytes()
    return {
        "name": name,
        "role": "final" if name.startswith("output") else "layer",
        "index": index,
        "operation": None if name.startswith("output") else "conv2d",
        "dtype": dtype,
        "shape": list(shape),
        "digest": digest(tensor_file(dtype, shape, data)),
        "chain": chain(dtype, shape, data),
        "tensor": False,
    }


def lacking(name: str, index: int = 0, reason: str = "strings are not recorded") -> dict[str, Any]:
    """An output, or a layer, that could not be recorded."""
    final = name.startswith("output")
    role, operation = ("final", None) if final else ("layer", "conv2d")
    return {
        "name": name,
        "role": role,
        "index": index,
        "operation": operation,
        "reason": reason,
    }


def line(
    platform: str,
    outputs: Sequence[np.ndarray | dict[str, Any]],
    *,
    session: int = 0,
    status: str = "ok",
    reason: dict[str, Any] | None = None,
    workload: str = "net",
    given: str = "digits:0",
    variant: str = "numpy float32",
    attempt: int = 0,
    run: str = "run",
    fingerprint: str | None = None,
    unrecorded: Sequence[dict[str, Any]] = (),
    **machine: Any,
) -> dict[str, Any]:
    return {
        "schema": 1,
        "cell": cell(platform, workload, given, variant),
        "session": session,
        "status": status,
        "reason": reason,
        "framework": {"name": "numpy", "version": "2.4", "device": "cpu", "isa": {"blas": "x"}},
        "outputs": [o if isinstance(o, dict) else output(o) for o in outputs],
        "unrecorded": list(unrecorded),
        "perturbed": False,
        "mode": "fork",
        "experiment": "test",
        "run": run,
        "attempt": attempt,
        "platform": {"id": f"p-{platform}", "provider": "local", "name": platform},
        "machine": {"id": f"m-{platform}", "isolation": "process", **machine},
        "workload": {"id": f"w-{workload}", "label": workload},
        "input": {"id": f"i-{given}", "label": given},
        "variant": {"id": f"v-{variant}", "label": variant},
        "fingerprint": fingerprint,
        "recorded": "2026-01-01T00:00:00Z",
    }


def cell(platform: str, workload: str, given: str, variant: str) -> str:
    return f"{platform}/{workload}/{given}/{variant}"


A = np.array([[0.1, 0.2, 0.7]], dtype=np.float32)
B = np.nextafter(A, np.float32(1), dtype=np.float32)
C = (A * np.float32(1.001)).astype(np.float32)

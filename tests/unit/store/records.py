"""Records and plans for tests, as small as the schema allows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestrator.model.experiment import (
    Cell,
    Experiment,
    Input,
    Limits,
    Observe,
    Plan,
    Platform,
    Variant,
    Workload,
)


def cell(platform: str = "local", framework: str = "numpy", sessions: int = 2) -> Cell:
    return Cell(
        platform=Platform("local", platform, (("index", platform),)),
        workload=Workload("builtin", "conv", "conv", weights="seed:1"),
        input=Input("zeros", (("input", "0" * 64, "/nowhere.npy"),)),
        variant=Variant(framework),
        observe=Observe(sessions=sessions),
    )


def plan(*cells: Cell) -> Plan:
    experiment = Experiment(
        name="trial",
        workloads=(),
        inputs=(),
        platforms=(),
        variants=(),
        include=(),
        exclude=(),
        observe_cpu=Observe(),
        observe_gpu=Observe(),
        limits=Limits(),
        source="schema: 1\nname: trial\n",
    )
    return Plan(experiment, cells)


def observed(cell_id: str, session: int = 0, digest: str = "a" * 64, **more: Any) -> dict[str, Any]:
    """A runner's record with status ``ok``."""
    output = {
        "name": "output",
        "role": "final",
        "index": 0,
        "operation": None,
        "dtype": "float32",
        "shape": [1],
        "digest": digest,
        "chain": ["0" * 16] * 24,
        "tensor": False,
    }
    return {
        "schema": 1,
        "cell": cell_id,
        "session": session,
        "status": "ok",
        "reason": None,
        "framework": {"name": "numpy"},
        "outputs": [output],
        **more,
    }


def failed(cell_id: str, session: int = 0, status: str = "failed") -> dict[str, Any]:
    return observed(
        cell_id,
        session,
        status=status,
        outputs=[],
        reason={"code": "exception", "message": "it broke", "stderr": ""},
    )


def lines(path: Path) -> int:
    return len(path.read_bytes().splitlines())


def stored(store: Path) -> list[dict[str, Any]]:
    """Every line of every run at or below ``store``, as it stands there."""
    files = sorted(store.rglob("observations/*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]

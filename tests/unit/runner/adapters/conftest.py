"""A function that loads workloads by adapters, and a picture as input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqc_runner.adapters.protocol import Loaded, Settings

sys.path.insert(0, str(Path(__file__).resolve().parent))

from adapter_loading import Load, started


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A function that loads a workload given by keywords; settings have defaults."""

    def loading(framework: str, name: str = "", **given: Any) -> Loaded:
        settings = Settings(
            given.pop("precision", "float32"),
            given.pop("threads", None),
            given.pop("batch", None),
            given.pop("device", "cpu"),
            given.pop("flags", {}),
        )
        workload = {"source": "builtin", "name": name, "arguments": {}, **given}
        return started(framework).load(workload, tmp_path, settings)

    return loading


@pytest.fixture
def picture() -> np.ndarray:
    """A random picture (1, 32, 32, 3) with values in [0, 1)."""
    return np.random.default_rng(7).random((1, 32, 32, 3), dtype=np.float32)

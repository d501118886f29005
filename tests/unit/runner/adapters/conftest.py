"""Adapters to load workloads with, and a picture to give to them."""

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
    """Loads a workload given as keywords; settings that are not given are the defaults."""

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
    """32 x 32 x 3 in [0, 1)."""
    return np.random.default_rng(7).random((1, 32, 32, 3), dtype=np.float32)

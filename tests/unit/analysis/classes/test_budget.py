from __future__ import annotations

import numpy as np

from orchestrator.analysis.classes.consequences import BudgetedTensors


def test_reads_until_the_bytes_are_used_up() -> None:
    array = np.zeros(4, dtype=np.float32)
    tensors = BudgetedTensors({"a": ("float32", (4,), array)}.get, most=20)
    assert tensors("unknown") is None
    assert tensors("a") is not None
    assert tensors("a") is not None
    assert not tensors.exhausted
    assert tensors("a") is None
    assert tensors.exhausted

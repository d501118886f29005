"""Flags of torch: what the framework's folder says of them, and what they set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_loading import Load, started
from torch_zoo import torch

from eqc_runner.adapters.torch_flags import GPU_ONLY
from eqc_runner.failures import Failed

pytestmark = pytest.mark.frameworks


@pytest.fixture(autouse=True)
def _settings_of_torch() -> Any:
    """They are the process's: each test leaves them as they were."""
    backends = torch().backends
    before = torch().get_float32_matmul_precision()
    yield
    torch().set_float32_matmul_precision(before)
    torch().set_flush_denormal(False)
    backends.cudnn.benchmark = backends.cudnn.deterministic = False
    backends.cudnn.allow_tf32 = True


def test_denormals_are_flushed(load: Load, tmp_path: Path) -> None:
    (tmp_path / "tiny.py").write_text(
        "import torch\ndef half(inputs): return torch.from_numpy(inputs['x']) / 2\n"
    )
    tiny = {"x": np.array([2.0**-126], np.float32)}
    given = {"source": "python", "name": "tiny:half", "path": "tiny.py"}
    (_, kept), = load("torch", **given, flags={"flush_denormal": False}).run(tiny)  # fmt: skip
    (_, gone), = load("torch", **given, flags={"flush_denormal": True}).run(tiny)  # fmt: skip
    assert (kept.array.view("u4").item(), gone.array.view("u4").item()) == (1 << 22, 0)


def test_what_only_a_gpu_has_is_set_and_said(load: Load) -> None:
    flags = dict.fromkeys(GPU_ONLY, True)
    load("torch", "cifar10-small", weights="seed:1", flags=flags)
    assert torch().backends.cudnn.benchmark
    assert torch().backends.cudnn.deterministic
    notes = started("torch").describe()["libraries"]["notes"]
    assert notes == "without effect on a CPU: allow_tf32, cudnn_benchmark, cudnn_deterministic"


def test_precision_of_matrix_products(load: Load) -> None:
    load("torch", "cifar10-small", weights="seed:1", flags={"float32_matmul_precision": "high"})
    assert torch().get_float32_matmul_precision() == "high"
    both = {"float32_matmul_precision": "high", "allow_tf32": True}
    with pytest.raises(Failed, match="set one switch"):
        load("torch", "cifar10-small", weights="seed:1", flags=both)


@pytest.mark.parametrize("flags", [{"seed": True}, {"seed": 1.5}, {"allow_tf32": "yes"}])
def test_kinds(load: Load, flags: dict[str, Any]) -> None:
    with pytest.raises(Failed, match="flags are"):
        load("torch", "cifar10-small", weights="seed:1", flags=flags)

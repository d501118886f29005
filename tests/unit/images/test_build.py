from __future__ import annotations

from orchestrator.images import frameworks


def test_every_framework_has_an_image() -> None:
    assert frameworks() == ("numpy", "onnxruntime", "tensorflow", "torch")

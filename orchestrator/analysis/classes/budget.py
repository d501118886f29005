"""Tensors up to a number of bytes: for callers that must answer soon."""

from __future__ import annotations

from orchestrator.analysis.classes.consequences import Tensor, Tensors


class BudgetedTensors:
    """Reads through to ``tensors`` until ``most`` bytes were read; then there are none."""

    def __init__(self, tensors: Tensors, most: int) -> None:
        self._tensors = tensors
        self._left = most
        self.exhausted = False
        """Whether a tensor was refused."""

    def __call__(self, digest: str) -> Tensor | None:
        """The tensor, or ``None`` where it is not stored or the bytes are used up."""
        if self._left <= 0:
            self.exhausted = True
            return None
        tensor = self._tensors(digest)
        if tensor is not None:
            self._left -= tensor[2].nbytes
        return tensor

"""One input of a model, and what reads those of a file by the source of its workload."""

from __future__ import annotations

from dataclasses import dataclass

INTEGERS = tuple(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))
FLOATS = ("float16", "bfloat16", "float32", "float64")
DTYPES = frozenset({"bool", *INTEGERS, *FLOATS, "complex64", "complex128"})
"""The dtypes of the numbers that a run can give; of any other nothing is checked."""
TEXT = "string"
"""The dtype of texts, which are no numbers."""


@dataclass(frozen=True)
class ModelInput:
    """What a model says of one input. ``None`` is not known, and nothing is checked against it."""

    name: str | None
    shape: tuple[int | None, ...] | None
    """The first axis is the batch; an axis that is ``None`` may have any length."""
    dtype: str | None
    """One of ``DTYPES``, or ``TEXT``."""
    required: bool = True
    follows_precision: bool = False
    """Whether the dtype is the cell's precision, so that ``dtype`` is ``None``."""
    sequence: bool = False
    """Whether it is any number of such tensors, which are given as ``name.0``, ``name.1``, …"""
    axes: tuple[str | None, ...] = ()
    """What the model calls the lengths of its axes; empty where it calls none."""

    def __str__(self) -> str:
        """``image: float32 (any, 3)``."""
        name = self.name or "one without a name"
        if self.sequence:
            return f"{name}: a sequence of {self.dtype or 'tensors'}, as {name}.0, {name}.1 and on"
        said = f"{self.dtype or ''} {shape_text(self.shape) if self.shape is not None else ''}"
        return f"{name}: {said.strip()}" if said.strip() else name


ModelInputs = tuple[ModelInput, ...]


def shape_text(shape: tuple[int | None, ...]) -> str:
    """``(any, 3)``."""
    return "(" + ", ".join("any" if side is None else str(side) for side in shape) + ")"

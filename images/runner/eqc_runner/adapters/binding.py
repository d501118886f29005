"""Binds the inputs of a cell to those of a model: by name, shape, batch size and dtype."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

import numpy as np

from eqc_runner.failures import Failed, Unsupported

UNNAMED = "input"
"""The name of a cell's only input tensor where the experiment gives it no name."""

PRECISIONS = ("float16", "bfloat16", "float32", "float64")


class InputSpec(NamedTuple):
    """What a model expects of one input; the first axis of ``shape`` is the batch."""

    name: str
    shape: tuple[int | None, ...] | None
    """An axis that is ``None`` may have any length; ``None`` instead of a tuple: any shape."""
    dtype: str
    """A NumPy dtype's name, or ``bfloat16``."""


def bind(
    inputs: Mapping[str, np.ndarray], expected: Sequence[InputSpec], batch: int | None
) -> dict[str, np.ndarray]:
    """The arrays by the model's input names, repeated to ``batch``, cast to the model's dtypes.

    A single tensor called ``input`` is bound to a model's only input, whatever its name. A
    bfloat16 input stays float32 (NumPy has no bfloat16): the framework casts it. Raises
    ``Failed`` with ``input-missing`` or ``wrong-shape``.
    """
    names = [spec.name for spec in expected]
    if len(expected) == 1 and list(inputs) == [UNNAMED]:
        inputs = {names[0]: inputs[UNNAMED]}
    if sorted(inputs) != sorted(names):
        raise Failed(
            "input-missing",
            f"the model's inputs are {', '.join(names) or 'none'}; "
            f"given were {', '.join(sorted(inputs)) or 'none'}",
        )
    return {spec.name: _fit(spec, inputs[spec.name], batch) for spec in expected}


def repeat(array: np.ndarray, batch: int | None) -> np.ndarray:
    """``array`` repeated along axis 0 to length ``batch``; unchanged where ``batch`` is ``None``.

    Raises ``Failed`` (``wrong-shape``) unless ``batch`` is a multiple of the length of axis 0.
    """
    if batch is None:
        return array
    if array.ndim == 0 or array.shape[0] == 0 or batch % array.shape[0]:
        raise Failed(
            "wrong-shape", f"an input of shape {array.shape} cannot be repeated to batch {batch}"
        )
    return np.concatenate([array] * (batch // array.shape[0]), axis=0)


def check_precision(precision: str, valid: Sequence[str], framework: str) -> None:
    """Raises ``Unsupported("unsupported-precision")`` unless ``precision`` is in ``valid``."""
    if precision not in valid:
        raise Unsupported(
            "unsupported-precision",
            f"{framework} cannot compute this in {precision}, only in {', '.join(valid)}",
        )


def _fit(spec: InputSpec, array: np.ndarray, batch: int | None) -> np.ndarray:
    array = repeat(array, batch)
    if spec.shape is not None:
        fits = len(spec.shape) == array.ndim and all(
            wanted is None or wanted == length for wanted, length in zip(spec.shape, array.shape)
        )
        if not fits:
            wanted = tuple("any" if length is None else length for length in spec.shape)
            raise Failed(
                "wrong-shape",
                f"input {spec.name!r}: expected {_shape(wanted)}, got {_shape(array.shape)}",
            )
    carrier = np.dtype("float32" if spec.dtype == "bfloat16" else spec.dtype)
    if carrier.kind != "f" and array.dtype.kind == "f":
        raise Failed(
            "wrong-shape", f"input {spec.name!r}: expected {spec.dtype}, got {array.dtype}"
        )
    return np.ascontiguousarray(array, dtype=carrier)


def _shape(shape: Sequence[object]) -> str:
    return "(" + ", ".join(str(length) for length in shape) + ")"

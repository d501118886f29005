"""Binds the inputs of a cell to those of a model: by name, shape, batch size and dtype.

A dtype that differs is converted where every value stays exactly the same. It is rounded where the
cell's ``cast`` allows that, or its ``precision`` asks for it. Anything else is an error.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

import numpy as np

from eqc_runner.adapters.conversion import DTYPES, InexactError, convert
from eqc_runner.adapters.protocol import Settings
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


class Bound(NamedTuple):
    """The arrays by the model's input names, and what was converted for that."""

    arrays: dict[str, np.ndarray]
    converted: tuple[str, ...]
    """As the observation has it: ``x: int64 → uint8``, ``x: float64 → float32 (rounded)``."""


TEXT = "string"
"""The dtype of texts, an array of NumPy's ``str_``."""


def bind(
    inputs: Mapping[str, np.ndarray], expected: Sequence[InputSpec], settings: Settings
) -> Bound:
    """The inputs as the model expects them, repeated to the batch size of ``settings``.

    A single tensor called ``input`` is bound to a model's only input, whatever its name. A
    bfloat16 input stays float32 (NumPy has no bfloat16), with values that bfloat16 has: the
    framework's own cast is then exact. Raises ``Failed`` with ``input-missing``, ``wrong-shape``
    or ``inexact-input``.
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
    arrays, converted = {}, []
    for spec in expected:
        array = inputs[spec.name]
        _check_shape(spec, _repeated(array.shape, settings.batch))
        fitted, said = fit(spec.name, array, spec.dtype, settings)
        arrays[spec.name] = repeat(fitted, settings.batch)
        converted += [said] if said else []
    return Bound(arrays, tuple(converted))


def fit(
    name: str, array: np.ndarray, dtype: str, settings: Settings
) -> tuple[np.ndarray, str | None]:
    """Input ``name`` as ``dtype``, and what the observation says of that; ``None``: no change.

    Raises ``Failed`` (``inexact-input``) for an element that would be another value.
    """
    if array.dtype.kind == "U" and dtype == TEXT:
        return array, None
    given = TEXT if array.dtype.kind == "U" else array.dtype.name
    if dtype not in DTYPES or given not in DTYPES:
        what = f"input {name!r} is {given}, the model takes {dtype}"
        raise Failed("inexact-input", f"{what}: this cannot be converted")
    # A cell's float16 or bfloat16 is wanted of a float input; float32 is only the default.
    asked = dtype == settings.precision != "float32" and array.dtype.kind == "f"
    try:
        made = convert(array, dtype, rounding=settings.cast or asked)
    except InexactError as error:
        raise Failed("inexact-input", _inexact(name, array, dtype, error)) from error
    if given == dtype:
        return made.array, None
    return made.array, f"{name}: {given} → {dtype}{' (rounded)' if made.rounded else ''}"


def repeat(array: np.ndarray, batch: int | None) -> np.ndarray:
    """``array`` repeated along axis 0 to length ``batch``; unchanged where ``batch`` is ``None``.

    Raises ``Failed`` (``wrong-shape``) unless ``batch`` is a multiple of the length of axis 0.
    """
    shape = _repeated(array.shape, batch)
    if shape == array.shape:
        return array
    return np.concatenate([array] * (shape[0] // array.shape[0]), axis=0)


def bfloat16_bits(carried: np.ndarray) -> np.ndarray:
    """The bfloat16s, as uint16, that an array of float32 carries after ``bind``."""
    words = np.ascontiguousarray(carried).view(np.uint32) >> np.uint32(16)
    return words.astype(np.uint16).reshape(carried.shape)


def check_precision(precision: str, valid: Sequence[str], framework: str) -> None:
    """Raises ``Unsupported("unsupported-precision")`` unless ``precision`` is in ``valid``.

    ``stored`` is what a model file has, so always valid.
    """
    if precision != "stored" and precision not in valid:
        raise Unsupported(
            "unsupported-precision",
            f"{framework} cannot compute this in {precision}, only in {', '.join(valid)}",
        )


def _repeated(shape: tuple[int, ...], batch: int | None) -> tuple[int, ...]:
    if batch is None:
        return shape
    if not shape or shape[0] == 0 or batch % shape[0]:
        raise Failed(
            "wrong-shape", f"an input of shape {shape} cannot be repeated to batch {batch}"
        )
    return (batch, *shape[1:])


def _check_shape(spec: InputSpec, shape: tuple[int, ...]) -> None:
    if spec.shape is None:
        return
    fits = len(spec.shape) == len(shape) and all(
        wanted is None or wanted == length for wanted, length in zip(spec.shape, shape)
    )
    if not fits:
        wanted = tuple("any" if length is None else length for length in spec.shape)
        raise Failed(
            "wrong-shape", f"input {spec.name!r}: expected {_shape(wanted)}, got {_shape(shape)}"
        )


def _inexact(name: str, array: np.ndarray, dtype: str, error: InexactError) -> str:
    element = array[error.index]
    value = repr(element.item())
    if array.dtype.kind == "f" and np.isnan(element):  # only its bits tell why it does not fit
        value += f" (0x{element.view(f'u{element.itemsize}'):x})"
    where = f"element {list(error.index)} of input {name!r}"
    text = f"{where} is {value} ({array.dtype}), which is no value of the model's {dtype}: "
    rounded = "say 'cast: true' at this input in the experiment file to have it rounded, or "
    return text + (rounded if error.roundable else "") + f"give the tensor as {dtype}"


def _shape(shape: Sequence[object]) -> str:
    return "(" + ", ".join(str(length) for length in shape) + ")"

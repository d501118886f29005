"""Exact widening: the same values in a type that holds more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.results.floats import FORMATS, as_values, from_values, narrowest
from orchestrator.results.outputs import Content, links_of
from orchestrator.results.tensor_file import (
    CARRIERS,
    COMPLEX,
    MANTISSA_BITS,
    chain,
    digest,
    tensor_file,
)

Tensor = tuple[str, tuple[int, ...], npt.NDArray[Any]]
"""(dtype name, shape, array); what NumPy lacks travels as its carrier."""


def common_type(types: Sequence[str]) -> str | None:
    """The narrowest type into which all ``types`` may be widened; ``None``: there is none.

    float16 and bfloat16 meet in float32, floats of 8 bits in what holds both. Whole numbers beside
    floats become the floats' type; whether that is exact depends on the values. Real numbers
    beside complex ones become complex, with imaginary parts of +0.
    """
    if len(set(types)) == 1:
        return types[0]
    if "bool" in types:
        return None
    floats = [COMPLEX.get(each, each) for each in types if each in MANTISSA_BITS]
    if not floats:
        return _common_integer(types)
    wanted = narrowest(floats)
    if not set(types) & set(COMPLEX):
        return wanted
    return "complex128" if wanted == "float64" else "complex64"


def widened(tensor: Tensor, wanted: str) -> tuple[Content, Tensor] | None:
    """``tensor`` in the type ``wanted``, of ``common_type``: its digest and chain, and itself.

    ``None`` where a value would not be exact. A NaN keeps its payload.
    """
    dtype, shape, array = tensor
    part = COMPLEX.get(wanted, wanted)
    if dtype not in FORMATS and part in FORMATS and not _exact(array, part):
        return None
    if part not in FORMATS:
        wide = array.astype(wanted)
    else:
        wide = from_values(as_values(dtype, array), part)
    if wanted in COMPLEX:
        if dtype not in COMPLEX:
            wide = np.stack([wide, np.zeros_like(wide)], axis=-1)
        wide = np.ascontiguousarray(wide).reshape(-1).view(wanted).reshape(shape)
    data = np.ascontiguousarray(wide, dtype=wide.dtype.newbyteorder("<")).tobytes()
    file = tensor_file(wanted, shape, data)
    content = Content(digest(file), wanted, shape, links_of(chain(wanted, shape, data)))
    return content, (wanted, shape, wide)


def _exact(integers: npt.NDArray[Any], wanted: str) -> bool:
    """Whether the float has all whole numbers up to the largest of ``integers``."""
    limit = 1 << (MANTISSA_BITS[wanted] + 1)
    return not integers.size or (int(integers.max()) <= limit and int(integers.min()) >= -limit)


_INTEGERS = tuple(f"{kind}{bits}" for bits in (8, 16, 32, 64) for kind in ("int", "uint"))
_NARROW = {"int4": (-8, 7), "uint4": (0, 15)}


def _common_integer(types: Sequence[str]) -> str | None:
    ranges = [_range(each) for each in types]
    low, high = min(least for least, _ in ranges), max(most for _, most in ranges)
    for each in _INTEGERS:
        least, most = _range(each)
        if least <= low and high <= most:
            return each
    return None


def _range(dtype: str) -> tuple[int, int]:
    if dtype in _NARROW:
        return _NARROW[dtype]
    info = np.iinfo(CARRIERS.get(dtype, dtype))
    return int(info.min), int(info.max)

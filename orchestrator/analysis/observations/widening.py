"""Exact widening: the same values in a type that holds more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.results.outputs import Content, links_of
from orchestrator.results.tensor_file import MANTISSA_BITS, chain, digest, tensor_file

Tensor = tuple[str, tuple[int, ...], npt.NDArray[Any]]
"""(dtype name, shape, array); bfloat16 travels as ``uint16``."""


def common_type(types: Sequence[str]) -> str | None:
    """The narrowest type into which all ``types`` may be widened; ``None``: there is none.

    float16 and bfloat16 meet in float32. Whole numbers beside floats become the floats' type;
    whether that is exact depends on the values.
    """
    if len(set(types)) == 1:
        return types[0]
    if "bool" in types:
        return None
    floats = [each for each in types if each in MANTISSA_BITS]
    if floats:
        widest = max(floats, key=MANTISSA_BITS.__getitem__)
        return "float32" if {"float16", "bfloat16"} == set(floats) else widest
    found = np.result_type(*(np.dtype(each) for each in types))
    return found.name if found.kind in "iu" else None


def widened(tensor: Tensor, wanted: str) -> tuple[Content, Tensor] | None:
    """``tensor`` in the type ``wanted``: its digest and chain, and itself.

    ``None`` where a value would not be exact.
    """
    dtype, shape, array = tensor
    wide = _floats(array, wanted) if dtype == "bfloat16" else array.astype(wanted)
    if dtype not in MANTISSA_BITS and wanted in MANTISSA_BITS:
        # A whole number is exact if it comes back; the largest may round to one out of range.
        limit = 1 << (MANTISSA_BITS[wanted] + 1)
        if array.size and (int(array.max()) > limit or int(array.min()) < -limit):
            return None
    data = np.ascontiguousarray(wide, dtype=wide.dtype.newbyteorder("<")).tobytes()
    file = tensor_file(wanted, shape, data)
    content = Content(digest(file), wanted, shape, links_of(chain(wanted, shape, data)))
    return content, (wanted, shape, wide)


def _floats(bfloat16: npt.NDArray[Any], wanted: str) -> npt.NDArray[Any]:
    """A bfloat16 is the upper half of a float32."""
    words = bfloat16.astype(np.uint32) << np.uint32(16)
    return words.view(np.float32).astype(wanted)

"""The digest of an output: BLAKE3 of its tensor file, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from blake3 import blake3

if TYPE_CHECKING:
    from eqc_runner.tensor import Tensor


def digest(tensor: Tensor) -> str:
    """64 hex digits over the header line and the little-endian bytes in C order.

    -0.0 and 0.0 differ, and so do NaNs of different payload: these are bits, not numbers.
    """
    state = blake3(tensor.header())
    state.update(tensor.data().view(np.uint8).data)
    return str(state.hexdigest())

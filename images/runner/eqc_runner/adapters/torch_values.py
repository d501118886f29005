"""What a torch model returns, as tensors of the file format or the reason why there is none."""

from __future__ import annotations

from typing import Any, List, Tuple, Union

import numpy as np

from eqc_runner.adapters.nested import leaves
from eqc_runner.adapters.protocol import ModelFacts
from eqc_runner.models.weights import weights_digest
from eqc_runner.tensor import CARRIERS, Tensor, Unrecorded

Named = List[Tuple[str, Union[Tensor, Unrecorded]]]

_NUMBERS = ((bool, "bool"), (int, "int64"), (float, "float64"), (complex, "complex128"))
"""Python's numbers, which become tensors without axes; ``bool`` first, as it is an ``int``."""


def finals(torch: Any, result: Any) -> Named:
    """The leaves of what a model returned, by path; a lone value is called ``output``."""
    named = leaves(result, lambda value: recorded(torch, value))
    return [(path or "output", tensor) for path, tensor in named]


def recorded(torch: Any, value: Any) -> Tensor | Unrecorded:
    """The tensor of one value; never an error, so that a value takes nothing from the others.

    Bits are moved, never computed: bfloat16 and float8 are carried as integers of their width. A
    number of Python becomes a tensor without axes of bool, int64, float64 or complex128.
    """
    if not isinstance(value, torch.Tensor):
        return _number(value)
    dtype = dtype_of(value)
    if value.is_quantized:
        return Unrecorded(f"quantized tensors ({dtype}) are not recorded: dequantize them first")
    if value.layout != torch.strided:
        return Unrecorded(f"sparse tensors ({value.layout}) are not recorded: make them dense")
    if value.is_nested:
        return Unrecorded("nested tensors are not recorded: give one tensor each")
    if dtype not in CARRIERS:
        return Unrecorded(f"{dtype} is not recorded")
    try:
        plain = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
        carrier = np.dtype(CARRIERS[dtype])
        if carrier.name != dtype:
            plain = plain.view(torch.int16 if carrier.itemsize == 2 else torch.uint8)
        return Tensor(dtype, plain.numpy().view(carrier))
    except (RuntimeError, TypeError, ValueError) as error:
        return Unrecorded(f"{dtype}: {str(error).partition(chr(10))[0]}")


def dtype_of(value: Any) -> str:
    """The name of a torch tensor's dtype, e.g. ``float32``."""
    return str(value.dtype).partition(".")[2]


def facts(torch: Any, state: list[Any], *, hidden: bool) -> ModelFacts:
    """The size and the digest of ``state``, as far as they are known.

    A script that shows no state may have some: packed weights of quantized models are hidden.
    """
    tensors = [recorded(torch, tensor) for tensor in state]
    arrays = [tensor.array for tensor in tensors if isinstance(tensor, Tensor)]
    is_known = bool(arrays) and len(arrays) == len(tensors)
    parameters = sum(int(tensor.numel()) for tensor in state)
    return ModelFacts(
        None if hidden and not state else parameters,
        None,
        weights_digest(arrays) if is_known else None,
    )


def _number(value: Any) -> Tensor | Unrecorded:
    for kind, dtype in _NUMBERS:
        if isinstance(value, kind):
            try:
                return Tensor(dtype, np.array(value, dtype))
            except OverflowError:
                return Unrecorded(f"the integer {value} does not fit into int64")
    if isinstance(value, (str, bytes)):
        return Unrecorded("text is not recorded")
    return Unrecorded(f"a {type(value).__name__} is neither a tensor nor a number")

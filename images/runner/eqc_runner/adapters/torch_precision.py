"""In which types a torch file computes, and whether a stated precision may replace them.

A file is computed as it is stored. A stated precision is another computation, which is made only
where it is known to be whole: every float of the file is of one type, and the file shows all of
them. Exported programs do, TorchScript does not.
"""

from __future__ import annotations

import contextlib
from typing import Any, Iterable, Iterator

from eqc_runner.adapters.torch_values import dtype_of
from eqc_runner.failures import Unsupported

STORED = "stored"


def fractions(tensors: Iterable[Any]) -> frozenset[str]:
    """The float and complex dtypes of ``tensors``."""
    return frozenset(
        dtype_of(tensor)
        for tensor in tensors
        if tensor.dtype.is_floating_point or tensor.dtype.is_complex
    )


def wanted_cast(precision: str, found: frozenset[str], *, shown: bool) -> str | None:
    """The dtype to cast all floats to, or ``None`` where the file computes as it is.

    ``shown``: whether the file shows all types it computes in. Raises ``Unsupported`` where the
    stated ``precision`` is neither what the file has nor what it can be cast to.
    """
    floats = {dtype for dtype in found if dtype.startswith(("float", "bfloat"))}
    if precision == STORED or found == {precision} or (shown and not found):
        return None
    listed = ", ".join(sorted(found)) or "the types it was made with"
    stored = "leave 'precision' out, and it is computed as stored"
    if found and (len(floats) != 1 or len(found) != 1):
        raise Unsupported(
            "unsupported-precision",
            f"the file computes in {listed}, so it cannot be computed in {precision} alone: "
            f"{stored}",
        )
    if not shown:
        raise Unsupported(
            "unsupported-precision",
            f"torch computes this file only in {listed}, not in {precision}: TorchScript does not "
            f"show all of its dtypes; {stored}",
        )
    return precision


def cast_program(torch: Any, module: Any, old: str, new: str) -> None:
    """Cast the weights and constants of an exported program, and the dtypes its graphs name."""
    before, after = getattr(torch, old), getattr(torch, new)
    module.to(after)
    for graph_module in graph_modules(torch, module):
        for node in graph_module.graph.nodes:
            if node.op == "get_attr":
                _cast_constant(torch, graph_module, node.target, before, after)
            for part in ("args", "kwargs"):
                named = torch.fx.node.map_aggregate(
                    getattr(node, part), lambda value: after if value is before else value
                )
                setattr(node, part, named)
        graph_module.recompile()


def _cast_constant(torch: Any, module: Any, name: str, before: Any, after: Any) -> None:
    """Cast a tensor that is an attribute only, as a program's constants are."""
    path, _, attribute = name.rpartition(".")
    owner = module.get_submodule(path)
    value = getattr(owner, attribute)
    if isinstance(value, torch.Tensor) and value.dtype is before:
        setattr(owner, attribute, value.to(after))


@contextlib.contextmanager
def default_dtype(torch: Any, dtype: str | None) -> Iterator[None]:
    """In the ``with`` block an operator that makes a tensor and names no dtype makes ``dtype``."""
    before = torch.get_default_dtype()
    if dtype is not None:
        torch.set_default_dtype(getattr(torch, dtype))
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def graph_modules(torch: Any, module: Any) -> Iterator[Any]:
    """``module`` and the graphs in it, such as the branches of ``cond``."""
    return (part for part in module.modules() if isinstance(part, torch.fx.GraphModule))

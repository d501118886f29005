"""The primitives of a compiled OpenVINO model, as its runtime model lists them."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from eqc_runner.kernels.kernel import Kernel

SOURCE = "openvino.runtime_model"
_NO_KERNEL = frozenset(("Const", "Input", "Output", "Parameter", "Result"))
_UNKNOWN = ("unknown_", "undef")


class Primitive(NamedTuple):
    """One operation of the compiled model."""

    kind: str
    """``Convolution``."""
    kernel: str
    """``brgconv_avx512_f32``."""
    nodes: tuple[str, ...]
    """The nodes of the model that it computes, the first one first: ``conv2d:Conv``."""


def kernels(
    primitives: Sequence[Primitive], layers: Sequence[tuple[str, str | None]]
) -> list[Kernel]:
    """The kernels; ``layers``: the name of a tensor, and of its node where that has another.

    Where OpenVINO says ``unknown`` or ``undef``, the kernel has the operation's kind beside it.
    """
    names = {name: name for name, _ in layers} | {node: name for name, node in layers if node}
    found = []
    for primitive in primitives:
        if primitive.kind in _NO_KERNEL:
            continue
        layer = next((n for n in (_layer(node, names) for node in primitive.nodes) if n), None)
        unsaid = primitive.kernel.startswith(_UNKNOWN)
        kernel = f"{primitive.kernel}:{primitive.kind}" if unsaid else primitive.kernel
        found.append(Kernel(kernel, primitive.kind, None, SOURCE, layer))
    return found


def _layer(node: str, names: dict[str, str]) -> str | None:
    """Nodes of builtin models are called ``layer:Operator``, or ``layer/part:Operator``."""
    output = node.partition(":")[0]
    return names.get(node) or names.get(output) or names.get(output.partition("/")[0])

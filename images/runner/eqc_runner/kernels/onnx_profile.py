"""The profile that ONNX Runtime writes: every node of the optimised graph that ran."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterable, Mapping, Protocol, Sequence

from eqc_runner.kernels.kernel import Kernel

SOURCE = "onnxruntime.profile"
_ENDS = "_kernel_time"
_BLOCKED = "_nchwc"
"""What the names of nodes end with that compute on blocks of channels."""
_FUSED = "fused "
_CONTRACTIONS = {
    "Conv": ("conv2d", "conv"),
    "Gemm": ("dense", "gemm", "matmul"),
    "MatMul": ("dense", "matmul", "gemm"),
}
"""What the operator of a contraction has in its name, and what its layer's operation may be."""
_TOKEN = re.compile(r"_token_\d+$")


class Layer(Protocol):
    """A tensor that a node outputs."""

    @property
    def name(self) -> str:
        """The tensor's."""
        ...

    @property
    def operation(self) -> str | None:
        """The node's operator, or the operation of the builtin layer."""
        ...


def nodes_of(model: Any) -> dict[str, str]:
    """The first output of each node of a ``ModelProto``, by the node's name."""
    return {node.name: node.output[0] for node in model.graph.node if node.name and node.output}


def read(path: Path, nodes: Mapping[str, str], layers: Sequence[Layer]) -> list[Kernel]:
    """The kernels of the profile at ``path``; ``nodes`` as ``nodes_of`` gives them."""
    return kernels(json.loads(path.read_text("utf-8")), nodes, layers)


def kernels(
    events: Iterable[Mapping[str, Any]], nodes: Mapping[str, str], layers: Sequence[Layer]
) -> list[Kernel]:
    """As ``read``, of the profile's events.

    A node's kernel is ``Conv_nchwc`` where MLAS computes on blocks of channels, with the name of
    the execution provider where that is not the CPU's. MLAS does not say which of its kernels it
    dispatches to.
    """
    found = []
    for event in events:
        name = str(event.get("name", ""))
        if event.get("cat") != "Node" or not name.endswith(_ENDS):
            continue
        node, known = name[: -len(_ENDS)], event.get("args", {})
        operation = str(known.get("op_name") or "")
        provider = str(known.get("provider") or "").replace("ExecutionProvider", "")
        kernel = operation + (_BLOCKED if _BLOCKED in node else "")
        if provider not in ("", "CPU"):
            kernel = f"{provider}:{kernel}"
        sizes = ":".join(_shape(each) for each in known.get("input_type_shape") or ())
        layer = _layer(node, operation, nodes, layers)
        found.append(Kernel(kernel, operation, sizes or None, SOURCE, layer))
    return found


def _layer(
    node: str, operation: str, nodes: Mapping[str, str], layers: Sequence[Layer]
) -> str | None:
    """The layer that a node of the optimised graph computes.

    One that computes several is called after the last: where it is a convolution or a product, it
    belongs to the nearest layer before that is one.
    """
    name = _TOKEN.sub("", node)
    name = name[len(_FUSED) :] if name.startswith(_FUSED) else name
    name = name.replace(_BLOCKED, "")
    output = nodes.get(name, name)
    places = {layer.name: place for place, layer in enumerate(layers)}
    place = places.get(output, places.get(output.partition("/")[0]))
    if place is None:
        return None
    wanted = next((ours for word, ours in _CONTRACTIONS.items() if word in operation), None)
    if wanted is not None:
        before = [layer.name for layer in layers[: place + 1] if layer.operation in wanted]
        return before[-1] if before else layers[place].name
    return layers[place].name


def _shape(typed: Mapping[str, Any]) -> str:
    return "x".join(str(length) for dims in typed.values() for length in dims)

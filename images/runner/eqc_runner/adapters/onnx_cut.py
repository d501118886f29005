"""Sub-models of an ONNX model that end at one of its tensors.

ONNX Runtime fuses operators where nothing else takes what is between them, so a model with every
tensor as an output is optimised otherwise. A sub-model computes nothing after its tensor: all
before it is fused as in the whole model. What is fused across the cut is not: an activation that
the whole model computes together with the convolution before it stands alone there.
"""

from __future__ import annotations

from typing import Any, Iterator


def ending_at(onnx: Any, model: Any, name: str) -> bytes:
    """The serialised part of ``model`` (a ``ModelProto``) that tensor ``name`` needs.

    Its inputs stay those of the whole model.
    """
    part = onnx.ModelProto()
    part.CopyFrom(model)
    graph = part.graph
    needed = {name}
    kept = []
    # Nodes are stored in an order in which they can be computed.
    for node in reversed(model.graph.node):
        if needed.isdisjoint(node.output):
            continue
        kept.append(node)
        needed.update(_taken(node))
    del graph.node[:]
    graph.node.extend(reversed(kept))
    weights = [each for each in model.graph.initializer if each.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(weights)
    known = [value for value in model.graph.output if value.name == name]
    del graph.output[:]
    graph.output.extend(known or [onnx.helper.make_empty_tensor_value_info(name)])
    return bytes(part.SerializeToString())


def _taken(node: Any) -> Iterator[str]:
    """The tensors that a node takes, those of the graphs in it included."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _taken(inner)
            yield from (value.name for value in graph.output)

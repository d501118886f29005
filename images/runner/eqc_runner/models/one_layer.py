"""One layer of a model as a model of its own, under the same name and with the same weights."""

from __future__ import annotations

from dataclasses import replace

from eqc_runner.models.arguments import listed
from eqc_runner.models.graph import INPUT, Graph, Layer

FLATTEN = "input_flatten"
"""The layer in front of one whose input is flat: every builtin model takes height, width and
channels."""


def only_layer(graph: Graph, name: str) -> Graph:
    """``graph`` reduced to the layer ``name``; its input is what the layer takes in ``graph``.

    A flat input of n values is taken as 1 x 1 x n. Raises ``ValueError`` that lists the layers
    that there are, for an unknown name and for a layer that takes more than one input.
    """
    single = {layer.name: layer for layer in graph.layers if len(layer.inputs) == 1}
    layer = single.get(name)
    if layer is None:
        raise ValueError(f"no layer {name!r} with one input; there are {listed(single)}")
    shapes = {INPUT: graph.input_shape, **{each.name: each.shape for each in graph.layers}}
    shape = shapes[layer.inputs[0]]
    if len(shape) == 3:
        return Graph(graph.name, shape, (replace(layer, inputs=(INPUT,)),))
    flat = Layer(FLATTEN, "flatten", (INPUT,), shape)
    return Graph(graph.name, (1, 1, *shape), (flat, replace(layer, inputs=(FLATTEN,))))

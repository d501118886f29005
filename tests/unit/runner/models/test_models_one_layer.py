"""One layer of a model alone: the same input, weights and output as within the model."""

from __future__ import annotations

import numpy as np
import pytest

from eqc_runner.adapters.numpy_convolution import im2col
from eqc_runner.adapters.numpy_operations import compute
from eqc_runner.failures import Failed
from eqc_runner.models.builtin import build
from eqc_runner.models.graph import INPUT, Graph
from eqc_runner.models.one_layer import FLATTEN
from eqc_runner.models.random_weights import (
    INITIALIZERS,
    Distribution,
    random_weight,
    random_weights,
)


def outputs(graph: Graph, image: np.ndarray) -> dict[str, np.ndarray]:
    weights, values = random_weights(graph, 1), {INPUT: image}
    for layer in graph.layers:
        own = {each.role: weights[each.name] for each in layer.weights}
        values[layer.name] = compute(layer, [values[name] for name in layer.inputs], own, im2col)
    return values


@pytest.mark.parametrize("name", ["conv2d", "conv2d_1", "pooling2d_1", "dense_1", "softmax"])
def test_alone_as_within(name: str) -> None:
    whole = build("lenet5", {})
    image = np.random.default_rng(1).random((1, *whole.input_shape), np.float32)
    within = outputs(whole, image)
    taken = {layer.name: layer.inputs[0] for layer in whole.layers}[name]
    alone = build("lenet5", {"layer": name})
    given = within[taken].reshape(1, *alone.input_shape)
    assert outputs(alone, given)[name].tobytes() == within[name].tobytes()


def test_a_flat_input_is_a_picture_of_one_point() -> None:
    graph = build("lenet5", {"layer": "dense"})
    assert (graph.input_shape, graph.layers[0].name) == ((1, 1, 400), FLATTEN)


@pytest.mark.parametrize("name", ["conv2d_99", "add"])
def test_unknown_layers_and_those_of_two_inputs(name: str) -> None:
    with pytest.raises(Failed, match="there are 'conv2d', 'pooling2d'"):
        build("cifar10-resnet18", {"layer": name})


def test_linear_is_no_layer() -> None:
    for model in ("lenet5", "cifar10-small", "cifar10-resnet18"):
        graph = build(model, {"activation": "linear"})
        assert not [layer for layer in graph.layers if layer.operation in ("relu", "tanh")]
        assert graph.parameters == build(model, {}).parameters


def test_distributions_are_as_stated() -> None:
    (kernel,) = build("conv", {"filters": 64, "channels": 64}).weights
    drawn = random_weight(kernel, 1, Distribution("normal", -0.019, 0.226))
    assert abs(float(drawn.mean(dtype=np.float64)) + 0.019) < 0.004
    assert abs(float(drawn.std(dtype=np.float64)) - 0.226) < 0.004
    uniform = random_weight(kernel, 1, Distribution("uniform", -2.0, -1.0))
    assert float(uniform.min()) >= -2.0
    assert float(uniform.max()) <= -1.0
    glorot = random_weight(kernel, 1, Distribution("glorot"))
    # The same draws as the initializer of that name, without a gain.
    from dataclasses import replace

    same = random_weight(replace(kernel, initializer="glorot_uniform"), 1)
    assert glorot.tobytes() == same.tobytes()
    assert "glorot_uniform" in INITIALIZERS


def test_biases_stay() -> None:
    graph = build("lenet5", {})
    plain, drawn = random_weights(graph, 3), random_weights(graph, 3, Distribution("normal"))
    assert plain["conv2d/bias"].tobytes() == drawn["conv2d/bias"].tobytes()
    assert plain["conv2d/kernel"].tobytes() != drawn["conv2d/kernel"].tobytes()

"""Builtin graphs as Keras functional models."""

from __future__ import annotations

from typing import Any

from eqc_runner.adapters.keras_model import How, KerasModel, Network
from eqc_runner.adapters.protocol import Settings
from eqc_runner.failures import Unsupported
from eqc_runner.models.builtin_model import BuiltinModel
from eqc_runner.models.graph import INPUT, Layer, same_pads

ROLES = {
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "mean", "variance"),
}
"""Weights in the order in which Keras' layers hold them."""


def builtin_keras(tf: Any, model: BuiltinModel, settings: Settings, *, xla: bool) -> KerasModel:
    """``model`` as Keras layers of the same names, weights cast to ``settings.precision``.

    Raises ``Unsupported`` for a padding that Keras does not have.
    """
    keras = tf.keras
    graph = model.graph
    symbols = {INPUT: keras.Input(shape=graph.input_shape, name=INPUT, dtype=settings.precision)}
    shapes = {INPUT: graph.input_shape}
    built: dict[str, Any] = {}
    for layer in graph.layers:
        shape = shapes[layer.inputs[0]]
        built[layer.name] = _keras_layer(keras, layer, shape, settings.precision)
        sources = [symbols[name] for name in layer.inputs]
        symbols[layer.name] = built[layer.name](sources if len(sources) > 1 else sources[0])
        shapes[layer.name] = layer.shape
    network = keras.Model(symbols[INPUT], symbols[graph.output], name="builtin")
    for layer in graph.layers:
        weights = {weight.role: model.weights[weight.name] for weight in layer.weights}
        if weights:
            roles = [role for role in ROLES[layer.operation] if role in weights]
            built[layer.name].set_weights([weights[role] for role in roles])
    layers = [(layer.name, layer.operation, symbols[layer.name]) for layer in graph.layers]
    made = Network(network, layers)
    return KerasModel(tf, lambda: made, model.facts, settings, How(xla=xla))


def _keras_layer(keras: Any, layer: Layer, shape: tuple[int, ...], precision: str) -> Any:
    common = {"name": layer.name, "dtype": precision}
    window = layer.window
    pool = {"pool_size": window.size, "strides": window.strides, **common}
    kinds = keras.layers
    if layer.operation == "conv2d":
        return kinds.Conv2D(
            layer.shape[-1],
            window.size,
            strides=window.strides,
            padding=_padding(layer, shape),
            use_bias=layer.biased,
            **common,
        )
    if layer.operation == "dense":
        return kinds.Dense(layer.shape[0], **common)
    if layer.operation == "batch_normalization":
        return kinds.BatchNormalization(epsilon=layer.epsilon, **common)
    if layer.operation in ("relu", "sigmoid", "tanh", "softmax"):
        return kinds.Activation(layer.operation, **common)
    if layer.operation == "max_pool":
        return kinds.MaxPooling2D(**pool)
    if layer.operation == "average_pool":
        return kinds.AveragePooling2D(**pool)
    if layer.operation == "zero_padding":
        return kinds.ZeroPadding2D(window.pads, **common)
    if layer.operation in ("sum", "logsumexp"):
        reduce = getattr(keras.ops, layer.operation)
        return kinds.Lambda(lambda values: reduce(values, axis=-1, keepdims=True), **common)
    return {
        "global_average_pool": kinds.GlobalAveragePooling2D,
        "flatten": kinds.Flatten,
        "add": kinds.Add,
    }[layer.operation](**common)


def _padding(layer: Layer, shape: tuple[int, ...]) -> str:
    window = layer.window
    if not window.padded:
        return "valid"
    if window.pads == same_pads(shape, window.size, window.strides):
        return "same"
    raise Unsupported("unsupported-operator", f"{layer.name}: Keras cannot pad by {window.pads}")

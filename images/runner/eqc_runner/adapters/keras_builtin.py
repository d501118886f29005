"""Builtin graphs as Keras functional models; any Keras model is run as a tf.function."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence, Tuple

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bfloat16_bits, bind
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.adapters.python_function import tensor_of
from eqc_runner.failures import Unsupported
from eqc_runner.models.builtin_model import BuiltinModel
from eqc_runner.models.graph import INPUT, Layer, same_pads
from eqc_runner.tensor import Tensor

Named = List[Tuple[str, Tensor]]
ROLES = {
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "mean", "variance"),
}
"""Weights in the order in which Keras' layers hold them."""


class KerasModel:
    """A functional Keras model; its instrumented run also gives the outputs of ``layers``."""

    def __init__(
        self,
        tf: Any,
        model: Any,
        layers: Sequence[tuple[str, str, Any]],
        facts: ModelFacts,
        settings: Settings,
        *,
        xla: bool,
    ) -> None:
        """``layers`` are (name, operation, symbolic tensor), in order of computation."""
        self.facts = facts
        self._tf = tf
        self._model = model
        self._layers = layers
        self._settings = settings
        self.converted: tuple[str, ...] = ()
        self._xla = xla
        self._names = _output_names(model)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        results = self._tf.nest.flatten(self._call(self._model, inputs))
        return [(name, tensor_of(value)) for name, value in zip(self._names, results)]

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        if not self._layers:
            return self.run(inputs), []
        finals = list(self._model.outputs)
        symbols = [symbol for _, _, symbol in self._layers]
        instrumented = self._tf.keras.Model(self._model.inputs, finals + symbols)
        results = self._call(instrumented, inputs)
        outputs = [(n, tensor_of(value)) for n, value in zip(self._names, results)]
        return outputs, [
            LayerOutput(name, operation, tensor_of(value))
            for (name, operation, _), value in zip(self._layers, results[len(finals) :])
        ]

    def _call(self, model: Any, inputs: Mapping[str, np.ndarray]) -> Any:
        specs = [_spec(symbol) for symbol in model.inputs]
        arrays, self.converted = bind(inputs, specs, self._settings)
        tensors = [tensorflow_constant(self._tf, arrays[s.name], s.dtype) for s in specs]
        function = self._tf.function(
            lambda *values: model(list(values) if len(values) > 1 else values[0], training=False),
            jit_compile=True if self._xla else None,
        )
        try:
            return function(*tensors)
        except self._tf.errors.UnimplementedError as error:
            raise Unsupported("unsupported-operator", str(error)) from error


def tensorflow_constant(tf: Any, array: np.ndarray, dtype: str) -> Any:
    """A bound array as a tensor of ``dtype``. Nothing is cast: TensorFlow's cast changes NaNs."""
    if dtype == "bfloat16":
        array = bfloat16_bits(array).view(tf.bfloat16.as_numpy_dtype)
    return tf.constant(array)


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
    return KerasModel(tf, network, layers, model.facts, settings, xla=xla)


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


def _spec(symbol: Any) -> InputSpec:
    # Keras 2 has TensorFlow's dtypes here, Keras 3 their names.
    dtype = getattr(symbol.dtype, "name", symbol.dtype)
    return InputSpec(symbol.name, tuple(symbol.shape), str(dtype))


def _output_names(model: Any) -> list[str]:
    """``output`` for a single output, else the model's names, or numbers where a name repeats."""
    names = list(getattr(model, "output_names", []))
    if len(names) <= 1:
        return ["output"]
    if len(set(names)) < len(names):
        return [str(number) for number in range(len(names))]
    return names

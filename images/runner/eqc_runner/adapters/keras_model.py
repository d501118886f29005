"""A Keras model of any structure of inputs and outputs, run as a tf.function."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, NamedTuple, Tuple

import numpy as np

from eqc_runner.adapters.binding import bfloat16_bits
from eqc_runner.adapters.keras_structure import (
    filled,
    input_names,
    is_optional,
    output_names,
    spec_of,
    structure_of,
)
from eqc_runner.adapters.model_file import first_line
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.adapters.tensorflow_values import Given, Named, outputs
from eqc_runner.failures import Failed, Unsupported

Layers = List[Tuple[str, str, Any]]
"""(name, operation, symbolic tensor), in order of computation."""
TRAINING = "training"
"""The one argument that every Keras model has beside its inputs."""


class Network(NamedTuple):
    """A model as it was made or read, with no state of an earlier run."""

    model: Any
    layers: Layers


class How(NamedTuple):
    """What a cell asks of a model beside its ``Settings``."""

    xla: bool = False
    arguments: Mapping[str, Any] = {}
    """Constants for the model's own parameters, ``training`` among them."""


class KerasModel:
    """A functional Keras model; its instrumented run also gives the outputs of its layers.

    Inputs are called by their keys where the model takes a mapping, else by their layers' names.
    """

    def __init__(
        self, tf: Any, fresh: Callable[[], Network], facts: ModelFacts, settings: Settings, how: How
    ) -> None:
        """``fresh`` makes the model anew, so that a layer's state is not of an earlier run."""
        self.facts = facts
        self.dtypes: tuple[str, ...] = ()
        self._tf = tf
        self._fresh = fresh
        self._network: Network | None = fresh()
        arguments = dict(how.arguments)
        self._training = arguments.pop(TRAINING, False)
        if self._training is not None and not isinstance(self._training, bool):
            raise Failed(
                "input-missing", f"argument {TRAINING} is {self._training!r}, not true or false"
            )
        self._given = Given(settings, arguments, (TRAINING,))
        self._xla = how.xla

    @property
    def converted(self) -> tuple[str, ...]:
        """What the last run did to its inputs."""
        return self._given.converted

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        model = self._unused().model
        return self._finals(model, self._call(model, model, structure_of(model, "input"), inputs))

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        model, layers = self._unused()
        if not layers:
            finals = self._call(model, model, structure_of(model, "input"), inputs)
            return self._finals(model, finals), []
        symbols = [symbol for _, _, symbol in layers]
        instrumented = self._tf.keras.Model(model.inputs, [structure_of(model, "output"), symbols])
        taken = list(model.inputs)
        taken = taken if len(taken) > 1 else taken[0]
        finals, values = self._call(model, instrumented, taken, inputs)
        return self._finals(model, finals), [
            LayerOutput(name if path == "output" else f"{name}.{path}", operation, tensor)
            for (name, operation, _), value in zip(layers, values)
            for path, tensor in outputs(self._tf, value)
        ]

    def run_cut(self, inputs: Mapping[str, np.ndarray]) -> list[LayerOutput]:
        """Every layer as the output of a model that ends there.

        TensorFlow fuses operations between which nothing is asked for, so a model with all layers
        as outputs is optimised otherwise. What is fused across the end of a part is not there.
        """
        found: list[LayerOutput] = []
        for place in range(len(self._peek().layers)):
            model, layers = self._unused()
            name, operation, symbol = layers[place]
            taken = list(model.inputs)
            part = self._tf.keras.Model(model.inputs, symbol)
            value = self._call(model, part, taken if len(taken) > 1 else taken[0], inputs)
            found += [
                LayerOutput(name if path == "output" else f"{name}.{path}", operation, tensor)
                for path, tensor in outputs(self._tf, value)
            ]
        return found

    def layers(self) -> list[tuple[str, str]]:
        """The names and operations of the layers, in order of computation."""
        return [(name, operation) for name, operation, _ in self._peek().layers]

    def _peek(self) -> Network:
        """The next network, which stays unused."""
        self._network = self._network or self._fresh()
        return self._network

    def _unused(self) -> Network:
        network, self._network = self._network or self._fresh(), None
        return network

    def _call(
        self, model: Any, called: Any, structure: Any, inputs: Mapping[str, np.ndarray]
    ) -> Any:
        """``called`` on inputs of ``structure``, which holds the symbols of ``model``'s inputs."""
        names = input_names(model)
        wanted = [
            (name, symbol)
            for name, symbol in names
            if name in inputs or not is_optional(symbol) or len(names) == 1
        ]
        specs = [spec_of(name, symbol) for name, symbol in wanted]
        arrays = self._given.bind(inputs, specs)
        tensors = [tensorflow_constant(self._tf, arrays[s.name], s.dtype) for s in specs]
        keys = [id(symbol) for _, symbol in wanted]

        def compute(*values: Any) -> Any:
            given = filled(structure, dict(zip(keys, values)))
            return called(given, training=self._training)

        function = self._tf.function(compute, jit_compile=True if self._xla else None)
        with Refusals(self._tf):
            return function(*tensors)

    def _finals(self, model: Any, results: Any) -> Named:
        found = outputs(self._tf, results)
        names = output_names(model)
        flat = isinstance(results, (list, tuple)) and not any(
            isinstance(item, (Mapping, list, tuple)) for item in results
        )
        if flat and len(names) == len(found):
            return [(name, tensor) for name, (_, tensor) in zip(names, found)]
        return found


class Refusals:
    """Turns TensorFlow's errors for operations that it cannot compute here into ``Unsupported``."""

    def __init__(self, tf: Any) -> None:
        self._errors = tf.errors

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, self._errors.UnimplementedError):
            raise Unsupported("unsupported-operator", str(error)) from error
        text = str(error)
        if isinstance(error, self._errors.InvalidArgumentError) and "XLA" in text:
            raise Unsupported("unsupported-operator", f"XLA: {first_line(error)}") from error


def tensorflow_constant(tf: Any, array: np.ndarray, dtype: str) -> Any:
    """A bound array as a tensor of ``dtype``. Nothing is cast: TensorFlow's cast changes NaNs."""
    if dtype == "bfloat16":
        array = bfloat16_bits(array).view(tf.bfloat16.as_numpy_dtype)
    return tf.constant(array)

"""A Keras model of any structure of inputs and outputs, run as a tf.function."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Mapping, NamedTuple, Tuple

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bfloat16_bits
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
        return self._finals(model, self._call(model, model, _structure(model, "input"), inputs))

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        model, layers = self._unused()
        if not layers:
            return self._finals(
                model, self._call(model, model, _structure(model, "input"), inputs)
            ), []
        symbols = [symbol for _, _, symbol in layers]
        instrumented = self._tf.keras.Model(model.inputs, [_structure(model, "output"), symbols])
        taken = list(model.inputs)
        taken = taken if len(taken) > 1 else taken[0]
        finals, values = self._call(model, instrumented, taken, inputs)
        return self._finals(model, finals), [
            LayerOutput(name if path == "output" else f"{name}.{path}", operation, tensor)
            for (name, operation, _), value in zip(layers, values)
            for path, tensor in outputs(self._tf, value)
        ]

    def _unused(self) -> Network:
        network, self._network = self._network or self._fresh(), None
        return network

    def _call(
        self, model: Any, called: Any, structure: Any, inputs: Mapping[str, np.ndarray]
    ) -> Any:
        """``called`` on inputs of ``structure``, which holds the symbols of ``model``'s inputs."""
        names = _names(model)
        wanted = [
            (name, symbol)
            for name, symbol in names
            if name in inputs or not _optional(symbol) or len(names) == 1
        ]
        specs = [_spec(name, symbol) for name, symbol in wanted]
        arrays = self._given.bind(inputs, specs)
        tensors = [tensorflow_constant(self._tf, arrays[s.name], s.dtype) for s in specs]
        keys = [id(symbol) for _, symbol in wanted]

        def compute(*values: Any) -> Any:
            filled = _filled(structure, dict(zip(keys, values)))
            return called(filled, training=self._training)

        function = self._tf.function(compute, jit_compile=True if self._xla else None)
        with Refusals(self._tf):
            return function(*tensors)

    def _finals(self, model: Any, results: Any) -> Named:
        found = outputs(self._tf, results)
        names = _output_names(model)
        flat = isinstance(results, (list, tuple)) and len(results) == len(found)
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


def _structure(model: Any, side: str) -> Any:
    """The symbols of ``input`` or ``output`` as the author arranged them."""
    try:
        return getattr(model, side)
    except AttributeError:  # a Sequential model that was read has only lists of them
        symbols = list(getattr(model, f"{side}s"))
        return symbols if len(symbols) > 1 else symbols[0]


def _names(model: Any) -> list[tuple[str, Any]]:
    """Each input's name and symbol: keys where there is a mapping, else the layers' names."""
    structure = _structure(model, "input")
    found = list(_leaves(structure, ""))
    if _has_mapping(structure):
        return found
    return [(symbol.name, symbol) for _, symbol in found]


def _leaves(structure: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(structure, Mapping):
        items = [(str(key), item) for key, item in structure.items()]
    elif isinstance(structure, (list, tuple)):
        items = [(str(index), item) for index, item in enumerate(structure)]
    else:
        yield path, structure
        return
    for name, item in items:
        yield from _leaves(item, f"{path}.{name}" if path else name)


def _has_mapping(structure: Any) -> bool:
    if isinstance(structure, (list, tuple)):
        return any(_has_mapping(item) for item in structure)
    return isinstance(structure, Mapping)


def _filled(structure: Any, values: Mapping[int, Any]) -> Any:
    """``structure`` with the value of each symbol, ``None`` for an optional one without."""
    if isinstance(structure, Mapping):
        return {key: _filled(item, values) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [_filled(item, values) for item in structure]
    return values.get(id(structure))


def _spec(name: str, symbol: Any) -> InputSpec:
    kinds = [kind for kind in ("sparse", "ragged") if getattr(symbol, kind, False)]
    if kinds:
        raise Unsupported(
            "unsupported-operator", f"input {name!r} is {kinds[0]}: only dense tensors can be given"
        )
    # Keras 2 has TensorFlow's dtypes here, Keras 3 their names.
    dtype = getattr(symbol.dtype, "name", symbol.dtype)
    return InputSpec(name, tuple(symbol.shape), str(dtype))


def _optional(symbol: Any) -> bool:
    history = getattr(symbol, "_keras_history", None)
    return bool(getattr(getattr(history, "operation", None), "optional", False))


def _output_names(model: Any) -> list[str]:
    """``output`` for a single output, else the model's names, or numbers where a name repeats."""
    names = list(getattr(model, "output_names", []))
    if len(names) <= 1:
        return ["output"]
    if len(set(names)) < len(names):
        return [str(number) for number in range(len(names))]
    return names

"""SavedModels and TFLite files of users, on TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping, Tuple

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bind, check_precision
from eqc_runner.adapters.keras_builtin import tensorflow_constant
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.adapters.python_function import tensor_of
from eqc_runner.failures import Failed
from eqc_runner.models.weights import weights_digest
from eqc_runner.tensor import Tensor

Named = List[Tuple[str, Tensor]]


class SavedModel:
    """The function ``serving_default`` of a SavedModel; its layers cannot be observed."""

    note = "a SavedModel does not show its layers"

    def __init__(self, tf: Any, path: Path, settings: Settings) -> None:
        if not path.is_dir():
            raise Failed("input-missing", f"no SavedModel folder {path.name}")
        try:
            self._loaded = tf.saved_model.load(str(path))
        except (OSError, ValueError) as error:
            raise Failed("exception", f"{path.name} is not a SavedModel: {error}") from error
        signatures = dict(self._loaded.signatures)
        if "serving_default" not in signatures:
            raise Failed("exception", f"{path.name} has no signature 'serving_default'")
        self._tf = tf
        self._function = signatures["serving_default"]
        self._settings = settings
        self.converted: tuple[str, ...] = ()
        _, named = self._function.structured_input_signature
        self._specs = [
            InputSpec(name, _dimensions(spec.shape), spec.dtype.name)
            for name, spec in sorted(named.items())
        ]
        _check_floats(self._specs, settings.precision)
        weights = [tensor_of(variable).array for variable in self._function.variables]
        size = sum(int(array.size) for array in weights)
        self.facts = ModelFacts(size, None, weights_digest(weights) if weights else None)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        arrays, self.converted = bind(inputs, self._specs, self._settings)
        constants = {
            spec.name: tensorflow_constant(self._tf, arrays[spec.name], spec.dtype)
            for spec in self._specs
        }
        results = self._function(**constants)
        return [(name, tensor_of(value)) for name, value in sorted(results.items())]

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        return self.run(inputs), []


class TfliteModel:
    """A TFLite file. Its fast kernels (XNNPACK) keep no intermediate tensors, so the instrumented
    run uses the plain kernels; where they round differently the observation is ``perturbed``."""

    def __init__(self, tf: Any, path: Path, settings: Settings) -> None:
        if not path.exists():
            raise Failed("input-missing", f"no TFLite file {path.name}")
        self._tf = tf
        self._content = path.read_bytes()
        self._threads = settings.threads
        self._settings = settings
        self.converted: tuple[str, ...] = ()
        self.facts = ModelFacts(None, None, None)
        self._plain = self._interpreter()
        self._specs = [
            InputSpec(
                detail["name"],
                _dimensions(detail.get("shape_signature", detail["shape"])),
                np.dtype(detail["dtype"]).name,
            )
            for detail in self._plain.get_input_details()
        ]
        _check_floats(self._specs, settings.precision)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        return self._invoke(self._plain, inputs)

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        kernels = self._tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        interpreter = self._interpreter(
            experimental_preserve_all_tensors=True, experimental_op_resolver_type=kernels
        )
        finals = self._invoke(interpreter, inputs)
        layers = []
        names = {detail["index"]: detail["name"] for detail in interpreter.get_tensor_details()}
        # TFLite has no other list of operators; this private method exists since 2.5.
        for operator in interpreter._get_ops_details():  # noqa: SLF001
            for index in operator["outputs"]:
                value = Tensor.of(interpreter.get_tensor(index))
                layers.append(LayerOutput(names[index], operator["op_name"].lower(), value))
        return finals, layers

    def _interpreter(self, **options: Any) -> Any:
        try:
            return self._tf.lite.Interpreter(
                model_content=self._content, num_threads=self._threads, **options
            )
        except ValueError as error:
            raise Failed("exception", f"the file is not a valid TFLite model: {error}") from error

    def _invoke(self, interpreter: Any, inputs: Mapping[str, np.ndarray]) -> Named:
        bound, self.converted = bind(inputs, self._specs, self._settings)
        details = interpreter.get_input_details()
        for detail in details:
            interpreter.resize_tensor_input(detail["index"], bound[detail["name"]].shape)
        interpreter.allocate_tensors()
        for detail in details:
            interpreter.set_tensor(detail["index"], bound[detail["name"]])
        interpreter.invoke()
        return [
            (detail["name"], Tensor.of(interpreter.get_tensor(detail["index"])))
            for detail in interpreter.get_output_details()
        ]


def _dimensions(shape: Any) -> tuple[int | None, ...] | None:
    """Axes of any length (-1 or ``None``) become ``None``; so does a shape of unknown rank."""
    if getattr(shape, "rank", 0) is None:
        return None
    return tuple(None if length is None or int(length) < 0 else int(length) for length in shape)


def _check_floats(specs: list[InputSpec], precision: str) -> None:
    floats: dict[str, None] = {s.dtype: None for s in specs if "float" in s.dtype}
    if floats:
        check_precision(precision, sorted(floats), "tensorflow with this file")

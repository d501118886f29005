"""TFLite files of users, by their signatures, on the interpreter of TensorFlow or of LiteRT."""

from __future__ import annotations

import importlib
from typing import Any, Mapping, NamedTuple

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bfloat16_bits
from eqc_runner.adapters.keras_model import How
from eqc_runner.adapters.model_file import ModelFile, first_line
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.adapters.signatures import chosen
from eqc_runner.adapters.tensorflow_values import (
    Given,
    Named,
    Recorded,
    check_stored,
    floats,
    recorded,
)
from eqc_runner.adapters.tflite_content import TfliteSignature, read_tflite
from eqc_runner.failures import Failed, Unsupported
from eqc_runner.kernels import tflite_operators
from eqc_runner.kernels.kernel import Told
from eqc_runner.tensor import Unrecorded

PACKED = ("int2", "int4", "uint4")
"""Types of which two or more elements share a byte; the interpreter gives no array of them."""


class Runtime(NamedTuple):
    """Whose interpreter runs the files."""

    interpreter: Any
    """The class ``Interpreter``."""
    resolvers: Any
    """The enumeration ``OpResolverType``."""
    schema: str
    """The module with the classes that are generated from TFLite's schema."""


class TfliteModel:
    """One signature of a file, or where it has none its first subgraph by its tensors' names.

    The fast kernels (XNNPACK) keep no intermediate tensors, so the instrumented run uses the plain
    ones; where they round differently the observation is ``perturbed``. Every run has an
    interpreter of its own: variables of the model begin as the file says.
    """

    def __init__(
        self, runtime: Runtime, file: ModelFile, settings: Settings, how: How, signature: str | None
    ) -> None:
        if not file.path.exists():
            raise Failed("input-missing", f"no TFLite file {file.name}")
        self._runtime = runtime
        self._name = file.name
        self._bytes = file.path.read_bytes()
        self._threads = settings.threads
        self._kernels, self._plain_kernels = _resolvers(runtime.resolvers, settings.flags)
        self._given = Given(settings, how.arguments)
        self.facts = ModelFacts(None, None, None)
        self._unused = self._interpreter(self._kernels)
        self._content = read_tflite(self._bytes, runtime.schema)
        self._signature = self._called(signature)
        self._graph = self._content.graphs[self._signature.graph]
        self.dtypes = floats(t.dtype for graph in self._content.graphs for t in graph.tensors)
        check_stored(settings.precision, self.dtypes, file.name)

    @property
    def converted(self) -> tuple[str, ...]:
        """What the last run did to its inputs."""
        return self._given.converted

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        interpreter, self._unused = self._unused or self._interpreter(self._kernels), None
        return self._invoke(interpreter, inputs)

    def run_told(self, inputs: Mapping[str, np.ndarray]) -> Told:
        """As ``run``, with the operators that the interpreter then has."""
        interpreter = self._unused or self._interpreter(self._kernels)
        self._unused = None
        finals = self._invoke(interpreter, inputs)
        reference = self._kernels is self._runtime.resolvers.BUILTIN_REF
        names = {place: tensor.name for place, tensor in enumerate(self._graph.tensors)}
        if self._signature.graph != 0:
            return Told(finals, [], "of a further subgraph the interpreter lists no operators")
        return Told(finals, *tflite_operators.kernels(interpreter, names, reference=reference))

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        interpreter = self._interpreter(self._plain_kernels, experimental_preserve_all_tensors=True)
        finals = self._invoke(interpreter, inputs)
        return finals, [
            LayerOutput(self._graph.tensors[index].name, operator, self._value(interpreter, index))
            for operator, indices in self._graph.operators
            for index in indices
            if index >= 0
        ]

    def _called(self, signature: str | None) -> TfliteSignature:
        named = {each.key: each for each in self._content.signatures}
        if named:
            return named[chosen(signature, list(named), self._name)]
        if signature is not None:
            raise Failed("input-missing", f"{self._name} has no signatures, so no {signature!r}")
        graph = self._content.graphs[0]
        return TfliteSignature(
            "",
            0,
            {graph.tensors[index].name: index for index in graph.inputs},
            {graph.tensors[index].name: index for index in graph.outputs},
        )

    def _interpreter(self, kernels: Any, **options: Any) -> Any:
        if not self._bytes:
            raise Failed("exception", f"{self._name} is empty")
        try:
            return self._runtime.interpreter(
                model_content=self._bytes,
                num_threads=self._threads,
                experimental_op_resolver_type=kernels,
                **options,
            )
        except ValueError as error:
            text = f"{self._name} is not a valid TFLite model, or is cut off: {first_line(error)}"
            raise Failed("exception", text) from error

    def _invoke(self, interpreter: Any, inputs: Mapping[str, np.ndarray]) -> Named:
        called = self._signature
        specs = [
            InputSpec(name, tensor.shape, tensor.dtype)
            for name, index in called.inputs.items()
            for tensor in (self._graph.tensors[index],)
        ]
        arrays = self._given.bind(inputs, specs)
        arrays = {name: _carried(arrays[name], dtype) for name, _, dtype in specs}
        try:
            if called.graph == 0:
                for name, index in called.inputs.items():
                    interpreter.resize_tensor_input(index, arrays[name].shape)
                interpreter.allocate_tensors()
                for name, index in called.inputs.items():
                    interpreter.set_tensor(index, arrays[name])
                interpreter.invoke()
            else:
                interpreter.get_signature_runner(called.key)(**arrays)
        except (RuntimeError, ValueError) as error:
            raise _refused(error, self._name) from error
        return [(name, self._value(interpreter, index)) for name, index in called.outputs.items()]

    def _value(self, interpreter: Any, index: int) -> Recorded:
        dtype = self._graph.tensors[index].dtype
        if dtype in PACKED:
            return Unrecorded(f"the interpreter gives no values of {dtype}")
        if dtype in ("resource", "variant"):
            return Unrecorded(f"a {dtype} has no values")
        try:
            return recorded(interpreter.get_tensor(index, self._signature.graph))
        except (RuntimeError, ValueError, TypeError) as error:
            if "data is null" in str(error):
                return Unrecorded("the interpreter keeps no values of it")
            return Unrecorded(f"the interpreter gives no values: {first_line(error)}")


def _resolvers(types: Any, flags: Mapping[str, Any]) -> tuple[Any, Any]:
    """What finds the kernels of the plain and of the instrumented run."""
    delegate = flags.get("delegate")
    if flags.get("kernels") == "reference":
        if delegate == "xnnpack":
            text = "delegate: xnnpack has kernels of its own, so kernels: reference cannot be had"
            raise Failed("exception", text)
        return types.BUILTIN_REF, types.BUILTIN_REF
    plain = types.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    if delegate is None:
        return types.AUTO, plain
    return (plain if delegate == "none" else types.BUILTIN), plain


def _carried(array: np.ndarray, dtype: str) -> np.ndarray:
    """As the interpreter takes it: texts as bytes, bfloat16 in its own type."""
    if dtype == "string":
        texts = [text.encode() if isinstance(text, str) else bytes(text) for text in array.flat]
        return np.array(texts, dtype=object).reshape(array.shape)
    if dtype == "bfloat16":
        return bfloat16_bits(array).view(importlib.import_module("ml_dtypes").bfloat16)
    return array


def _refused(error: Exception, name: str) -> Failed | Unsupported:
    text = " ".join(str(error).split())
    if "custom op" in text.lower() or "select tensorflow op" in text.lower():
        return Unsupported("unsupported-operator", f"{name}: {text}")
    return Failed("exception", f"{name}: {text}")

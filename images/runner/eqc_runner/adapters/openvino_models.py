"""OpenVINO on CPUs: builtin models as ONNX graphs, and users' ``.onnx`` files."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from eqc_runner.adapters import onnx_graph
from eqc_runner.adapters.binding import InputSpec, bind, check_precision
from eqc_runner.adapters.protocol import LayerOutput, Loaded, ModelFacts, Settings
from eqc_runner.adapters.python_function import PythonModel
from eqc_runner.adapters.settings import (
    available_cpus,
    check_device,
    no_gpu,
    no_source,
    read_flags,
)
from eqc_runner.failures import Failed, Unsupported
from eqc_runner.kernels import openvino_model
from eqc_runner.kernels.kernel import Told
from eqc_runner.kernels.trace import Trace
from eqc_runner.models.builtin_model import builtin_model
from eqc_runner.tensor import Tensor, Unrecorded

HINTS = {"stored": "f32", "float32": "f32", "float16": "f16"}
"""The inference precision asked for. OpenVINO's own default is bfloat16 where the CPU has
instructions for it, also for a float32 model: ``inference_precision: default`` asks for that, and
``bf16`` for bfloat16. Outputs have the types of the model's file all the same."""
DTYPES = {
    "boolean": "bool",
    "bf16": "bfloat16",
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    **{f"{kind}{bits}": f"{name}{bits}" for kind, name in (("i", "int"), ("u", "uint"))
       for bits in (8, 16, 32, 64)},
}  # fmt: skip
"""Our name of each element type that outputs are recorded of."""
NO_LAYERS = ("Parameter", "Result", "Constant")
_ISA = re.compile(r"avx512\w*?(?=_[a-z0-9]+$)|avx2\w*?(?=_)|avx|sse42|sse41|amx|acl|mlas|ref")


class OpenvinoAdapter:
    """A model file is computed in float32, whatever float it stores, unless a flag says else."""

    name = "openvino"

    def __init__(self) -> None:
        self._openvino: Any = None
        self._onnx: Any = None
        self._model: OpenvinoModel | None = None

    def start(self) -> None:
        self._openvino = importlib.import_module("openvino")
        self._onnx = importlib.import_module("onnx")

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """A ``builtin``, ``onnx`` or ``python`` model. Raises ``Unsupported`` or ``Failed``."""
        check_device(settings.device)
        if settings.device == "gpu":
            raise no_gpu(self.name, "this adapter computes on CPUs only")
        flags = read_flags(settings.flags, self.name)
        source = workload["source"]
        if source == "python":
            return PythonModel(workload, job_dir, settings)
        check_precision(settings.precision, tuple(HINTS), self.name)
        if source == "builtin":
            model = builtin_model(workload, job_dir)
            dtype = np.dtype("float32" if settings.precision == "stored" else settings.precision)
            graph = onnx_graph.onnx_model(self._onnx, model, dtype, layers=False)
            operations = {layer.name: layer.operation for layer in model.graph.layers}
            loaded = OpenvinoModel(
                self._openvino, graph.SerializeToString(), settings, flags, model.facts, operations
            )
        elif source == "onnx":
            path = Path(job_dir) / workload["path"]
            if not path.exists():
                raise Failed("input-missing", f"no ONNX file {path.name}")
            nothing = ModelFacts(None, None, None)
            loaded = OpenvinoModel(self._openvino, str(path), settings, flags, nothing, None)
        else:
            raise no_source(self.name, source, ("builtin", "onnx", "python"))
        self._model = loaded
        return loaded

    def describe(self) -> dict[str, Any]:
        """``isa`` has the instruction sets in the names of the kernels that OpenVINO chose."""
        libraries: dict[str, Any] = {"onnx": self._onnx.__version__}
        threads: int | None = None
        isa: str | None = None
        if self._model is not None:
            precision = self._model.compiled.get_property("INFERENCE_PRECISION_HINT")
            libraries["inference_precision"] = precision.get_type_name()
            threads = int(self._model.compiled.get_property("INFERENCE_NUM_THREADS"))
            isa = ", ".join(sorted(_isas(self._model.kernels()))) or None
        return {
            "version": self._openvino.__version__.partition("-")[0],
            "isa": {"kernels": isa},
            "threads": {"inference": threads, "available": available_cpus()},
            "libraries": libraries,
        }

    def kernels(self, loaded: Loaded, inputs: Mapping[str, np.ndarray], trace: Trace) -> Told:
        del trace
        if not isinstance(loaded, OpenvinoModel):
            return Told(loaded.run(inputs), [], "a function may compute with anything")
        return Told(
            loaded.run(inputs), openvino_model.kernels(loaded.primitives(), loaded.layers())
        )


class OpenvinoModel:
    """A compiled model; layers are the tensors that have a name in the ONNX graph."""

    def __init__(
        self,
        openvino: Any,
        source: bytes | str,
        settings: Settings,
        flags: Mapping[str, Any],
        facts: ModelFacts,
        operations: Mapping[str, str] | None,
    ) -> None:
        self.facts = facts
        self.converted: tuple[str, ...] = ()
        self._openvino = openvino
        self._source = source
        self._settings = settings
        self._operations = operations
        self._core = openvino.Core()
        self._properties = _properties(settings, flags)
        model = self._read()
        self._specs = [_spec(port, settings) for port in model.inputs]
        self._outputs = [_name(port) or f"output{n}" for n, port in enumerate(model.outputs)]
        self.compiled = self._core.compile_model(model, "CPU", self._properties)

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[tuple[str, Tensor | Unrecorded]]:
        found = self._computed(self.compiled, inputs)
        return list(zip(self._outputs, found))

    def run_layers(
        self, inputs: Mapping[str, np.ndarray]
    ) -> tuple[list[tuple[str, Tensor | Unrecorded]], list[LayerOutput]]:
        model = self._read()
        layers = self._ports(model)
        names = [str(_name(port)) for _, port in layers]
        operations = [(self._operations or {}).get(n, op) for n, (op, _) in zip(names, layers)]
        model.add_outputs([port for _, port in layers])
        compiled = self._core.compile_model(model, "CPU", self._properties)
        found = self._computed(compiled, inputs)
        finals, rest = found[: len(self._outputs)], found[len(self._outputs) :]
        return list(zip(self._outputs, finals)), [
            LayerOutput(name, operation, tensor)
            for name, operation, tensor in zip(names, operations, rest)
        ]

    def kernels(self) -> list[str]:
        """The primitive of every operation of the compiled model, e.g. ``brgconv_avx512_f32``."""
        return [primitive.kernel for primitive in self.primitives()]

    def run_cut(self, inputs: Mapping[str, np.ndarray]) -> list[LayerOutput]:
        """Every layer as the output of a model that ends there.

        OpenVINO fuses operations between which nothing is asked for; what it fuses across the end
        of a part is not there.
        """
        found = []
        for place in range(len(self._ports(self._read()))):
            model = self._read()
            kind, port = self._ports(model)[place]
            part = self._openvino.Model([port], model.get_parameters(), "part")
            compiled = self._core.compile_model(part, "CPU", self._properties)
            (value,) = self._computed(compiled, inputs)
            name = str(_name(port))
            found.append(LayerOutput(name, (self._operations or {}).get(name, kind), value))
        return found

    def _ports(self, model: Any) -> list[tuple[str, Any]]:
        """The operations and ports of what ``run_layers`` records, in order of computation."""
        own = {_name(port) for port in model.outputs}
        layers = [
            (op.get_type_name().lower(), port)
            for op in model.get_ordered_ops()
            if op.get_type_name() not in NO_LAYERS
            for port in op.outputs()
            if _name(port) is not None and _name(port) not in own
        ]
        if self._operations is None:
            return layers
        return [each for each in layers if _name(each[1]) in self._operations]

    def primitives(self) -> list[openvino_model.Primitive]:
        """Every operation of the compiled model, in the order of execution."""
        found = []
        for op in self.compiled.get_runtime_model().get_ordered_ops():
            said = {name: str(value.astype(str)) for name, value in op.get_rt_info().items()}
            names = tuple(said.get("originalLayersNames", "").split(","))
            kind, kernel = said.get("layerType", ""), said["primitiveType"]
            found.append(openvino_model.Primitive(kind, kernel, names))
        return found

    def layers(self) -> list[tuple[str, str | None]]:
        """The tensors that have a name, with their operations; of a builtin model its layers."""
        if self._operations is not None:
            # The last one may be called as the output that it is.
            last = list(self._operations)[-1]
            return [*((name, None) for name in self._operations), (last, onnx_graph.OUTPUT)]
        ops = self._read().get_ordered_ops()
        named = [(_name(port), op.get_friendly_name()) for op in ops for port in op.outputs()]
        return [(name, called) for name, called in named if name is not None]

    def _read(self) -> Any:
        try:
            return self._core.read_model(self._source)
        except RuntimeError as error:
            text = str(error)
            if "not supported" in text.lower() or "unsupported" in text.lower():
                raise Unsupported("unsupported-operator", f"openvino: {text}") from error
            raise Failed("exception", f"openvino cannot read the model: {text}") from error

    def _computed(
        self, compiled: Any, inputs: Mapping[str, np.ndarray]
    ) -> list[Tensor | Unrecorded]:
        bound = bind(inputs, self._specs, self._settings)
        self.converted = bound.converted
        request = compiled.create_infer_request()
        request.infer([bound.arrays[spec.name] for spec in self._specs])
        return [
            self._tensor(request.get_output_tensor(index)) for index in range(len(compiled.outputs))
        ]

    def _tensor(self, value: Any) -> Tensor | Unrecorded:
        kind = value.get_element_type().get_type_name()
        dtype = DTYPES.get(kind)
        if dtype is None:
            return Unrecorded(f"outputs of OpenVINO's type {kind} are not recorded")
        array = np.array(value.data)
        array = array.view(np.uint16) if dtype == "bfloat16" else array
        # Images of builtin models as NHWC. Only bytes are moved: no value changes.
        moved = self._operations is not None and array.ndim == 4
        return Tensor(dtype, array.transpose(0, 2, 3, 1) if moved else array)


def _properties(settings: Settings, flags: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    hint = flags.get("inference_precision") or HINTS[settings.precision]
    if hint != "default":
        properties["INFERENCE_PRECISION_HINT"] = hint
    if "execution_mode" in flags:
        properties["EXECUTION_MODE_HINT"] = flags["execution_mode"].upper()
    if settings.threads is not None:
        properties["INFERENCE_NUM_THREADS"] = settings.threads
    return properties


def _spec(port: Any, settings: Settings) -> InputSpec:
    shape = port.partial_shape
    axes = None
    if shape.rank.is_static:
        axes = tuple(None if axis.is_dynamic else axis.get_length() for axis in shape)
        if settings.batch is not None and axes:
            axes = (None, *axes[1:])
    kind = port.element_type.get_type_name()
    return InputSpec(_name(port) or port.node.friendly_name, axes, DTYPES.get(kind, kind))


def _name(port: Any) -> str | None:
    """The tensor's name in the model; the first by the alphabet where it has several."""
    names = sorted(port.get_names())
    return names[0] if names else None


def _isas(kernels: list[str]) -> set[str]:
    return {found[0] for kernel in kernels if (found := _ISA.search(kernel)) is not None}

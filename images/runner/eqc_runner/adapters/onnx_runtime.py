"""ONNX Runtime: builtin models as ONNX graphs, and users' ``.onnx`` files."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Mapping, Sequence, Tuple

import numpy as np

from eqc_runner.adapters import onnx_files, onnx_graph
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
from eqc_runner.failures import Unsupported
from eqc_runner.models.builtin_model import builtin_model
from eqc_runner.tensor import Tensor

LEVELS = {
    "none": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}
PRECISIONS = ("float16", "float32", "float64")
"""Each is tried; where ONNX Runtime lacks a kernel for one, the session is
``unsupported-precision``. Where it lacks float16 kernels on CPUs, it computes in float32 and casts
by itself."""

LOG_FATAL = 4
Layers = Sequence[Tuple[str, str]]


class OnnxRuntimeAdapter:
    """A GPU is used by the CUDA provider, without falling back to the CPU.

    That part is written from ONNX Runtime's documentation and has not been run on a GPU.
    """

    name = "onnxruntime"

    def __init__(self) -> None:
        self._ort: Any = None
        self._onnx: Any = None
        self._threads: int | None = None
        self._providers: list[str] = []

    def start(self) -> None:
        self._ort = importlib.import_module("onnxruntime")
        self._onnx = importlib.import_module("onnx")
        # Not every version of onnx imports these submodules itself.
        for module in ("helper", "numpy_helper", "shape_inference"):
            importlib.import_module(f"onnx.{module}")
        self._ort.set_default_logger_severity(LOG_FATAL)

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """A ``builtin``, ``onnx`` or ``python`` model. Raises ``Unsupported`` or ``Failed``."""
        flags = read_flags(settings.flags, self.name)
        self._threads = settings.threads
        self._providers = self._chosen_providers(settings.device)
        source = workload["source"]
        if source == "python":
            return PythonModel(workload, job_dir, settings)
        level = flags.get("optimization")
        if source == "builtin":
            check_precision(settings.precision, PRECISIONS, self.name)
            return self._builtin(workload, job_dir, settings, level)
        if source == "onnx":
            return self._file(Path(job_dir) / workload["path"], settings, level)
        raise no_source(self.name, source, ("builtin", "onnx", "python"))

    def describe(self) -> dict[str, Any]:
        """``isa`` is ``None``: ONNX Runtime does not report which kernels it dispatches to."""
        return {
            "version": self._ort.__version__,
            "isa": {"mlas": None},
            "threads": {"intra_op": self._threads, "available": available_cpus()},
            "libraries": {"onnx": self._onnx.__version__, "providers": self._providers},
        }

    def _builtin(
        self, workload: Mapping[str, Any], job_dir: Path, settings: Settings, level: str | None
    ) -> Loaded:
        model = builtin_model(workload, job_dir)
        dtype = np.dtype(settings.precision)
        plain, instrumented = (
            onnx_graph.onnx_model(self._onnx, model, dtype, layers=layers).SerializeToString()
            for layers in (False, True)
        )
        layers = [(layer.name, layer.operation) for layer in model.graph.layers]
        return OnnxModel(self, (plain, instrumented), layers, model.facts, settings, level)

    def _file(self, path: Path, settings: Settings, level: str | None) -> Loaded:
        file = onnx_files.read_onnx(self._onnx, path)
        return OnnxModel(
            self,
            (file.plain, file.instrumented),
            file.layers,
            file.facts,
            settings,
            level,
            builtin=False,
            unranked=file.unranked,
        )

    def session(self, model: bytes, level: str | None) -> Any:
        """An ``InferenceSession`` with the cell's threads and device."""
        options = self._ort.SessionOptions()
        options.log_severity_level = LOG_FATAL
        if self._threads is not None:
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = self._threads
        if level is not None:
            options.graph_optimization_level = getattr(
                self._ort.GraphOptimizationLevel, LEVELS[level]
            )
        if self._providers[0] != "CPUExecutionProvider":
            # A node without a GPU kernel must not be computed on the CPU unnoticed.
            options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        try:
            return self._ort.InferenceSession(model, options, providers=self._providers)
        except Exception as error:
            # The exception classes are in a private module, so they are recognised by their
            # names, which are stable.
            if type(error).__name__ == "NotImplemented":
                raise Unsupported("unsupported-operator", str(error)) from error
            raise

    def _chosen_providers(self, device: str) -> list[str]:
        check_device(device)
        if device == "cpu":
            return ["CPUExecutionProvider"]
        there = self._ort.get_available_providers()
        if "CUDAExecutionProvider" not in there or not Path("/dev/nvidiactl").exists():
            raise no_gpu(self.name, f"providers of this build: {', '.join(there)}")
        return ["CUDAExecutionProvider"]


class OnnxModel:
    """Two models of the same nodes: the plain one, and one with every tensor as an output."""

    def __init__(
        self,
        adapter: OnnxRuntimeAdapter,
        models: tuple[bytes, bytes],
        layers: Layers,
        facts: ModelFacts,
        settings: Settings,
        level: str | None,
        *,
        builtin: bool = True,
        unranked: frozenset[str] = frozenset(),
    ) -> None:
        self.facts = facts
        self.converted: tuple[str, ...] = ()
        self._adapter = adapter
        self._instrumented_model = models[1]
        self._layers = layers
        self._settings = settings
        self._level = level
        self._nchw = builtin
        try:
            self._plain = adapter.session(models[0], level)
        except Unsupported as error:
            if not builtin:
                raise
            # A builtin graph has only basic operators: the kernel for this precision is missing.
            raise Unsupported("unsupported-precision", error.message) from error
        self._specs = [_spec(value, unranked) for value in self._plain.get_inputs()]
        self._outputs = [value.name for value in self._plain.get_outputs()]
        if not builtin:
            self._check_precision(settings.precision)

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[tuple[str, Tensor]]:
        results = self._plain.run(None, self._bound(inputs))
        return [(n, Tensor.of(self._nhwc(array))) for n, array in zip(self._outputs, results)]

    def run_layers(
        self, inputs: Mapping[str, np.ndarray]
    ) -> tuple[list[tuple[str, Tensor]], list[LayerOutput]]:
        session = self._adapter.session(self._instrumented_model, self._level)
        names = [value.name for value in session.get_outputs()]
        results = session.run(None, self._bound(inputs))
        found: dict[str, np.ndarray] = dict(zip(names, results))
        finals = [(name, Tensor.of(self._nhwc(found[name]))) for name in self._outputs]
        layers = [
            LayerOutput(name, operation, Tensor.of(self._nhwc(found[name])))
            for name, operation in self._layers
            if isinstance(found.get(name), np.ndarray) and found[name].dtype.kind in "fiub"
        ]
        return finals, layers

    def _bound(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        bound = bind(inputs, self._specs, self._settings)
        self.converted = bound.converted
        return bound.arrays

    def _nhwc(self, array: np.ndarray) -> np.ndarray:
        """Images of builtin models as NHWC. Only bytes are moved: no value changes."""
        return array.transpose(0, 2, 3, 1) if self._nchw and array.ndim == 4 else array

    def _check_precision(self, precision: str) -> None:
        """A file is computed in its own precision: that of its floating-point inputs."""
        floats = sorted({s.dtype for s in self._specs if s.dtype.startswith(("float", "bfloat"))})
        if floats:
            check_precision(precision, floats, f"{self._adapter.name} with this file")


ELEMENTS = {"float": "float32", "double": "float64"}
"""ONNX Runtime's names of dtypes that NumPy names differently."""


def _spec(value: Any, unranked: frozenset[str]) -> InputSpec:
    # A sequence or a map is none of the dtypes, and stays as it is called.
    element = value.type[len("tensor(") : -1] if value.type.startswith("tensor(") else value.type
    shape = tuple(length if isinstance(length, int) else None for length in value.shape)
    is_any = value.name in unranked
    return InputSpec(value.name, None if is_any else shape, ELEMENTS.get(element, element))

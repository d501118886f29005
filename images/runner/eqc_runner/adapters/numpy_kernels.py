"""The NumPy adapter: builtin models in plain NumPy, matrix products by its BLAS (OpenBLAS)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Iterator, Mapping

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bind, check_precision
from eqc_runner.adapters.numpy_convolution import CONVOLUTIONS, Convolution
from eqc_runner.adapters.numpy_operations import compute
from eqc_runner.adapters.protocol import LayerOutput, Loaded, Settings
from eqc_runner.adapters.python_function import PythonModel
from eqc_runner.adapters.settings import check_device, no_gpu, no_source, read_flags
from eqc_runner.models.builtin_model import BuiltinModel, builtin_model
from eqc_runner.models.graph import INPUT, Layer
from eqc_runner.tensor import Tensor

PRECISIONS = ("float16", "float32", "float64")


class NumpyAdapter:
    """The runner itself needs NumPy, so ``start`` imports only threadpoolctl."""

    name = "numpy"

    def __init__(self) -> None:
        self._threadpoolctl: Any = None
        self._requested: int | None = None

    def start(self) -> None:
        self._threadpoolctl = importlib.import_module("threadpoolctl")

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """A ``builtin`` or ``python`` model. Raises ``Unsupported`` or ``Failed``.

        ``settings.threads`` limits OpenBLAS, which never uses more threads than it found CPUs
        when it was loaded: ``describe`` gives the requested and the actual number.
        """
        check_device(settings.device)
        if settings.device == "gpu":
            raise no_gpu("numpy", "it computes on CPUs only")
        check_precision(settings.precision, PRECISIONS, "numpy")
        flags = read_flags(settings.flags, "numpy")
        if settings.threads is not None:
            self._threadpoolctl.threadpool_limits(limits=settings.threads, user_api="blas")
        self._requested = settings.threads
        if workload["source"] == "python":
            return PythonModel(workload, job_dir, settings)
        if workload["source"] != "builtin":
            raise no_source("numpy", workload["source"], ("builtin", "python"))
        convolution = CONVOLUTIONS[flags.get("convolution", "im2col")]
        return NumpyModel(builtin_model(workload, job_dir, every_form=True), settings, convolution)

    def describe(self) -> dict[str, Any]:
        blas = [p for p in self._threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
        first = blas[0] if blas else {}
        return {
            "version": np.__version__,
            "isa": {"openblas": first.get("architecture"), "numpy": _numpy_simd()},
            "threads": {"blas": first.get("num_threads"), "requested": self._requested},
            "libraries": {pool["internal_api"]: pool["version"] for pool in blas},
        }


class NumpyModel:
    """A builtin graph, computed layer by layer."""

    def __init__(self, model: BuiltinModel, settings: Settings, convolution: Convolution) -> None:
        self.facts = model.facts
        self.converted: tuple[str, ...] = ()
        self._graph = model.graph
        self._settings = settings
        self._convolution = convolution
        self._spec = InputSpec(INPUT, (None, *model.graph.input_shape), settings.precision)
        dtype = np.dtype(settings.precision)
        self._weights = {
            layer.name: {w.role: model.weights[w.name].astype(dtype) for w in layer.weights}
            for layer in model.graph.layers
        }

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[tuple[str, Tensor]]:
        for _, output in self._layers(inputs):
            last = output
        return [("output", Tensor.of(last))]

    def run_layers(
        self, inputs: Mapping[str, np.ndarray]
    ) -> tuple[list[tuple[str, Tensor]], list[LayerOutput]]:
        layers = [
            LayerOutput(layer.name, layer.operation, Tensor.of(output))
            for layer, output in self._layers(inputs)
        ]
        return [("output", layers[-1].tensor)], layers

    def _layers(self, inputs: Mapping[str, np.ndarray]) -> Iterator[tuple[Layer, np.ndarray]]:
        known, self.converted = bind(inputs, [self._spec], self._settings)
        for layer in self._graph.layers:
            sources = [known[name] for name in layer.inputs]
            known[layer.name] = compute(
                layer, sources, self._weights[layer.name], self._convolution
            )
            yield layer, known[layer.name]


def _numpy_simd() -> list[str] | None:
    """SIMD extensions beyond NumPy's baseline that have kernels in NumPy and are on this CPU.

    ``None`` if this NumPy does not list them.
    """
    for name in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
        try:
            core = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        features = getattr(core, "__cpu_features__", {})
        return [word for word in getattr(core, "__cpu_dispatch__", []) if features.get(word)]
    return None

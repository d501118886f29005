"""LiteRT, the interpreter of TFLite files without the rest of TensorFlow."""

from __future__ import annotations

import importlib
from importlib import metadata
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from eqc_runner.adapters.keras_model import How
from eqc_runner.adapters.model_file import ModelFile
from eqc_runner.adapters.protocol import Loaded, Settings
from eqc_runner.adapters.python_function import PythonModel
from eqc_runner.adapters.settings import (
    available_cpus,
    check_device,
    no_gpu,
    no_source,
    read_flags,
)
from eqc_runner.adapters.tflite import Runtime, TfliteModel
from eqc_runner.kernels.kernel import Told
from eqc_runner.kernels.trace import Trace

SCHEMA = "ai_edge_litert.schema_py_generated"


class LitertAdapter:
    """Without ``threads`` an interpreter computes in one thread, as LiteRT's own default is."""

    name = "litert"

    def __init__(self) -> None:
        self._runtime: Runtime | None = None
        self._threads: int | None = None
        self._dtypes: tuple[str, ...] = ()

    def start(self) -> None:
        module = importlib.import_module("ai_edge_litert.interpreter")
        self._runtime = Runtime(module.Interpreter, module.OpResolverType, SCHEMA)

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """A ``tflite`` or ``python`` model. Raises ``Unsupported`` or ``Failed``."""
        check_device(settings.device)
        if settings.device == "gpu":
            raise no_gpu(self.name, "this adapter computes on CPUs only")
        flags = read_flags(settings.flags, self.name)
        self._threads, self._dtypes = settings.threads, ()
        if workload["source"] == "python":
            return PythonModel(workload, job_dir, settings)
        if workload["source"] != "tflite":
            raise no_source(self.name, workload["source"], ("tflite", "python"))
        assert self._runtime is not None  # noqa: S101 - start comes first
        how = How(arguments=workload.get("arguments") or {})
        file = ModelFile.of(workload, job_dir)
        signature = workload.get("signature")
        model = TfliteModel(self._runtime, file, settings._replace(flags=flags), how, signature)
        self._dtypes = model.dtypes
        return model

    def kernels(self, loaded: Loaded, inputs: Mapping[str, np.ndarray], trace: Trace) -> Told:
        del trace
        if not isinstance(loaded, TfliteModel):
            return Told(loaded.run(inputs), [], "a function may compute with anything")
        return loaded.run_told(inputs)

    def describe(self) -> dict[str, Any]:
        """LiteRT does not say which kernels it dispatches to: ``None``."""
        libraries = {"dtypes": ", ".join(self._dtypes)} if self._dtypes else {}
        return {
            "version": metadata.version("ai-edge-litert"),
            "isa": {"xnnpack": None},
            "threads": {"interpreter": self._threads or 1, "available": available_cpus()},
            "libraries": libraries,
        }

"""TensorFlow: Keras models as tf.functions, SavedModels, TFLite."""

from __future__ import annotations

import importlib
import os
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar, Mapping

import numpy as np

from eqc_runner.adapters.binding import PRECISIONS, check_precision
from eqc_runner.adapters.keras_builtin import builtin_keras
from eqc_runner.adapters.keras_files import read_keras
from eqc_runner.adapters.keras_model import How, KerasModel
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
from eqc_runner.adapters.tensorflow_files import SavedModel
from eqc_runner.adapters.tflite import Runtime, TfliteModel
from eqc_runner.failures import Failed, Unsupported
from eqc_runner.kernels import onednn, tensorflow_profile
from eqc_runner.kernels.kernel import Told
from eqc_runner.kernels.trace import ONEDNN as LOG
from eqc_runner.kernels.trace import Trace
from eqc_runner.models.builtin_model import builtin_model

SOURCES = ("builtin", "keras", "savedmodel", "tflite", "python")
_GRAPHS = ("builtin", "keras", "savedmodel")
MEANING = {
    "deterministic": (*_GRAPHS, "python"),
    "xla": _GRAPHS,
    "onednn": (*_GRAPHS, "python"),
    "tf32": (*_GRAPHS, "python"),
    "delegate": ("tflite",),
    "kernels": ("tflite",),
}
"""The kinds of model whose computation a flag concerns."""
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""Read when TensorFlow is imported, so that ``framework.json`` has it set for the flag."""


class TensorflowAdapter:
    """A GPU is the first one that TensorFlow lists.

    That part is written from TensorFlow's documentation and has not been run on a GPU.
    """

    name = "tensorflow"
    logging: ClassVar[Mapping[str, str]] = LOG

    def __init__(self) -> None:
        self._tf: Any = None
        self._device = "cpu"
        self._note = ""
        self._dtypes: tuple[str, ...] = ()

    def start(self) -> None:
        # TensorFlow reads the log level once, at import. 2 drops its warnings about the CPU.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        self._tf = importlib.import_module("tensorflow")
        # TensorFlow imports Keras lazily: import it now, once for all forked sessions.
        self._tf.keras.layers  # noqa: B018

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """A model of one of ``SOURCES``. Raises ``Unsupported`` or ``Failed``.

        Threads and devices can be set only before TensorFlow's first operation in a process.
        """
        source = workload["source"]
        if source not in SOURCES:
            raise no_source(self.name, source, SOURCES)
        flags = read_flags(settings.flags, self.name)
        _check_meaning(flags, source)
        self._note, self._dtypes = "", ()
        self._device = settings.device
        self._configure(settings)
        if flags.get("deterministic"):
            self._tf.config.experimental.enable_op_determinism()
        if "tf32" in flags:
            self._tf.config.experimental.enable_tensor_float_32_execution(flags["tf32"])
        how = How(bool(flags.get("xla")), workload.get("arguments") or {})
        if source == "python":
            return PythonModel(workload, job_dir, settings)
        if source == "builtin":
            check_precision(settings.precision, PRECISIONS, self.name)
            model = builtin_model(workload, job_dir)
            return builtin_keras(self._tf, model, settings, xla=how.xla)
        file, signature = ModelFile.of(workload, job_dir), workload.get("signature")
        loaded: KerasModel | TfliteModel | SavedModel
        if source == "keras":
            if signature is not None:
                raise Failed("input-missing", f"a Keras model has no signatures: {signature!r}")
            loaded = read_keras(self._tf, file, settings, how)
        elif source == "tflite":
            lite = self._tf.lite
            runtime = Runtime(lite.Interpreter, lite.experimental.OpResolverType, SCHEMA)
            loaded = TfliteModel(runtime, file, settings, how, signature)
        else:
            self._note = SavedModel.note
            loaded = SavedModel(self._tf, file, settings, how, signature)
        self._dtypes = loaded.dtypes
        return loaded

    def describe(self) -> dict[str, Any]:
        """TensorFlow reports neither its kernels' ISA nor oneDNN's version: these are ``None``."""
        threading = self._tf.config.threading
        # 0 stands for its default: one thread per CPU the process may use.
        threads = {
            "intra_op": threading.get_intra_op_parallelism_threads() or available_cpus(),
            "inter_op": threading.get_inter_op_parallelism_threads() or available_cpus(),
        }
        libraries: dict[str, Any] = {"keras": metadata.version("keras"), "onednn": None}
        build = self._tf.sysconfig.get_build_info()
        libraries.update({key: build[key] for key in BUILD if key in build})
        if self._dtypes:
            libraries["dtypes"] = ", ".join(self._dtypes)
        if self._note:
            libraries["notes"] = self._note
        return {
            "version": self._tf.__version__,
            "isa": {"eigen": None, "onednn": None},
            "threads": threads,
            "libraries": libraries,
        }

    def kernels(self, loaded: Loaded, inputs: Mapping[str, np.ndarray], trace: Trace) -> Told:
        if isinstance(loaded, TfliteModel):
            return loaded.run_told(inputs)
        layers = loaded.layers() if isinstance(loaded, KerasModel) else []
        tensorflow_profile.start(self._tf, trace.folder)
        try:
            finals = loaded.run(inputs)
        finally:
            seen = tensorflow_profile.stop(self._tf, trace.folder)
        known = [tensorflow_profile.Layer(name, operation) for name, operation in layers]
        printed = onednn.ran(trace.lines())
        return Told(finals, tensorflow_profile.kernels(seen, list(printed), known))

    def _configure(self, settings: Settings) -> None:
        check_device(settings.device)
        config = self._tf.config
        gpus = config.list_physical_devices("GPU")
        if settings.device == "gpu" and not gpus:
            raise no_gpu(self.name, "no physical device of type GPU")
        try:
            config.set_visible_devices(gpus[:1] if settings.device == "gpu" else [], "GPU")
            if settings.threads is not None:
                config.threading.set_intra_op_parallelism_threads(settings.threads)
                config.threading.set_inter_op_parallelism_threads(settings.threads)
        except RuntimeError as error:
            raise Failed(
                "exception", f"tensorflow computed before it was configured: {error}"
            ) from error


def _check_meaning(flags: Mapping[str, Any], source: str) -> None:
    """A flag that would change nothing is no setting of the cell, and is refused."""
    for name, value in flags.items():
        if source not in MEANING[name]:
            kinds = ", ".join(f"{kind}:" for kind in MEANING[name])
            text = f"flag {name} concerns {kinds} models, not {source}:"
            raise Unsupported("unsupported-operator", text)
        if name == "onednn" and os.environ.get(ONEDNN) != str(int(value)):
            text = f"flag onednn is {str(value).lower()}, so TensorFlow has to be imported with "
            raise Failed("exception", f"{text}the variable {ONEDNN}={int(value)}")


SCHEMA = "tensorflow.lite.python.schema_py_generated"
BUILD = ("cuda_version", "cudnn_version")
"""Keys that TensorFlow's build information has in a CUDA build."""

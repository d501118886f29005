"""ONNX Runtime: builtin models as ONNX graphs, and users' ``.onnx`` files."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from eqc_runner.adapters import onnx_cut, onnx_graph, onnx_options, onnx_refusals
from eqc_runner.adapters.binding import check_precision
from eqc_runner.adapters.onnx_files import OnnxFile, read_onnx
from eqc_runner.adapters.onnx_model import Forms, Layer, OnnxModel
from eqc_runner.adapters.protocol import Loaded, Settings
from eqc_runner.adapters.python_function import PythonModel
from eqc_runner.adapters.settings import available_cpus, check_device, no_source, read_flags
from eqc_runner.failures import Unsupported
from eqc_runner.kernels import onnx_profile
from eqc_runner.kernels.kernel import Told
from eqc_runner.kernels.trace import Trace
from eqc_runner.models.builtin_model import builtin_model

PRECISIONS = ("float16", "float32", "float64")
"""Each is tried; where ONNX Runtime lacks a kernel for one, the session is
``unsupported-precision``. Where it lacks float16 kernels on CPUs, it computes in float32 and casts
by itself."""
STORED = "stored"
LOG_FATAL = 4


class OnnxRuntimeAdapter:
    """No execution provider falls back to another one, the CPU included.

    What concerns GPUs is written from ONNX Runtime's documentation and has not been run on one.
    """

    name = "onnxruntime"

    def __init__(self) -> None:
        self._ort: Any = None
        self._onnx: Any = None
        self._threads: int | None = None
        self._providers: list[str] = []
        self._flags: dict[str, Any] = {}
        self._floats: tuple[str, ...] = ()

    def start(self) -> None:
        self._ort = importlib.import_module("onnxruntime")
        self._onnx = importlib.import_module("onnx")
        # Not every version of onnx imports these submodules itself.
        for module in ("helper", "numpy_helper", "shape_inference"):
            importlib.import_module(f"onnx.{module}")
        self._ort.set_default_logger_severity(LOG_FATAL)

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """A ``builtin``, ``onnx`` or ``python`` model. Raises ``Unsupported`` or ``Failed``."""
        self._flags = read_flags(settings.flags, self.name)
        self._threads = settings.threads
        self._floats = ()
        check_device(settings.device)
        self._providers = onnx_options.providers_of(self._ort, self._flags, settings.device)
        source = workload["source"]
        if source == "python":
            return PythonModel(workload, job_dir, settings)
        if source == "builtin":
            check_precision(settings.precision, PRECISIONS, self.name)
            return self._builtin(workload, job_dir, settings)
        if source == "onnx":
            path = Path(job_dir) / workload["path"]
            # In the job the file is called by its hash.
            called = Path(str(workload.get("name") or "")).name or path.name
            return self._file(path, called, settings)
        raise no_source(self.name, source, ("builtin", "onnx", "python"))

    def describe(self) -> dict[str, Any]:
        """``isa`` is ``None``: ONNX Runtime does not report which kernels it dispatches to."""
        libraries: dict[str, Any] = {
            "onnx": self._onnx.__version__,
            "providers": self._providers,
        }
        if self._floats:
            libraries["dtypes"] = ", ".join(self._floats)
        return {
            "version": self._ort.__version__,
            "isa": {"mlas": None},
            "threads": {"intra_op": self._threads, "available": available_cpus()},
            "libraries": libraries,
        }

    def kernels(self, loaded: Loaded, inputs: Mapping[str, np.ndarray], trace: Trace) -> Told:
        if not isinstance(loaded, OnnxModel):
            return Told(loaded.run(inputs), [], "a function may compute with anything")
        finals, profile = loaded.run_profiled(inputs, trace.folder / "profile")
        return Told(finals, onnx_profile.read(profile, loaded.nodes, loaded.layers))

    def _builtin(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        model = builtin_model(workload, job_dir)
        dtype = np.dtype(settings.precision)
        graph, tapped = (
            onnx_graph.onnx_model(self._onnx, model, dtype, layers=layers)
            for layers in (False, True)
        )
        plain, instrumented = graph.SerializeToString(), tapped.SerializeToString()
        layers = [Layer(layer.name, layer.operation) for layer in model.graph.layers]
        cut = partial(onnx_cut.ending_at, self._onnx, tapped)
        forms = Forms(plain, lambda _: bytes(instrumented), cut)
        try:
            return OnnxModel(
                self._ort,
                self._session,
                forms,
                layers,
                model.facts,
                settings,
                nodes=_nodes(graph, model.graph.output),
                nhwc=True,
            )
        except Unsupported as error:
            if error.code != "unsupported-operator":
                raise
            # A builtin graph has only basic operators: the kernel for this precision is missing.
            raise Unsupported("unsupported-precision", error.message) from error

    def _file(self, path: Path, called: str, settings: Settings) -> Loaded:
        file = read_onnx(self._onnx, path, called)
        _check_precision(settings.precision, file)
        self._floats = file.floats
        layers = [Layer(*layer) for layer in file.layers]
        session = partial(self._session, name=called, folder=path.parent)
        return OnnxModel(
            self._ort,
            session,
            Forms(str(path), file.instrumented, file.cut),
            layers,
            file.facts,
            settings,
            nodes=onnx_profile.nodes_of(file.model),
            unranked=file.unranked,
        )

    def _session(
        self,
        model: Any,
        name: str = "",
        folder: Path | None = None,
        profile: Path | None = None,
    ) -> Any:
        """An ``InferenceSession`` of bytes or a path, with the cell's threads, device and flags.

        ``folder``: where the files are that the model refers to. ``profile``: what the name of the
        file begins with that the session's profile is written to.
        """
        options = self._ort.SessionOptions()
        if profile is not None:
            options.enable_profiling = True
            options.profile_file_prefix = str(profile)
        options.log_severity_level = LOG_FATAL
        if self._threads is not None:
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = self._threads
        if onnx_options.CPU not in self._providers:
            # A node that the provider has no kernel for must not be computed on the CPU unnoticed.
            options.add_session_config_entry(onnx_options.NO_FALLBACK, "1")
        if folder is not None and isinstance(model, bytes):
            options.add_session_config_entry(onnx_options.FOLDER, str(folder))
        onnx_options.apply(self._ort, options, self._flags)
        try:
            session = self._ort.InferenceSession(
                model, options, providers=self._providers, enable_fallback=0
            )
        except Exception as error:
            raise onnx_refusals.refusal(self._ort, self._providers, name, error) from error
        self._check_providers(session.get_providers())
        return session

    def _check_providers(self, used: Sequence[str]) -> None:
        """Of a provider that cannot start, ONNX Runtime says so in its log, and takes the CPU."""
        lacking = [name for name in self._providers if name not in used]
        if lacking:
            text = f"{lacking[0]} cannot start here: onnxruntime would use {', '.join(used)}"
            raise Unsupported("not-installed", text)


def _nodes(graph: Any, last: str) -> dict[str, str]:
    """The layers by the names of nodes; a node that is called as the output is the last layer."""
    found = {**onnx_profile.nodes_of(graph), onnx_graph.OUTPUT: onnx_graph.OUTPUT}
    return {name: last if output == onnx_graph.OUTPUT else output for name, output in found.items()}


def _check_precision(precision: str, file: OnnxFile) -> None:
    """A file is computed as it is: a precision that is stated is that of all its floats."""
    if precision == STORED or file.floats in ((), (precision,)):
        return
    if len(file.floats) == 1:
        check_precision(precision, file.floats, "onnxruntime with this file")
    raise Unsupported(
        "unsupported-precision",
        f"this file computes in {', '.join(file.floats)}, so not in {precision}: leave out "
        "'precision' to run it as stored",
    )

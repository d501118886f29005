"""The PyTorch adapter; models run in eager mode, PyTorch's default."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any, ClassVar, Mapping

import numpy as np

from eqc_runner.adapters.binding import PRECISIONS, check_precision
from eqc_runner.adapters.protocol import Loaded, Settings
from eqc_runner.adapters.python_function import PythonModel
from eqc_runner.adapters.settings import check_device, no_gpu, no_source, read_flags
from eqc_runner.adapters.torch_builtin import TorchBuiltin
from eqc_runner.adapters.torch_files import TorchFile
from eqc_runner.adapters.torch_flags import apply_flags
from eqc_runner.adapters.torch_precision import STORED
from eqc_runner.failures import Failed
from eqc_runner.kernels import torch_profile
from eqc_runner.kernels.kernel import Told
from eqc_runner.kernels.trace import MKL, ONEDNN, Trace
from eqc_runner.models.builtin_model import builtin_model


class TorchAdapter:
    """A GPU is the first CUDA device.

    That part is written from torch's documentation and has not been run on a GPU.
    """

    name = "torch"
    imports: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "torch": ("torch._export.serde.serialize", "torch.export._unlift")
    }
    """What reading an exported program imports, in 1.6 s; read by ``worker``."""

    logging: ClassVar[Mapping[str, str]] = {**ONEDNN, **MKL}

    def __init__(self) -> None:
        self._torch: Any = None
        self._device = "cpu"
        self._said: dict[str, Any] = {}

    def start(self) -> None:
        self._torch = importlib.import_module("torch")
        # ``import torch`` does not import this slow module: do it now, once for all forked
        # sessions.
        importlib.import_module("torch.export")

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """A ``builtin``, ``torch`` or ``python`` model. Raises ``Unsupported`` or ``Failed``."""
        source = workload["source"]
        valid = (*PRECISIONS, STORED) if source == "torch" else PRECISIONS
        check_precision(settings.precision, valid, self.name)
        flags = read_flags(settings.flags, self.name)
        self._device = self._chosen_device(settings.device)
        self._set_threads(settings.threads)
        self._said = {"notes": apply_flags(self._torch, flags, self._device)}
        seed, last = flags.get("seed", 0), flags.get("channels_last", False)
        # A forked session would else begin with its parent's state, any other with one by chance.
        self._torch.manual_seed(seed)
        if source in ("python", "torch"):
            self._said["seed"] = seed
        if source == "python":
            return PythonModel(workload, job_dir, settings)
        if source == "builtin":
            model = builtin_model(workload, job_dir)
            return TorchBuiltin(self._torch, model, settings, self._device, channels_last=last)
        if source == "torch":
            how = {"device": self._device, "seed": seed, "channels_last": last}
            path = Path(job_dir) / workload["path"]
            file = TorchFile(self._torch, path, workload, settings, how)
            self._said["notes"] += [file.note] if file.note else []
            self._said["dtypes"] = ", ".join(sorted(file.dtypes))
            return file
        raise no_source(self.name, source, ("builtin", "torch", "python"))

    def describe(self) -> dict[str, Any]:
        torch = self._torch
        text = torch.__config__.show()
        libraries: dict[str, Any] = {
            "onednn": _version(r"MKL-DNN v([\d.]+)|oneDNN v([\d.]+)", text),
            "mkl": _version(r"Math Kernel Library Version ([\d.]+)", text),
            "openblas": _version(r"OpenBLAS ([\d.]+)", text),
            "cuda": torch.version.cuda,
        }
        if self._device != "cpu":
            libraries["cudnn"] = str(torch.backends.cudnn.version())
            libraries["gpu"] = torch.cuda.get_device_name(self._device)
        said = {**self._said, "notes": "; ".join(self._said.get("notes", ()))}
        libraries.update({name: value for name, value in said.items() if value != ""})
        capability = getattr(torch.backends.cpu, "get_cpu_capability", lambda: None)()
        return {
            "version": torch.__version__,
            "isa": {"aten": capability, "onednn": None, "mkl": None},
            "threads": {
                "intra_op": torch.get_num_threads(),
                "inter_op": torch.get_num_interop_threads(),
            },
            "libraries": libraries,
        }

    def kernels(self, loaded: Loaded, inputs: Mapping[str, np.ndarray], trace: Trace) -> Told:
        with torch_profile.profiled(self._torch, self._device) as profile:
            if isinstance(loaded, (TorchBuiltin, TorchFile)):
                mark = torch_profile.marker(self._torch, trace)
                finals: Any = loaded.run_marked(inputs, mark)
            else:
                finals = loaded.run(inputs)
        return Told(finals, torch_profile.told(profile, trace))

    def _set_threads(self, threads: int | None) -> None:
        if threads is None:
            return
        self._torch.set_num_threads(threads)
        if self._torch.get_num_interop_threads() != threads:
            try:
                self._torch.set_num_interop_threads(threads)
            except RuntimeError as error:
                raise Failed(
                    "exception", f"torch computed before threads were set: {error}"
                ) from error

    def _chosen_device(self, device: str) -> str:
        check_device(device)
        if device == "cpu":
            return "cpu"
        if not self._torch.cuda.is_available():
            raise no_gpu(self.name, f"this build's CUDA is {self._torch.version.cuda}")
        return "cuda:0"


def _version(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return next((group for group in found.groups() if group), None) if found else None

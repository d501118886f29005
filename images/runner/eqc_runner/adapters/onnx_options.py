"""Flags of ONNX Runtime: options of a session, by the names that its own users know, and providers.

A key with a dot is a session config entry (onnxruntime_session_options_config_keys.h), whose value
is text. ONNX Runtime ignores entries that it does not know, so a misspelt one is looked for in the
library itself.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Mapping

from eqc_runner.adapters.settings import no_gpu
from eqc_runner.failures import Failed, Unsupported

LEVELS = {
    "none": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}
MODES = {"sequential": "ORT_SEQUENTIAL", "parallel": "ORT_PARALLEL"}
ORDERS = {"default": "DEFAULT", "priority": "PRIORITY_BASED"}
ENUMS = {
    "optimization": ("graph_optimization_level", "GraphOptimizationLevel", LEVELS),
    "execution_mode": ("execution_mode", "ExecutionMode", MODES),
    "execution_order": ("execution_order", "ExecutionOrder", ORDERS),
}
"""By flag: the attribute of ``SessionOptions``, its class, and the names of its values."""
PROVIDER = "provider"
CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
GPU = frozenset(
    f"{name}ExecutionProvider"
    for name in ("CUDA", "Tensorrt", "NvTensorRTRTX", "ROCM", "MIGraphX", "Dml", "WebGpu", "Js")
)
FOLDER = "session.model_external_initializers_file_folder_path"
NO_FALLBACK = "session.disable_cpu_ep_fallback"
ALIKE = 0.9
"""How alike a misspelt key and a known one are, as ``difflib`` counts."""
_KEY = re.compile(rb"(?:session|optimization|mlas|ep|memory)\.[a-z0-9_.]{3,80}(?=\0)")


def providers_of(ort: Any, flags: Mapping[str, Any], device: str) -> list[str]:
    """The execution providers of a session, the preferred one first.

    Those that ``provider`` names, separated by commas; else that of the device. Raises
    ``Unsupported`` where this build lacks one: none is replaced by the CPU.
    """
    there = list(ort.get_available_providers())
    if PROVIDER not in flags:
        if device == "cpu":
            return [CPU]
        if CUDA not in there or not Path("/dev/nvidiactl").exists():
            raise no_gpu("onnxruntime", f"providers of this build: {', '.join(there)}")
        return [CUDA]
    named = [name.strip() for name in str(flags[PROVIDER]).split(",")]
    if (not GPU.isdisjoint(named)) != (device == "gpu"):
        text = f"provider {flags[PROVIDER]} does not compute on device {device!r}"
        raise Failed("exception", f"{text}: say 'device: {'cpu' if device == 'gpu' else 'gpu'}'")
    lacking = [name for name in named if name not in there]
    if lacking:
        close = difflib.get_close_matches(lacking[0], there, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        text = f"this build of onnxruntime has no provider {lacking[0]!r}, only {', '.join(there)}"
        raise Unsupported("not-installed", text + hint)
    return named


def apply(ort: Any, options: Any, flags: Mapping[str, Any]) -> None:
    """Set the flags, which are checked ones, in the ``SessionOptions``."""
    for name, value in flags.items():
        if name == PROVIDER:
            continue
        if "." in name:
            _check_key(ort, name)
            options.add_session_config_entry(name, value)
            continue
        attribute, kind, values = ENUMS.get(name, (name, "", {}))
        if not hasattr(options, attribute):
            raise Unsupported("not-installed", f"onnxruntime {ort.__version__} has no {attribute}")
        setattr(options, attribute, getattr(getattr(ort, kind), values[value]) if kind else value)


def _check_key(ort: Any, key: str) -> None:
    """Raises ``Failed`` for a key that the library lacks, where it has one that is almost so."""
    text = key.encode()
    close: set[str] = set()
    for path in sorted((Path(ort.__file__).parent / "capi").glob("*onnxruntime*.so*")):
        content = path.read_bytes()
        if text in content:
            return
        known = {found.decode() for found in _KEY.findall(content)}
        close.update(difflib.get_close_matches(key, known, 1, ALIKE))
    if close:
        names = " or ".join(repr(name) for name in sorted(close))
        text_ = f"onnxruntime {ort.__version__} has no option {key!r}; did you mean {names}?"
        raise Failed("exception", text_)

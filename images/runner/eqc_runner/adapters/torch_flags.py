"""The flags of torch: switches that its users know, by torch's own names, as ``framework.json``
lists them. ``seed`` is where torch's random numbers begin, 0 where it is not said.

``torch.compile`` is none of them: its compiler, Inductor, needs a C++ compiler, and what it makes
depends on that.
"""

from __future__ import annotations

import warnings
from typing import Any, Mapping

from eqc_runner.failures import Failed, Unsupported

GPU_ONLY = ("allow_tf32", "cudnn_benchmark", "cudnn_deterministic")
"""Flags that change nothing on a CPU. They have not been run on a GPU."""


def apply_flags(torch: Any, flags: Mapping[str, Any], device: str) -> list[str]:
    """Set what ``flags`` say for this process; returns remarks for the observation.

    ``channels_last`` and ``seed`` are left to the models. Raises ``Failed`` for flags that
    contradict, ``Unsupported`` where the processor cannot.
    """
    if "allow_tf32" in flags and "float32_matmul_precision" in flags:
        raise Failed(
            "exception",
            "torch: allow_tf32 and float32_matmul_precision set one switch: give one of them",
        )
    if "mkldnn" in flags:
        torch.backends.mkldnn.set_flags(flags["mkldnn"])
    if "deterministic" in flags:
        torch.use_deterministic_algorithms(flags["deterministic"])
    if "float32_matmul_precision" in flags:
        torch.set_float32_matmul_precision(flags["float32_matmul_precision"])
    if "flush_denormal" in flags and not torch.set_flush_denormal(flags["flush_denormal"]):
        raise Unsupported("unsupported-operator", "torch cannot flush denormals on this processor")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions call TF32 by other names, too
        if "allow_tf32" in flags:
            torch.backends.cuda.matmul.allow_tf32 = flags["allow_tf32"]
            torch.backends.cudnn.allow_tf32 = flags["allow_tf32"]
    if "cudnn_benchmark" in flags:
        torch.backends.cudnn.benchmark = flags["cudnn_benchmark"]
    if "cudnn_deterministic" in flags:
        torch.backends.cudnn.deterministic = flags["cudnn_deterministic"]
    idle = [name for name in GPU_ONLY if name in flags] if device == "cpu" else []
    return [f"without effect on a CPU: {', '.join(idle)}"] if idle else []

"""The environment variables that steer numerics: which they are, and a worker's environment.

A cell's environment is complete: variables that steer numerics and were set by the caller of the
runner are removed before the cell's own variables are added. This is done for every process that
the runner starts.
"""

from __future__ import annotations

import fnmatch
from typing import Mapping

STEERING = (
    *("ATEN_*", "BLIS_*", "CUBLAS_*", "CUDA_*", "CUDNN_*", "DNNL_*", "GLIBC_TUNABLES", "GOMP_*"),
    *("GOTO_*", "KERAS_BACKEND", "KMP_*", "MKL_*", "NPY_*", "NVIDIA_TF32_OVERRIDE", "NVPL_*"),
    *("OMP_*", "ONEDNN_*", "OPENBLAS_*", "ORT_*", "PYTORCH_*", "TF_*", "TORCH_*", "VECLIB_*"),
    "XLA_*",
)
"""Names of variables that steer numerics, as shell patterns."""
DEVICES = ("CUDA_DEVICE_ORDER", "CUDA_HOME", "CUDA_PATH", "CUDA_VISIBLE_DEVICES")
"""Variables that choose a device or say where CUDA is installed: passed on and reported."""
SECRETS = (
    *("*TOKEN*", "*SECRET*", "*PASSW*", "*CREDENTIAL*", "*API_KEY*", "*APIKEY*", "*ACCESS_KEY*"),
    *("*PRIVATE*", "*_AUTH", "*_AUTH_*", "TF_VAR_*", "TF_CLI_*", "TF_HTTP_*", "TF_CLOUD_*"),
)
"""Patterns of names whose values may be secret: never reported, whatever else they match."""


def steers(name: str) -> bool:
    """Whether the variable ``name`` steers numerics."""
    return _matches(name, STEERING)


def without_steering(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without variables that steer numerics, except those in ``DEVICES``."""
    return {
        name: value for name, value in environment.items() if name in DEVICES or not steers(name)
    }


def reported(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of ``environment`` that a fingerprint records: steers numerics, is no secret."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if steers(name) and not _matches(name.upper(), SECRETS)
    }


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

"""The registry of framework adapters; a framework is imported only when a worker asks for it."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, NamedTuple, cast

from eqc_runner.failures import Unsupported

if TYPE_CHECKING:
    from eqc_runner.adapters.protocol import Adapter


class Entry(NamedTuple):
    """Where an adapter is, and what to install where its framework is missing."""

    adapter: str
    """``module:Class``."""
    install: str
    """What ``pip install`` needs."""


REGISTRY: dict[str, Entry] = {
    "numpy": Entry("eqc_runner.adapters.numpy_kernels:NumpyAdapter", "numpy threadpoolctl"),
    "torch": Entry("eqc_runner.adapters.torch_native:TorchAdapter", "torch"),
    "tensorflow": Entry("eqc_runner.adapters.tensorflow_keras:TensorflowAdapter", "tensorflow-cpu"),
    "onnxruntime": Entry("eqc_runner.adapters.onnx_runtime:OnnxRuntimeAdapter", "onnxruntime onnx"),
}

EXTRA_VARIABLE = "EQC_ADAPTERS"
"""Adapters from outside, as ``name=module:Class`` separated by commas. They win over ours."""


def get(name: str) -> Adapter:
    """The adapter of framework ``name``, not yet started.

    Raises ``Unsupported("not-installed")`` for a name that nobody knows and for an adapter whose
    module cannot be imported. Other errors while importing are left to the caller: a broken
    installation is not a missing one.
    """
    known = {**REGISTRY, **_extra()}
    entry = known.get(name)
    if entry is None:
        raise Unsupported(
            "not-installed",
            f"no adapter for framework {name!r}; known are {', '.join(sorted(known))}",
        )
    module, _, attribute = entry.adapter.partition(":")
    try:
        return cast("Adapter", getattr(importlib.import_module(module), attribute)())
    except ModuleNotFoundError as error:
        raise not_installed(name, error) from error


def not_installed(name: str, error: ImportError) -> Unsupported:
    """The ``Unsupported`` for a framework whose import failed, naming what to install."""
    known = {**REGISTRY, **_extra()}
    install = known[name].install if name in known else name
    return Unsupported("not-installed", f"{name}: {error}; install it with: pip install {install}")


def _extra() -> dict[str, Entry]:
    entries = {}
    for item in filter(None, os.environ.get(EXTRA_VARIABLE, "").split(",")):
        name, _, adapter = item.partition("=")
        entries[name] = Entry(adapter, adapter.partition(":")[0])
    return entries

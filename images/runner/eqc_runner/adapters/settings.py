"""Checks of settings that all adapters share, and the number of CPUs of this process."""

from __future__ import annotations

import os
from typing import Any, Mapping, Tuple, Union

from eqc_runner.failures import Failed, Unsupported

Valid = Union[type, Tuple[str, ...]]
"""The values a flag may have: ``bool``, or a tuple of words."""


def read_flags(
    flags: Mapping[str, Any], valid: Mapping[str, Valid], framework: str
) -> dict[str, Any]:
    """The flags, checked. Raises ``Failed``, which lists the valid ones, for any other."""
    for name, value in flags.items():
        if name not in valid:
            raise Failed("exception", f"{framework} has no flag {name!r}; {_flags(valid)}")
        kind = valid[name]
        fits = value in kind if isinstance(kind, tuple) else type(value) is kind
        if not fits:
            raise Failed("exception", f"{framework}: flag {name} is {value!r}; {_flags(valid)}")
    return dict(flags)


def check_device(device: str) -> None:
    """Raises ``Failed`` for a device that is neither ``cpu`` nor ``gpu``."""
    if device not in ("cpu", "gpu"):
        raise Failed("exception", f"device {device!r} is neither 'cpu' nor 'gpu'")


def no_gpu(framework: str, why: str) -> Unsupported:
    """The error where a cell needs a GPU and the framework finds none; ``why`` is its evidence."""
    return Unsupported("not-installed", f"{framework} sees no GPU here: {why}")


def no_source(framework: str, source: str, valid: tuple[str, ...]) -> Unsupported:
    """The error for a kind of model (``onnx``, ``keras``, …) that this framework does not read."""
    return Unsupported(
        "unsupported-operator",
        f"{framework} cannot read {source}: models, only {', '.join(f'{v}:' for v in valid)}",
    )


def available_cpus() -> int:
    """The number of CPUs this process may run on: most frameworks' default number of threads."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def _flags(valid: Mapping[str, Valid]) -> str:
    def kind(value: Valid) -> str:
        return "|".join(value) if isinstance(value, tuple) else value.__name__

    return "flags are " + ", ".join(f"{name}: {kind(value)}" for name, value in valid.items())

"""Checks of settings that all adapters share, and the number of CPUs of this process."""

from __future__ import annotations

import os
from typing import Any, Mapping

from eqc_runner import adapters
from eqc_runner.failures import Failed, Unsupported

_TYPES = {"boolean": bool, "integer": int, "text": str}


def read_flags(flags: Mapping[str, Any], framework: str) -> dict[str, Any]:
    """The flags, checked against the framework's ``framework.json``.

    Raises ``Failed``, which lists the valid ones, for any other.
    """
    valid = adapters.find(framework).flags
    for name, value in flags.items():
        kind = valid.get(name) or next(
            (kind for known, kind in valid.items() if _begins(name, known)), None
        )
        if kind is None:
            raise Failed("exception", f"{framework} has no flag {name!r}; {_flags(valid)}")
        if not _fits(value, kind):
            raise Failed("exception", f"{framework}: flag {name} is {value!r}; {_flags(valid)}")
    return dict(flags)


def _begins(name: str, known: str) -> bool:
    return known.endswith("*") and name.startswith(known[:-1])


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, list):
        return value in kind
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


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


def _flags(valid: Mapping[str, Any]) -> str:
    texts = (f"{n}: {k if isinstance(k, str) else '|'.join(k)}" for n, k in valid.items())
    return "flags are " + (", ".join(texts) or "none")

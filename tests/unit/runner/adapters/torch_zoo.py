"""Small torch models of every kind, written to a folder as users' files are."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from adapter_loading import started


class Exported(NamedTuple):
    """A module's ``forward`` and what it was exported with."""

    forward: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] | None = None
    state: dict[str, Any] | None = None
    """Buffers by name."""
    dynamic: Any = None


def torch() -> Any:
    started("torch")
    import torch

    return torch


def ones(*shape: int) -> Any:
    return torch().ones(*shape)


def weights(dtype: str = "float32") -> Any:
    """A matrix of 4 x 4, different everywhere, of values that every float has."""
    return (torch().arange(16.0).reshape(4, 4) / 16).to(getattr(torch(), dtype))


def module(case: Exported) -> Any:
    class Model(torch().nn.Module):  # type: ignore[misc]
        forward = case.forward

    made = Model()
    for name, tensor in (case.state or {}).items():
        made.register_buffer(name, tensor)
    return made.eval()


def export(folder: Path, case: Exported) -> str:
    """Write ``model.pt2``; returns its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = module(case)
        program = torch().export.export(made, case.args, case.kwargs, dynamic_shapes=case.dynamic)
        torch().export.save(program, str(folder / "model.pt2"))
    return "model.pt2"


def script(folder: Path, source: str, state: dict[str, Any] | None = None) -> str:
    """Write ``model.pt``, whose methods are ``source`` in TorchScript; returns its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = type("Model", (torch().nn.Module,), {})()
        for name, tensor in (state or {}).items():
            made.register_buffer(name, tensor)
        scripted = torch().jit.script(made)
        scripted.define(f"{source.strip()}\n")
        torch().jit.save(scripted, str(folder / "model.pt"))
    return "model.pt"

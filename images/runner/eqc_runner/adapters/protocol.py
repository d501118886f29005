"""What a framework adapter is: the protocol that every module in this folder satisfies.

An adapter lives in a worker process. ``start`` imports the framework and computes nothing, so
that sessions can be forked after it; ``load``, ``run`` and ``describe`` are called in the
session, in this order. Adapters raise ``Unsupported`` or ``Failed`` where they know the reason;
any other exception becomes ``failed`` with code ``exception`` (or ``out-of-memory``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from eqc_runner.tensor import Tensor


class LayerOutput(NamedTuple):
    """What one layer gave; ``operation`` is the framework-neutral word, ``None`` if unknown."""

    name: str
    operation: str | None
    tensor: Tensor


class Settings(NamedTuple):
    """How to compute. ``None`` means the framework's own choice, as a user would get it."""

    precision: str
    """``float16``, ``bfloat16``, ``float32`` or ``float64``."""
    threads: int | None
    batch: int | None
    """The input is repeated along axis 0 to this size."""
    device: str
    """``cpu`` or ``gpu``."""
    flags: Mapping[str, Any]
    """Settings that only this framework has."""


class ModelFacts(NamedTuple):
    """What is known of a loaded model; ``None`` where it cannot be told."""

    parameters: int | None
    multiplications: int | None
    """Of one forward pass over one input."""
    weights: str | None
    """BLAKE3 over all weights in order, 64 hex digits."""


class Loaded(Protocol):
    """A model with its weights, ready to run in this session."""

    facts: ModelFacts

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[tuple[str, Tensor]]:
        """The final outputs as (name, tensor), in the model's order, by the plain fast path."""
        ...

    def run_layers(
        self, inputs: Mapping[str, np.ndarray]
    ) -> tuple[list[tuple[str, Tensor]], list[LayerOutput]]:
        """The final outputs of an instrumented run, and every layer in order of computation."""
        ...


class Adapter(Protocol):
    """One framework."""

    name: str

    def start(self) -> None:
        """Import the framework; compute nothing, start no thread that computes."""
        ...

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """Build or read the model of a cell's ``workload``; paths in it are under ``job_dir``."""
        ...

    def describe(self) -> dict[str, Any]:
        """``{"version", "isa", "threads", "libraries"}``; called in the session after the run."""
        ...

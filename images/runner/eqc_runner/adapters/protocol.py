"""What a framework adapter is: the protocol that the adapters in this folder satisfy.

An adapter is used in a worker process. ``start`` imports the framework and computes nothing, so
that sessions can be forked after it; ``load``, ``run`` and ``describe`` are called in the
session, in this order. Adapters raise ``Unsupported`` or ``Failed`` where they know the reason;
``failures.reason_of`` classifies any other exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from eqc_runner.tensor import Tensor, Unrecorded


class LayerOutput(NamedTuple):
    """The output of one layer; ``operation`` is framework-neutral, ``None`` if unknown."""

    name: str
    operation: str | None
    tensor: Tensor | Unrecorded


class Settings(NamedTuple):
    """How to compute. ``None`` leaves a setting at the framework's default."""

    precision: str
    """``float16``, ``bfloat16``, ``float32`` or ``float64``; ``stored``: as the model's file is."""
    threads: int | None
    batch: int | None
    """The input is repeated along axis 0 to this size; ``None``: as it is."""
    device: str
    """``cpu`` or ``gpu``."""
    flags: Mapping[str, Any]
    """Settings that only this framework has."""
    cast: bool = False
    """Whether inputs may be rounded to the model's dtype where that loses bits."""


class ModelFacts(NamedTuple):
    """What is known of a loaded model; ``None`` where the model does not state it."""

    parameters: int | None
    multiplications: int | None
    """Of one forward pass over one input."""
    weights: str | None
    """BLAKE3 over all weights in order, 64 hex digits; see ``models.weights.weights_digest``."""


class Loaded(Protocol):
    """A model with its weights, ready to run in this session.

    It may also have ``converted``: what the last run did to its inputs (``binding.Bound``); and
    ``run_cut(inputs)``, which observes each layer as the output of a model that ends there: it is
    called where ``run_layers`` gave other final outputs than ``run``.
    """

    facts: ModelFacts

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[tuple[str, Tensor | Unrecorded]]:
        """The final outputs as (name, tensor) in the model's order, without instrumentation.

        One that cannot be recorded is ``Unrecorded`` and takes nothing from the others.
        """
        ...

    def run_layers(
        self, inputs: Mapping[str, np.ndarray]
    ) -> tuple[list[tuple[str, Tensor | Unrecorded]], list[LayerOutput]]:
        """The final outputs of an instrumented run, and every layer in order of computation.

        The model is as it was loaded: a state that ``run`` left behind is not carried over.
        """
        ...


class Adapter(Protocol):
    """One framework.

    It may have an attribute ``imports``, see ``worker.import_for_sources``; and a method
    ``kernels(loaded, inputs, trace) -> Told``, which runs the model and tells its kernels. That is
    called in a process of its own (``kernels.observing``), instead of ``run``, with the variables
    of its attribute ``logging`` set and descriptor 1 captured by ``trace``.
    """

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

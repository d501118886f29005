"""The two operations that the study varies in its models: activation and pooling."""

from __future__ import annotations

from typing import NamedTuple

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import LINEAR


class Variant(NamedTuple):
    """Activation and pooling operations, and the initializer that goes with the activation."""

    activation: str
    pooling: str
    initializer: str


def variant(
    arguments: Arguments,
    activations: tuple[str, ...] = ("relu", "sigmoid", LINEAR),
    poolings: tuple[str, ...] = ("max", "average"),
) -> Variant:
    """``activation`` and ``pooling`` from the arguments; the first of each is the default.

    As in the study, ReLU goes with He's initialisation and the others with Glorot's uniform one.
    ``linear`` is no activation: see ``GraphBuilder.activation``.
    """
    activation = arguments.choice("activation", activations)
    pooling = arguments.choice("pooling", poolings) + "_pool"
    initializer = "he_normal" if activation == "relu" else "glorot_uniform"
    return Variant(activation, pooling, initializer)

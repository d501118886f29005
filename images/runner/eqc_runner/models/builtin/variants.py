"""The two operations that the study varies in its models: activation and pooling."""

from __future__ import annotations

from typing import NamedTuple

from eqc_runner.models.arguments import Arguments


class Variant(NamedTuple):
    """Activation and pooling operations, and the initializer that goes with the activation."""

    activation: str
    pooling: str
    initializer: str


def variant(
    arguments: Arguments,
    activations: tuple[str, ...] = ("relu", "sigmoid"),
    poolings: tuple[str, ...] = ("max", "average"),
) -> Variant:
    """``activation`` and ``pooling`` from the arguments; the first of each is the default.

    As in the study, sigmoid goes with Glorot's uniform initialisation and ReLU with He's.
    """
    activation = arguments.choice("activation", activations)
    pooling = arguments.choice("pooling", poolings) + "_pool"
    initializer = "he_normal" if activation == "relu" else "glorot_uniform"
    return Variant(activation, pooling, initializer)

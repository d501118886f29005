"""The study's small custom network (its Table SUP-6): 59,354 parameters."""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.builtin.variants import variant
from eqc_runner.models.graph import Graph


def cifar10_small(arguments: Arguments) -> Graph:
    """32 x 32 x 3 to 10 classes. Arguments: ``activation``, ``pooling``.

    Table SUP-6 gives two layers the name ``activation`` and omits the activations after the dense
    layers, which Table SUP-8 counts; here every layer has a name of its own.
    """
    chosen = variant(arguments)
    model = GraphBuilder("cifar10-small", (32, 32, 3), chosen.initializer)
    model.conv2d("conv2d", 3, 3)
    model.activation("activation", chosen.activation)
    model.pool("pooling2d", chosen.pooling, 2, 2)
    model.conv2d("conv2d_1", 5, 5)
    model.activation("activation_1", chosen.activation)
    model.pool("pooling2d_1", chosen.pooling, 2, 2)
    model.flatten("flatten_1")
    model.dense("dense_1", 128)
    model.activation("activation_2", chosen.activation)
    model.dense("dense_2", 128)
    model.activation("activation_3", chosen.activation)
    model.dense("dense_3", 10, initializer="glorot_uniform")
    model.elementwise("softmax", "softmax")
    return model.graph()

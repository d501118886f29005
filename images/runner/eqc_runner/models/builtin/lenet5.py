"""LeNet-5 in its textbook form: tanh, average pooling, dense layers; 61,706 parameters."""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.builtin.variants import variant
from eqc_runner.models.graph import Graph


def lenet5(arguments: Arguments) -> Graph:
    """32 x 32 x 1 to 10 classes. Arguments: ``activation``, ``pooling``."""
    chosen = variant(arguments, ("tanh", "relu", "sigmoid", "linear"), ("average", "max"))
    model = GraphBuilder("lenet5", (32, 32, 1), chosen.initializer)
    model.conv2d("conv2d", 6, 5, padding="valid")
    model.activation("activation", chosen.activation)
    model.pool("pooling2d", chosen.pooling, 2, 2)
    model.conv2d("conv2d_1", 16, 5, padding="valid")
    model.activation("activation_1", chosen.activation)
    model.pool("pooling2d_1", chosen.pooling, 2, 2)
    model.flatten("flatten")
    model.dense("dense", 120)
    model.activation("activation_2", chosen.activation)
    model.dense("dense_1", 84)
    model.activation("activation_3", chosen.activation)
    model.dense("dense_2", 10, initializer="glorot_uniform")
    model.elementwise("softmax", "softmax")
    return model.graph()

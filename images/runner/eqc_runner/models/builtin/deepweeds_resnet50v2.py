"""Keras' ResNet50V2 at 256 x 256 with a dense classifier on all 8 x 8 x 2048 features.

24,744,457 parameters, as the study states. Layers are named as in Keras' application.
"""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.graph import Graph

EPSILON = 1.001e-5
BRANCH_GAIN = 0.25
"""Factor of the last convolution's kernel of a block under ``seed:N``: the sums of sixteen blocks
stay in range."""

STACKS = ((2, 64, 3, 2), (3, 128, 4, 2), (4, 256, 6, 2), (5, 512, 3, 1))
"""Number, filters, blocks, stride of the last block."""


def deepweeds_resnet50v2(arguments: Arguments) -> Graph:
    """256 x 256 x 3 to 9 classes. No arguments."""
    del arguments
    model = GraphBuilder("deepweeds-resnet50v2", (256, 256, 3))
    model.zero_padding("conv1_pad", 3)
    model.conv2d("conv1_conv", 64, 7, strides=2, padding="valid")
    model.zero_padding("pool1_pad", 1)
    last = model.pool("pool1_pool", "max_pool", 3, 2)
    for number, filters, blocks, stride in STACKS:
        for block in range(1, blocks + 1):
            strides = stride if block == blocks else 1
            name = f"conv{number}_block{block}"
            last = _block(model, name, last, filters, strides, projected=block == 1)
    model.batch_normalization("post_bn", EPSILON)
    model.elementwise("post_relu", "relu")
    model.flatten("flatten")
    model.dense("dense", 9, initializer="glorot_uniform")
    model.elementwise("softmax", "softmax")
    return model.graph()


def _block(
    model: GraphBuilder, name: str, source: str, filters: int, strides: int, *, projected: bool
) -> str:
    """A bottleneck block that starts with normalisation; its middle convolution has the stride."""
    model.batch_normalization(f"{name}_preact_bn", EPSILON)
    before = model.elementwise(f"{name}_preact_relu", "relu")
    shortcut = source
    if projected:
        shortcut = model.conv2d(f"{name}_0_conv", 4 * filters, 1, source=before, strides=strides)
    elif strides > 1:
        shortcut = model.pool(f"{name}_0_pool", "max_pool", 1, strides, source=source)
    model.conv2d(f"{name}_1_conv", filters, 1, source=before, bias=False)
    model.batch_normalization(f"{name}_1_bn", EPSILON)
    model.elementwise(f"{name}_1_relu", "relu")
    model.zero_padding(f"{name}_2_pad", 1)
    model.conv2d(f"{name}_2_conv", filters, 3, strides=strides, padding="valid", bias=False)
    model.batch_normalization(f"{name}_2_bn", EPSILON)
    model.elementwise(f"{name}_2_relu", "relu")
    branch = model.conv2d(f"{name}_3_conv", 4 * filters, 1, gain=BRANCH_GAIN)
    return model.add(f"{name}_out", shortcut, branch)

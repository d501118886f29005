"""The study's ResNet18 for 32 x 32 images: 60 layers, 11,191,306 parameters.

The study's numbers determine this network: 11,170,816 parameters in convolutions and 11,191,306
in all (Table SUP-5), activations at layers 5, 9, 12, 18, 23, 26, … (Table SUP-8), one pooling
after the first convolution, ``conv2d_14`` in the third segment, at most about 10⁶ multiplications
in a layer. So the stem is a 7 x 7 convolution without normalisation or activation, a segment's
first block ends in an activation and its second does not, shortcuts are 1 x 1 convolutions
without bias or normalisation, and the classifier's input is 1 x 1 x 512. See
docs/adr/0006-resnet18-stem.md.
"""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.builtin.variants import Variant, variant
from eqc_runner.models.graph import Graph

BRANCH_GAIN = 0.25
"""Factor of the last convolution's kernel of a block under ``seed:N``. Without it the sums of
eight blocks grow until the softmax saturates and hides every deviation."""


def cifar10_resnet18(arguments: Arguments) -> Graph:
    """32 x 32 x 3 to 10 classes. Arguments: ``activation``, ``pooling``, ``stem``.

    ``stem: study`` (default) halves the image in the convolution and again in the pooling.
    ``stem: cifar`` is the other usual form for small images: 3 x 3, stride 1, no pooling, and
    global average pooling before the classifier; 11,183,626 parameters.
    """
    chosen = variant(arguments)
    stem = arguments.choice("stem", ("study", "cifar"))
    network = _Network(chosen)
    model = network.model
    if stem == "study":
        model.conv2d("conv2d", 64, 7, strides=2)
        last = model.pool("pooling2d", chosen.pooling, 2, 2)
    else:
        last = model.conv2d("conv2d", 64, 3)
    for segment, filters in enumerate((64, 128, 256, 512)):
        last = network.first_block(last, filters, strides=1 if segment == 0 else 2)
        last = network.second_block(last, filters)
    if stem == "study":
        model.flatten("flatten")
    else:
        model.global_average_pool("global_average_pool")
    model.dense("dense", 10, initializer="glorot_uniform")
    model.elementwise("softmax", "softmax")
    return model.graph()


class _Network:
    """Numbers the layers of each kind as Keras does: the first without a number, then _1, …"""

    def __init__(self, chosen: Variant) -> None:
        self.model = GraphBuilder("cifar10-resnet18", (32, 32, 3), chosen.initializer)
        self._activation = chosen.activation
        self._numbers = {"conv2d": 1}

    def first_block(self, source: str, filters: int, strides: int) -> str:
        """Two convolutions, plus a shortcut that is projected where the shape changes."""
        branch = self._branch(source, filters, strides)
        shortcut = source
        if strides != 1:
            shortcut = self.model.conv2d(
                self._next("conv2d"), filters, 1, source=source, strides=strides, bias=False
            )
        self.model.add(self._next("add"), branch, shortcut)
        return self.model.activation(self._next("activation"), self._activation)

    def second_block(self, source: str, filters: int) -> str:
        return self.model.add(self._next("add"), self._branch(source, filters, 1), source)

    def _branch(self, source: str, filters: int, strides: int) -> str:
        self.model.conv2d(self._next("conv2d"), filters, 3, source=source, strides=strides)
        self.model.batch_normalization(self._next("batch_norm"))
        self.model.activation(self._next("activation"), self._activation)
        self.model.conv2d(self._next("conv2d"), filters, 3, gain=BRANCH_GAIN)
        return self.model.batch_normalization(self._next("batch_norm"))

    def _next(self, kind: str) -> str:
        number = self._numbers.get(kind, 0)
        self._numbers[kind] = number + 1
        return f"{kind}_{number}" if number else kind

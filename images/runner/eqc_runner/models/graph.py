"""A framework-neutral model: layers in order of computation, images as height, width, channels.

Shapes never contain the batch axis. A model has one input, called ``input``, and its last layer
is its output. Adapters build a graph natively, keep the layers' names and give image-like
outputs as NHWC, so that layers can be compared across frameworks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

Shape = Tuple[int, ...]
Pair = Tuple[int, int]

LIBRARY = "library"
"""The way in which the framework computes an operation."""
INPUT = "input"
"""The name of a graph's only input."""


@dataclass(frozen=True)
class Window:
    """The window that slides over height and width in convolution, pooling and padding."""

    size: Pair = (1, 1)
    strides: Pair = (1, 1)
    pads: tuple[Pair, Pair] = ((0, 0), (0, 0))
    """((top, bottom), (left, right)), zeros."""

    @property
    def padded(self) -> bool:
        """Whether there are any zeros around the input."""
        return self.pads != ((0, 0), (0, 0))

    def over(self, shape: Shape) -> Pair:
        """Output height and width over an input of ``shape`` (height, width, channels)."""
        height, width = (
            (shape[axis] + sum(self.pads[axis]) - self.size[axis]) // self.strides[axis] + 1
            for axis in (0, 1)
        )
        return height, width


@dataclass(frozen=True)
class Weight:
    """One weight tensor of a layer: kernels are HWIO, dense kernels (inputs, outputs)."""

    layer: str
    role: str
    """``kernel``, ``bias``, ``gamma``, ``beta``, ``mean`` or ``variance``."""
    shape: Shape
    initializer: str
    """How ``seed:N`` fills it; a key of ``random_weights.INITIALIZERS``."""
    gain: float = 1.0
    """A power of two by which ``seed:N`` multiplies the weight, so that deep sums stay in range."""

    @property
    def name(self) -> str:
        """Unique in a graph: ``<layer>/<role>``."""
        return f"{self.layer}/{self.role}"

    @property
    def size(self) -> int:
        """The number of elements."""
        product = 1
        for length in self.shape:
            product *= length
        return product


@dataclass(frozen=True)
class Layer:
    """One operation with a name, over the outputs of the layers in ``inputs``."""

    name: str
    operation: str
    inputs: tuple[str, ...]
    shape: Shape
    """Of the output, without the batch axis."""
    window: Window = Window()
    epsilon: float = 0.0
    form: str = LIBRARY
    """Which way of computing the operation, where the model says so."""
    weights: tuple[Weight, ...] = ()
    multiplications: int = 0
    """Of weights with input values, for one element of the batch; zeros of the padding count."""

    @property
    def biased(self) -> bool:
        """Whether a bias is among the weights."""
        return any(weight.role == "bias" for weight in self.weights)


@dataclass(frozen=True)
class Graph:
    """Layers in order of computation; the input is not one of them."""

    name: str
    input_shape: Shape
    layers: tuple[Layer, ...]

    @property
    def output(self) -> str:
        """The name of the last layer."""
        return self.layers[-1].name

    @property
    def weights(self) -> tuple[Weight, ...]:
        """All weights, in the order of the layers."""
        return tuple(weight for layer in self.layers for weight in layer.weights)

    @property
    def parameters(self) -> int:
        """The number of weights, batch normalisation's statistics included, as Keras counts."""
        return sum(weight.size for weight in self.weights)

    @property
    def multiplications(self) -> int:
        """Of all layers, for one element of the batch."""
        return sum(layer.multiplications for layer in self.layers)


def same_pads(shape: Shape, size: Pair, strides: Pair) -> tuple[Pair, Pair]:
    """The padding that TensorFlow calls ``same``: the output has ceil(input / stride) rows.

    Where the number of zeros is odd, the extra one is at the end.
    """

    def along(axis: int) -> Pair:
        steps = -(-shape[axis] // strides[axis])
        total = max((steps - 1) * strides[axis] + size[axis] - shape[axis], 0)
        return total // 2, total - total // 2

    return along(0), along(1)

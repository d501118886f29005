"""Builds a graph layer by layer: names, output shapes, weight shapes, multiplications."""

from __future__ import annotations

from eqc_runner.models.graph import (
    INPUT,
    LIBRARY,
    Graph,
    Layer,
    Pair,
    Shape,
    Weight,
    Window,
    same_pads,
)

ELEMENTWISE = ("relu", "sigmoid", "tanh", "softmax")
LINEAR = "linear"
"""The activation that is none."""
REDUCTIONS = ("sum", "logsumexp")
POOLINGS = ("max_pool", "average_pool")


class GraphBuilder:
    """Appends layers; every method returns the new layer's name, to be the next one's source.

    ``initializer`` is that of all kernels (see ``random_weights``) unless a layer has its own.
    A source of ``None`` is the layer that was added last. ``ValueError`` is raised for an unknown
    operation, a name used twice, an empty output and shapes that do not fit.
    """

    def __init__(self, name: str, input_shape: Shape, initializer: str = "he_normal") -> None:
        self._name = name
        self._input_shape = input_shape
        self._initializer = initializer
        self._layers: list[Layer] = []
        self._shapes: dict[str, Shape] = {INPUT: input_shape}
        self._last = INPUT

    def graph(self) -> Graph:
        """The graph of the layers added so far."""
        return Graph(self._name, self._input_shape, tuple(self._layers))

    def conv2d(
        self,
        name: str,
        filters: int,
        size: int,
        *,
        source: str | None = None,
        strides: int = 1,
        padding: str = "same",
        bias: bool = True,
        initializer: str | None = None,
        gain: float = 1.0,
    ) -> str:
        """Convolution with ``size`` x ``size`` kernels; ``padding`` is ``same`` or ``valid``."""
        shape = self._shapes[source or self._last]
        kernel, steps = (size, size), (strides, strides)
        window = Window(kernel, steps)
        if padding == "same":
            window = Window(kernel, steps, same_pads(shape, kernel, steps))
        height, width = window.over(shape)
        weight = (*kernel, shape[2], filters)
        return self._add(
            Layer(
                name,
                "conv2d",
                (source or self._last,),
                (height, width, filters),
                window,
                weights=self._affine(name, weight, initializer, gain, bias=bias),
                multiplications=height * width * size * size * shape[2] * filters,
            )
        )

    def dense(self, name: str, units: int, *, initializer: str | None = None) -> str:
        """Matrix product with bias over the last layer, which must be flat."""
        (length,) = self._shapes[self._last]
        weights = self._affine(name, (length, units), initializer, 1.0)
        source = (self._last,)
        return self._add(
            Layer(name, "dense", source, (units,), weights=weights, multiplications=length * units)
        )

    def batch_normalization(self, name: str, epsilon: float = 1e-3) -> str:
        """Batch normalisation by channel, with stored statistics."""
        shape = self._shapes[self._last]
        weights = tuple(
            Weight(name, role, (shape[-1],), role) for role in ("gamma", "beta", "mean", "variance")
        )
        source = (self._last,)
        return self._add(
            Layer(name, "batch_normalization", source, shape, epsilon=epsilon, weights=weights)
        )

    def elementwise(
        self, name: str, operation: str, source: str | None = None, form: str = LIBRARY
    ) -> str:
        """An activation: one of ``ELEMENTWISE``; softmax is over the last axis."""
        if operation not in ELEMENTWISE:
            raise ValueError(f"{operation!r} is none of {', '.join(ELEMENTWISE)}")
        source = source or self._last
        return self._add(Layer(name, operation, (source,), self._shapes[source], form=form))

    def reduction(self, name: str, operation: str, form: str = LIBRARY) -> str:
        """``sum`` or ``logsumexp`` over the last layer, which must be flat: one number."""
        if operation not in REDUCTIONS:
            raise ValueError(f"{operation!r} is none of {', '.join(REDUCTIONS)}")
        return self._add(Layer(name, operation, (self._last,), (1,), form=form))

    def activation(self, name: str, operation: str) -> str:
        """As ``elementwise``; ``linear`` adds no layer, since it computes nothing."""
        return self._last if operation == LINEAR else self.elementwise(name, operation)

    def pool(
        self, name: str, operation: str, size: int, strides: int, source: str | None = None
    ) -> str:
        """``max_pool`` or ``average_pool`` without padding."""
        if operation not in POOLINGS:
            raise ValueError(f"{operation!r} is none of {', '.join(POOLINGS)}")
        source = source or self._last
        window = Window((size, size), (strides, strides))
        shape = self._shapes[source]
        return self._add(Layer(name, operation, (source,), (*window.over(shape), shape[2]), window))

    def global_average_pool(self, name: str) -> str:
        """The mean over height and width; the output is flat: (channels,)."""
        shape = (self._shapes[self._last][-1],)
        return self._add(Layer(name, "global_average_pool", (self._last,), shape))

    def flatten(self, name: str) -> str:
        """Rows, then columns, then channels."""
        height, width, channels = self._shapes[self._last]
        shape = (height * width * channels,)
        return self._add(Layer(name, "flatten", (self._last,), shape))

    def add(self, name: str, first: str, second: str) -> str:
        """The sum of two layers of the same shape."""
        shape = self._shapes[first]
        if shape != self._shapes[second]:
            raise ValueError(f"{name}: cannot add {shape} and {self._shapes[second]}")
        return self._add(Layer(name, "add", (first, second), shape))

    def zero_padding(self, name: str, pad: int, source: str | None = None) -> str:
        """``pad`` rows and columns of zeros on each side."""
        source = source or self._last
        sides: Pair = (pad, pad)
        window = Window(pads=(sides, sides))
        shape = self._shapes[source]
        return self._add(
            Layer(name, "zero_padding", (source,), (*window.over(shape), shape[2]), window)
        )

    def _affine(
        self,
        name: str,
        shape: Shape,
        initializer: str | None,
        gain: float,
        *,
        bias: bool = True,
    ) -> tuple[Weight, ...]:
        kernel = Weight(name, "kernel", shape, initializer or self._initializer, gain)
        return (kernel, Weight(name, "bias", shape[-1:], "bias")) if bias else (kernel,)

    def _add(self, layer: Layer) -> str:
        if layer.name in self._shapes:
            raise ValueError(f"layer {layer.name!r} exists")
        if min(layer.shape) < 1:
            raise ValueError(f"layer {layer.name!r} would be empty: {layer.shape}")
        self._layers.append(layer)
        self._shapes[layer.name] = layer.shape
        self._last = layer.name
        return layer.name

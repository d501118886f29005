"""Every operation of a graph in plain NumPy, batch first, images as NHWC."""

from __future__ import annotations

from typing import Callable, Dict, Sequence

import numpy as np

from eqc_runner.adapters import numpy_sums
from eqc_runner.adapters.numpy_convolution import Convolution, patches
from eqc_runner.models.graph import Layer

Weights = Dict[str, np.ndarray]
"""The weights of one layer by role: ``kernel``, ``bias``, …"""


def compute(
    layer: Layer, inputs: Sequence[np.ndarray], weights: Weights, convolution: Convolution
) -> np.ndarray:
    """The output of ``layer``, in the dtype of its inputs."""
    if layer.operation == "conv2d":
        padded = zero_padding(layer, inputs[0])
        product = convolution(padded, weights["kernel"], layer.window.strides)
        return product + weights["bias"] if layer.biased else product
    if layer.operation == "dense":
        return np.asarray(inputs[0] @ weights["kernel"] + weights["bias"])
    if layer.operation == "batch_normalization":
        return batch_normalization(layer, inputs[0], weights)
    if layer.operation == "add":
        return np.asarray(inputs[0] + inputs[1])
    return WEIGHTLESS[layer.operation](layer, inputs[0])


def zero_padding(layer: Layer, images: np.ndarray) -> np.ndarray:
    """The images with zeros around them, as the layer's window states."""
    if not layer.window.padded:
        return images
    return np.pad(images, ((0, 0), *layer.window.pads, (0, 0)))


def batch_normalization(layer: Layer, images: np.ndarray, weights: Weights) -> np.ndarray:
    """By channel, with the stored statistics; epsilon is rounded to the images' dtype first."""
    epsilon = images.dtype.type(layer.epsilon)
    factor = weights["gamma"] / np.sqrt(weights["variance"] + epsilon)
    return np.asarray((images - weights["mean"]) * factor + weights["beta"])


def softmax(layer: Layer, values: np.ndarray) -> np.ndarray:
    """Over the last axis; the largest value is subtracted first, so nothing overflows.

    Not so in the form ``naive``.
    """
    powers = np.exp(values if layer.form == "naive" else values - _largest(values))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def logsumexp(layer: Layer, values: np.ndarray) -> np.ndarray:
    """log Σ eˣ over the last axis, kept with length 1; forms as of ``softmax``."""
    if layer.form == "naive":
        return np.asarray(np.log(np.exp(values).sum(axis=-1, keepdims=True)))
    largest = _largest(values)
    return np.asarray(largest + np.log(np.exp(values - largest).sum(axis=-1, keepdims=True)))


def total(layer: Layer, values: np.ndarray) -> np.ndarray:
    """The sum over the last axis, kept with length 1, in the order that ``layer.form`` names."""
    return numpy_sums.FORMS[layer.form](values)[:, np.newaxis]


def _largest(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.max(axis=-1, keepdims=True))


def sigmoid(layer: Layer, values: np.ndarray) -> np.ndarray:
    """1 / (1 + e⁻ˣ), from e⁻ˣ or eˣ, whichever cannot overflow."""
    del layer
    one = values.dtype.type(1)
    small = np.exp(-np.abs(values))
    return np.asarray(np.where(values >= 0, one / (one + small), small / (one + small)))


def max_pool(layer: Layer, images: np.ndarray) -> np.ndarray:
    """The largest value of each window."""
    windows = patches(images, layer.window.size, layer.window.strides)
    return np.asarray(windows.max(axis=(3, 4)))


def average_pool(layer: Layer, images: np.ndarray) -> np.ndarray:
    """The mean of each window, summed up in the images' dtype."""
    windows = patches(images, layer.window.size, layer.window.strides)
    return np.asarray(windows.mean(axis=(3, 4), dtype=images.dtype))


def global_average_pool(layer: Layer, images: np.ndarray) -> np.ndarray:
    """The mean over height and width: (batch, channels)."""
    del layer
    return np.asarray(images.mean(axis=(1, 2), dtype=images.dtype))


def relu(layer: Layer, values: np.ndarray) -> np.ndarray:
    """The larger of each value and zero."""
    del layer
    return np.asarray(np.maximum(values, values.dtype.type(0)))


def tanh(layer: Layer, values: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent, by NumPy's own kernel."""
    del layer
    return np.asarray(np.tanh(values))


def flatten(layer: Layer, images: np.ndarray) -> np.ndarray:
    """Rows, then columns, then channels: (batch, all)."""
    del layer
    return images.reshape(images.shape[0], -1)


WEIGHTLESS: dict[str, Callable[[Layer, np.ndarray], np.ndarray]] = {
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softmax": softmax,
    "logsumexp": logsumexp,
    "sum": total,
    "max_pool": max_pool,
    "average_pool": average_pool,
    "global_average_pool": global_average_pool,
    "flatten": flatten,
    "zero_padding": zero_padding,
}
"""Operations with one input and no weights."""

"""Three ways to convolve with NumPy; mathematically equal, each with its own rounding.

All take images as (batch, height, width, channels), already padded, and kernels as (height,
width, inputs, outputs); they return (batch, rows, columns, outputs) in the images' dtype.
"""

from __future__ import annotations

from typing import Callable, Tuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

Convolution = Callable[[np.ndarray, np.ndarray, Tuple[int, int]], np.ndarray]


def patches(images: np.ndarray, size: tuple[int, int], strides: tuple[int, int]) -> np.ndarray:
    """All windows: a read-only view (batch, rows, columns, window height, width, channels)."""
    batch, height, width, channels = images.shape
    rows = (height - size[0]) // strides[0] + 1
    columns = (width - size[1]) // strides[1] + 1
    image, row, column, channel = images.strides
    return as_strided(
        images,
        (batch, rows, columns, size[0], size[1], channels),
        (image, row * strides[0], column * strides[1], row, column, channel),
        writeable=False,
    )


def im2col(images: np.ndarray, kernel: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """Windows as rows of a matrix, times the kernel as a matrix: one product in BLAS."""
    windows = patches(images, (kernel.shape[0], kernel.shape[1]), strides)
    batch, rows, columns = windows.shape[:3]
    matrix = windows.reshape(batch * rows * columns, -1)
    product = matrix @ kernel.reshape(matrix.shape[1], -1)
    return np.asarray(product.reshape(batch, rows, columns, -1))


def direct(images: np.ndarray, kernel: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """Adds one product after the other, in the order of the kernel's rows, columns, inputs."""
    height, width, inputs, outputs = kernel.shape
    windows = patches(images, (height, width), strides)
    total = np.zeros((*windows.shape[:3], outputs), dtype=images.dtype)
    for row in range(height):
        for column in range(width):
            for channel in range(inputs):
                pixel = windows[:, :, :, row, column, channel, np.newaxis]
                total += pixel * kernel[row, column, channel]
    return total


def winograd(images: np.ndarray, kernel: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """Winograd's F(2 x 2, 3 x 3). Other kernels and strides use ``im2col``, as in libraries."""
    if kernel.shape[:2] != (3, 3) or strides != (1, 1):
        return im2col(images, kernel, strides)
    batch, height, width, inputs = images.shape
    rows, columns = height - 2, width - 2
    odd = ((0, 0), (0, rows % 2), (0, columns % 2), (0, 0))
    tiles = patches(np.pad(images, odd), (4, 4), (2, 2))
    count = tiles.shape[:3]
    data, weights, result = (matrix.astype(images.dtype) for matrix in (_DATA, _KERNEL, _RESULT))
    # Both products are over the tile's rows, then its columns: B^T d B and G g G^T.
    moved = np.moveaxis(tiles, 5, 3)
    spectrum = np.matmul(np.matmul(data, moved), data.T)
    filters = np.matmul(np.matmul(weights, kernel.transpose(2, 3, 0, 1)), weights.T)
    left = np.ascontiguousarray(spectrum.transpose(4, 5, 0, 1, 2, 3)).reshape(4, 4, -1, inputs)
    right = np.ascontiguousarray(filters.transpose(2, 3, 0, 1))
    product = np.matmul(left, right).reshape(4, 4, *count, -1).transpose(2, 3, 4, 5, 0, 1)
    blocks = np.matmul(np.matmul(result, product), result.T)
    image = blocks.transpose(0, 1, 4, 2, 5, 3).reshape(batch, 2 * count[1], 2 * count[2], -1)
    return np.ascontiguousarray(image[:, :rows, :columns])


_DATA = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
_KERNEL = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
_RESULT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
"""B^T, G and A^T of F(2 x 2, 3 x 3): Lavin and Gray, Fast Algorithms for Convolutional Neural
Networks (2016)."""

CONVOLUTIONS: dict[str, Convolution] = {"im2col": im2col, "direct": direct, "winograd": winograd}

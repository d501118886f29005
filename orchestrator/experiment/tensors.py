"""Pictures and random numbers → tensors with the same bits on every computer, as ``.npy`` files.

Only integer resampling, integers of the Philox generator and exact IEEE arithmetic are used. The
bytes of a file depend on the array alone, and its name is their sha256.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from orchestrator.system.files import write_whole
from orchestrator.yaml_files.files import FileMistake, find

DIGITS = 1797
"""Number of scanned digits in scikit-learn."""
_DIGITS_FILE = "package:sklearn/datasets/data/digits.csv.gz"
"""Read without scikit-learn: its import takes longer than the rest of ``eqc plan``."""


@dataclass(frozen=True)
class Preprocessing:
    """Preprocessing of a picture: resize, channel order, (x * scale - mean) / std, then layout."""

    size: tuple[int, int] | None = None
    """Height and width; ``None`` keeps the picture's own."""
    channels: int = 3
    scale: float | None = None
    """``None``: 1/255, or 1/16 for digits, so that pixels are in [0, 1]."""
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    layout: str = "NHWC"
    order: str = "RGB"
    filter: str = "bilinear"


def digit(number: int, how: Preprocessing) -> NDArray[np.float32]:
    """Scan ``number`` of scikit-learn's digits (8 x 8, 0…16), enlarged by repeating pixels.

    float32, (1, height, width, channels) or, by ``how.layout``, (1, channels, height, width).
    FileMistake where there is no such digit or the size is no multiple of 8.
    """
    check_digit(number)
    height, width = how.size or (8, 8)
    if height % 8 or width % 8:
        raise FileMistake(
            f"a digit has 8x8 pixels: give a 'size' of multiples of 8, not {height}x{width}"
        )
    with gzip.open(find(_DIGITS_FILE, Path()), "rt", encoding="ascii") as file:
        line = next(itertools.islice(file, number, None))
    pixels = np.array([float(word) for word in line.split(",")[:64]]).reshape(8, 8)
    large = pixels.repeat(height // 8, axis=0).repeat(width // 8, axis=1)
    return _normalised(large[:, :, None].repeat(how.channels, axis=2), how, 1 / 16)


def check_digit(number: int) -> None:
    """Raises FileMistake unless ``number`` is in 0…1796."""
    if not 0 <= number < DIGITS:
        raise FileMistake(f"digits:{number} does not exist; there are 0 to {DIGITS - 1}")


def picture(path: Path, how: Preprocessing) -> NDArray[np.float32]:
    """An image file as float32, of the shape that ``digit`` gives. FileMistake if unreadable."""
    try:
        from PIL import Image  # noqa: PLC0415 - only experiments with image files need it
    except ImportError as error:
        raise FileMistake("reading pictures needs Pillow; try: pip install pillow") from error
    try:
        with Image.open(path) as image:
            converted = image.convert("L" if how.channels == 1 else "RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise FileMistake(f"cannot read the picture {path}: {error}") from error
    if how.size is not None:
        resampling = Image.Resampling[how.filter.upper()]
        converted = converted.resize((how.size[1], how.size[0]), resampling)
    pixels = np.asarray(converted, dtype=np.float64)
    if how.channels == 1:
        pixels = pixels[:, :, None]
    if how.order == "BGR":
        pixels = pixels[:, :, ::-1]
    return _normalised(pixels, how, 1 / 255)


def _normalised(
    pixels: NDArray[np.float64], how: Preprocessing, scale: float
) -> NDArray[np.float32]:
    """(height, width, channels) → (1, …) in ``how.layout``; computed in float64, rounded once."""
    factor = scale if how.scale is None else how.scale
    values = (pixels * factor - np.array(how.mean)) / np.array(how.std)
    batch = values[None]
    if how.layout == "NCHW":
        batch = batch.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(batch, dtype=np.float32)


Array = NDArray[np.generic]


def npy_bytes(array: Array) -> bytes:
    """The array as a ``.npy`` file (format 1.0, little-endian, C order).

    ``numpy.save`` is not used: its padding depends on NumPy's version, and an input's id is the
    sha256 of these bytes. ValueError for an array whose elements are not numbers or bool.
    """
    if array.dtype.kind not in "biufc":
        raise ValueError(f"an array of {array.dtype} cannot be an input")
    plain = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    shape = f"({', '.join(str(side) for side in plain.shape)}{',' if plain.ndim == 1 else ''})"
    header = f"{{'descr': '{plain.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
    magic = b"\x93NUMPY\x01\x00"
    # The data starts at a multiple of 64 bytes; the header ends in a newline.
    padded = header + " " * (-(len(magic) + 2 + len(header) + 1) % 64) + "\n"
    return magic + len(padded).to_bytes(2, "little") + padded.encode("latin1") + plain.tobytes()


def store_npy(array: Array, folder: Path) -> tuple[str, Path]:
    """Write ``folder/<sha256>.npy`` unless it exists; returns its sha256 and absolute path.

    The file is written whole or not at all. ``EnvironmentNotReady`` where writing fails.
    """
    content = npy_bytes(array)
    digest = hashlib.sha256(content).hexdigest()
    path = folder.absolute() / f"{digest}.npy"
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        return digest, path
    write_whole(path, content)
    return digest, path


Distribution = Literal["uniform", "normal"]
_BITS = {"float16": 11, "float32": 24, "float64": 53}
"""Bits of the mantissa, the implicit one included."""


def random_tensor(
    shape: tuple[int, ...], distribution: Distribution, seed: int, dtype: str
) -> NDArray[np.floating]:
    """Random numbers that depend on the arguments alone; the same bits on every computer.

    ``uniform``: multiples of 2⁻ᵇ in [0, 1), b the bits of the mantissa, all exact.

    ``normal``: the sum of twelve uniforms minus six (Irwin-Hall; mean 0, variance 1, within ±6),
    summed as integers and rounded once. ``dtype`` is float16, float32 or float64.
    """
    count = math.prod(shape)
    generator = np.random.Philox(key=seed)
    if distribution == "uniform":
        bits = _BITS[dtype]
        raw = generator.random_raw(count) >> np.uint64(64 - bits)
        values = raw.astype(np.float64) * 2.0**-bits
    else:
        # 12 * 2^48 < 2^53: the sum is exact as an integer and as a double.
        raw = generator.random_raw(12 * count).reshape(count, 12) >> np.uint64(16)
        total = raw.sum(axis=1, dtype=np.uint64).astype(np.int64) - 6 * 2**48
        values = total.astype(np.float64) * 2.0**-48
    return values.astype(dtype).reshape(shape)

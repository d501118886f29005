"""Pictures → tensors with the same bits on every computer; any tensor → a ``.npy`` file.

Only integer resampling and exact IEEE arithmetic are used. The
bytes of a file depend on the array alone, and its name is their sha256.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.system.files import write_whole
from orchestrator.yaml_files.files import FileMistake, find

Array = NDArray[np.generic]
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
    dtype: str = "float32"
    """``uint8``: the pixels as they are, not scaled."""


def digit(number: int, how: Preprocessing) -> Array:
    """Scan ``number`` of scikit-learn's digits (8 x 8, 0…16), enlarged by repeating pixels.

    float32 or uint8, (1, height, width, channels); for NCHW (1, channels, height, width).
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


def picture(path: Path, how: Preprocessing) -> Array:
    """An image file, of the dtype and shape that ``digit`` gives. FileMistake if unreadable."""
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


def _normalised(pixels: NDArray[np.float64], how: Preprocessing, scale: float) -> Array:
    """(height, width, channels) → (1, …) in ``how.layout``; computed in float64, rounded once."""
    values = pixels
    if how.dtype != "uint8":
        factor = scale if how.scale is None else how.scale
        values = (pixels * factor - np.array(how.mean)) / np.array(how.std)
    batch = values[None]
    if how.layout == "NCHW":
        batch = batch.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(batch, dtype=how.dtype)


def npy_bytes(array: Array) -> bytes:
    """The array as a ``.npy`` file (format 1.0, little-endian, C order).

    ``numpy.save`` is not used: its padding depends on NumPy's version, and an input's id is the
    sha256 of these bytes. Texts are UTF-32, each filled with NULs to the longest. ValueError for
    an array whose elements are not numbers, bool or texts.
    """
    if array.dtype.kind not in "biufcU":
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

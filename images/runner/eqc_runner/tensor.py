"""A named-dtype tensor and its file: one header line, then little-endian bytes in C order.

NumPy has no bfloat16, no floats of 8 bits and no integers of 4, so their values are held as
``uint16``, ``uint8`` or ``int8`` with the name of the dtype: this is why a tensor is a pair of
dtype name and array.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

CARRIERS: dict[str, str] = {
    "float16": "f2",
    "bfloat16": "u2",
    "float8_e4m3fn": "u1",
    "float8_e5m2": "u1",
    "float8_e4m3fnuz": "u1",
    "float8_e5m2fnuz": "u1",
    "float8_e8m0fnu": "u1",
    "float32": "f4",
    "float64": "f8",
    "complex64": "c8",
    "complex128": "c16",
    "int4": "i1",
    "int8": "i1",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
    "uint4": "u1",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "bool": "?",
}
"""The NumPy type, without byte order, that holds the values of each dtype of the format."""

NARROW = {"int4": (-8, 7), "uint4": (0, 15)}
"""The least and the largest value of integers that take less than their byte."""


class Unrecorded(NamedTuple):
    """In place of a tensor that an observation cannot hold; it has no digest and no class."""

    reason: str
    """One line in plain words, e.g. ``strings are not recorded``."""


@dataclass(frozen=True, eq=False)
class Tensor:
    """An array of any layout and byte order, with the name of its dtype in the file format.

    Raises ``ValueError`` for an unknown name or an ``int4`` that is none, and ``TypeError`` for an
    array that cannot carry the dtype.
    Compare tensors by digest: with ``==`` 0.0 equals -0.0, and a NaN does not equal itself.
    """

    dtype: str
    array: np.ndarray

    def __post_init__(self) -> None:
        carrier = CARRIERS.get(self.dtype)
        if carrier is None:
            raise ValueError(f"dtype {self.dtype!r} is none of {', '.join(CARRIERS)}")
        if self.array.dtype.newbyteorder("=") != np.dtype(carrier):
            raise TypeError(f"{self.dtype} is carried as {carrier}, not as {self.array.dtype}")
        if self.dtype in NARROW and self.array.size:
            low, high = NARROW[self.dtype]
            least, most = int(self.array.min()), int(self.array.max())
            if least < low or most > high:
                raise ValueError(
                    f"{self.dtype} holds {low} to {high}, the array {least} to {most}: convert "
                    "its elements (astype); a view of them may keep foreign bits"
                )

    @classmethod
    def of(cls, array: np.ndarray) -> Tensor:
        """A tensor whose dtype is the array's own; name one that NumPy lacks instead."""
        return cls(array.dtype.newbyteorder("=").name, array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes, as plain integers."""
        return self.array.shape

    def compact(self) -> Tensor:
        """The tensor as laid out in its file: little-endian, C order; copied only if needed."""
        little = self.array.dtype.newbyteorder("<")
        if self.array.dtype == little and self.array.flags.c_contiguous:
            return self
        return Tensor(
            self.dtype, np.ascontiguousarray(self.array, dtype=little).reshape(self.shape)
        )

    def header(self) -> bytes:
        """The canonical header line, newline included."""
        return _header(self.dtype, self.shape)

    def data(self) -> np.ndarray:
        """The elements as a flat, contiguous, little-endian array; copied only if needed."""
        return self.compact().array.reshape(-1)

    def write(self, path: Path) -> None:
        """Write the file whole or not at all: temporary file, fsync, rename. Raises ``OSError``."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                file.write(self.header())
                file.write(self.data().view(np.uint8).data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            if temporary.exists():
                temporary.unlink()
            raise

    @classmethod
    def read(cls, path: Path) -> Tensor:
        """The tensor in a file, in native byte order.

        Raises ``ValueError`` if the file is not a tensor file or has another length than its
        header says.
        """
        content = path.read_bytes()
        line, _, body = content.partition(b"\n")
        try:
            header = json.loads(line)
            dtype, shape = header["dtype"], tuple(header["shape"])
            carrier = np.dtype("<" + CARRIERS[dtype])
            array = np.frombuffer(body, dtype=carrier).reshape(shape)
            if sys.byteorder == "big":
                array = array.astype(carrier.newbyteorder("="))
            return cls(dtype, array)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a tensor file: {error}") from error


@lru_cache(maxsize=4096)
def _header(dtype: str, shape: tuple[int, ...]) -> bytes:
    # Cached: making a header takes longer than hashing a small tensor.
    text = json.dumps({"dtype": dtype, "shape": shape}, separators=(",", ":"))
    return text.encode("ascii") + b"\n"

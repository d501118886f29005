"""Weights from a seed, with the same bits on every machine and in every framework.

NumPy's Philox gives integers that are fixed by its definition. From there only operations are
used that IEEE 754 rounds correctly or that are exact: integer sums, scaling by powers of two,
one square root, one division and one multiplication per weight, one rounding to float32. No
logarithm, cosine or BLAS, whose last bits differ between machines.

Each weight's stream is keyed by the seed and the weight's name, so that neither the order nor
the presence of other layers changes it.
"""

from __future__ import annotations

import hashlib
import math
from typing import Callable, NamedTuple

import numpy as np

from eqc_runner.models.graph import Graph, Weight

CHUNK = 1 << 19
"""Weights drawn at once, which bounds memory. All are drawn from one stream, so the bits do not
depend on it."""

NORMAL_TERMS = 12
"""Irwin-Hall: the sum of 12 uniforms has variance 1."""


def random_weights(
    graph: Graph, seed: int, kernels: Distribution | None = None
) -> dict[str, np.ndarray]:
    """All weights of ``graph`` by name, float32; its kernels by ``kernels`` where that is given."""
    return {
        weight.name: random_weight(weight, seed, kernels if weight.role == "kernel" else None)
        for weight in graph.weights
    }


def random_weight(weight: Weight, seed: int, by: Distribution | None = None) -> np.ndarray:
    """One weight tensor, float32, drawn by its ``initializer`` and times its ``gain``.

    ``by`` takes the place of both: the values are then distributed as it says, and not scaled.
    """
    key = hashlib.blake2b(f"{seed}/{weight.name}".encode(), digest_size=16).digest()
    stream = np.random.Philox(key=np.frombuffer(key, dtype="<u8").astype(np.uint64))
    draw, scale = INITIALIZERS[weight.initializer](weight) if by is None else by.of(weight)
    gain = weight.gain if by is None else 1.0
    flat = np.empty(weight.size, dtype=np.float32)
    for start in range(0, weight.size, CHUNK):
        part = draw(stream, min(CHUNK, weight.size - start))
        flat[start : start + len(part)] = scale(part)
    return (flat * np.float32(gain)).reshape(weight.shape)


def uniform(stream: np.random.Philox, count: int) -> np.ndarray:
    """``count`` multiples of 2⁻⁵³ in [0, 1), float64, exact."""
    raw = stream.random_raw(count) >> np.uint64(11)
    return np.asarray(raw, dtype=np.float64) * 2.0**-53


def normal(stream: np.random.Philox, count: int) -> np.ndarray:
    """``count`` multiples of 2⁻¹⁶ in [-6, 6), float64, exact; mean 0, variance 1.

    Each is a sum of twelve 16-bit words; half a unit added per word makes the mean exactly 0.
    """
    words = np.asarray(stream.random_raw(3 * count)).astype("<u8").view("<u2")
    sums = words.reshape(count, NORMAL_TERMS).sum(axis=1, dtype=np.int64)
    return np.asarray((sums.astype(np.float64) + NORMAL_TERMS / 2) * 2.0**-16 - NORMAL_TERMS / 2)


Draw = Callable[[np.random.Philox, int], np.ndarray]
Scale = Callable[[np.ndarray], np.ndarray]


def _he_normal(weight: Weight) -> tuple[Draw, Scale]:
    """Standard deviation √(2 / fan in), for layers before a ReLU."""
    deviation = math.sqrt(2.0 / _fans(weight)[0])
    return normal, lambda part: part * deviation


def _glorot_uniform(weight: Weight) -> tuple[Draw, Scale]:
    """Uniform within ±√(6 / (fan in + fan out))."""
    limit = math.sqrt(6.0 / sum(_fans(weight)))
    return uniform, lambda part: (2.0 * part - 1.0) * limit


def _between(low: float, high: float) -> tuple[Draw, Scale]:
    """Uniform in [low, high). Bounds are small multiples of powers of two: nothing is rounded."""
    return uniform, lambda part: low + part * (high - low)


def _fans(weight: Weight) -> tuple[int, int]:
    """Inputs and outputs of one position: the last two axes times the window."""
    window = weight.size // (weight.shape[-2] * weight.shape[-1])
    return window * weight.shape[-2], window * weight.shape[-1]


INITIALIZERS: dict[str, Callable[[Weight], tuple[Draw, Scale]]] = {
    "he_normal": _he_normal,
    "glorot_uniform": _glorot_uniform,
    "unit_uniform": lambda _: _between(0.0, 1.0),
    "bias": lambda _: _between(-0.0625, 0.0625),
    "gamma": lambda _: _between(0.75, 1.25),
    "beta": lambda _: _between(-0.125, 0.125),
    "mean": lambda _: _between(-0.125, 0.125),
    "variance": lambda _: _between(0.5, 1.5),
}
"""By name. Values of batch normalisation are as after some training: near 1 or 0, variance > 0."""


class Distribution(NamedTuple):
    """What kernels are drawn from where the experiment says so: ``normal:mean=0.0,std=1.0``."""

    name: str
    """``glorot``, ``he``, ``normal`` or ``uniform``."""
    first: float = 0.0
    """``mean`` of normal, ``low`` of uniform."""
    second: float = 1.0
    """``std`` of normal, ``high`` of uniform."""

    def of(self, weight: Weight) -> tuple[Draw, Scale]:
        """How a weight is drawn. ``mean + std * x`` is rounded twice, to float64, everywhere
        alike."""
        if self.name in _SCALED_BY_FANS:
            return _SCALED_BY_FANS[self.name](weight)
        if self.name == "normal":
            return normal, lambda part: self.first + part * self.second
        return uniform, lambda part: self.first + part * (self.second - self.first)


_SCALED_BY_FANS = {"glorot": _glorot_uniform, "he": _he_normal}
PARAMETERS = {"glorot": (), "he": (), "normal": ("mean", "std"), "uniform": ("low", "high")}
"""What each distribution takes beside ``seed``, in this order."""


def parse_weights(text: str) -> tuple[Distribution, int]:
    """``normal:mean=-0.019,std=0.226,seed=1`` as a distribution and a seed.

    Raises ``ValueError`` for another form.
    """
    name, colon, rest = text.partition(":")
    if not colon or name not in PARAMETERS:
        raise ValueError(f"{name!r} is none of {', '.join(PARAMETERS)}")
    given = dict(part.split("=", 1) for part in rest.split(","))
    seed = int(given.pop("seed"))
    if tuple(given) != PARAMETERS[name]:
        raise ValueError(f"{name} takes {PARAMETERS[name]}, not {tuple(given)}")
    return Distribution(name, *(float(value) for value in given.values())), seed

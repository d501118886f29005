"""A model of the zoo, what it is given, and what has to come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """A file in the zoo's folder: either ``outputs`` or ``refusal`` is what has to come of it."""

    name: str
    source: str
    path: str
    inputs: Arrays = field(default_factory=dict)
    outputs: dict[str, np.ndarray | None] = field(default_factory=dict)
    """The values by the outputs' names, as another way of calling TensorFlow gives them; ``None``
    for one that is listed with a reason."""
    refusal: tuple[str, str] | None = None
    """The reason's code and what its message has to say, as a regular expression."""
    asked: dict[str, Any] = field(default_factory=dict)
    """``signature`` and ``arguments`` of the workload."""
    unrecorded: tuple[str, ...] = ()
    """Layers that are listed with a reason, as regular expressions: TensorFlow counts names."""
    layers: bool = True
    """Whether there are any: a SavedModel shows none, and converters remove what does nothing."""
    dtypes: str = "float32"
    """What the observation says of the file's floating-point types; empty for none."""


def numbers(*shape: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


X = numbers(2, 3)
"""What most models of the zoo take."""


def arrays(value: Any) -> np.ndarray:
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)

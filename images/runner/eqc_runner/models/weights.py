"""The weights of a builtin model: from a seed, shipped with the runner, or from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Mapping

import numpy as np
from blake3 import blake3

from eqc_runner.failures import Failed
from eqc_runner.models.arguments import MISTAKE, listed
from eqc_runner.models.graph import Graph
from eqc_runner.models.random_weights import parse_weights, random_weights
from eqc_runner.models.safetensors_file import read_safetensors
from eqc_runner.tensor import Tensor

DATA = Path(__file__).parent / "data"
"""Trained weights that are shipped, ``<model>[.<argument>-<value>…].safetensors``."""

LAYER = "layer"
"""The argument of a builtin that takes one layer out of it."""
SEED = "seed:"
TRAINED = "trained"


def weights_of(graph: Graph, workload: Mapping[str, Any], job_dir: Path) -> dict[str, np.ndarray]:
    """All weights of ``graph`` by name, float32, as ``workload`` asks for them.

    ``weights_path`` (a safetensors file under ``job_dir``) takes precedence; else ``weights`` is
    ``seed:N``, ``trained`` or a distribution (``random_weights.parse_weights``); without either it
    is ``trained`` where such weights are shipped, else ``seed:0``. A file may have more weights
    than one layer of a model needs. Raises ``Failed`` for anything else and for a file that does
    not fit the graph.
    """
    arguments = workload.get("arguments") or {}
    wanted: str | None = workload.get("weights")
    if workload.get("weights_path"):
        path = Path(job_dir) / workload["weights_path"]
        return _fitting(graph, path, whole=LAYER not in arguments)
    shipped = _shipped(graph.name, arguments)
    if wanted is None:
        wanted = TRAINED if shipped.exists() else SEED + "0"
    if wanted == TRAINED:
        if not shipped.exists():
            raise Failed(MISTAKE, _not_shipped(graph, arguments))
        return _fitting(graph, shipped, whole=LAYER not in arguments)
    seed = wanted[len(SEED) :]
    if wanted.startswith(SEED) and seed.isdecimal():
        return random_weights(graph, int(seed))
    try:
        kernels, number = parse_weights(wanted)
    except (ValueError, KeyError) as error:
        known = "'seed:N', 'trained', a distribution and a file"
        raise Failed(MISTAKE, f"weights {wanted!r} are none of {known}: {error}") from error
    return random_weights(graph, number, kernels)


def weights_digest(weights: Iterable[np.ndarray | Tensor]) -> str:
    """BLAKE3, 64 hex digits, over the tensor files of all weights, one after the other."""
    hasher = blake3()
    for weight in weights:
        tensor = weight if isinstance(weight, Tensor) else Tensor.of(weight)
        hasher.update(tensor.header())
        hasher.update(tensor.data().view(np.uint8).data)
    return hasher.hexdigest()


def _shipped(name: str, arguments: Mapping[str, Any]) -> Path:
    defaults = DEFAULTS.get(name, {})
    others = {
        key: value
        for key, value in arguments.items()
        if key != LAYER and defaults.get(key) != value
    }
    variant = "".join(f".{key}-{value}" for key, value in sorted(others.items()))
    return DATA / f"{name}{variant}.safetensors"


DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "cifar10-small": {"activation": "relu", "pooling": "max"},
    "lenet5": {"activation": "tanh", "pooling": "average"},
}
"""Default arguments of the models with shipped weights; the files' names leave them out."""


def _not_shipped(graph: Graph, arguments: Mapping[str, Any]) -> str:
    there = listed(sorted(path.name[: -len(".safetensors")] for path in DATA.glob("*.safetensors")))
    return (
        f"no trained weights for {graph.name} with arguments {dict(arguments)}; there are "
        f"{there}; use 'seed:N' or a weights file"
    )


def _fitting(graph: Graph, path: Path, *, whole: bool) -> dict[str, np.ndarray]:
    found, _ = read_safetensors(path)
    wanted = {weight.name: weight.shape for weight in graph.weights}
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or (extra and whole):
        raise Failed(
            "wrong-shape",
            f"{path.name} does not fit {graph.name}: "
            f"missing {listed(missing) or 'nothing'}, unknown {listed(extra) or 'nothing'}",
        )
    for name, shape in wanted.items():
        if found[name].shape != shape:
            raise Failed(
                "wrong-shape", f"{path.name}: {name} is {found[name].shape}, expected {shape}"
            )
    return {name: found[name].astype(np.float32) for name in wanted}

"""Reads users' Keras models (``.keras``, ``.h5``) without running code that the files contain."""

from __future__ import annotations

import importlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any, Iterator

from eqc_runner.adapters.binding import check_precision
from eqc_runner.adapters.keras_builtin import KerasModel
from eqc_runner.adapters.protocol import ModelFacts, Settings
from eqc_runner.adapters.python_function import tensor_of
from eqc_runner.failures import Failed
from eqc_runner.models.weights import weights_digest

CODE = ("Lambda", "__lambda__", "TorchModuleWrapper")
"""Classes whose configuration is code or a pickle."""


def read_keras(tf: Any, path: Path, settings: Settings, *, xla: bool) -> KerasModel:
    """The model at ``path``; every layer's output can be observed, a nested model is one layer.

    Raises ``Failed`` if the file is missing, cannot be read or contains code, and ``Unsupported``
    for a precision other than that of the file's weights.
    """
    if not path.exists():
        raise Failed("input-missing", f"no Keras file {path.name}")
    for name in _classes(_configuration(path)):
        if name in CODE:
            raise Failed(
                "exception", f"{path.name} is refused: it holds a {name} layer, which is code"
            )
    try:
        model = tf.keras.models.load_model(str(path), compile=False, safe_mode=True)
    except (TypeError, ValueError, OSError) as error:
        raise Failed("exception", f"{path.name} cannot be read by Keras: {error}") from error
    if not getattr(model, "inputs", None):
        raise Failed(
            "exception", f"{path.name} is a subclass of keras.Model; save it as a SavedModel"
        )
    weights = [tensor_of(weight) for weight in model.get_weights()]
    precisions = {weight.dtype for weight in weights if "float" in weight.dtype}
    if precisions:
        check_precision(settings.precision, sorted(precisions), "tensorflow with this file")
    digest = weights_digest([weight.array for weight in weights]) if weights else None
    facts = ModelFacts(sum(int(weight.array.size) for weight in weights), None, digest)
    return KerasModel(tf, model, _layers(tf, model), facts, settings, xla=xla)


def _configuration(path: Path) -> Any:
    try:
        if zipfile.is_zipfile(str(path)):
            with zipfile.ZipFile(str(path)) as archive:
                return json.loads(archive.read("config.json"))
        h5py: Any = importlib.import_module("h5py")  # comes with TensorFlow

        with h5py.File(str(path), "r") as file:
            return json.loads(file.attrs["model_config"])
    except (KeyError, OSError, ValueError) as error:
        raise Failed("exception", f"{path.name} is neither .keras nor .h5: {error}") from error


def _classes(value: Any) -> Iterator[str]:
    """Every ``class_name`` in a configuration."""
    if isinstance(value, dict):
        name = value.get("class_name")
        if isinstance(name, str):
            yield name.rpartition(">")[2]
        for item in value.values():
            yield from _classes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _classes(item)


def _layers(tf: Any, model: Any) -> list[tuple[str, str, Any]]:
    found = []
    # A Sequential model keeps its nodes in the functional model that it wraps. A layer that is
    # shared with other models has nodes of those models too: they are left out below.
    graph = getattr(model, "_functional", None) or model
    # Keras has no public way to list nodes; these two names are the same in Keras 2 and 3.
    nodes = {id(node) for depth in graph._nodes_by_depth.values() for node in depth}  # noqa: SLF001
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.InputLayer):
            continue
        symbols = [
            symbol
            for node in layer._inbound_nodes  # noqa: SLF001
            if id(node) in nodes
            for symbol in _outputs(tf, node)
        ]
        for number, symbol in enumerate(symbols):
            name = layer.name if number == 0 else f"{layer.name}:{number}"
            found.append((name, _operation(layer), symbol))
    return found


def _outputs(tf: Any, node: Any) -> list[Any]:
    """The output tensors of ``node``: a list in Keras 3, possibly a nested structure in Keras 2."""
    return list(tf.nest.flatten(node.outputs))


def _operation(layer: Any) -> str:
    """``Conv2D`` as ``conv2d``, ``MaxPooling2D`` as ``max_pooling2d``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", type(layer).__name__).lower()

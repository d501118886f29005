"""Inputs of a ``.keras`` file, a zip whose ``config.json`` describes the layers.

A ``.h5`` file keeps the same in HDF5, which takes a library to read: its inputs are checked when
the model runs.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.experiment.model_inputs.model_input import DTYPES, TEXT, ModelInput, ModelInputs


def read(path: Path) -> ModelInputs | None:
    """The inputs; ``None`` where the file states none, as that of a subclassed model."""
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read("config.json"))
        kind, config = document["class_name"], document["config"]
        layers = [layer for layer in config["layers"] if layer["class_name"] == "InputLayer"]
        if kind == "Sequential":
            # Its input is called differently before and after it was saved, but there is only one.
            return (_input(layers[0]["config"], None),) if layers else None
        known = {layer["config"]["name"]: layer["config"] for layer in layers}
        names = list(_names(config["input_layers"]))
        return tuple(_input(known[name], name) for name in names) or None
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError):
        return None


def _names(places: Any) -> Iterator[str]:
    """The layers of ``[name, 0, 0]``, or of a list or mapping of such places."""
    if isinstance(places, dict):
        places = list(places.values())
    if places and isinstance(places[0], str):
        yield places[0]
        return
    for place in places:
        yield from _names(place)


def _input(config: dict[str, Any], name: str | None) -> ModelInput:
    dtype = config.get("dtype")
    if isinstance(dtype, dict):
        dtype = dtype["config"]["name"]
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    dense = not config.get("sparse") and not config.get("ragged")
    return ModelInput(
        name=name,
        shape=tuple(shape) if isinstance(shape, list) and dense else None,
        dtype=dtype if dtype in {*DTYPES, TEXT} and dense else None,
        required=not config.get("optional"),
    )

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
        places = config["input_layers"]
        by_key = _has_mapping(places)
        found = list(_places(places, ""))
        return tuple(_input(known[n], path if by_key else n) for path, n in found) or None
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError):
        return None


def _places(places: Any, path: str) -> Iterator[tuple[str, str]]:
    """(path, layer) of ``[name, 0, 0]``, or of lists and mappings of such places in one another."""
    if isinstance(places, list) and places and isinstance(places[0], str):
        yield path, places[0]
        return
    items = places.items() if isinstance(places, dict) else enumerate(places)
    for key, place in items:
        yield from _places(place, f"{path}.{key}" if path else str(key))


def _has_mapping(places: Any) -> bool:
    """Whether inputs are called by keys; in plain lists they are called as their layers."""
    if isinstance(places, list):
        return any(_has_mapping(place) for place in places)
    return isinstance(places, dict)


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

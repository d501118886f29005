"""What a Keras file says of itself, read without running code; refuses files that hold code."""

from __future__ import annotations

import importlib
import json
import zipfile
from typing import Any, Iterator, NamedTuple

from eqc_runner.adapters.model_file import ModelFile
from eqc_runner.failures import Failed

CODE = ("Lambda", "__lambda__", "TorchModuleWrapper")
"""Classes whose configuration is code or a pickle."""
OURS = ("keras", "builtins", "tensorflow")
"""Packages whose classes a file may name."""


class Written(NamedTuple):
    """What a file says of itself."""

    configuration: Any
    version: str
    """Of the Keras that wrote it; empty where it does not say."""


def read_written(file: ModelFile) -> Written:
    """Raises ``Failed``, which says what the file is where it is no whole model."""
    with file.path.open("rb") as opened:
        start = opened.read(8)
    if start[:2] == b"PK":
        try:
            with zipfile.ZipFile(str(file.path)) as archive:
                said = json.loads(archive.read("metadata.json"))
                return Written(
                    json.loads(archive.read("config.json")), str(said.get("keras_version", ""))
                )
        except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            text = f"{file.name} is no whole .keras file, perhaps cut off: {file.said(error)}"
            raise Failed("exception", text) from error
    if not start:
        raise Failed("exception", f"{file.name} is empty")
    if start != b"\x89HDF\r\n\x1a\n":
        raise Failed("exception", f"{file.name} is neither .keras nor .h5 by its content")
    h5py: Any = importlib.import_module("h5py")  # comes with TensorFlow
    try:
        with h5py.File(str(file.path), "r") as content:
            attributes = dict(content.attrs)
            groups = sorted(content)
        if "model_config" in attributes:
            return Written(
                json.loads(attributes["model_config"]), str(attributes.get("keras_version", ""))
            )
    except (OSError, ValueError) as error:
        text = f"{file.name} is no whole .h5 file, perhaps cut off: {file.said(error)}"
        raise Failed("exception", text) from error
    if "layer_names" in attributes or {"layers", "vars", "_layer_checkpoint_dependencies"} & {
        *groups
    }:
        text = f"{file.name} holds only weights, not the model"
    else:
        text = f"{file.name} is an HDF5 file without a Keras model"
    raise Failed("exception", f"{text}: save it with model.save('model.keras')")


def refuse_code(file: ModelFile, configuration: Any) -> None:
    """Raises ``Failed`` for a configuration that names code, or classes outside of Keras."""
    objects = list(_objects(configuration))
    for name in (_class(each) for each in objects):
        if name in CODE:
            raise Failed(
                "exception",
                f"{file.name} is refused: it holds a {name} layer, which is code; use layers of "
                "Keras in its place, or save it as a SavedModel with model.export(folder)",
            )
    others = sorted({_class(each) for each in objects if _is_custom(each)})
    if others:
        raise needs(file, others)


def needs(file: ModelFile, classes: list[str]) -> Failed:
    """The error for a file that names classes, or functions, which only its author has."""
    text = f"{file.name} needs classes or functions that are not in the file: {', '.join(classes)}"
    return Failed("exception", f"{text}; save it as a SavedModel with model.export(folder)")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every description of an object in a configuration."""
    if isinstance(value, dict):
        if isinstance(value.get("class_name"), str):
            yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _class(described: dict[str, Any]) -> str:
    return str(described["class_name"]).rpartition(">")[2]


def _is_custom(described: dict[str, Any]) -> bool:
    """Whether the object is of a class outside of Keras; .h5 files tell only registered ones."""
    if "module" in described and "registered_name" in described:
        module = described["module"]
        if module is None:
            return bool(described["registered_name"])
        return str(module).partition(".")[0] not in OURS
    return ">" in str(described["class_name"])

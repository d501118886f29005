"""The files that a model needs beside its own, checked, and the sha256 of all of them together.

ONNX keeps large tensors in other files; a SavedModel is a folder. Every other format is one file.
What is read has to be below the model's folder: that is what a job takes along, whole.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from orchestrator.experiment.onnx_external import ExternalTensor, external_tensors
from orchestrator.model.experiment import Companion
from orchestrator.yaml_files.files import FILE, FileMistake, kind_of, sha256_of

_LFS = b"version https://git-lfs.github.com/spec/"
_NOT_ONNX = {
    b"PK\x03\x04": "a zip archive, as torch and Keras write it",
    b"\x89HDF\r\n": "an HDF5 file, as Keras writes it",
    b"<": "a page of HTML or XML",
}
"""Beginnings of files that are often called ``.onnx`` by mistake; no model begins so."""


class ModelFiles(NamedTuple):
    """What a job takes along for a model."""

    sha256: str
    """Of the file or folder; with companions, of all of them (``sha256_of_all``)."""
    companions: tuple[Companion, ...]


def model_files(source: str, path: Path) -> ModelFiles:
    """The files of the model at ``path``, of a kind of ``catalog.SOURCES``.

    Raises FileMistake where one is missing, too short, outside of the model's folder or no file.
    """
    if path.is_dir():
        _check_folder(path)
    else:
        start = _check_file(path)
        for other, what in _NOT_ONNX.items():
            if source == "onnx" and start.startswith(other):
                raise FileMistake(f"{path} is not an ONNX model: it is {what}")
    companions = _companions(path) if source == "onnx" else ()
    return ModelFiles(sha256_of_all(sha256_of(path), companions), companions)


def sha256_of_all(model: str, companions: tuple[Companion, ...]) -> str:
    """The model file's own sha256 where it is alone.

    Else the sha256 of lines ``<sha256>  <name>``: the model's with an empty name, as it may be
    renamed, then the companions' as the model calls them, sorted (docs/formats.md, 2).
    """
    if not companions:
        return model
    by_name = sorted(companions, key=lambda each: each.name)
    lines = [f"{model}  \n", *(f"{each.sha256}  {each.name}\n" for each in by_name)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _companions(path: Path) -> tuple[Companion, ...]:
    tensors: dict[str, list[ExternalTensor]] = {}
    for tensor in external_tensors(path):
        tensors.setdefault(_normal(path, tensor), []).append(tensor)
    companions = []
    for name in sorted(tensors):
        file = path.parent / name
        if not os.path.lexists(file):
            text = f"tensor '{tensors[name][0].name}' of {path.name} is in the file {name}"
            raise FileMistake(f"{text}, which is not in {path.parent}")
        _check_file(file)
        _check_inside(file, _roots(path))
        for tensor in tensors[name]:
            _check_length(path, name, tensor, file.stat().st_size)
        companions.append(Companion(name, sha256_of(file), str(file)))
    return tuple(companions)


def _normal(path: Path, tensor: ExternalTensor) -> str:
    """The location without ``./``. FileMistake where it may lead out of the model's folder."""
    place = PurePosixPath(tensor.location)
    is_absolute = place.is_absolute() or PureWindowsPath(tensor.location).drive
    if is_absolute or ".." in place.parts or "\0" in tensor.location:
        raise FileMistake(
            f"tensor '{tensor.name}' of {path.name} is in {tensor.location!r}: external data has "
            "to be below the model's folder, with a relative path and no '..'. Save the model "
            "again with onnx.save(…, save_as_external_data=True, location='weights.bin')"
        )
    return place.as_posix()


def _check_length(path: Path, name: str, tensor: ExternalTensor, there: int) -> None:
    what = f"tensor '{tensor.name}' of {path.name}"
    size, length = tensor.size, tensor.length
    if size is not None and length is not None and size != length:
        raise FileMistake(f"{what} needs {size} bytes, but {length} are stated")
    needed = tensor.offset + (length if length is not None else size or 0)
    if needed > there:
        raise FileMistake(f"{what} ends at byte {needed} of {name}, which has only {there}")


def _check_folder(folder: Path) -> None:
    roots = _roots(folder / "saved_model.pb")
    for place, folders, names in os.walk(folder):
        for name in folders:
            if (Path(place) / name).is_symlink():
                raise FileMistake(f"{place}/{name} is a link to a folder: put the folder there")
        for name in names:
            _check_is_file(Path(place) / name)
            _check_inside(Path(place) / name, (folder.resolve(), *roots))


def _check_file(path: Path) -> bytes:
    """The beginning of a file. FileMistake where it is none, or has no content of its own."""
    _check_is_file(path)
    if not path.stat().st_size:
        raise FileMistake(f"{path} is empty")
    try:
        with path.open("rb") as file:
            start = file.read(len(_LFS))
    except OSError as error:
        raise FileMistake(f"cannot read {path}: {error.strerror}") from error
    if start == _LFS:
        text = "is only the pointer that Git LFS keeps in place of the file"
        raise FileMistake(f"{path} {text}; fetch it: git lfs pull")
    return start


def _check_is_file(path: Path) -> None:
    try:
        kind = kind_of(path)
    except OSError as error:
        what = f"a link to {path.readlink()}, which" if path.is_symlink() else "named, but"
        raise FileMistake(f"{path} is {what} cannot be read: {error.strerror}") from error
    if kind != FILE:
        raise FileMistake(f"{path} is {kind}, not a file")


def _roots(path: Path) -> tuple[Path, ...]:
    """Where the files of a model may be: its folder, and the one its own file is a link into.

    Caches of downloads keep all files of a model as links into one folder.
    """
    return path.parent.resolve(), path.resolve().parent


def _check_inside(file: Path, roots: tuple[Path, ...]) -> None:
    real = file.resolve()
    if not any(real.is_relative_to(root) for root in roots):
        raise FileMistake(f"{file} is a link to {real}, out of the model's folder: copy the file")

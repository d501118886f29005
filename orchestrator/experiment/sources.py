"""One entry of a file → the array of one tensor: random, stated, of texts, tokens or a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from orchestrator.experiment.exactness import first_misfit
from orchestrator.experiment.fitting import TENSOR
from orchestrator.experiment.input_entry import RandomInput, RandomTensor, RandomTensors, Source
from orchestrator.experiment.model_inputs.model_input import INTEGERS, ModelInput, ModelInputs
from orchestrator.experiment.random_tensors import check_size, key_of, random_tensor
from orchestrator.experiment.tensors import Array
from orchestrator.experiment.text_tensors import text_tensor, token_tensor
from orchestrator.yaml_files.files import FileMistake, find
from orchestrator.yaml_files.mistakes import nearest

PLAIN = ("random", "values", "text", "tokens")
"""What a tensor is made from without pictures and tensor files."""


def plain_tensor(entry: Source, kind: str, folder: Path, name: str | None) -> Array:
    """The tensor of an entry of a kind in ``PLAIN``; ``name``: of one of several tensors."""
    if entry.random is not None and kind == "random":
        return _random(entry.random, name)
    if kind == "values":
        return _values(entry)
    if entry.tokens is not None and kind == "tokens":
        return token_tensor(entry.tokens, folder)
    return text_tensor(entry.text)


def _random(entry: RandomTensor, name: str | None) -> Array:
    if entry.shape is None:
        raise FileMistake("give the 'shape' of the tensor, like 'shape: [1, 16]'")
    return random_tensor(
        tuple(entry.shape),
        entry.distribution,
        key_of(entry.seed, name),
        entry.dtype or "float32",
        entry.low,
        entry.high,
    )


def _values(entry: Source) -> Array:
    """Whole numbers are int64 and others float32 where no dtype is said; no integer changes."""
    made = np.array(entry.values)
    if made.dtype.kind == "O" or made.dtype == np.uint64:
        raise FileMistake("a whole number in 'values' is beyond int64")
    usual = {"b": "bool", "i": "int64", "f": "float32"}[made.dtype.kind]
    dtype = entry.dtype or usual
    misfit = first_misfit(made, dtype, rounding=made.dtype.kind == "f")
    if misfit is not None:
        place = f" at {list(misfit)}" if misfit else ""
        raise FileMistake(f"'values' has {made[misfit].item()!r}{place}, which is no {dtype}")
    array: Array = made.astype(dtype)
    if entry.shape is None:
        return array
    if array.size != 1:
        raise FileMistake("'shape' is that of one value everywhere, and here are several values")
    check_size(entry.shape)
    return np.full(entry.shape, array.reshape(-1)[0])


def read_tensors(written: str, folder: Path) -> dict[str, Array]:
    """The tensors of a ``.npz`` file, or of a ``.npy`` file the one. Raises FileMistake."""
    path = find(written, folder)
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                arrays: dict[str, Array] = {key: archive[key] for key in archive.files}
        elif path.suffix == ".npy":
            arrays = {TENSOR: np.load(path, allow_pickle=False)}
        else:
            raise FileMistake(f"an input file ends in .npy or .npz, not '{written}'")
    except (OSError, ValueError, EOFError) as error:
        raise FileMistake(f"cannot read {path}: {error}") from error
    if not arrays or any(a.dtype.kind not in "biufcU" for a in arrays.values()):
        raise FileMistake(
            f"{path} has no tensors, or a tensor whose elements are not numbers or texts"
        )
    return arrays


def wants_header(entry: RandomTensors) -> bool:
    """Whether names, shapes or dtypes of its tensors are those of the model."""
    if entry.inputs is None:
        return entry.shape is None
    return any(each.shape is None for each in entry.inputs.values())


def random_tensors(entry: RandomTensors, inputs: ModelInputs | None) -> dict[str, Array]:
    """A tensor for each of ``inputs`` that must be there or is named; without ``inputs`` for those
    that are named. What the entry does not say of a tensor is as the model says. FileMistake."""
    said = entry.inputs or {}
    if inputs is None:
        if entry.inputs is None or wants_header(entry):
            raise FileMistake("give the 'shape' of the tensor: the model's is not known here")
        inputs = tuple(ModelInput(name, None, None) for name in said)
    names = [each.name for each in inputs if each.name is not None]
    for name in said:
        if name not in names:
            raise FileMistake(f"the model has no input '{name}'{nearest(name, names)}")
    lengths = _open_lengths(inputs)
    for name in entry.sizes or {}:
        if name not in lengths:
            raise FileMistake(f"the model leaves no length '{name}' open{nearest(name, lengths)}")
    made = {}
    for wanted in inputs:
        if wanted.required or wanted.name in said:
            name = wanted.name or TENSOR
            own = said.get(name, RandomInput())
            key = key_of(entry.seed, name if len(inputs) > 1 or said else None)
            try:
                made[name] = _of_model(entry, own, wanted, key)
            except FileMistake as error:
                raise FileMistake(f"'{name}': {error}") from error
    return made


def _of_model(entry: RandomTensors, own: RandomInput, wanted: ModelInput, key: int) -> Array:
    dtype = own.dtype or entry.dtype or wanted.dtype or ("float32" if own.shape else None)
    if dtype is None or dtype.startswith("complex") or dtype == "string":
        raise FileMistake(
            f"there are no random numbers of its type ({dtype or 'not known'}): give its 'dtype' "
            "under 'inputs', or make it under 'tensors'"
        )
    # A range for all is one of whole numbers, unless it says the dtype as well.
    ranged = dtype in INTEGERS or (entry.dtype is not None and own.dtype is None)
    low, high = (entry.low, entry.high) if ranged else (None, None)
    return random_tensor(
        tuple(own.shape) if own.shape is not None else _shape(wanted, entry.sizes or {}),
        own.distribution or entry.distribution,
        key,
        dtype,
        low if own.low is None else own.low,
        high if own.high is None else own.high,
    )


def _shape(wanted: ModelInput, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The model's shape. The batch is 1 where nothing else is said, any other length is wanted."""
    if wanted.shape is None:
        raise FileMistake("the model does not say its shape: give a 'shape' under 'inputs'")
    found = []
    for axis, side in enumerate(wanted.shape):
        names = _names(wanted, axis)
        given = [sizes[name] for name in names if name in sizes]
        if side is None and not given and axis > 0:
            raise FileMistake(
                f"the model leaves the length of axis {axis} open: say it with "
                f"'sizes: {{{names[0]}: 16}}'"
            )
        found.append(side if side is not None else given[0] if given else 1)
    return tuple(found)


def _names(wanted: ModelInput, axis: int) -> list[str]:
    """What ``sizes`` may call an axis: as the model does, or by the input's name and its number."""
    called = wanted.axes[axis] if axis < len(wanted.axes) else None
    return [*([called] if called else []), f"{wanted.name or TENSOR}.{axis}"]


def _open_lengths(inputs: ModelInputs) -> list[str]:
    return [
        name
        for each in inputs
        for axis, side in enumerate(each.shape or ())
        if side is None
        for name in _names(each, axis)
    ]

"""Whether an input's tensors fit what a model says of its inputs: names, shapes, values.

The runner binds them again when it computes, by the same rules. Here a mistake is found before a
machine runs, where the model's header tells. Reports a combination of ``vary`` that does not fit
only if it is sure to be computed: not where ``include`` or ``exclude`` choose along that axis,
unless no combination fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from orchestrator.experiment.document import Document
from orchestrator.experiment.exactness import Array, first_misfit
from orchestrator.experiment.model_inputs.model_input import (
    DTYPES,
    TEXT,
    ModelInput,
    ModelInputs,
    shape_text,
)
from orchestrator.experiment.workloads import ResolvedWorkload
from orchestrator.model.experiment import STORED

TENSOR = "input"
"""The name of a tensor where the file gives none."""
T = TypeVar("T")


@dataclass(frozen=True)
class Variation:
    """What of ``vary`` matters to inputs, and along which axes filters choose."""

    batches: tuple[int | None, ...]
    precisions: tuple[str, ...]
    filtered: frozenset[str]

    @classmethod
    def of(cls, document: Document) -> Variation:
        """That of a checked file."""
        filters = [*document.include, *document.exclude]
        filtered = {key for entry in filters for key, given in entry if given is not None}
        vary = document.vary
        return cls(
            tuple(vary.batch or [None]), tuple(vary.precision or [STORED]), frozenset(filtered)
        )


def misfits(
    tensors: Mapping[str, Array], workload: ResolvedWorkload, vary: Variation, *, cast: bool
) -> Iterator[str]:
    """What does not fit, a sentence each, with what the workload takes. ``cast``: may be rounded.

    Nothing, where the workload's inputs are not known.
    """
    if workload.inputs is None:
        return
    label = workload.workload.label
    takes = f"workload '{label}' takes {'; '.join(map(str, workload.inputs)) or 'no inputs'}"
    given = dict(workload.workload.arguments)
    bound = _bound(tensors, tuple(each for each in workload.inputs if each.name not in given))
    if bound is None:
        yield f"{takes}; given is {', '.join(sorted(tensors))}: name the tensors so"
        return
    for name, (array, wanted) in bound.items():
        shape_check = _shape_check(array, wanted)
        said = _worst(vary.batches, shape_check, filtered="batch" in vary.filtered)
        if said is None:
            value_check = _value_check(array, wanted, cast=cast)
            said = _worst(vary.precisions, value_check, filtered="precision" in vary.filtered)
        if said:
            yield f"tensor '{name}' {said}: {takes}"


def _bound(
    tensors: Mapping[str, Array], inputs: ModelInputs
) -> dict[str, tuple[Array, ModelInput]] | None:
    """Each tensor with the input it is for; ``None`` where the names are others."""
    inputs = tuple(each for stated in inputs for each in _elements(tensors, stated))
    if len(inputs) == len(tensors) == 1 and not inputs[0].sequence:
        ((name, array),) = tensors.items()
        if name == TENSOR or inputs[0].name in (None, name):
            return {name: (array, inputs[0])}
    named = {each.name: each for each in inputs}
    missing = [each for each in inputs if each.required and each.name not in tensors]
    known = {each.name for each in inputs if not each.sequence}
    if missing or any(name not in known for name in tensors):
        return None
    return {name: (array, named[name]) for name, array in tensors.items()}


def _elements(tensors: Mapping[str, Array], stated: ModelInput) -> list[ModelInput]:
    """One input for each tensor that is given of a sequence; any other input is itself."""
    count = 0
    while stated.sequence and f"{stated.name}.{count}" in tensors:
        count += 1
    if not count:
        return [stated]
    return [replace(stated, name=f"{stated.name}.{i}", sequence=False) for i in range(count)]


def _worst(
    values: tuple[T, ...], check: Callable[[T], str | None], *, filtered: bool
) -> str | None:
    """What ``check`` says of the first of ``values`` that it finds wrong, if that is computed."""
    found = [check(value) for value in values]
    wrong = [said for said in found if said is not None]
    return wrong[0] if wrong and (not filtered or len(wrong) == len(found)) else None


def _shape_check(array: Array, wanted: ModelInput) -> Callable[[int | None], str | None]:
    def check(batch: int | None) -> str | None:
        shape = array.shape
        given = f"of shape {shape_text(shape)}"
        if batch is not None:
            if not shape or not shape[0] or batch % shape[0]:
                return f"{given} cannot be repeated to batch {batch}"
            shape = (batch, *shape[1:])
            given += f", repeated to batch {batch}," if shape != array.shape else ""
        if wanted.shape is None:
            return None
        fits = len(shape) == len(wanted.shape) and all(
            side is None or side == length for side, length in zip(wanted.shape, shape, strict=True)
        )
        return None if fits else f"{given} does not fit"

    return check


def _value_check(array: Array, wanted: ModelInput, *, cast: bool) -> Callable[[str], str | None]:
    def check(precision: str) -> str | None:
        if wanted.follows_precision and precision == STORED:
            precision = "float32"  # nothing was said, and there is no file that says it
        dtype = wanted.dtype or (precision if wanted.follows_precision else None)
        is_text = array.dtype.kind == "U"
        if dtype is not None and is_text != (dtype == TEXT):
            return f"has {'texts' if is_text else array.dtype}, the model takes {dtype}"
        if dtype is None or is_text or array.dtype.name not in DTYPES:
            return None
        # A precision of float16 or bfloat16 is wanted of a float input; float32 is the default.
        asked = dtype == precision != "float32" and array.dtype.kind == "f"
        index = first_misfit(array, dtype, rounding=cast or asked)
        if index is None:
            return None
        element = array[index]
        roundable = first_misfit(element.reshape(1), dtype, rounding=True) is None
        remedy = "say 'cast: true' at this input to have it rounded, or " if roundable else ""
        return (
            f"has {element.item()!r} ({array.dtype}) at {list(index)}, which is no value of "
            f"{dtype}; {remedy}give it as {dtype}"
        )

    return check

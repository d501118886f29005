"""Outputs of regrouped records made comparable: by name or position, of one shape and one type.

Frameworks and exports name one output differently and give it in different types. What can be
matched and widened without loss is; what cannot is taken out, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy.typing as npt

from orchestrator.analysis.observations.widening import common_type, widened
from orchestrator.model.experiment import Pairs, Status
from orchestrator.results.comparison import Computation, Remarks
from orchestrator.results.outputs import OutputPool, OutputRecord, Outputs, UnrecordedOutput
from orchestrator.results.record import Observation
from orchestrator.results.tensor_file import MANTISSA_BITS

Tensor = tuple[str, tuple[int, ...], npt.NDArray[Any]]
Tensors = Callable[[str], Tensor | None]
Type = tuple[str, tuple[int, ...]]
AnyOutput = OutputRecord | UnrecordedOutput
Output = TypeVar("Output", OutputRecord, UnrecordedOutput, AnyOutput)


@dataclass(frozen=True)
class Comparable:
    """Records whose outputs can be compared as they stand, and what is to be said of them."""

    records: tuple[Observation, ...]
    remarks: Remarks
    widened: Mapping[str, Tensor] = field(default_factory=dict)
    """By digest, the tensors that no run stored in this form."""


def comparable(records: Sequence[Observation], outputs: Pairs, tensors: Tensors) -> Comparable:
    """``records`` (regrouped) with the final outputs of each computation made comparable.

    ``outputs`` are pairs of names that are one. Then names that differ between members are
    matched by position where all have as many. A member whose output has another shape than
    most, or a type that cannot be widened exactly, does not keep it.
    """
    groups: dict[tuple[str, str, str], list[int]] = {}
    for place, record in enumerate(records):
        if record.status == Status.OK:
            key = (record.workload.id, record.input.id, record.variant.id)
            groups.setdefault(key, []).append(place)
    work = _Work(tensors, dict(outputs))
    changed: dict[int, Observation] = {}
    for places in groups.values():
        changed |= zip(places, work.of([records[place] for place in places]), strict=True)
    found = tuple(changed.get(place, record) for place, record in enumerate(records))
    return Comparable(found, Remarks(work.notes, work.incomparable, work.mantissa), work.widened)


@dataclass
class _Work:
    tensors: Tensors
    names: dict[str, Any]
    pool: OutputPool = field(default_factory=OutputPool)
    notes: dict[Computation, tuple[str, ...]] = field(default_factory=dict)
    incomparable: dict[tuple[Computation, str], dict[str, str]] = field(default_factory=dict)
    mantissa: dict[tuple[Computation, str], int] = field(default_factory=dict)
    widened: dict[str, Tensor] = field(default_factory=dict)

    def of(self, records: list[Observation]) -> Iterator[Observation]:
        """Those of one computation."""
        first = records[0]
        key = (first.workload.label, first.input.label, first.variant.label)
        outputs: list[list[AnyOutput]] = [
            [*record.outputs, *record.unrecorded] for record in records
        ]
        if self.names:
            outputs = [[self._named(one) for one in each] for each in outputs]
        outputs = self._by_position(key, records, outputs)
        kept = [[one for one in each if isinstance(one, OutputRecord)] for each in outputs]
        for name in dict.fromkeys(one.name for each in kept for one in _finals(each)):
            self._one_type(key, name, records, kept)
        for record, own, every in zip(records, kept, outputs, strict=True):
            same = len(own) == len(record.outputs) and all(
                a is b or a == b for a, b in zip(own, record.outputs, strict=True)
            )
            unrecorded = tuple(one for one in every if isinstance(one, UnrecordedOutput))
            found = record if same else record._replace(outputs=self._pooled(own))
            yield found._replace(unrecorded=unrecorded) if unrecorded else found

    def _named(self, output: Output) -> Output:
        if output.role != "final":
            return output
        head, colon, name = output.name.partition(":")
        other = self.names.get(name if colon else head)
        if other is None:
            return output
        return _renamed(output, f"output:{other}" if other != "output" else "output")

    def _by_position(
        self, key: Computation, records: list[Observation], outputs: list[list[AnyOutput]]
    ) -> list[list[AnyOutput]]:
        lists = [tuple(one.name for one in _finals(each)) for each in outputs]
        names = lists[0]
        if all(set(each) == set(names) for each in lists):
            return outputs
        if len({len(each) for each in lists}) > 1:
            text = "members give different numbers of outputs: matched by name"
            self.notes[key] = (*self.notes.get(key, ()), text)
            return outputs
        other = next(
            (records[place], each) for place, each in enumerate(lists) if set(each) != set(names)
        )
        text = (
            f"outputs are matched by position, since their names differ: {', '.join(names)} in "
            f"{records[0].platform.label}, {', '.join(other[1])} in {other[0].platform.label}"
        )
        self.notes[key] = (*self.notes.get(key, ()), text)
        return [_placed(each, names) for each in outputs]

    def _one_type(
        self,
        key: Computation,
        name: str,
        records: list[Observation],
        outputs: list[list[OutputRecord]],
    ) -> None:
        """One shape, then one type; outputs that cannot have it are taken out of ``outputs``."""
        given = {
            place: one
            for place, each in enumerate(outputs)
            for one in _finals(each)
            if one.name == name
        }
        shape = _most(records, given, lambda one: one.shape)
        for place, one in list(given.items()):
            if one.shape != shape:
                reason = f"shape {_shape(one.shape)}, where most members give {_shape(shape)}"
                self._take_out(key, records[place], outputs[place], one, reason)
                del given[place]
        types = sorted({one.dtype for one in given.values()})
        if len(types) < 2:
            return
        wanted = common_type(types)
        usual = _most(records, given, lambda one: one.dtype)
        made: dict[str, OutputRecord] = {}
        why: str | None = None
        for one in given.values():
            if one.digest not in made:
                other = self._widened(one, wanted)
                if isinstance(other, str):
                    why = other
                else:
                    made[one.digest] = other
        if why is not None:
            # Those of the usual type are compared as they are.
            for place, one in given.items():
                if one.dtype != usual:
                    reason = f"{one.dtype}, where most members give {usual}: {why}"
                    self._take_out(key, records[place], outputs[place], one, reason)
            return
        for place, one in given.items():
            outputs[place] = [
                _with_bits(each, made[each.digest]) if each is one else each
                for each in outputs[place]
            ]
        bits = [MANTISSA_BITS[dtype] for dtype in types if dtype in MANTISSA_BITS]
        if bits:
            self.mantissa[key, name] = min(bits)
        text = f"{name}: {' and '.join(types)} are compared as {wanted}, which is exact"
        self.notes[key] = (*self.notes.get(key, ()), text)

    def _widened(self, output: OutputRecord, wanted: str | None) -> OutputRecord | str:
        """The output in the type ``wanted``, or why it cannot be had."""
        if wanted is None:
            return "no type holds the values of both"
        if output.dtype == wanted:
            return output
        tensor = self.tensors(output.digest)
        if tensor is None:
            return f"the {output.dtype} tensor was not kept, so it cannot be widened"
        found = widened(tensor, wanted)
        if found is None:
            return f"not every value of the {output.dtype} tensor is a {wanted}"
        content, wide = found
        self.widened[content.digest] = wide
        return OutputRecord(
            output.name, output.role, output.index, output.operation, output.tensor, content
        )

    def _take_out(
        self,
        key: Computation,
        record: Observation,
        outputs: list[OutputRecord],
        output: OutputRecord,
        reason: str,
    ) -> None:
        outputs[:] = [one for one in outputs if one is not output]
        self.incomparable.setdefault((key, output.name), {})[record.platform.label] = reason

    def _pooled(self, outputs: Sequence[OutputRecord]) -> Outputs:
        return self.pool.add(
            [
                {
                    "name": one.name,
                    "role": one.role,
                    "index": one.index,
                    "operation": one.operation,
                    "tensor": one.tensor,
                    "digest": one.digest,
                    "dtype": one.dtype,
                    "shape": tuple(one.shape),  # type: ignore[dict-item]
                    "chain": one.chain,  # type: ignore[dict-item]
                }
                for one in outputs
            ]
        )


def _with_bits(output: OutputRecord, other: OutputRecord) -> OutputRecord:
    """``output`` with the bits of ``other``."""
    return OutputRecord(
        output.name, output.role, output.index, output.operation, output.tensor, other.content
    )


def _finals(outputs: Sequence[Output]) -> list[Output]:
    """In the order in which the model gives them."""
    return sorted((one for one in outputs if one.role == "final"), key=lambda one: one.index)


def _renamed(output: Output, name: str) -> Output:
    return replace(output, name=name)


def _placed(outputs: Sequence[AnyOutput], names: Sequence[str]) -> list[AnyOutput]:
    places = {id(one): name for one, name in zip(_finals(outputs), names, strict=True)}
    return [_renamed(one, places[id(one)]) if id(one) in places else one for one in outputs]


def _most(
    records: Sequence[Observation],
    given: Mapping[int, OutputRecord],
    of: Callable[[OutputRecord], Any],
) -> Any:
    """The value that most members have; of several the first."""
    members = {(records[place].platform.id, of(one)): None for place, one in given.items()}
    return Counter(value for _, value in members).most_common(1)[0][0]


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]"


def with_widened(tensors: Tensors, found: Mapping[str, Tensor]) -> Tensors:
    """``tensors``, and those that were ``found`` by widening."""

    def read(digest: str) -> Tensor | None:
        return found[digest] if digest in found else tensors(digest)

    return read

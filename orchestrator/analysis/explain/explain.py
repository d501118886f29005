"""Why platforms fall into the classes they do: from stored records to explanations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.explain.deadline import Deadline
from orchestrator.analysis.explain.minimal_sets import Basis, answer, basis
from orchestrator.analysis.explain.outliers import outliers
from orchestrator.analysis.explain.questions import Question, questions
from orchestrator.analysis.hardware.attributes import AttributeTable, described
from orchestrator.analysis.hardware.platforms import Fingerprints
from orchestrator.analysis.layers.parting import partings
from orchestrator.analysis.observations.table import KEYS, Observations, observations_table
from orchestrator.model.experiment import Status
from orchestrator.results.comparison import NO_REMARKS, PLATFORM, Noun, Remarks
from orchestrator.results.details import Part
from orchestrator.results.explanation import (
    CAUSES,
    MECHANISMS,
    Answer,
    ExplainedClass,
    ExplainedPartition,
    Explanation,
    Kind,
    Outlier,
    Undescribed,
    deciding,
)
from orchestrator.results.partitions import Partition
from orchestrator.results.record import Observation

Cells = Mapping[tuple[str, str, str, str], list[Observation]]
"""Good records by the labels of platform, workload, input and variant."""

COMMAND = "eqc explain STORE"


@dataclass(frozen=True)
class Limits:
    """Where the search for minimal sets ends; what is found says if it did."""

    sets: int = 64
    """Of each answer."""
    seconds: float = 60.0
    """For all explanations of a request together."""
    explanations: int | None = None
    """``None``: all."""


@dataclass(frozen=True, eq=False)
class Classes:
    """Records as a table, and the partitions that follow from it."""

    observations: Observations
    partitions: Sequence[Partition]


def explain(
    records: Iterable[Observation],
    fingerprints: Fingerprints,
    *,
    workload: str | None = None,
    input: str | None = None,  # noqa: A002 - the word of the file format
    variant: str | None = None,
    output: str | None = None,
    platforms: Callable[[str], bool] | Collection[str] | None = None,
    kinds: Collection[Kind] | None = None,
    only_apart: bool = False,
    limits: Limits = Limits(),
    known: Classes | None = None,
    remarks: Remarks = NO_REMARKS,
    noun: Noun = PLATFORM,
) -> Part[Explanation]:
    """One explanation for all partitions that match and part the same platforms alike.

    Labels are those of the tables. ``platforms`` keeps the platforms it accepts or holds; classes
    are numbered over these. ``kinds`` are the attributes that may explain (default: ``CAUSES``,
    and in further answers what the framework chose and what names the platforms, each where
    nothing before it tells all classes apart). ``only_apart`` leaves out partitions with less
    than two classes. ``known`` saves the work of making tables of ``records``, if all platforms
    count. A platform without fingerprint or flags is listed and takes no part; where nothing was
    observed the explanation has no answer and a note. What ``limits`` left out is in the notes.
    """
    deadline = Deadline.after(limits.seconds)
    if known is None or platforms is not None:
        records = [record for record in records if _accepted(platforms, record.platform.label)]
        observations = observations_table(records)
        known = Classes(observations, partitions(observations, role="final", remarks=remarks))
    cells = _cells(known.observations, records)
    matching = [
        partition
        for partition in known.partitions
        if output in (None, partition.output)
        and workload in (None, partition.workload)
        and input in (None, partition.input)
        and variant in (None, partition.variant)
    ]
    chosen = [one for one in matching if len(one.classes) > 1] if only_apart else matching
    if not chosen:
        return Part(absent=_absent(matching, only_apart=only_apart))
    asked = questions(chosen, lambda one: _units(one, cells), fingerprints)
    found: list[Explanation] = []
    for question in asked[: limits.explanations]:
        if found and deadline.passed:
            break
        left = min(len(asked), limits.explanations or len(asked)) - len(found)
        units = _units(question.first, cells)
        found.append(
            _explained(
                question, units, fingerprints, kinds, limits.sets, deadline.share(1 / left), noun
            )
        )
    return Part(tuple(found), notes=_left_out(len(asked) - len(found), limits, deadline, noun))


def _accepted(platforms: Callable[[str], bool] | Collection[str] | None, name: str) -> bool:
    if platforms is None:
        return True
    return platforms(name) if callable(platforms) else name in platforms


def _absent(matching: Sequence[Partition], *, only_apart: bool) -> str:
    if not only_apart:
        return "Nothing to explain: no partition matches."
    if any(partition.classes for partition in matching):
        return "Every computation has one class: there is nothing to explain."
    return "Nothing was observed."


def _left_out(left: int, limits: Limits, deadline: Deadline, noun: Noun) -> tuple[str, ...]:
    if not left:
        return ()
    why = f"here: `{COMMAND}` explains all."
    if deadline.passed:
        why = f"since {limits.seconds:g} s were over: `{COMMAND} --seconds` gives more."
    one, many = f"grouping of {noun.many} is", f"groupings of {noun.many} are"
    return (f"{left} more {one if left == 1 else many} not explained {why}",)


def _cells(observations: Observations, records: Iterable[Observation]) -> Cells:
    sessions = observations.sessions
    columns = [sessions[key].tolist() for key in ("cell", *KEYS)]
    labels = {cell: (p, w, i, v) for cell, p, w, i, v in zip(*columns, strict=True)}
    cells: dict[tuple[str, str, str, str], list[Observation]] = {}
    for record in records:
        if record.status == Status.OK:
            cells.setdefault(labels[record.cell], []).append(record)
    return cells


def _units(partition: Partition, cells: Cells) -> dict[str, Observation]:
    """By platform, the first record with the output it stands by."""
    found: dict[str, Observation] = {}
    for group in partition.classes:
        for name in group.platforms:
            key = (name, partition.workload, partition.input, partition.variant)
            found[name] = next(
                record
                for record in cells[key]
                for output in record.outputs
                if output.name == partition.output and output.digest in group.digests
            )
    return found


def _explained(
    question: Question,
    units: Mapping[str, Observation],
    fingerprints: Fingerprints,
    kinds: Collection[Kind] | None,
    most: int,
    deadline: Deadline,
    noun: Noun,
) -> Explanation:
    partition = question.first
    numbers = {name: group.number for group in partition.classes for name in group.platforms}
    table = described(units, fingerprints, noun)
    notes = [*table.notes]
    if partition.nondeterministic:
        names = ", ".join(partition.nondeterministic)
        notes.append(f"non-deterministic, explained by the most frequent output: {names}")
    answers: tuple[Answer, ...] = ()
    odd: tuple[Outlier, ...] = ()
    if not len(table.frame):
        notes.append(f"no {noun.one} that has a class is described: nothing can be explained")
    else:
        answers = _answers(table, numbers, kinds, most, deadline)
        odd = outliers(table, numbers, deciding(answers), MECHANISMS)
    return Explanation(
        tuple(
            ExplainedPartition(*one.key, tuple(group.id for group in one.classes))
            for one in question.partitions
        ),
        tuple(ExplainedClass(group.number, group.platforms) for group in partition.classes),
        answers,
        odd,
        tuple(Undescribed(name, numbers[name], why) for name, why in table.undescribed),
        tuple(notes),
        partings(partition, units),
    )


def _answers(
    table: AttributeTable,
    numbers: Mapping[str, int],
    kinds: Collection[Kind] | None,
    most: int,
    deadline: Deadline,
) -> tuple[Answer, ...]:
    steps = _steps(table, numbers) if kinds is None else [basis(table, numbers, kinds)]
    return tuple(
        answer(step, table, numbers, limit=most, deadline=deadline.share(1 / (len(steps) - place)))
        for place, step in enumerate(steps)
    )


def _steps(table: AttributeTable, numbers: Mapping[str, int]) -> list[Basis]:
    """The causes; then what they need of choices, and of names, to tell more platforms apart."""
    steps = [basis(table, numbers, CAUSES)]
    for kinds in (MECHANISMS, frozenset(Kind)):
        if steps[-1].undetermined:
            further = basis(table, numbers, kinds)
            if further.undetermined < steps[-1].undetermined:
                steps.append(further)
    return steps

from __future__ import annotations

import dataclasses

import numpy as np

from orchestrator.analysis.bounds import Bounds
from orchestrator.analysis.details import details
from orchestrator.analysis.explain.explain import Limits
from orchestrator.analysis.findings import Findings
from orchestrator.results.details import Details, Part
from orchestrator.results.record import Observation
from tests.unit.analysis.records import A, B, record
from tests.unit.report.everything import everything


def parts(found: Details) -> dict[str, Part[object]]:
    return {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}


def test_every_part_finds_something_where_there_is_something() -> None:
    found = parts(details(everything()))
    assert [name for name, part in found.items() if part.absent] == []
    assert [name for name, part in found.items() if not part.items] == []


def test_every_part_says_why_it_is_empty() -> None:
    for records in ([], [record("p", [A])], [record("p", [A]), record("q", [B])]):
        for part in parts(details(Findings(records, {}))).values():
            assert bool(part.items) != bool(part.absent)
            assert part.absent is None or part.absent.endswith(".")


def test_inputs_that_part_the_platforms_alike_share_an_explanation() -> None:
    found = details(everything()).explanations
    (one,) = found.items
    assert [given.input for given in one.partitions] == ["digits:0", "digits:1"]
    assert found.notes == ()


def test_classes_have_the_numbers_of_the_summary_though_records_come_in_another_order() -> None:
    given = everything()
    turned = Findings(given.records[::-1], given.fingerprints, tensors=given.tensors)
    for findings in (given, turned):
        (one,) = details(findings).explanations.items
        partition = findings.summary.partitions[0]
        assert [(group.number, one.class_id(group.number)) for group in one.classes] == [
            (group.number, group.id) for group in partition.classes
        ]


def test_flags_by_generation_and_cpu_classes() -> None:
    found = details(everything())
    (table,) = found.flags.items
    assert table.common == ("fpu", "sse2")
    assert [(row.flags, row.platforms) for row in table.rows] == [(("avx", "fma"), 2)]
    assert sorted(platforms for _, platforms in table.groups) == [2, 2]
    assert sorted(row for row in table.rows[0].presence if row is not None) == [False, True]
    assert sorted((one.extensions, one.core_bin) for one in found.cpu_classes.items) == [
        ((), "2-3"),
        ((), "4-7"),
        (("avx", "fma"), "2-3"),
        (("avx", "fma"), "4-7"),
    ]


def test_what_was_not_read_is_said_and_not_taken_for_missing() -> None:
    given = everything()
    found = details(dataclasses.replace(given, bounds=Bounds(tensor_bytes=1)))
    assert "layer-details" in found.layers.notes[0]
    assert found.consequences.items == ()
    assert "2 computations are left out" in (found.consequences.absent or "")


def test_explanations_left_out_are_counted() -> None:
    given = everything()
    records = [*given.records, *others(given)]
    found = details(Findings(records, given.fingerprints, bounds=Bounds(Limits(explanations=1))))
    assert len(found.explanations.items) == 1
    assert found.explanations.notes[0].startswith("1 more grouping of platforms is")


def others(given: Findings) -> list[Observation]:
    """Records of a third input, in which other platforms differ."""
    digests = dict(enumerate(given.fingerprints))
    return [
        record(record_.platform.name, [value], given="digits:2", fingerprint=digests[row])
        for row, (record_, value) in enumerate(
            zip(given.records[::2], (A, A, B, np.zeros_like(A)), strict=True)
        )
    ]


def test_strict_says_which_outputs_are_explained() -> None:
    given = everything()
    strict = Findings(given.records, given.fingerprints, tensors=given.tensors, strict=True)
    assert any("--strict" in note for note in details(strict).explanations.notes)

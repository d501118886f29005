"""One time limit and one explanation for all that one request asks alike."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from orchestrator.analysis.bounds import Bounds
from orchestrator.analysis.explain.deadline import Deadline
from orchestrator.analysis.explain.explain import Limits, explain
from orchestrator.analysis.findings import Findings
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.record import Observation
from tests.unit.analysis.explain.described import explained, fingerprint, machines
from tests.unit.analysis.records import output, record


def noise(inputs: int, platforms: int = 100, flags: int = 300) -> Findings:
    """Machines of random flags and classes, others for each input: nothing explains them soon."""
    generator = np.random.default_rng(3)
    has = generator.random((platforms, flags)) < 0.5
    fingerprints: dict[str, Fingerprint] = {}
    records: list[Observation] = []
    for row in range(platforms):
        names = {f"x{flag}" for flag in np.flatnonzero(has[row])}
        fingerprints[f"p{row}"] = fingerprint({"fpu", *names})
    for given in range(inputs):
        for row, number in enumerate(generator.integers(0, 6, platforms)):
            array = np.float32([number])
            records.append(record(f"p{row}", [array], given=f"i{given}", fingerprint=f"p{row}"))
    return Findings(records, fingerprints)


def test_shares_of_a_deadline_never_go_beyond_it() -> None:
    whole = Deadline.after(100)
    assert whole.share(0.5).end < whole.share(1).end <= whole.end + 1
    assert not whole.passed
    over = Deadline.after(0)
    assert over.passed
    assert over.left == 0
    assert over.share(0.5).passed


def test_the_time_is_for_the_whole_request_and_what_it_left_out_is_said() -> None:
    given = noise(inputs=4)
    _ = given.observations, given.partitions
    found = replace(given, bounds=Bounds(Limits(seconds=2.0)))
    start = time.process_time()
    part = found.explained()
    # Four searches of 2 s each would take 8 s; the tables and the last tree come on top.
    assert time.process_time() - start < 5
    assert part.items
    assert not any(answer.proven for one in part.items for answer in one.answers)
    assert len(part.items) + sum(int(note.split()[0]) for note in part.notes) == 4


def test_without_time_the_first_is_explained_and_the_rest_counted() -> None:
    found = replace(noise(inputs=3), bounds=Bounds(Limits(seconds=1e-9))).explained()
    assert len(found.items) == 1
    (note,) = found.notes
    assert note.startswith("2 more groupings of platforms are not explained since 1e-09 s were")
    assert "--seconds" in note


OLD, NEW = {"fpu"}, {"fpu", "avx2"}


def test_computations_that_part_alike_platforms_alike_are_one() -> None:
    given = {"a": (1, OLD, 2), "b": (2, NEW, 2)}
    both: list[Observation] = []
    for workload in ("net", "more"):
        records, fingerprints = machines(given, workload=workload)
        both += records
    (found,) = explained(both, fingerprints)
    assert {one.workload for one in found.partitions} == {"net", "more"}
    assert [len(one.ids) for one in found.partitions] == [2, 2]


def test_computations_on_which_the_platforms_differ_otherwise_are_apart() -> None:
    given = {"a": (1, OLD, 2), "b": (2, NEW, 2)}
    first, fingerprints = machines(given)
    other, _ = machines(given, workload="more")
    libraries = iter(("1", "2"))
    other = [
        one._replace(framework=replace(one.framework, libraries={"blas": next(libraries)}))
        for one in other
    ]
    found = explained([*first, *other], fingerprints)
    assert [[one.workload for one in each.partitions] for each in found] == [["net"], ["more"]]
    # What is equal on all platforms cannot explain anything, so it keeps nothing apart.
    same = [
        one._replace(framework=replace(one.framework, libraries={"blas": "1"})) for one in other
    ]
    assert len(explained([*first, *same], fingerprints)) == 1


def test_other_classes_or_other_members_are_another_question() -> None:
    records, fingerprints = machines({"a": (1, OLD, 2), "b": (2, NEW, 2)})
    one = np.float32([[1]])
    alike = [record(p, [one], given="digits:1", fingerprint=f"f-{p}") for p in "ab"]
    fewer = [record("b", [one], given="digits:2", fingerprint="f-b")]
    found = explained([*records, *alike, *fewer], fingerprints)
    assert [[one.input for one in each.partitions] for each in found] == [
        ["digits:0"],
        ["digits:1"],
        ["digits:2"],
    ]
    apart = explain([*records, *alike, *fewer], fingerprints, only_apart=True)
    assert [each.partitions[0].input for each in apart.items] == ["digits:0"]


def test_every_output_of_a_computation_is_explained() -> None:
    fingerprints = {"a": fingerprint(OLD), "b": fingerprint(NEW)}
    named = [
        record(name, [output(np.float32([row]), "output:logits")], fingerprint=name)
        for row, name in enumerate(fingerprints)
    ]
    (found,) = explained(named, fingerprints)
    assert found.partitions[0].output == "output:logits"


def test_nothing_to_explain_is_said_in_words() -> None:
    assert explain([], {}).absent == "Nothing to explain: no partition matches."
    assert explain([], {}, only_apart=True).absent == "Nothing was observed."
    records, fingerprints = machines({"a": (1, OLD, 2)})
    one_class = explain(records, fingerprints, only_apart=True)
    assert one_class.absent == "Every computation has one class: there is nothing to explain."

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.analysis.explain.prediction import predict
from orchestrator.analysis.observations.members import regrouped
from orchestrator.results.explanation import Certainty, Condition, Explanation, Kind, Origin
from orchestrator.results.record import Observation
from tests.unit.analysis.explain.described import explained, fingerprint, machines, of_cpu
from tests.unit.analysis.records import record

FLEET = {
    "old": (1, {"fpu", "avx"}, 2),
    "older": (1, {"fpu", "avx"}, 4),
    "oldest": (1, {"fpu"}, 4),
    "new": (2, {"fpu", "avx", "avx2", "fma"}, 4),
    "newest": (3, {"fpu", "avx", "avx2", "fma", "avx512f"}, 4),
    "newest large": (2, {"fpu", "avx", "avx2", "fma", "avx512f"}, 32),
}


def explanation_of(given: dict[str, Any], **settings: Any) -> Explanation:
    (found,) = explained(*machines(given), **settings)
    return found


def sets(found: Explanation) -> list[list[str]]:
    return [[cluster.members[0] for cluster in one.clusters] for one in found.answers[0].sets]


def test_zero_platforms_have_no_explanation() -> None:
    assert explained([], {}) == ()
    assert explained(*machines(FLEET), platforms=()) == ()
    assert explained(*machines(FLEET), workload="another") == ()


def test_nothing_observed_is_said() -> None:
    failed = record("p", [], status="failed", reason={"code": "signal", "message": "11"})
    (found,) = explained([failed], {})
    assert found.classes == ()
    assert found.answers == ()
    assert found.notes == ("no platform that has a class is described: nothing can be explained",)
    assert predict(fingerprint({"fpu"}), found).certainty is Certainty.NONE


@pytest.mark.parametrize("count", [1, 2])
def test_one_class_needs_no_attribute(count: int) -> None:
    found = explanation_of({f"p{number}": (1, {"fpu", f"x{number}"}, 2) for number in range(count)})
    (answer,) = found.answers
    assert [one.clusters for one in answer.sets] == [()]
    assert [(rule.conditions, len(rule.platforms)) for rule in answer.rules] == [((), count)]
    assert found.outliers == ()
    prediction = predict(fingerprint({"anything"}), found)
    assert (prediction.class_number, prediction.certainty) == (1, Certainty.EXTRAPOLATED)
    assert prediction.unseen == (
        "all platforms observed are in one class, whatever their attributes",
    )


def test_the_fewest_attributes_are_ranked_by_how_likely_they_are_a_cause() -> None:
    found = explanation_of(FLEET)
    assert [one.cost for one in found.answers[0].sets] == sorted(
        one.cost for one in found.answers[0].sets
    )
    (best, *_) = found.answers[0].sets
    assert {cluster.members[0] for cluster in best.clusters} == {"avx2", "avx512f", "core bin"}
    assert next(c.members for c in best.clusters if c.members[0] == "avx2") == ("avx2", "fma")
    assert found.answers[0].complete


def test_rules_name_cores_and_count_their_platforms() -> None:
    rules = {rule.conditions: rule for rule in explanation_of(FLEET).answers[0].rules}
    newest = (Condition("avx512f", "has"), Condition("cores", "<=", 7))
    assert any(set(newest) <= set(conditions) for conditions in rules)
    assert all(not rule.contradicting for rule in rules.values())
    assert sorted(name for rule in rules.values() for name in rule.platforms) == sorted(FLEET)


def test_contradicting_platforms_are_named_and_the_rest_is_explained() -> None:
    found = explanation_of(
        {
            "a": (1, {"fpu", "avx"}, 2),
            "b": (2, {"fpu", "avx"}, 2),
            "c": (3, {"fpu", "avx2"}, 2),
            "d": (4, {"fpu"}, 2),
        },
        kinds=[Kind.FLAG],
    )
    (answer,) = found.answers
    assert [one.groups for one in answer.contradictions] == [((1, ("a",)), (2, ("b",)))]
    assert sets(found) == [["avx2"]]
    # No set explains a and b; rules must name them as contradicting platforms.
    against = {name for rule in answer.rules for name in rule.contradicting}
    assert against == {"a", "b"}
    assert found.outliers == ()


def test_names_are_a_further_answer_only_where_nothing_else_tells_platforms_apart() -> None:
    records, fingerprints = machines({"a": (1, {"fpu"}, 2), "b": (2, {"fpu"}, 2)})
    for name, model in (("f-a", 1), ("f-b", 2)):
        fingerprints[name] = of_cpu(fingerprints[name], family=6, model=model)
    (found,) = explained(records, fingerprints)
    causes, everything = found.answers
    assert causes.origins == (Origin.HARDWARE, Origin.SETTING)
    assert len(causes.contradictions) == 1
    assert everything.contradictions == ()
    assert [cluster.members for cluster in everything.sets[0].clusters] == [
        ("generation", "CPU model")
    ]


def test_a_platform_without_flags_or_fingerprint_takes_no_part() -> None:
    given = {**FLEET, "mute": (9, None, 2)}
    records, fingerprints = machines(given)
    records.append(record("ghost", [np.array([[1]], dtype=np.float32)], fingerprint=None))
    records.append(record("lost", [np.array([[2]], dtype=np.float32)], fingerprint="feedbeef"))
    (found,) = explained(records, fingerprints)
    why = {one.platform: one.reason for one in found.undescribed}
    assert why == {
        "ghost": "no fingerprint",
        "lost": "fingerprint feedbeef is missing",
        "mute": "its CPU flags are not known",
    }
    assert found.answers == explanation_of(FLEET).answers


def test_an_attribute_that_is_not_known_everywhere_explains_nothing() -> None:
    records, fingerprints = machines({"a": (1, {"x"}, 2), "b": (2, {"y"}, 2)})
    fingerprints["f-a"] = of_cpu(fingerprints["f-a"], hypervisor="KVM")
    fingerprints["f-b"] = of_cpu(fingerprints["f-b"], flags=("hypervisor", "y"))
    (found,) = explained(records, fingerprints, kinds=frozenset(Kind))
    assert found.answers[0].unused == (("hypervisor name", 1),)
    assert set(found.answers[0].sets[0].clusters[0].members) == {"hypervisor", "x", "y"}


def test_a_suspect_differs_from_all_its_twins() -> None:
    given = {f"p{number}": (1, {"fpu", "avx2"}, 2) for number in range(3)}
    given |= {
        "broken": (7, {"fpu", "avx2"}, 2),
        "other": (2, {"fpu"}, 2),
        "other2": (2, {"fpu"}, 2),
    }
    (outlier,) = explanation_of(given).outliers
    assert outlier.platform == "broken"
    assert outlier.twins == ("p0", "p1", "p2")
    broken = next(
        group.number for group in explanation_of(given).classes if "broken" in group.platforms
    )
    assert (outlier.class_number, outlier.expected) == (broken, 1)
    assert outlier.shared == (("avx2", True),)
    (answer,) = explanation_of(given).answers
    assert [one.kept for one in answer.contradictions] == [1]
    assert sets(explanation_of(given)) == [["avx2"]]
    assert [rule.contradicting for rule in answer.rules] == [("broken",), ()]


@pytest.mark.parametrize("classes", [[1, 2], [1, 1, 2, 2], [1, 2, 3], [1, 1, 2, 3]])
def test_without_a_majority_nobody_is_a_suspect(classes: list[int]) -> None:
    given = {f"p{row}": (number, {"fpu"}, 2) for row, number in enumerate(classes)}
    assert explanation_of(given).outliers == ()


def test_two_twins_are_enough_and_several_may_be_suspects() -> None:
    given = {f"p{row}": (number, {"fpu"}, 2) for row, number in enumerate([1, 1, 1, 2, 3])}
    assert [one.platform for one in explanation_of(given).outliers] == ["p3", "p4"]
    assert len(explanation_of(dict(list(given.items())[1:4])).outliers) == 1


def test_prediction_by_what_was_seen() -> None:
    found = explanation_of(FLEET)
    prediction = predict(fingerprint(FLEET["newest"][1], 4), found)
    expected = next(group for group in found.classes if "newest" in group.platforms)
    assert prediction.class_number == expected.number
    assert prediction.class_id == found.class_id(expected.number)
    assert prediction.certainty is Certainty.SEEN
    assert prediction.support == ("newest",)
    assert prediction.agreeing == prediction.sets


def test_prediction_refuses_what_was_always_together() -> None:
    prediction = predict(fingerprint({"fpu", "avx", "avx2"}, 2), explanation_of(FLEET))
    assert prediction.certainty in (Certainty.EXTRAPOLATED, Certainty.PARTIAL)
    assert any("avx2, no fma" in why for why in prediction.unseen)


def test_prediction_beyond_the_largest_machine_is_an_extrapolation() -> None:
    found = explanation_of(FLEET, kinds=[Kind.FLAG, Kind.CORES])
    prediction = predict(fingerprint({"fpu", "avx", "avx2", "fma"}, 16), found)
    assert prediction.certainty in (Certainty.EXTRAPOLATED, Certainty.PARTIAL)
    assert prediction.unseen


def test_prediction_without_flags_says_so() -> None:
    prediction = predict(fingerprint(None, 2), explanation_of(FLEET))
    assert (prediction.class_number, prediction.certainty) == (None, Certainty.NONE)
    assert "not known of this machine: avx2" in prediction.unseen


def test_threads_explain_the_classes_of_members() -> None:
    records: list[Observation] = []
    for threads, number in ((1, 1), (2, 1), (8, 2)):
        some, fingerprints = machines(
            {"a": (number, {"fpu"}, 4), "b": (number, {"fpu", "x"}, 4)},
            variant=f"numpy float32 threads={threads}",
        )
        records += [one._replace(variant=replace(one.variant, threads=threads)) for one in some]
    (one_class,) = explained(records, fingerprints)
    assert len(one_class.partitions) == 3
    (found,) = explained(regrouped(records, ["platform", "threads"]), fingerprints)
    assert [one.variant for one in found.partitions] == ["numpy float32"]
    assert [len(group.platforms) for group in found.classes] == [4, 2]
    assert sets(found) == [["threads asked for"]]
    conditions = {rule.conditions for rule in found.answers[0].rules}
    assert (Condition("threads asked for", "<=", 2),) in conditions


def test_the_most_frequent_output_is_explained_and_said() -> None:
    records, fingerprints = machines({"a": (1, {"x"}, 2), "b": (2, {"y"}, 2)})
    for session, number in ((1, 3), (2, 1)):
        array = np.array([[number]], dtype=np.float32)
        records.append(record("a", [array], session=session, fingerprint="f-a"))
    (found,) = explained(records, fingerprints)
    assert len(found.classes) == 2
    assert found.notes == ("non-deterministic, explained by the most frequent output: a",)

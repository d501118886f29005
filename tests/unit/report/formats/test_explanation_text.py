from __future__ import annotations

import json

from orchestrator.report.formats.explanation_text import (
    condition_text,
    explanation_text,
    prediction_text,
)
from orchestrator.report.formats.json_format import (
    explanation_json,
    prediction_json,
)
from orchestrator.results.comparison import MEMBER
from orchestrator.results.details import Part
from orchestrator.results.explanation import (
    Answer,
    Case,
    Certainty,
    Cluster,
    Condition,
    Contradiction,
    ExplainedClass,
    ExplainedPartition,
    Explanation,
    Kind,
    MinimalSet,
    Outlier,
    Prediction,
    Rule,
    Undescribed,
)

CLUSTER = Cluster(("avx2", "fma"), (Kind.FLAG, Kind.FLAG), ((False, False), (True, True)), 0)
ANSWER = Answer(
    kinds=(Kind.FLAG,),
    attributes=2,
    clusters=1,
    sets=(MinimalSet((CLUSTER,), (Case((0,), 1, ("a",)), Case((1,), 2, ("b",)))),),
    complete=True,
    proven=True,
    rules=(
        Rule((Condition("avx2", "lacks"),), 1, ("a",), ("x",)),
        Rule((Condition("avx2", "has"), Condition("cores", "<=", 4)), 2, ("b",)),
    ),
    rules_smallest=True,
    contradictions=(Contradiction(((1, ("x",)), (2, ("y",)))),),
    unused=(("microcode", 3),),
)
EXPLANATION = Explanation(
    (
        ExplainedPartition("net", "digits:0", "numpy float32", "output", ("0" * 12, "1" * 12)),
        ExplainedPartition("net", "digits:1", "numpy float32", "output", ("2" * 12, "3" * 12)),
        ExplainedPartition("more", "digits:0", "numpy float32", "output", ("4" * 12, "5" * 12)),
    ),
    (ExplainedClass(1, ("a", "x")), ExplainedClass(2, ("b\x1b[2J", "y"))),
    (ANSWER,),
    (Outlier("odd", 2, 1, ("a", "x"), (), (("avx2", False),), ("microcode",)),),
    (Undescribed("mute", 1, "no fingerprint"),),
    ("a note",),
)


def test_everything_is_said() -> None:
    text = explanation_text(Part((EXPLANATION,), notes=("1 more",)))
    for words in (
        "net · digits:0, digits:1 · numpy float32,\nmore · digits:0 · numpy float32: 2 classes of",
        "\n1 more\n",
        "At least 1 cluster needed to determine the classes (2 attributes in 1 cluster); 1 minimal",
        "1. avx2 (+1)",
        "avx2 = fma",
        "no avx2 -> class 1 (1 platform, contradicted by x)",
        "avx2 and cores <= 4 -> class 2 (1 platform)",
        "class 1: x | class 2: y",
        "microcode (3)",
        "odd: class 2, but class 1 on 2 twins: a, x",
        "mute (class 1): no fingerprint",
        "a note",
    ):
        assert words in text
    assert "\x1b" not in text


def test_rows_are_called_what_the_class_table_calls_them() -> None:
    text = explanation_text(Part((EXPLANATION,)), MEMBER)
    assert "2 classes of 4 members" in text
    assert "-> class 2 (1 member)" in text
    assert "Left out, since not known of every member:" in text


def test_limits_of_the_search_are_said() -> None:
    given = {**vars(ANSWER), "complete": False}
    text = explanation_text(_part(Answer(**given)))
    assert "there may be more" in text
    text = explanation_text(_part(Answer(**{**given, "proven": False})))
    assert "perhaps fewer: the time ended the search" in text


def test_no_partition_and_one_class() -> None:
    assert explanation_text(Part(absent="Nothing.")) == "Nothing.\n"
    given = {**vars(ANSWER), "sets": (MinimalSet((), ()),), "contradictions": ()}
    text = explanation_text(_part(Answer(**given)))
    assert "One class: there is nothing to explain." in text


def test_exclusions_are_put_together() -> None:
    conditions = (Condition("vendor", "!=", "A"), Condition("vendor", "!=", "B"))
    assert condition_text(conditions) == "vendor none of A, B"
    assert condition_text(conditions[:1]) == "vendor != A"
    assert condition_text(()) == "always"


def test_json_holds_what_the_text_shows() -> None:
    document = json.loads(json.dumps(explanation_json(Part((EXPLANATION,)))))
    assert document == json.loads(json.dumps(explanation_json(Part((EXPLANATION,)))))
    (one,) = document["explanations"]
    assert one["answers"][0]["sets"][0]["cases"][1] == {
        "values": {"avx2": True},
        "class": 2,
        "platforms": 1,
    }
    assert one["answers"][0]["rules"][0]["contradicting"] == ["x"]
    assert one["suspects"][0]["platform"] == "odd"


def test_a_prediction_in_words_and_as_json() -> None:
    prediction = Prediction(
        None, None, Certainty.NONE, (), 0, 3, ((1, 2), (2, 1)), ("never observed: cores = 64",)
    )
    text = prediction_text(prediction)
    assert text.startswith("no class (none: no class can be named)")
    assert "minimal sets disagree: class 1: 2, class 2: 1" in text
    assert "never observed: cores = 64" in text
    assert prediction_json(prediction)["votes"] == [[1, 2], [2, 1]]


def _part(*answers: Answer) -> Part[Explanation]:
    return Part((Explanation(EXPLANATION.partitions, EXPLANATION.classes, answers, (), ()),))

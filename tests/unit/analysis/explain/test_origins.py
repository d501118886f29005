"""Hardware and settings are causes, choices links, and names explain last (ADR 16)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrator.analysis.explain.prediction import predict
from orchestrator.report.formats.explanation_text import explanation_text
from orchestrator.results.details import Part
from orchestrator.results.explanation import (
    CAUSES,
    ORIGINS,
    Certainty,
    Explanation,
    Kind,
    Link,
    Origin,
)
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.record import Observation
from orchestrator.store.parse_fingerprint import parse_fingerprint
from tests.unit.analysis.explain.described import explained, fingerprint, machines, of_cpu
from tests.unit.analysis.records import line, parse_observation, record

INT8 = Path(__file__).parents[3] / "data" / "int8-emulated.json"
"""A saturating uint8 x int8 product in ONNX Runtime 1.32.0, on an Emerald Rapids and under QEMU."""


def int8() -> Explanation:
    records, fingerprints = [], {}
    for row in json.loads(INT8.read_text()):
        name = row["platform"]
        fingerprints[name] = parse_fingerprint(row["fingerprint"])
        made = line(name, [np.float32([row["class"]])], fingerprint=name, emulated=None)
        platform = {"id": name, "name": name, "provider": row["provider"]}
        records.append(
            parse_observation({**made, "platform": platform, "framework": row["framework"]})
        )
    (found,) = explained(records, fingerprints)
    return found


def test_avx2_without_vnni_is_the_cause_and_no_name_is() -> None:
    (answer,) = int8().answers
    assert answer.origins == (Origin.HARDWARE, Origin.SETTING)
    assert answer.proven
    assert answer.complete
    wide, avx2 = answer.sets[0].clusters
    assert {"avx512_vnni", "avx_vnni"} <= set(wide.members)
    assert "avx2" in avx2.members
    kinds = {kind for given in answer.sets for one in given.clusters for kind in one.kinds}
    assert kinds <= {kind for kind in Kind if ORIGINS[kind] is Origin.HARDWARE}
    assert answer.contradictions == ()
    assert "Nothing but what names" not in explanation_text(Part((int8(),)))


def choosing(
    given: dict[str, tuple[int, set[str], str]], **machine: str
) -> tuple[list[Observation], dict[str, Fingerprint]]:
    """Class, flags and chosen instruction set by platform; ``machine``: masks by platform."""
    records, fingerprints = [], {}
    for name, (number, flags, isa) in given.items():
        fingerprints[name] = fingerprint(flags)
        one = record(name, [np.float32([number])], fingerprint=name, masked=machine.get(name))
        records.append(one._replace(framework=replace(one.framework, isa={"openblas": isa})))
    return records, fingerprints


OLD, NEW = {"fpu"}, {"fpu", "avx2", "fma"}


def test_a_choice_is_the_link_and_the_hardware_the_answer() -> None:
    given = {"a": (1, OLD, "Nehalem"), "b": (2, NEW, "Haswell"), "c": (2, NEW, "Haswell")}
    (found,) = explained(*choosing(given))
    (answer,) = found.answers
    assert [[one.members for one in given.clusters] for given in answer.sets] == [[("avx2", "fma")]]
    link = Link("isa openblas", Kind.ISA, (("Nehalem", (1,)), ("Haswell", (2,))))
    assert answer.links == (link,)
    assert link.determines
    text = explanation_text(Part((found,)))
    assert "avx2 -> isa openblas = Haswell -> class 2 (2 platforms)" in text
    assert "no avx2 -> isa openblas = Nehalem -> class 1 (1 platform)" in text


@pytest.mark.parametrize(
    ("given", "linked"),
    [
        # Two classes with one choice, and all of a class with the same: half of the way.
        ({"a": (1, {"x"}, "S"), "b": (2, {"x", "y"}, "S"), "c": (3, {"y"}, "H")}, True),
        # A class with two choices, each of which has that class alone.
        ({"a": (1, {"x"}, "S"), "b": (1, {"x", "y"}, "H"), "c": (3, {"y"}, "P")}, False),
        # Chosen otherwise on equal hardware: no effect of it.
        ({"a": (1, {"x"}, "S"), "b": (1, {"x"}, "H"), "c": (2, {"y"}, "H")}, False),
        # One choice on all platforms explains nothing.
        ({"a": (1, {"x"}, "S"), "b": (2, {"y"}, "S")}, False),
    ],
)
def test_what_is_no_link(given: dict[str, tuple[int, set[str], str]], linked: bool) -> None:
    (found,) = explained(*choosing(given))
    assert bool(found.answers[0].links) == linked
    assert ("-> isa openblas" in explanation_text(Part((found,)))) == linked


def test_a_choice_explains_where_hardware_and_settings_do_not() -> None:
    given = {"a": (1, NEW, "Haswell"), "b": (2, NEW, "Zen"), "c": (3, OLD, "Nehalem")}
    (found,) = explained(*choosing(given))
    causes, choices = found.answers
    assert set(causes.kinds) == CAUSES
    assert [one.groups for one in causes.contradictions] == [((1, ("a",)), (2, ("b",)))]
    assert choices.origins == (Origin.HARDWARE, Origin.SETTING, Origin.CHOICE)
    assert [one.members for one in choices.sets[0].clusters] == [("isa openblas",)]
    assert choices.links == ()
    text = explanation_text(Part((found,)))
    assert "With what the framework chose, since hardware and settings do not determine" in text
    # A fingerprint does not say what was chosen, so it has no class, though its flags have one.
    assert predict(fingerprint(NEW), found).certainty is Certainty.NONE
    assert found.outliers == ()


def test_names_explain_last_and_the_answer_says_so() -> None:
    records, fingerprints = choosing({"a": (1, NEW, "Haswell"), "b": (2, NEW, "Haswell")})
    for name, model in (("a", 1), ("b", 2)):
        fingerprints[name] = of_cpu(fingerprints[name], family=6, model=model)
    (found,) = explained(records, fingerprints)
    assert [Kind.IDENTITY in one.kinds for one in found.answers] == [False, True]
    text = explanation_text(Part((found,)))
    assert "Nothing but what names the platforms" in text
    assert "1. generation" in text


def test_names_take_no_part_where_they_would_need_fewer_attributes() -> None:
    given = {
        "a": (1, {"fpu"}, 4),
        "b": (2, {"fpu", "avx2"}, 4),
        "c": (1, {"fpu", "avx2", "avx512f"}, 4),
    }
    records, fingerprints = machines(given)
    for name, emulated in (("a", "Nehalem"), ("b", "Haswell"), ("c", None)):
        fingerprints[f"f-{name}"] = replace(fingerprints[f"f-{name}"], emulated=emulated)
    (found,) = explained(records, fingerprints)
    (answer,) = found.answers
    assert [one.members for one in answer.sets[0].clusters] == [("avx512f",), ("avx2",)]


def test_a_mask_is_a_setting_whose_effect_is_the_choice() -> None:
    given = {
        "local": (1, NEW | {"avx512f"}, "SkylakeX"),
        "masked": (2, NEW | {"avx512f"}, "Haswell"),
        "emulated": (2, NEW, "Haswell"),
    }
    records, fingerprints = choosing(given, masked="avx2")
    (found,) = explained(records, fingerprints)
    (answer,) = found.answers
    assert {one.members[0] for one in answer.sets[0].clusters} == {"avx512f", "masked"}
    assert [link.attribute for link in answer.links] == ["isa openblas"]
    rule = next(one for one in answer.rules if "masked" in one.platforms)
    assert "masked" in {one.attribute for one in rule.conditions}
    assert rule.choices == (("isa openblas", ("Haswell",)),)
    # A machine is taken as it is, unless its settings say that it is masked.
    host = fingerprints["local"]
    assert predict(host, found).support == ("local",)
    assert predict(host, found, {"masked": "avx2"}).support == ("masked",)


def test_every_kind_has_an_origin() -> None:
    assert set(ORIGINS) == set(Kind)

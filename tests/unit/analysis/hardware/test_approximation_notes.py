"""A warning where classes may part by approximate instructions alone, and none elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.analysis.findings import Findings
from orchestrator.catalog.lists import read
from orchestrator.report.formats.text import remarks
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.record import Observation
from tests.unit.analysis.explain.described import fingerprint
from tests.unit.analysis.hardware.test_approximation import INTEL, QEMU, known
from tests.unit.analysis.records import A, B, output, record

SILICON, EMULATED = known(INTEL), known(QEMU)


def layer(operation: str, array: np.ndarray = A) -> dict[str, Any]:
    return {**output(array, operation), "role": "layer", "operation": operation}


def observed(
    platform: str,
    array: np.ndarray,
    operations: Sequence[str] = (),
    framework: str = "tensorflow",
    source: str = "onnx",
    name: str = "net",
    **more: Any,
) -> Observation:
    given = [output(array), *map(layer, operations)]
    made = record(platform, given, fingerprint=platform, **more)
    return made._replace(
        framework=replace(made.framework, name=framework),
        workload=replace(made.workload, source=source, name=name),
    )


def of(units: dict[str, str] | None) -> Fingerprint:
    return replace(fingerprint({"fpu", "sse"}), approximation=units)


def warnings(
    records: Sequence[Observation], units: dict[str, dict[str, str] | None]
) -> tuple[str, ...]:
    fingerprints = {name: of(found) for name, found in units.items()}
    summary = Findings(records, fingerprints).summary
    found = [note for note in summary.notes if "approximat" in note or "operations are" in note]
    assert all(f"Note: {note}" in list(remarks(summary)) for note in found)
    return tuple(found)


DIFFERENT = {"local": SILICON, "emulated/Haswell": EMULATED}


def two(**more: Any) -> list[Observation]:
    return [observed("local", A, **more), observed("emulated/Haswell", B, **more)]


def test_an_operator_of_the_model_that_depends_on_them_is_named() -> None:
    (note,) = warnings(two(operations=["conv2d", "softmax"]), DIFFERENT)
    assert note == (
        "net · numpy float32: classes may part by approximate instructions alone: softmax depends "
        "on rcpps, and units differ here: reciprocal estimates: Intel, as Emerald Rapids on local; "
        "QEMU 7.2 on emulated/Haswell"
    )


def test_a_model_without_such_an_operator_needs_no_warning() -> None:
    assert warnings(two(operations=["conv2d", "relu"]), DIFFERENT) == ()


def test_where_all_units_agree_there_is_none() -> None:
    assert warnings(two(operations=["softmax"]), dict.fromkeys(DIFFERENT, SILICON)) == ()


def test_one_class_has_nothing_that_could_part() -> None:
    same = [observed(name, A, operations=["softmax"]) for name in DIFFERENT]
    assert warnings(same, DIFFERENT) == ()


def test_units_that_differ_within_a_class_only_are_no_cause() -> None:
    records = [*two(operations=["softmax"]), observed("third", A, operations=["softmax"])]
    units = {"local": SILICON, "emulated/Haswell": None, "third": EMULATED}
    assert warnings(records, units) == ()
    units = {"local": SILICON, "emulated/Haswell": SILICON, "third": EMULATED}
    assert len(warnings(records, units)) == 1


def test_older_fingerprints_say_nothing() -> None:
    units = {"local": SILICON, "emulated/Haswell": None}
    assert warnings(two(operations=["softmax"]), units) == ()


def test_operations_that_are_not_known_have_weaker_words() -> None:
    (note,) = warnings(two(), DIFFERENT)
    assert "the model's operations are not known (`observe: {layers: true}` records them)" in note
    assert "of tensorflow" in note
    assert "softmax" in note
    (note,) = warnings(two(operations=["dense"], source="keras"), DIFFERENT)
    assert "the model's operations are not all known" in note
    assert warnings(two(framework="onnxruntime"), DIFFERENT) == ()


def test_a_builtin_model_is_known_without_layers() -> None:
    (note,) = warnings(two(source="builtin", name="lenet5"), DIFFERENT)
    assert "classes may part by approximate instructions alone: " in note
    assert "softmax" in note
    assert warnings(two(source="builtin", name="conv"), DIFFERENT) == ()


def test_a_framework_that_was_not_measured() -> None:
    (note,) = warnings(two(framework="toy", operations=["softmax"]), DIFFERENT)
    assert "whether operators of toy depend on approximate instructions was not measured" in note


def test_partitions_of_one_cause_share_a_note() -> None:
    records = [one for given in ("x", "y") for one in two(operations=["softmax"], given=given)]
    (note,) = warnings(records, DIFFERENT)
    assert note.endswith(" (2 partitions)")


def test_of_many_platforms_the_number_is_said() -> None:
    records = two(operations=["softmax"])
    records += [observed(f"emulated/{n}", B, operations=["softmax"]) for n in "abcd"]
    units = DIFFERENT | {f"emulated/{n}": EMULATED for n in "abcd"}
    (note,) = warnings(records, units)
    assert note.endswith("QEMU 7.2 on emulated/Haswell, emulated/a, emulated/b and 2 more")


@pytest.mark.parametrize("operation", ["softmax", "Softmax"])
def test_what_the_list_says_of_tensorflow(operation: str) -> None:
    assert (
        "rcpps"
        in read("approximate_operators.json")["frameworks"]["tensorflow"]["operators"]["softmax"]
    )
    assert len(warnings(two(operations=[operation]), DIFFERENT)) == 1

"""Units of approximate instructions: whose they are, where two differ, and that they explain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.analysis.hardware.approximation import (
    approximation_differs,
    operators_that_differ,
)
from orchestrator.analysis.hardware.attributes import attribute_table
from orchestrator.analysis.hardware.platforms import platform_infos
from orchestrator.analysis.observations.table import observations_table
from orchestrator.catalog.lists import read
from orchestrator.report.formats.explanation_text import explanation_text
from orchestrator.results.details import Part
from orchestrator.results.explanation import ORIGINS, Kind, Origin
from orchestrator.results.fingerprint import Fingerprint
from tests.unit.analysis.explain.described import explained, fingerprint, machines

QEMU, INTEL = "QEMU 7.2", "Intel, as Emerald Rapids"


def known(name: str) -> dict[str, str]:
    """The digests that are known by a name."""
    rows = read("approximate_units.json")["digests"].items()
    return {one: digest for one, found in rows for digest, whose in found.items() if whose == name}


def of(digests: dict[str, str] | None) -> Fingerprint:
    return replace(fingerprint({"fpu", "sse"}), approximation=digests)


def test_only_what_both_executed_can_differ() -> None:
    one = of({"rcpps": "blake3:a", "fsin": "blake3:b", "vrcp14ps": "blake3:c"})
    other = of({"rcpps": "blake3:x", "fsin": "blake3:b"})
    assert approximation_differs(one, other) == ("rcpps",)
    assert approximation_differs(other, one) == ("rcpps",)
    assert approximation_differs(one, one) == ()


def test_what_is_not_known_is_named_by_none() -> None:
    assert approximation_differs(of(None), of({"rcpps": "blake3:x"})) == ()


def test_emulation_differs_from_this_silicon_in_all_that_both_have() -> None:
    silicon, emulated = of(known(INTEL)), of(known(QEMU))
    differing = approximation_differs(silicon, emulated)
    assert {"rcpps", "rsqrtps", "fsin"} <= set(differing)
    assert set(differing) <= known(QEMU).keys()


def test_operators_that_may_differ_between_two_machines() -> None:
    silicon, emulated = of(known(INTEL)), of(known(QEMU))
    found = operators_that_differ("tensorflow", silicon, emulated)
    assert {"softmax", "batch_normalization"} <= set(found)
    assert "relu" not in found
    assert operators_that_differ("tensorflow", silicon, silicon) == ()
    assert operators_that_differ("onnxruntime", silicon, emulated) == ()
    with pytest.raises(KeyError, match="toy"):
        operators_that_differ("toy", silicon, emulated)


def test_a_unit_without_a_name_has_one_of_its_own() -> None:
    records, fingerprints = machines({name: (1, {"fpu"}, 4) for name in "abcd"})
    fingerprints["f-a"] = of(known(INTEL))
    fingerprints["f-b"] = of(known(QEMU))
    fingerprints["f-c"] = of({**known(QEMU), "rsqrtps": "blake3:" + "0" * 64})
    fingerprints["f-d"] = of({**known(QEMU), "rsqrtps": "blake3:" + "0" * 64})
    table = attribute_table(records, fingerprints)
    first, second, third, fourth = table.frame["reciprocal estimates"]
    assert (first, second) == (INTEL, QEMU)
    assert third == fourth
    assert third.startswith("unit ")
    assert table.kinds["x87 functions"] is Kind.APPROXIMATION
    assert ORIGINS[Kind.APPROXIMATION] is Origin.HARDWARE


def test_where_nothing_else_differs_they_are_the_cause() -> None:
    records, fingerprints = machines({name: (1 + (name > "b"), {"fpu"}, 4) for name in "abcd"})
    for name in "abcd":
        fingerprints[f"f-{name}"] = of(known(QEMU if name > "b" else INTEL))
    (found,) = explained(records, fingerprints)
    (answer,) = found.answers
    names = {name for given in answer.sets for one in given.clusters for name in one.members}
    assert {"reciprocal estimates", "x87 functions"} <= names
    assert answer.sets[0].clusters[0].members[0] == "reciprocal estimates"
    text = explanation_text(Part((found,)))
    assert "reciprocal estimates = Intel, as Emerald Rapids -> class 1 (2 platforms)" in text


def test_a_flag_that_parts_them_alike_is_named_first() -> None:
    records, fingerprints = machines({"a": (1, {"avx512f"}, 4), "b": (2, {"fpu"}, 4)})
    for name, whose in (("a", INTEL), ("b", QEMU)):
        own = fingerprints[f"f-{name}"]
        fingerprints[f"f-{name}"] = replace(own, approximation=known(whose))
    (found,) = explained(records, fingerprints)
    (cluster,) = found.answers[0].sets[0].clusters
    assert cluster.members[0] == "avx512f"
    assert "reciprocal estimates" in cluster.members


def test_where_a_cpu_has_no_such_unit_its_flags_say_it_and_units_do_not() -> None:
    records, fingerprints = machines({name: (1, {"fpu"}, 4) for name in "ab"})
    fingerprints["f-a"], fingerprints["f-b"] = of(known(INTEL)), of(known(QEMU))
    table = attribute_table(records, fingerprints)
    assert "reciprocal estimates" in table.frame
    assert "AVX-512 estimates" not in table.frame


def test_a_machine_of_which_they_are_not_known_is_no_value() -> None:
    records, fingerprints = machines({name: (1, {"fpu"}, 4) for name in "ab"})
    fingerprints["f-a"] = of(known(INTEL))
    table = attribute_table(records, fingerprints)
    assert table.frame["reciprocal estimates"].tolist() == [INTEL, None]


@pytest.mark.parametrize("older", [None, {}])
def test_older_fingerprints_are_not_known(older: dict[str, str] | None) -> None:
    records, fingerprints = machines({"a": (1, {"fpu"}, 4), "b": (2, {"fpu"}, 8)})
    fingerprints["f-a"] = of(older)
    table = attribute_table(records, fingerprints)
    assert "reciprocal estimates" not in table.frame
    assert "reciprocal estimates" not in table.kinds


def test_what_a_cpu_cannot_execute_is_no_gap_in_what_is_known() -> None:
    records, fingerprints = machines({"a": (1, {"fpu"}, 4)})
    missing = {"approximation.vrcp14ps": "the CPU has no avx512f", "cpu.microcode": "not readable"}
    fingerprints["f-a"] = replace(fingerprints["f-a"], missing=missing)
    ((info,), _) = platform_infos(observations_table(records), fingerprints)
    assert info.unknown == ("cpu.microcode: not readable",)

from __future__ import annotations

from dataclasses import replace

import numpy as np

from orchestrator.analysis.bounds import TERMINAL, Bounds
from orchestrator.analysis.classes.consequences import Tensor
from orchestrator.analysis.findings import Findings
from orchestrator.report.formats.text import plain_text
from orchestrator.results.record import SoftwareRecord
from tests.unit.analysis.records import A, B, output, record


def test_settings_and_software_come_from_the_records() -> None:
    new = SoftwareRecord("s", "numpy", "2.5")
    records = [
        record("p", [A]),
        record("p", [A], session=1)._replace(software=new),
        record("q", [np.array([3])]),
        record("r", [], status="failed")._replace(software=SoftwareRecord("no", "numpy", "9")),
    ]
    (found,) = Findings(records, {}).described
    assert found.settings == records[0].variant
    assert [one.version for one in found.software] == ["2.4", "2.5"]
    floats, integers = found.classes
    assert (floats.type, floats.chain) == ("float32[1,3]", tuple(output(A)["chain"]))
    assert (integers.type, integers.chain) == ("int64[1]", None)


def test_settings_are_those_that_all_members_share() -> None:
    one, two = record("p", [A]), record("q", [A])
    variant = replace(one.variant, threads=1, batch=8, environment={"A": 1, "B": 1}, flags={"f": 1})
    other = replace(variant, threads=2, environment={"A": 2, "B": 1}, pin="==2", flags={"f": 2})
    records = [one._replace(variant=variant), two._replace(variant=other)]
    (found,) = Findings(records, {}).described
    shared = replace(variant, threads=None, environment={"B": 1}, flags={})
    assert found.settings == shared


def test_a_retry_that_failed_hides_no_software() -> None:
    ended = record("p", [A])
    failed = replace(ended.software, version="9")
    later = record("p", [], status="failed", attempt=1)._replace(software=failed)
    (found,) = Findings([ended, later], {}).described
    assert [one.version for one in found.software] == ["2.4"]


def test_a_strict_class_of_several_outputs_has_no_chain() -> None:
    records = [record("p", [A]), record("p", [B], session=1)]
    (found,) = Findings(records, {}, strict=True).described
    assert (found.classes[0].type, found.classes[0].links) == (None, None)


def stored(bounds: Bounds) -> Findings:
    kept: dict[str, Tensor] = {output(one)["digest"]: ("float32", (1, 3), one) for one in (A, B)}
    records = [record("p", [A]), record("q", [B])]
    return Findings(records, {}, tensors=kept.get, bounds=bounds)


def test_a_report_says_how_far_the_classes_are_apart() -> None:
    text = plain_text(stored(TERMINAL).reported)
    assert "bits remain, at most 1 ulp and 5.96e-08 (relative 8.51e-08) apart, no label fl" in text


def test_a_report_says_what_its_bounds_left_out() -> None:
    found = stored(replace(TERMINAL, tensors=1)).reported
    assert found.partitions[0].apart is None
    assert found.notes[-1].startswith("the classes of 1 partition are not measured here: `eqc")

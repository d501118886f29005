"""What other software computed is left out, or is a variant of its own; never mixed in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.observations.labels import planned_of_store
from orchestrator.analysis.observations.software import by_one_software
from orchestrator.errors import UsageError
from orchestrator.results.record import Observation, PlannedRecord
from orchestrator.results.software import software_id
from orchestrator.store.parse import parse_observation
from tests.unit.analysis.records import A, line

B = A + np.float32(1)


def row(
    platform: str,
    version: str | None,
    tensor: np.ndarray = A,
    *,
    when: int = 1,
    packages: dict[str, str] | None = None,
    libraries: dict[str, Any] | None = None,
    runner: str = "1",
    status: str = "ok",
    **more: Any,
) -> Observation:
    made = line(platform, [tensor] if status == "ok" else [], status=status, **more)
    made["variant"]["framework"] = "numpy"
    made["recorded"] = f"2026-01-{when:02}T00:00:00Z"
    made["framework"] |= {"version": version, "libraries": libraries}
    told: dict[str, Any] = {"framework": "numpy", "version": version, "python": "3.11"}
    told |= {"packages": packages or {}, "runner": runner}
    made["software"] = None if version is None else {"id": software_id(told), **told}
    return parse_observation(made)


def found(*records: Observation, wanted: tuple[str, ...] = ()) -> Findings:
    told = by_one_software(records, planned(*records), wanted)
    return Findings(
        told.records,
        {},
        planned_of_store(told.planned, told.reasons),
        software=told.names,
        notes=told.notes,
    )


def planned(*records: Observation) -> list[PlannedRecord]:
    cells = {r.cell: r for r in records}.values()
    return [PlannedRecord(r.cell, 1, r.platform, r.workload, r.input, r.variant) for r in cells]


OLD = [row("p", "1", A), row("q", "1", A)]
NEW = [row("p", "2", B, when=2, session=1), row("q", "2", B, when=2, session=1)]


def test_nothing_is_touched_where_there_is_one() -> None:
    told = by_one_software(OLD)
    assert told.records is OLD
    assert told.notes == ()


def test_old_and_new_rows_are_no_non_determinism() -> None:
    summary = found(*OLD, *NEW).summary
    assert summary.determinism.variations == ()
    (partition,) = summary.partitions
    assert (partition.computed_by, partition.sessions) == ("numpy 2", 2)
    assert summary.notes[0].startswith("2 sessions computed by numpy 1 left out, for what numpy 2")


def test_the_last_is_by_time_and_not_by_place_in_the_store() -> None:
    assert [p.computed_by for p in found(*NEW, *OLD).partitions] == ["numpy 2"]


def test_a_platform_that_another_version_computed_is_in_no_class() -> None:
    (partition,) = found(row("p", "1", A), row("q", "2", B, when=2)).partitions
    assert [group.platforms for group in partition.classes] == [("q",)]
    (missing,) = partition.missing
    assert (missing.platform, missing.reason) == ("p", "computed by numpy 1 only")


def test_it_is_missing_where_no_plan_is_stored() -> None:
    told = by_one_software([row("p", "1", A), row("q", "2", B, when=2)])
    (partition,) = Findings(
        told.records, {}, planned_of_store(told.planned, told.reasons)
    ).partitions
    assert [missing.platform for missing in partition.missing] == ["p"]


def test_no_hardware_explains_what_an_upgrade_did() -> None:
    explained = found(row("p", "1", A), row("q", "2", B, when=2)).explained().items
    assert [len(one.classes) for one in explained] == [1]


@pytest.mark.parametrize("wanted", [("all",), ("numpy 1", "numpy 2")])
def test_several_are_variants_of_their_own(wanted: tuple[str, ...]) -> None:
    summary = found(*OLD, *NEW, wanted=wanted).summary
    assert [(p.variant, len(p.classes), p.missing) for p in summary.partitions] == [
        ("numpy 1 float32", 1, ()),
        ("numpy 2 float32", 1, ()),
    ]
    assert summary.notes == ()


def test_each_of_several_says_who_lacks_it() -> None:
    first, second = found(
        row("p", "1", A), row("q", "1", A), row("q", "2", B, when=2), wanted=("all",)
    ).partitions
    assert first.missing == ()
    assert [(m.platform, m.reason) for m in second.missing] == [("p", "computed by numpy 1 only")]


def test_one_may_be_asked_for() -> None:
    (partition,) = found(*OLD, *NEW, wanted=("numpy 1",)).partitions
    assert (partition.computed_by, partition.variant) == ("numpy 1", "numpy float32")
    with pytest.raises(UsageError, match=r"no software 'numpy 3'.*numpy 1, numpy 2"):
        found(*OLD, *NEW, wanted=("numpy 3",))


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"packages": {"mkl": "2"}}, ["numpy 1 (no mkl)", "numpy 1 (mkl 2)"]),
        ({"runner": "2"}, ["numpy 1 (runner 1)", "numpy 1 (runner 2)"]),
    ],
)
def test_of_one_version_they_are_told_apart_by_what_differs(
    more: dict[str, Any], names: list[str]
) -> None:
    told = by_one_software([row("p", "1"), row("p", "1", when=2, **more)])
    shown = list(told.names.values())
    assert all(name.startswith(word) for name, word in zip(shown, names, strict=True)), shown


def test_an_older_record_is_of_the_version_that_it_tells() -> None:
    old = parse_observation(line("p", [A]) | {"recorded": "2025-01-01T00:00:00Z"})
    told = by_one_software([old, row("p", "2.4", B, when=2)])
    assert list(told.names.values()) == [
        "numpy 2.4 (packages not recorded)",
        "numpy 2.4 (packages recorded)",
    ]
    assert len(told.records) == 1


def test_libraries_of_two_versions_are_never_one_software() -> None:
    records = [
        row("p", "1", A, libraries={"openblas": "0.3.1", "notes": "threads"}),
        row("q", "1", B, libraries={"openblas": "0.3.2"}, when=2),
        row("arm", "1", B, libraries={"openblas": None}, when=2),
    ]
    told = by_one_software(records, wanted=["all"])
    assert sorted(told.names.values()) == ["numpy 1 (openblas 0.3.1)", "numpy 1 (openblas 0.3.2)"]
    assert len({r.variant.id for r in told.records}) == 2


def test_a_library_that_one_platform_lacks_is_no_contradiction() -> None:
    records = [
        row("p", "1", A, libraries={"mkl": "2024.2", "gpu": "NVIDIA A100"}),
        row("arm", "1", A, libraries={"mkl": None, "openblas": "0.3.1"}),
    ]
    assert by_one_software(records).records is records


def test_rows_that_nothing_computed_stand_where_nothing_did() -> None:
    why = {"code": "no-image", "message": "no disk"}
    skipped = [
        row("p", None, when=3, status="skipped", reason=why),
        row("r", None, when=3, status="skipped", reason=why),
    ]
    mixed = [*OLD, row("p", "2", B, when=2), *skipped]
    kept = by_one_software(mixed).records
    assert [(r.platform.name, r.status) for r in kept] == [("p", "ok"), ("r", "skipped")]

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.analysis.classes.difference import difference, difference_exit
from orchestrator.analysis.findings import Findings
from orchestrator.errors import Exit, UsageError
from orchestrator.report.formats.json_format import json_report
from orchestrator.store.baseline import read_baseline, write_baseline
from tests.unit.analysis.records import A, B, C, record
from tests.unit.analysis.summarised import summarise


def report() -> dict[str, Any]:
    records = [
        record("p", [A]),
        record("q", [B]),
        record("q", [C], session=1),
        record("r", [], status="failed", reason={"code": "timeout", "message": "600 s"}),
    ]
    return json_report(summarise(records))


def broken(path: Path, **changes: Any) -> Path:
    document = report()
    document["partitions"][0].update(changes)
    path.write_text(json.dumps(document))
    return path


def test_what_is_accepted_reads_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    written = write_baseline(path, report())
    found = read_baseline(path)
    assert found == written
    assert [group.platforms for group in found.partitions[0].classes] == [("p",), ("q",)]
    assert (found.compare, found.members) == ((), ())
    assert found.partitions[0].nondeterministic == ("q",)
    assert found.partitions[0].missing[0].reason == "timeout: 600 s"
    assert json.loads(path.read_text()) == report()
    assert [child.name for child in tmp_path.iterdir()] == ["baseline.json"]


def test_a_baseline_knows_the_axes_of_its_members(tmp_path: Path) -> None:
    members = {"compare": ["on"], "members": ["p", "q", "r"]}
    found = write_baseline(tmp_path / "b.json", report() | members)
    assert (found.compare, found.members) == (("on",), ("p", "q", "r"))


def test_a_baseline_compares_with_a_fresh_summary(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.json", report())
    baseline = read_baseline(tmp_path / "b.json").partitions
    same = summarise([record("p", [A]), record("q", [B]), record("q", [C], session=1)])
    found = difference(baseline, same)
    assert difference_exit(found) is Exit.DONE  # r was missing already
    other = summarise([record("p", [A]), record("q", [A])])
    assert difference_exit(difference(baseline, other)) is Exit.DIFFERENT


def test_unknown_keys_of_a_later_version_are_no_mistake(tmp_path: Path) -> None:
    assert len(read_baseline(broken(tmp_path / "b.json", added={"later": 1})).partitions) == 1


CLASS = {"id": "a" * 12, "number": 1, "platforms": ["p"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": None}, r"partitions\.0\.classes: nothing is given; should be a list"),
        (
            {"classes": [{**CLASS, "number": "1"}]},
            r"classes\.0\.number: should be a whole number, not '1'",
        ),
        ({"classes": [{**CLASS, "platforms": []}]}, r"classes\.0\.platforms: .* at least 1"),
        ({"sessions": -1}, r"partitions\.0\.sessions"),
        ({"classes": [CLASS, {**CLASS, "id": "b"}]}, r"platform 'p' is there twice"),
        (
            {"classes": [CLASS, {**CLASS, "number": 2, "platforms": ["q"]}]},
            r"class id 'aaaaaaaaaaaa' is there twice",
        ),
        (
            {"classes": [CLASS, {"id": "b", "number": 1, "platforms": ["q"]}]},
            r"class number '1' is there twice",
        ),
        (
            {"missing": [{"platform": "p", "status": "failed", "reason": ""}]},
            r"platform 'p' is there twice",
        ),
        ({"nondeterministic": ["nobody"]}, r"'nobody' is non-deterministic but in no class"),
    ],
)
def test_a_damaged_baseline_names_the_place(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = broken(tmp_path / "b.json", **changes)
    with pytest.raises(UsageError, match=message) as raised:
        read_baseline(path)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema": 3, "partitions": []}', b"\xff\xfe", b"{}"]
)
def test_what_is_no_report_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not a JSON report of eqc"):
        read_baseline(path)


def test_who_is_not_available_is_read_back_and_missing_only_if_it_had_a_class(
    tmp_path: Path,
) -> None:
    reason = {"code": "no-switch", "message": "no mask avx"}
    lacking = summarise([record("p", [A]), record("m", [], status="not-available", reason=reason)])
    path = tmp_path / "b.json"
    path.write_text(json.dumps(json_report(lacking)))
    (read_back,) = read_baseline(path).partitions
    assert read_back.not_available == lacking.partitions[0].not_available
    assert read_back.missing == ()
    assert difference_exit(difference([read_back], lacking)) is Exit.DONE
    had = summarise([record("p", [A]), record("m", [A])])
    assert difference_exit(difference(had, lacking)) is Exit.INCOMPLETE


def test_the_same_partition_twice_is_refused(tmp_path: Path) -> None:
    document = report()
    document["partitions"] *= 2
    (tmp_path / "b.json").write_text(json.dumps(document))
    with pytest.raises(UsageError, match=r"partition 'net · digits:0 .* is there twice"):
        read_baseline(tmp_path / "b.json")


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_baseline(tmp_path / "none.json")
    with pytest.raises(UsageError, match="a folder"):
        read_baseline(tmp_path)
    with pytest.raises(UsageError, match="a folder"):
        write_baseline(tmp_path, report())


def test_accepting_something_broken_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    write_baseline(path, report())
    before = path.read_bytes()
    with pytest.raises(UsageError):
        write_baseline(path, {"schema": 1})
    assert path.read_bytes() == before


def described() -> Findings:
    more = {"variant": "numpy float32"}
    records = [record("p", [A], **more), record("q", [B], **more)]
    settings = replace(records[0].variant, framework="numpy", threads=2, flags={"opt": 1})
    records = [one._replace(variant=settings) for one in records]
    return Findings(records, {})


def test_chains_settings_and_software_are_kept(tmp_path: Path) -> None:
    found = described()
    (read_back,) = write_baseline(tmp_path / "b.json", json_report(found.reported)).partitions
    (partition,) = found.described
    assert read_back.classes == partition.classes
    assert all(group.links and group.type == "float32[1,3]" for group in read_back.classes)
    assert read_back.software == partition.software
    assert [(one.framework, one.version) for one in read_back.software] == [("numpy", "2.4")]
    assert read_back.settings is not None
    assert (read_back.settings.threads, read_back.settings.flags) == (2, {"opt": 1})


def test_a_baseline_of_schema_1_has_no_chains(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    document = json_report(described().summary)
    for partition in document["partitions"]:
        for key in ("apart", "settings", "software"):
            del partition[key]
        for group in partition["classes"]:
            for key in ("digest", "type", "chain"):
                del group[key]
    path.write_text(json.dumps({**document, "schema": 1}))
    current = Findings([record("p", [B]), record("q", [B])], {}).described
    found = difference(read_baseline(path).partitions, current)
    (moved,) = found.partitions[0].moved
    assert moved.distance.unknown[0] == "bits are not known: the baseline has no chains"
    assert found.software_differs is None

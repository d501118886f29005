from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cpuid.stores import fingerprints_in, read_json, store_in


def row(name: str, fingerprint: str | None, recorded: str) -> str:
    known = {"platform": {"name": name}, "fingerprint": fingerprint, "recorded": recorded}
    return json.dumps(known) + "\n"


def test_the_last_fingerprint_of_each_platform_counts(tmp_path: Path) -> None:
    folder = tmp_path / "observations"
    folder.mkdir()
    lines = [row("a", None, "1"), row("a", "old", "2"), row("b", "b1", "2"), '{"torn']
    (folder / "one.jsonl").write_text("".join(lines))
    (folder / "two.jsonl").write_text(row("a", "new", "3") + "[]\n" + row("c", None, "3"))
    found = fingerprints_in(tmp_path)
    assert found == {
        "a": tmp_path / "fingerprints" / "new.json",
        "b": tmp_path / "fingerprints" / "b1.json",
    }


def test_the_latest_run_of_an_experiment_is_its_store(tmp_path: Path) -> None:
    assert store_in(tmp_path) is None
    for run in ("b/20260101T000000Z-a", "a/20260102T000000Z-a", "a/20260101T000000Z-a"):
        (tmp_path / run / "observations").mkdir(parents=True)
    latest = tmp_path / "a" / "20260102T000000Z-a"
    assert store_in(tmp_path) == store_in(tmp_path / "a") == store_in(latest) == latest


def test_what_is_no_json_is_a_value_error(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        read_json(tmp_path / "x.json")

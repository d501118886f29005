"""``eqc agree`` as a user calls it: what it finds, writes, costs, and does not do twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import experiment as spec
from orchestrator.catalog import frameworks
from orchestrator.providers.registry import providers
from orchestrator.store.read import read
from tests.e2e.running import eqc, written
from tests.fakes.agreeing_framework import agreeing_framework

PLANTED = """\
schema: 1
name: planted
workloads:
  - model: builtin:lenet5
    on: [planted]
inputs:
  - random: {shape: [1, 32, 32, 1], seed: 1}
platforms:
  - provider: local
  - provider: mask
    levels: [sse4]
observe: {sessions: 2}
isolation: process
"""
FIXED = [{"kind": "environment", "name": "PLANTED_FIXED", "value": "1"}]
WORDS = ("agree", "experiment.yaml", "--format", "json", "--quiet")


def found(*words: str, cwd: Path, place: Path, code: int = 0) -> dict[str, Any]:
    done = eqc(*WORDS, *words, cwd=cwd, EQC_FRAMEWORKS=str(place))
    assert done.returncode == code, done.stderr
    (variant,) = json.loads(done.stdout)["variants"]
    return variant


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return agreeing_framework(tmp_path_factory.mktemp("frameworks"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, place: Path) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("first")
    written(folder, PLANTED)
    return folder, found("--time", "9", cwd=folder, place=place)


def test_it_finds_the_setting_and_what_it_costs(first: tuple[Path, dict[str, Any]]) -> None:
    _, variant = first
    assert variant["before"] == [["local"], ["mask/sse4"]]
    (answer,) = variant["answers"]
    assert answer["settings"] == FIXED
    assert answer["classes"] == [["local", "mask/sse4"]]
    assert answer["slowdown"]["platform"] == "local"
    assert answer["slowdown"]["laps"] == 9
    # It sleeps twice as long; a busy computer adds to both.
    assert 1.1 < answer["slowdown"]["median"] < 3
    assert (answer["flipped"], answer["labels"]) == (0, 2)
    assert answer["largest_absolute"] == pytest.approx(2 * 2.0**-20)
    assert variant["untried"] == 0


def test_what_fails_is_incomplete_and_what_acts_not_is_idle(
    first: tuple[Path, dict[str, Any]],
) -> None:
    _, variant = first
    (incomplete,) = variant["incomplete"]
    assert [each["name"] for each in incomplete["settings"]] == ["PLANTED_OLD"]
    (failed,) = incomplete["failed"]
    assert failed["platform"] == "mask/sse4"
    assert "lacks instructions" in failed["reason"]
    assert variant["tried"] == 4


def test_the_fragment_is_a_valid_part_of_the_file(
    first: tuple[Path, dict[str, Any]],
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EQC_FRAMEWORKS", str(place))
    _, variant = first
    path = written(tmp_path, PLANTED + variant["answers"][0]["fragment"])
    (only,) = spec.load(path, providers(), cache=tmp_path / "cache").variants
    assert only.environment == (("PLANTED_FIXED", "1"),)
    assert "planted" in frameworks()


def test_a_second_call_computes_nothing_but_what_failed(
    first: tuple[Path, dict[str, Any]], place: Path
) -> None:
    folder, before = first
    rows = {each.key: each.recorded for each in read(folder / "results").records}
    after = found("--time", "9", cwd=folder, place=place)
    assert {**after, "seconds": 0} == {**before, "seconds": 0}
    again = {each.key: each for each in read(folder / "results").records}
    assert again.keys() == rows.keys()
    assert all(each.attempt == 0 for each in again.values() if each.status == "ok")


def test_the_observations_are_a_run_of_their_own(first: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = first
    names = {path.name for path in (folder / "results").iterdir()}
    assert names == {"planted-agree", "planted-agree-time"}
    store = read(folder / "results" / "planted-agree")
    assert {row.cell for row in store.records} <= {cell.cell for cell in store.planned}
    assert len({cell.variant.label for cell in store.planned}) == 5
    assert {row.time is None for row in store.records} == {True}
    (run,) = (folder / "results" / "planted-agree").iterdir()
    assert (run / "experiment.yaml").read_text().endswith(PLANTED)
    assert "PLANTED_FIXED=1" in eqc("report", run, cwd=folder).stdout


def test_a_store_stands_for_its_file(first: tuple[Path, dict[str, Any]], place: Path) -> None:
    folder, before = first
    words = ("agree", "results/planted-agree", "--format", "json", "--quiet", "--time", "0")
    done = eqc(*words, cwd=folder, EQC_FRAMEWORKS=str(place))
    assert done.returncode == 0, done.stderr
    (variant,) = json.loads(done.stdout)["variants"]
    assert [each["settings"] for each in variant["answers"]] == [FIXED]
    assert before["answers"][0]["settings"] == FIXED


def test_the_text_says_all_that_a_reader_needs(
    first: tuple[Path, dict[str, Any]], place: Path
) -> None:
    folder, _ = first
    done = eqc("agree", "experiment.yaml", "--quiet", cwd=folder, EQC_FRAMEWORKS=str(place))
    assert done.returncode == 0, done.stderr
    assert "without any setting: 2 classes" in done.stdout
    assert "PLANTED_FIXED=1: 1 class" in done.stdout
    assert "measured on local" in done.stdout
    assert '- {on: [planted], PLANTED_FIXED: "1"}' in done.stdout
    assert "incomplete: PLANTED_OLD=no (mask/sse4: exception: " in done.stdout
    assert "not agreement on all" in done.stdout


def test_time_that_is_over_ends_it_and_the_same_command_goes_on(
    place: Path, tmp_path: Path
) -> None:
    written(tmp_path, PLANTED)
    early = found("--seconds", "0.001", "--time", "0", cwd=tmp_path, place=place, code=5)
    assert early["unobserved"] == ["local", "mask/sse4"]
    assert early["stopped"] == "the time of --seconds was over"
    late = found("--time", "0", cwd=tmp_path, place=place)
    assert [each["settings"] for each in late["answers"]] == [FIXED]
    assert late["answers"][0]["slowdown"] is None


def test_what_compares_other_than_platforms_is_refused(place: Path, tmp_path: Path) -> None:
    written(tmp_path, PLANTED + "vary: {threads: [1, 2]}\ncompare: [threads]\n")
    done = eqc(*WORDS, cwd=tmp_path, EQC_FRAMEWORKS=str(place))
    assert done.returncode == 2
    assert "only platforms can be made to agree" in done.stderr

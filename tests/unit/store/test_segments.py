from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from orchestrator.store.run_folder import RunFolder
from orchestrator.store.segments import is_segment, open_name, seal
from tests.unit.store.records import cell, observed, plan


def opened(tmp_path: Path) -> RunFolder:
    return RunFolder.open(tmp_path, plan(cell()), fresh=False)


def files(run: RunFolder) -> list[str]:
    return [path.name for path in run.observation_files()]


def record(run: RunFolder, session: int) -> dict[str, object]:
    return {**observed(cell().id, session), "run": run.name}


def test_a_closed_file_is_named_by_what_it_holds(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.append("local.1", [record(run, 0)])
        content = run.observation_files()[0].read_bytes()
        run.seal()
        assert files(run) == [f"local.1.{blake3(content).hexdigest()}.jsonl"]
        assert run.observation_files()[0].read_bytes() == content
        assert all(map(is_segment, run.observation_files()))


def test_what_comes_later_goes_to_a_file_of_its_own(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.append("m", [record(run, 0)])
        run.seal()
        run.seal()
        run.append("m", [record(run, 0), record(run, 1)])
        assert files(run)[1] == "m.jsonl"
        run.seal()
        assert len(files(run)) == 2
    with opened(tmp_path) as again:
        assert set(again.sessions_done()) == {(cell().id, 0), (cell().id, 1)}
        assert again.append("m", [record(again, 1)]) == 0


def test_a_run_that_is_not_held_is_not_touched(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.append("m", [record(run, 0)])
    run.seal()
    assert files(run) == ["m.jsonl"]


def test_a_file_without_lines_stays_open(tmp_path: Path) -> None:
    (tmp_path / "observations").mkdir()
    (tmp_path / "observations/m.jsonl").touch()
    seal(tmp_path)
    assert [path.name for path in (tmp_path / "observations").iterdir()] == ["m.jsonl"]


def test_the_open_name_is_the_machines(tmp_path: Path) -> None:
    digest = "0" * 64
    assert open_name(tmp_path / f"aws.i-1.{digest}.jsonl") == "aws.i-1.jsonl"
    assert open_name(tmp_path / "aws.i-1.jsonl") == "aws.i-1.jsonl"
    assert open_name(tmp_path / f"{digest}.jsonl") == f"{digest}.jsonl"


def test_additions_are_told_once_they_are_safe(tmp_path: Path) -> None:
    heard: list[list[str]] = []
    with RunFolder.open(
        tmp_path, plan(cell()), fresh=False, stored=lambda run: heard.append(files(run))
    ) as run:
        run.append("m", [record(run, 0)])
        run.append("m", [record(run, 0)])
    assert heard == [["m.jsonl"]]

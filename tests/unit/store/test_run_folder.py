from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.experiment import Reason, Status
from orchestrator.store.ingest import Origin, ingest, not_observed
from orchestrator.store.read import read
from orchestrator.store.run_folder import RunFolder, safe_name
from orchestrator.store.schema import problem_with_observed, problem_with_stored
from orchestrator.system.files import write_whole
from tests.environment import ROOT
from tests.unit.store.records import cell, failed, lines, observed, plan, stored

ORIGIN = Origin("machine", "process", None, None, None)


def opened(tmp_path: Path, *cells: object, fresh: bool = False) -> RunFolder:
    return RunFolder.open(tmp_path, plan(*cells), fresh=fresh)  # type: ignore[arg-type]


def write_out(folder: Path, *records: dict[str, object]) -> Path:
    import json

    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "observations.jsonl").write_text(text)
    return folder


def test_a_second_call_resumes_and_fresh_starts_anew(tmp_path: Path) -> None:
    first = opened(tmp_path)
    assert opened(tmp_path).path == first.path
    assert opened(tmp_path, fresh=True).path != first.path
    assert opened(tmp_path).path > first.path


def test_two_processes_cannot_write_one_run(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(EnvironmentNotReady, match=str(os.getpid())):
        opened(tmp_path).__enter__()


def test_taking_in_the_same_output_twice_changes_nothing(tmp_path: Path) -> None:
    c = cell()
    out = write_out(tmp_path / "out", observed(c.id, 0), observed(c.id, 1))
    with opened(tmp_path, c) as run:
        for _ in range(2):
            ingest(run, out, {c.id: (c, (0, 1))}, ORIGIN, silence=None)
        assert [lines(path) for path in run.observation_files()] == [2]
        assert set(run.sessions_done()) == {(c.id, 0), (c.id, 1)}
        assert [problem_with_stored(record) for record in stored(run.path)] == [None, None]


def test_a_failure_is_retried_and_an_ok_is_never_replaced(tmp_path: Path) -> None:
    c = cell()
    asked = {c.id: (c, (0,))}
    with opened(tmp_path, c) as run:
        ingest(run, write_out(tmp_path / "1", failed(c.id)), asked, ORIGIN, None)
        assert run.sessions_done() == {}
        ingest(run, write_out(tmp_path / "2", observed(c.id)), asked, ORIGIN, None)
        ingest(run, write_out(tmp_path / "3", failed(c.id)), asked, ORIGIN, None)
        (record,) = run.records()
        assert (record.status, record.attempt) == ("ok", 1)
        assert [lines(path) for path in run.observation_files()] == [2]
    assert [each.status for each in read(tmp_path).records] == ["ok"]


def test_what_is_not_installed_is_tried_again_and_what_cannot_be_is_not(tmp_path: Path) -> None:
    c, d = cell("a"), cell("b")
    absent = failed(c.id, status="unsupported")
    absent["reason"]["code"] = "not-installed"
    with opened(tmp_path, c, d) as run:
        asked = {x.id: (x, (0,)) for x in (c, d)}
        out = write_out(tmp_path / "out", absent, failed(d.id, status="unsupported"))
        ingest(run, out, asked, ORIGIN, None)
        assert set(run.sessions_done()) == {(d.id, 0)}


def test_what_could_not_be_recorded_is_stored_and_not_asked_again(tmp_path: Path) -> None:
    c = cell()
    said = {"name": "output:label", "role": "final", "index": 1, "operation": None}
    unrecorded = [{**said, "reason": "strings are not recorded"}]
    with opened(tmp_path, c) as run:
        out = write_out(tmp_path / "out", observed(c.id, unrecorded=unrecorded))
        ingest(run, out, {c.id: (c, (0,))}, ORIGIN, None)
        assert set(run.sessions_done()) == {(c.id, 0)}
    (line,) = stored(tmp_path)
    assert line["unrecorded"] == unrecorded
    assert problem_with_stored(line) is None
    (record,) = read(tmp_path).records
    assert [one.reason for one in record.unrecorded] == ["strings are not recorded"]


def test_a_silent_session_is_a_failed_row_with_the_reason(tmp_path: Path) -> None:
    c = cell()
    with opened(tmp_path, c) as run:
        out = write_out(tmp_path / "out", observed(c.id, 0))
        reason = Reason("runner-died", "signal 9", "last words")
        ingest(run, out, {c.id: (c, (0, 1))}, ORIGIN, reason)
        by_session = {record.session: record for record in run.records()}
        assert by_session[0].status == "ok"
        assert by_session[1].status == "failed"
        assert by_session[1].reason == reason


@pytest.mark.parametrize("change", [{"outputs": "x"}, {"status": "fine"}, {"outputs": []}])
def test_a_record_that_breaks_the_schema_is_failed_and_says_why(
    tmp_path: Path, change: dict[str, object]
) -> None:
    c = cell()
    with opened(tmp_path, c) as run:
        out = write_out(tmp_path / "out", {**observed(c.id), **change})
        ingest(run, out, {c.id: (c, (0,))}, ORIGIN, None)
        (record,) = run.records()
        assert record.status == "failed"
        assert record.reason is not None
        assert record.reason.code == "damaged-output"


def test_what_no_analysis_could_read_is_failed_and_the_store_stays_readable(
    tmp_path: Path,
) -> None:
    c = cell()
    record = observed(c.id)
    record["outputs"][0]["index"] = 1 << 40
    assert problem_with_observed(record) is None
    with opened(tmp_path, c) as run:
        ingest(run, write_out(tmp_path / "out", record), {c.id: (c, (0,))}, ORIGIN, None)
    (found,) = read(tmp_path).records
    assert (found.status, found.reason and found.reason.code) == ("failed", "damaged-output")
    assert found.reason is not None
    assert "index 1099511627776" in found.reason.message


def test_a_machine_can_only_report_what_it_was_asked(tmp_path: Path) -> None:
    c = cell()
    with opened(tmp_path, c) as run:
        out = write_out(tmp_path / "out", observed("f" * 16), observed(c.id, 7), observed(c.id, 0))
        ingest(run, out, {c.id: (c, (0,))}, ORIGIN, None)
        assert [(r.cell, r.session) for r in run.records()] == [(c.id, 0)]


def test_a_tensor_that_is_a_link_or_has_other_content_is_refused(tmp_path: Path) -> None:
    c = cell()
    for name, make in (("link", "link"), ("other", "write"), ("none", None)):
        record = observed(c.id)
        record["outputs"][0]["tensor"] = True
        out = write_out(tmp_path / name, record)
        path = out / "tensors" / ("a" * 64)
        path.parent.mkdir()
        if make == "link":
            path.symlink_to("/etc/passwd")
        elif make == "write":
            path.write_bytes(b"something else")
        with opened(tmp_path / f"store-{name}", c) as run:
            ingest(run, out, {c.id: (c, (0,))}, ORIGIN, None)
            assert [r.status for r in run.records()] == ["failed"]
            assert not (run.path / "tensors").exists()


def test_a_torn_last_line_is_cut_off_before_more_is_appended(tmp_path: Path) -> None:
    c = cell()
    with opened(tmp_path, c) as run:
        out = write_out(tmp_path / "out", observed(c.id, 0))
        ingest(run, out, {c.id: (c, (0,))}, ORIGIN, None)
        (path,) = run.observation_files()
    with path.open("ab") as file:
        file.write(b'{"schema": 1, "cel')
    with opened(tmp_path, c) as run:
        out = write_out(tmp_path / "out2", observed(c.id, 1))
        ingest(run, out, {c.id: (c, (1,))}, ORIGIN, None)
    assert [r.session for r in read(tmp_path).records] == [0, 1]


def test_a_skipped_cell_is_a_row_per_session_and_stored_once(tmp_path: Path) -> None:
    c = cell()
    with opened(tmp_path, c) as run:
        for _ in range(2):
            not_observed(run, c, (0, 1), Status.SKIPPED, Reason("no-qemu", "install it"))
        assert [lines(path) for path in run.observation_files()] == [2]
        assert {r.reason for r in run.records()} == {Reason("no-qemu", "install it")}
        assert [problem_with_stored(r) for r in stored(run.path)] == [None, None]


def test_the_plan_is_read_back_with_every_part(tmp_path: Path) -> None:
    c, d = cell("a"), cell("b")
    with opened(tmp_path, c, d) as run:
        run.write_plan(plan(c, d), ["eqc", "run"])
    planned = read(tmp_path).planned
    assert [row.cell for row in planned] == [c.id, d.id]
    assert [row.platform.name for row in planned] == ["a", "b"]


def test_a_full_disk_is_said_and_leaves_no_half_line(tmp_path: Path) -> None:
    """A file size limit acts as a full disk: the write stops in the middle of a line."""
    script = f"""
import resource, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tests.unit.store.test_run_folder import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
tmp_path = Path({str(tmp_path)!r})
c = cell()
with opened(tmp_path, c) as run:
    ingest(run, write_out(tmp_path / "1", observed(c.id, 0)), {{c.id: (c, (0,))}}, ORIGIN, None)
    size = run.observation_files()[0].stat().st_size
    out = write_out(tmp_path / "2", observed(c.id, 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
    try:
        ingest(run, out, {{c.id: (c, (1,))}}, ORIGIN, None)
    except Exception as error:
        print(type(error).__name__, run.observation_files()[0].stat().st_size == size)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["EnvironmentNotReady", "True"], done.stderr
    assert len(read(tmp_path).records) == 1


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small disk needs root")
def test_a_really_full_disk(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr!r}")
    try:
        with pytest.raises(EnvironmentNotReady, match="no space left"):
            write_whole(tmp_path / "file", bytes(1 << 20))
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_names_become_one_path_component() -> None:
    assert safe_name("../../etc/passwd") == "_.._etc_passwd"
    assert "/" not in safe_name("emulated/Haswell,vendor=AuthenticAMD")

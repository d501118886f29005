"""What ``eqc report`` and ``eqc explain`` do with a damaged or incomplete store.

One test per case; each asserts on what the user sees and on the exit code.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.errors import Exit
from tests.e2e.running import eqc
from tests.unit.analysis.records import A, B, C, line, output

Records = Sequence[dict[str, Any]]


def stored(folder: Path, *machines: Records, end: str = "") -> Path:
    """A run with one observation file per machine; ``end`` is added to the last one."""
    run = folder / "store" / "test" / "run"
    (run / "observations").mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"schema": 1, "run": "run", "experiment": "test"}))
    for number, records in enumerate(machines):
        text = "".join(json.dumps(each) + "\n" for each in records)
        text += end if number == len(machines) - 1 else ""
        (run / "observations" / f"machine-{number}.jsonl").write_text(text)
    return run


def report(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = eqc("report", "store", *words, cwd=folder)
    assert "Traceback" not in done.stderr
    return done


def test_truncated_json_in_the_middle_names_file_and_line(tmp_path: Path) -> None:
    run = stored(tmp_path, [line("a", [A])], [line("b", [A]), line("c", [A])])
    file = run / "observations" / "machine-1.jsonl"
    first, second = file.read_text().splitlines()
    file.write_text(f"{first[:200]}\n{second}\n")
    done = report(tmp_path)
    assert done.returncode == 1
    assert "store/test/run/observations/machine-1.jsonl:1: not JSON" in done.stderr
    assert "the file is damaged" in done.stderr
    assert done.stdout == ""


def test_a_truncated_last_line_is_left_out_with_a_warning(tmp_path: Path) -> None:
    stored(tmp_path, [line("a", [A]), line("b", [A])], end=json.dumps(line("c", [A]))[:99])
    done = report(tmp_path)
    assert done.returncode == 0
    assert "machine-0.jsonl:3: torn last line left out" in done.stderr
    assert "2 platforms" in done.stdout


def test_another_dtype_under_one_name_is_another_class_and_noted(tmp_path: Path) -> None:
    stored(tmp_path, [line("a", [A])], [line("b", [A.astype(np.float64)])])
    done = report(tmp_path)
    assert done.returncode == 0
    assert "outputs differ in type or shape: float32[1,3], float64[1,3]" in done.stdout
    (partition,) = json.loads(report(tmp_path, "--format", "json").stdout)["partitions"]
    assert [group["platforms"] for group in partition["classes"]] == [["a"], ["b"]]
    assert partition["remaining_precision"] == 0


def test_another_shape_under_one_name_is_another_class_and_noted(tmp_path: Path) -> None:
    stored(tmp_path, [line("a", [A])], [line("b", [A.reshape(3)])])
    done = report(tmp_path)
    assert done.returncode == 0
    assert "outputs differ in type or shape: float32[1,3], float32[3]" in done.stdout
    (partition,) = json.loads(report(tmp_path, "--format", "json").stdout)["partitions"]
    assert len(partition["classes"]) == 2
    assert partition["remaining_precision"] == 0


def test_conflicting_duplicates_name_both_places(tmp_path: Path) -> None:
    stored(tmp_path, [line("a", [A])], [line("b", [A]), line("a", [B])])
    done = report(tmp_path)
    assert done.returncode == Exit.CONFLICT
    assert "recorded twice with other bits" in done.stderr
    assert "machine-0.jsonl:1" in done.stderr
    assert "machine-1.jsonl:2" in done.stderr
    assert done.stdout == ""


def test_equal_duplicates_are_one_observation(tmp_path: Path) -> None:
    stored(tmp_path, [line("a", [A])], [line("a", [A])])
    done = report(tmp_path)
    assert done.returncode == 0
    assert "1 observation" in done.stdout


def test_one_digest_with_two_chains_is_noted(tmp_path: Path) -> None:
    damaged = {**output(A), "chain": output(C)["chain"]}
    stored(tmp_path, [line("a", [A])], [line("b", [damaged])])
    done = report(tmp_path)
    assert done.returncode == 0
    assert "two different precision chains" in done.stdout


@pytest.mark.parametrize("machines", [(), ([],)])
def test_zero_platforms(tmp_path: Path, machines: Sequence[Records]) -> None:
    stored(tmp_path, *machines)
    done = report(tmp_path)
    assert done.returncode == 0, "it was shown"
    assert report(tmp_path, "--check").returncode == 5
    assert "0 platforms" in done.stdout
    assert "eqc: nothing was observed" in done.stderr


def test_only_platforms_that_failed(tmp_path: Path) -> None:
    reason = {"code": "signal", "message": "ended by SIGILL", "stderr": ""}
    stored(tmp_path, [line("a", [], status="failed", reason=reason)])
    done = report(tmp_path)
    assert done.returncode == 0, "it was shown"
    assert report(tmp_path, "--check").returncode == 5
    assert "failed: signal: ended by SIGILL" in done.stdout
    assert "eqc: nothing was observed" in done.stderr


def test_one_platform_is_one_class(tmp_path: Path) -> None:
    stored(tmp_path, [line("a", [A])])
    done = report(tmp_path)
    assert done.returncode == 0
    assert "1 platform," in done.stdout
    (partition,) = json.loads(report(tmp_path, "--format", "json").stdout)["partitions"]
    assert [group["platforms"] for group in partition["classes"]] == [["a"]]
    assert partition["remaining_precision"] == 23
    explained = eqc("explain", "store", cwd=tmp_path)
    assert explained.returncode == 0
    assert "a (class 1): no fingerprint" in explained.stdout
    assert "nothing can be explained" in explained.stdout


def test_no_run_at_all(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    done = report(tmp_path)
    assert done.returncode == 2
    assert "store: holds no run" in done.stderr


def test_a_record_without_a_part_names_file_and_line(tmp_path: Path) -> None:
    lacking = line("b", [A])
    del lacking["platform"]
    stored(tmp_path, [line("a", [A]), lacking])
    done = report(tmp_path)
    assert done.returncode == 1
    assert "machine-0.jsonl:2: not an observation (has no 'platform')" in done.stderr


def fleet_without_flags(folder: Path, cpu: dict[str, Any]) -> None:
    """A store of two classes, in which the fingerprint of ``c`` has only ``cpu`` as its CPU."""
    machines = {
        "a": (A, {"vendor": "GenuineIntel", "flags": ["avx2", "fma"]}),
        "b": (B, {"vendor": "AuthenticAMD", "flags": ["avx2"]}),
        "c": (B, cpu),
    }
    run = stored(
        folder,
        *([line(name, [bits], fingerprint=name * 64)] for name, (bits, _) in machines.items()),
    )
    (run / "fingerprints").mkdir()
    for name, (_, described) in machines.items():
        document = {"schema": 1, "emulated": None, "cpu": described}
        (run / "fingerprints" / f"{name * 64}.json").write_text(json.dumps(document))


@pytest.mark.parametrize("cpu", [{}, {"flags": None}, {"flags": []}])
def test_a_platform_without_flags_is_in_its_class_and_noted(
    tmp_path: Path, cpu: dict[str, Any]
) -> None:
    fleet_without_flags(tmp_path, cpu)
    done = report(tmp_path)
    assert done.returncode == 0
    assert "Note, c: its CPU flags are not known" in done.stdout
    (partition,) = json.loads(report(tmp_path, "--format", "json").stdout)["partitions"]
    groups = sorted(group["platforms"] for group in partition["classes"])
    assert groups == [["a"], ["b", "c"]]


@pytest.mark.parametrize("cpu", [{}, {"flags": None}, {"flags": []}])
def test_a_platform_without_flags_is_named_by_explain(tmp_path: Path, cpu: dict[str, Any]) -> None:
    fleet_without_flags(tmp_path, cpu)
    done = eqc("explain", "store", cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0
    assert "fma -> class 2 (1 platform)" in done.stdout
    assert "Not described, so not explained:" in done.stdout
    assert "c (class 1): its CPU flags are not known" in done.stdout

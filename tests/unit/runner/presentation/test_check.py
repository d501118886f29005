"""Workers of a job that presents a CPU: they see it, or nothing is computed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobs import Bench, environment
from presented_programs import leaves, sites_of

from eqc_runner.digest import digest
from eqc_runner.presentation.table import named
from eqc_runner.probe.leaves import collect, parse
from eqc_runner.probe.machine_code import cpuid, xgetbv
from eqc_runner.tensor import Tensor

if TYPE_CHECKING:
    from presented_programs import Leaves, Programs

LEAVES = leaves("GenuineIntel")
ADX, STEPPING, LOW = 1 << 19, 1, (1 << 24) - 1


def other_cpu() -> tuple[Leaves, int]:
    """This CPU with another stepping, ADX where it has none and the reverse, no AVX-512 state.

    NumPy must still start on it, whatever CPU this is.
    """
    table = {parse(name): registers(values) for name, values in collect(cpuid).items()}
    eax, ebx, ecx, edx = table[1, 0]
    table[1, 0] = (eax ^ STEPPING, ebx, ecx, edx)
    eax, ebx, ecx, edx = table[7, 0]
    table[7, 0] = (eax, ebx ^ ADX, ecx, edx)
    return table, xgetbv() & 7


def registers(values: list[str]) -> tuple[int, int, int, int]:
    first, second, third, fourth = (int(value, 16) for value in values)
    return first, second, third, fourth


def python_objects(bench: Bench) -> list[Path]:
    """What a worker of the test's framework maps."""
    code = (
        "import numpy, blake3, json, ctypes, hashlib, ssl, lzma, bz2, sqlite3, zoneinfo\n"
        "from eqc_runner import session, observations, probe, worker, software\n"
        "import eqc_runner.models, importlib.metadata, subprocess\n"
        "print(open('/proc/self/maps').read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(bench.log),
        check=True,
        capture_output=True,
        text=True,
    )
    words = {line.split()[-1] for line in done.stdout.splitlines() if "/" in line}
    paths = [Path(word) for word in words if word.startswith("/")]
    paths.append(Path(sys.executable))
    return [path for path in paths if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]


@pytest.fixture
def presented(bench: Bench, programs: Programs, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """``presented`` of a job. Python's own objects count as without sites."""
    monkeypatch.setenv("EQC_PRESENTED_METHOD", programs.method)
    plugin = programs.folder / "plugin.so"
    lines = [sites_of(path, hide=True) for path in python_objects(bench)]
    sites = bench.folder / "sites.tsv"
    sites.write_text("\n".join(["# eqc sites 1", *lines, sites_of(plugin)]) + "\n")
    table, xcr0 = other_cpu()
    return {
        "name": "other",
        "leaves": named(table),
        "xcr0": f"0x{xcr0:x}",
        "library": str(programs.library),
        "sites": str(sites),
    }


@pytest.mark.parametrize("mode", ["fork", "cold"])
def test_workers_and_the_fingerprint_see_the_presented_cpu(
    bench: Bench, programs: Programs, presented: dict[str, Any], mode: str
) -> None:
    plugin = str(programs.folder / "plugin.so")
    plain = bench.cell("dispatch", environment={"OBJECT": plugin}, mode=mode, sessions=[0, 1])
    records = bench.run(presented=presented, probe=True)
    assert [records[plain, n]["reason"] for n in (0, 1)] == [None, None]
    features = np.float32(int(presented["leaves"]["0x7.0"][1], 16) & LOW)
    wanted = np.array([[3.0, -0.0, 6.5]], dtype=np.float32) * features
    assert records[plain, 1]["outputs"][0]["digest"] == digest(Tensor.of(wanted))
    found = json.loads((bench.out / "fingerprint.json").read_text())
    told = found["presented"]
    assert (told["name"], told["method"]) == ("other", programs.method)
    assert (told["leaves"], told["xcr0"]) == (presented["leaves"], presented["xcr0"])
    host = json.loads(
        subprocess.run(
            [sys.executable, "-m", "eqc_runner", "probe"],
            env=environment(bench.log),
            check=True,
            capture_output=True,
        ).stdout
    )
    assert host["presented"] is None
    assert told["host"] == {name: host["cpu"][name] for name in told["host"]}
    assert found["cpu"]["stepping"] == host["cpu"]["stepping"] ^ STEPPING
    assert ("adx" in found["cpu"]["flags"]) != ("adx" in host["cpu"]["flags"])
    assert found["cpu"]["xcr0"]["value"] == presented["xcr0"]
    assert set(told["host"]) == {"vendor", "brand", "family", "model", "stepping", "flags"}


def test_a_job_without_a_presented_cpu_says_so(bench: Bench) -> None:
    bench.cell("fine")
    bench.run(probe=True)
    assert json.loads((bench.out / "fingerprint.json").read_text())["presented"] is None


@pytest.mark.parametrize("mode", ["fork", "cold"])
def test_an_object_that_is_not_listed_fails_its_session_only(
    bench: Bench, programs: Programs, presented: dict[str, Any], mode: str
) -> None:
    other = programs.folder / "other.so"
    source = (programs.folder / "plugin.so").read_bytes()
    other.write_bytes(source + b"\x0f\x01\xd0")  # another file, which is not in the list
    bad = bench.cell("dispatch", environment={"OBJECT": str(other)}, mode=mode)
    good = bench.cell(
        "dispatch", environment={"OBJECT": str(programs.folder / "plugin.so")}, mode=mode
    )
    records = bench.run(presented=presented)
    assert records[good, 0]["status"] == "ok"
    if programs.method == "patching":
        record = records[bad, 0]
        assert (record["status"], record["reason"]["code"]) == ("failed", "not-presented")
        assert f"{other}: not listed" in record["reason"]["message"]
        assert record["outputs"] == []
    else:  # its CPUID faults like any other, and it has no XGETBV
        assert records[bad, 0]["status"] == "ok"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"library": "/nowhere/libpresent.so"}, "cannot be loaded"),
        ({"sites": "/nowhere/sites.tsv"}, "no valid list of sites"),
    ],
)
def test_a_worker_that_is_not_presented_computes_nothing(
    bench: Bench, presented: dict[str, Any], change: dict[str, str], text: str
) -> None:
    cell = bench.cell("fine")
    records = bench.run(presented={**presented, **change}, probe=True)
    record = records[cell, 0]
    assert (record["status"], record["reason"]["code"]) == ("failed", "not-presented")
    assert text in record["reason"]["message"]
    assert bench.imports() == 0
    found = json.loads((bench.out / "fingerprint.json").read_text())
    assert found["presented"] is None
    assert found["cpu"]["vendor"] is None
    assert "does not see the presented CPU" in found["missing"]["cpu"]


def test_a_loader_that_ignores_the_library_is_noticed(
    bench: Bench, programs: Programs, presented: dict[str, Any]
) -> None:
    """As musl's does, and that of programs with more rights than their user."""
    code = "from eqc_runner.presentation import check\nprint(check.ask())"
    variables = {
        **environment(bench.log),
        "EQC_PRESENTED_LIBRARY": presented["library"],
        "EQC_PRESENTED_TABLE": "/nowhere",
    }
    variables.pop("LD_AUDIT", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )
    assert "did not take the library" in done.stdout


def test_a_signal_of_the_framework_itself_is_still_its_death(
    bench: Bench, presented: dict[str, Any]
) -> None:
    died = {
        "segfault": ("failed", "signal"),
        "sigill": ("unsupported", "illegal-instruction"),
        "executes-ud2": ("unsupported", "illegal-instruction"),
    }
    cells = {how: bench.cell(how) for how in died}
    after = bench.cell("fine")
    records = bench.run(presented=presented)
    for how, cell in cells.items():
        record = records[cell, 0]
        assert (record["status"], record["reason"]["code"]) == died[how]
    assert (
        "Fatal Python error: Segmentation fault"
        in records[cells["segfault"], 0]["reason"]["stderr"]
    )
    assert records[after, 0]["status"] == "ok"


@pytest.mark.parametrize(
    "change",
    [
        {"leaves": {"0x0.0": ["0x1"]}},
        {"leaves": {}},
        {"xcr0": "seven"},
        {"name": None, "library": 1},
    ],
)
def test_a_job_with_a_broken_table_is_refused(bench: Bench, change: dict[str, Any]) -> None:
    whole = {"name": "x", "leaves": named(LEAVES), "xcr0": "0x3", "library": "/l", "sites": "/s"}
    bench.cell("fine")
    bench.write(presented={**whole, **change})
    with bench.start({"PATH": os.environ.get("PATH", "")}) as process:
        _, errors = process.communicate(timeout=60)
    if "name" in change:
        assert process.returncode == 0
    else:
        assert process.returncode == 2
        assert b"job.json is not a valid job" in errors


def test_a_launcher_and_a_presented_cpu_exclude_each_other(bench: Bench) -> None:
    whole = {"name": "x", "leaves": named(LEAVES), "xcr0": "0x3", "library": "/l", "sites": "/s"}
    bench.cell("fine")
    bench.write(presented=whole, launcher=["qemu-x86_64-static"])
    with bench.start() as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"has a launcher and a presented CPU" in errors

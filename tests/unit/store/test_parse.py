"""The typed reading of records and fingerprints: it keeps every value, and takes what is older."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.executors.process import probe
from orchestrator.model.experiment import Reason, Variant, Workload
from orchestrator.model.machine import Machine, Offer, Presented
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.outputs import UnrecordedOutput
from orchestrator.results.record import FrameworkRecord, MachineRecord, ModelRecord
from orchestrator.store.ingest import Origin, ingest
from orchestrator.store.innfrastructure.files import Imported
from orchestrator.store.innfrastructure.files import read as study_files
from orchestrator.store.parse import parse_observation
from orchestrator.store.parse_fingerprint import parse_fingerprint
from orchestrator.store.read import read
from orchestrator.store.records import Record
from orchestrator.store.run_folder import RunFolder
from orchestrator.store.schema import problem_with_observed, problem_with_stored
from tests.unit.store.leaves import lost
from tests.unit.store.records import cell, failed, observed, plan, stored

FRAMEWORK = {
    "name": "numpy",
    "version": "2.4",
    "device": "cpu",
    "isa": {"openblas": "SkylakeX"},
    "threads": {"blas": 2},
    "libraries": {"openblas": "0.3"},
}
MODEL = {"parameters": 3, "multiplications": 9, "weights": "ab"}
UNRECORDED = [
    {
        "name": "output:label",
        "role": "final",
        "index": 1,
        "operation": None,
        "reason": "strings are not recorded",
    },
    {"name": "lstm", "role": "layer", "index": 3, "operation": "lstm", "reason": "it is a handle"},
]
KERNELS = {
    "perturbed": False,
    "reason": "2 more kernels are not recorded",
    "rows": [
        {
            "layer": "conv2d",
            "operation": "_FusedConv2D",
            "kernel": "gemm_api",
            "sizes": "192x288:288x48",
            "source": "onednn",
            "calls": 2,
        }
    ],
}
RENTED = Offer("us-east-1", "us-east-1a", "c5.large", spot=True)


def lines(folder: Path) -> list[dict[str, Any]]:
    """As stored: an observation with all there is to say, and why there is none."""
    one = cell()
    cpu = Presented("Milan", (), "0x7", ("l2 512 KiB as QEMU's EPYC",))
    machine = Machine("i-1", one.platform, emulated="Haswell", masked="avx", offer=RENTED)
    machine = replace(machine, presented=cpu)
    out = folder / "out"
    out.mkdir()
    whole = observed(one.id, 0, framework=FRAMEWORK, model=MODEL, perturbed=False)
    whole |= {"unrecorded": UNRECORDED, "converted": ["x: int64 → uint8"]}
    whole |= {"time": {"laps": [0.5], "median": 0.5, "quartiles": [0.5, 0.5]}}
    whole |= {"kernels": KERNELS, "mode": "fork", "started": "2026-01-01", "seconds": 0.5}
    text = "".join(json.dumps(each) + "\n" for each in (whole, failed(one.id, 1)))
    (out / "observations.jsonl").write_text(text)
    origin = Origin.of(machine, ("eqc/numpy", "sha256:1"))
    with RunFolder.open(folder, plan(one), fresh=False) as run:
        run.write_plan(plan(one), ["eqc"])
        ingest(run, out, {one.id: (one, (0, 1))}, origin, None)
    found = stored(folder)
    assert [problem_with_stored(line) for line in found] == [None, None]
    return found


def test_every_value_of_a_record_is_kept(tmp_path: Path) -> None:
    for line in lines(tmp_path):
        assert lost(line, parse_observation) == {"schema"}


def test_a_store_reads_as_its_lines_do(tmp_path: Path) -> None:
    expected = [parse_observation(line) for line in lines(tmp_path)]
    found = read(tmp_path)
    assert list(found.records) == expected
    assert expected[0].machine.offer == RENTED
    assert expected[1].reason == Reason("exception", "it broke")
    (planned,) = found.planned
    assert (planned.cell, planned.sessions) == (expected[0].cell, 2)
    for part in ("platform", "workload", "input", "variant"):
        assert getattr(planned, part) == getattr(expected[0], part)


def test_what_could_not_be_recorded_is_read_and_an_older_line_has_none(tmp_path: Path) -> None:
    line, silent = lines(tmp_path)
    found = parse_observation(line)
    assert found.unrecorded == (
        UnrecordedOutput("output:label", "final", 1, None, "strings are not recorded"),
        UnrecordedOutput("lstm", "layer", 3, "lstm", "it is a handle"),
    )
    del line["unrecorded"]
    assert parse_observation(line).unrecorded == ()
    assert parse_observation({**line, "unrecorded": None}).unrecorded == ()
    assert parse_observation(silent).unrecorded == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x"},
        {**UNRECORDED[0], "index": -1},
        {**UNRECORDED[0], "index": True},
        {**UNRECORDED[0], "reason": None},
        {**UNRECORDED[0], "operation": 3},
        {**UNRECORDED[0], "role": "other"},
    ],
)
def test_a_machine_that_says_it_wrong_is_refused(wrong: dict[str, Any]) -> None:
    record = observed(cell().id, 0, unrecorded=[wrong])
    assert problem_with_observed(record) is not None
    assert problem_with_observed(observed(cell().id, 0, unrecorded=UNRECORDED)) is None


def test_the_store_itself_reads_what_decides(tmp_path: Path) -> None:
    for line in lines(tmp_path):
        whole, part = parse_observation(line), Record.of(line)
        for name in ("key", "status", "attempt", "reason", "bits"):
            assert getattr(whole, name) == getattr(part, name)


def test_parts_that_are_absent_or_null_read_the_same(tmp_path: Path) -> None:
    line = lines(tmp_path)[0]
    parts = ("reason", "machine", "framework", "model", "perturbed", "fingerprint", "seconds")
    absent = parse_observation({key: line[key] for key in line if key not in parts})
    assert parse_observation({**line, **dict.fromkeys(parts)}) == absent
    assert (absent.machine, absent.framework) == (MachineRecord(), FrameworkRecord())
    assert (absent.model, absent.reason) == (ModelRecord(), None)


def test_an_older_record_has_labels_all_the_same() -> None:
    line = {
        "schema": 1,
        "run": "r",
        "cell": "c",
        "session": 0,
        "status": "ok",
        "platform": {"id": "p1"},
        "workload": {"id": "w1", "name": "conv"},
        "input": {"label": "zeros"},
        "variant": {"id": "v1", "label": "numpy"},
        "new": {"key": 1},
    }
    found = parse_observation(line)
    parts = (found.platform, found.workload, found.input, found.variant)
    assert [(part.id, part.label) for part in parts] == [
        ("p1", "p1"),
        ("w1", "conv"),
        ("zeros", "zeros"),
        ("v1", "numpy"),
    ]
    assert (found.attempt, len(found.outputs), found.variant.flags) == (0, 0, None)


def test_every_value_of_a_fingerprint_is_kept() -> None:
    fingerprint = probe()
    fingerprint["gpus"] = [
        {
            "name": "Tesla T4",
            "uuid": "GPU-1",
            "compute_capability": "7.5",
            "driver": "550",
            "memory_bytes": 1,
        }
    ]
    cpu = fingerprint["cpu"]
    fingerprint["presented"] = {
        "name": "Haswell",
        "method": "faulting",
        "xcr0": "0x7",
        "leaves": {"0x0.0": ["0x1", "0x2", "0x3", "0x4"]},
        "host": {key: cpu[key] for key in ("vendor", "brand", "family", "model", "stepping")}
        | {"flags": ["sse2"]},
    }
    assert lost(fingerprint, parse_fingerprint) == {"schema"}


@pytest.mark.parametrize("document", [{}, {"cpu": None}, {"cpu": 5, "gpus": None}, [], None, "x"])
def test_what_says_nothing_is_nothing_known(document: Any) -> None:
    assert parse_fingerprint(document) == Fingerprint()


def test_a_compute_capability_may_be_two_numbers() -> None:
    forms = ("7.5", 7.5, [7, 5])
    found = [parse_fingerprint({"gpus": [{"compute_capability": form}]}) for form in forms]
    assert {each.gpus[0].compute_capability for each in found if each.gpus} == {"7.5"}


def test_the_study_loses_only_what_no_analysis_asks_for(study_data: Path) -> None:
    file = next(study_files(study_data / "equivalence_classes"))
    assert isinstance(file, Imported)
    unread = {path.partition(".")[0] for path in lost(dict(file.records[0]), parse_observation)}
    assert unread == {"schema", "imported"}
    unread = {path.partition(".")[0] for path in lost(dict(file.fingerprint), parse_fingerprint)}
    assert unread == {"schema", "imported"}


FILE = Workload("onnx", "net.onnx", "net", path="/net.onnx", sha256="1" * 64)


def of_precisions(folder: Path, *asked: tuple[Workload, Variant]) -> None:
    """A store with a session of each."""
    cells = [replace(cell(), workload=workload, variant=variant) for workload, variant in asked]
    out = folder / "out"
    out.mkdir()
    text = "".join(json.dumps(observed(each.id)) + "\n" for each in cells)
    (out / "observations.jsonl").write_text(text)
    origin = Origin.of(Machine("i-1", cell().platform), None)
    with RunFolder.open(folder, plan(*cells), fresh=False) as run:
        run.write_plan(plan(*cells), ["eqc"])
        ingest(run, out, {each.id: (each, (0,)) for each in cells}, origin, None)


def test_a_file_is_read_as_stored_also_where_an_older_record_says_float32(tmp_path: Path) -> None:
    stored, old = Variant("onnxruntime", "stored"), Variant("onnxruntime")
    asked = replace(old, stated=True)
    # Without a precision both workloads have one variant, by its id.
    of_precisions(tmp_path, (cell().workload, old), (FILE, stored), (FILE, asked))
    text = next(tmp_path.glob("trial/*/observations/*.jsonl")).read_text()
    assert '"precision":"stored"' in text.replace(": ", ":")
    found = read(tmp_path)
    for rows in (found.records, found.planned):
        assert {(row.workload.label, row.variant.label, row.variant.precision) for row in rows} == {
            ("conv", "onnxruntime float32", "float32"),
            ("net", "onnxruntime as stored", "stored"),
            ("net", "onnxruntime float32", "float32"),
        }
        assert len({row.variant.id for row in rows}) == 3
    line = json.loads(text.splitlines()[1])
    now = parse_observation(line).variant
    line["variant"] |= {"label": "onnxruntime float32", "precision": "float32"}
    assert parse_observation(line).variant == now

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.platforms import cpuid_platform, presented_cpu
from orchestrator.errors import UsageError
from orchestrator.executors.presentation import PresentationFiles
from orchestrator.model.experiment import (
    Cell,
    Companion,
    Input,
    Installation,
    Keep,
    Limits,
    Variant,
)
from orchestrator.model.machine import Machine
from orchestrator.run.job import IN_IMAGE, Job, pending_sessions, presented_in, write_job
from tests.unit.store.records import cell


def with_files(folder: Path) -> Cell:
    (folder / "x.npy").write_bytes(b"tensor")
    (folder / "m.onnx").write_bytes(b"model")
    c = cell(sessions=3)
    return replace(
        c,
        input=Input("x", (("input", "1" * 64, str(folder / "x.npy")),)),
        workload=replace(c.workload, source="onnx", path=str(folder / "m.onnx"), sha256="2" * 64),
        variant=Variant("onnxruntime", environment=(("A", "variant"), ("B", "variant"))),
        observe=replace(c.observe, keep=Keep.CLASSES),
    )


def machine(c: Cell) -> Machine:
    sets = (("onnxruntime", (("A", "platform"),)),)
    return Machine("m", c.platform, launcher=("qemu",), emulated="Haswell", environments=sets)


def test_flags_that_are_read_at_import_are_variables(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    for own, expected in (((), "0"), ((("TF_ENABLE_ONEDNN_OPTS", "1"),), "1")):
        variant = Variant("tensorflow", environment=own, flags=(("onednn", False),))
        job = Job(machine(c), Installation("tensorflow"), ((replace(c, variant=variant), (0,)),))
        write_job(job, tmp_path / f"job {expected}", Limits(), None)
        (written,) = json.loads((tmp_path / f"job {expected}" / "job.json").read_text())["cells"]
        assert written["environment"] == {"TF_ENABLE_ONEDNN_OPTS": expected}
        assert written["flags"] == {"onednn": False}


def test_only_missing_sessions_are_pending() -> None:
    c, d = cell("a", sessions=3), cell("b", sessions=1)
    done: dict[tuple[str, int], set[str | None]] = {(c.id, 1): {"x"}, (d.id, 0): {"x", "y"}}
    assert pending_sessions((c, d), done, lambda *_: True) == ((c, (0, 2)),)
    # What other software computed is to be computed.
    by_y = pending_sessions((c, d), done, lambda _, by: "y" in by)
    assert by_y == ((c, (0, 1, 2)),)


def test_a_job_folder_holds_all_it_refers_to(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    write_job(
        Job(machine(c), Installation("onnxruntime"), ((c, (0, 2)),)),
        tmp_path / "job",
        Limits(),
        1.5,
    )
    document = json.loads((tmp_path / "job" / "job.json").read_text())
    (written,) = document["cells"]
    assert (tmp_path / "job" / written["workload"]["path"]).read_bytes() == b"model"
    assert (tmp_path / "job" / written["input"]["tensors"]["input"]).read_bytes() == b"tensor"
    assert (document["launcher"], document["deadline"]) == (["qemu"], 1.5)
    assert written["sessions"] == [0, 2]
    assert written["keep"] == "all"


def test_rows_and_rounding_are_told_to_the_runner(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    told = replace(
        c, input=replace(c.input, cast=True), variant=replace(c.variant, row="0:2", batch=8)
    )
    job = Job(machine(c), Installation("onnxruntime"), ((c, (0,)), (told, (0,))))
    write_job(job, tmp_path / "job", Limits(), None)
    plain, other = json.loads((tmp_path / "job" / "job.json").read_text())["cells"]
    assert (plain["cast"], plain["row"]) == (False, None)
    assert (other["cast"], other["row"]) == (True, "0:2")


def test_constants_the_signature_and_the_precision_are_told_to_the_runner(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    signed = replace(c.workload, arguments=(("mode", None), ("scale", 2)), signature="encode")
    told = replace(c, workload=signed, variant=replace(c.variant, precision="stored"))
    job = Job(machine(c), Installation("onnxruntime"), ((c, (0,)), (told, (0,))))
    write_job(job, tmp_path / "job", Limits(), None)
    plain, other = json.loads((tmp_path / "job" / "job.json").read_text())["cells"]
    assert (plain["workload"]["signature"], plain["precision"]) == (None, "float32")
    assert (other["workload"]["signature"], other["precision"]) == ("encode", "stored")
    assert other["workload"]["arguments"] == {"mode": None, "scale": 2}


def test_a_variant_cannot_undo_what_the_platform_masks(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    write_job(
        Job(machine(c), Installation("onnxruntime"), ((c, (0,)),)), tmp_path / "job", Limits(), None
    )
    (written,) = json.loads((tmp_path / "job" / "job.json").read_text())["cells"]
    assert written["environment"] == {"A": "platform", "B": "variant"}


def test_a_jobs_time_counts_every_session_and_every_cold_start() -> None:
    c = cell(sessions=4)
    fork = Job(machine(c), Installation("numpy"), ((c, (0, 1, 2, 3)),))
    cold_cell = replace(c, observe=replace(c.observe, mode="cold"))
    cold = Job(machine(c), Installation("numpy"), ((cold_cell, (0, 1, 2, 3)),))
    limits = Limits(session_seconds=10)
    assert fork.seconds(limits) == 4 * 10 + 120
    assert cold.seconds(limits) == 4 * 10 + 4 * 120


def test_an_input_that_went_away_is_named(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    (tmp_path / "x.npy").unlink()
    with pytest.raises(UsageError, match=r"x\.npy: was there"):
        write_job(
            Job(machine(c), Installation("onnxruntime"), ((c, (0,)),)),
            tmp_path / "job",
            Limits(),
            None,
        )


def test_a_link_to_nowhere_in_a_models_folder_is_named(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "variables").symlink_to("/nowhere")
    model = replace(c.workload, source="savedmodel", path=str(tmp_path / "saved"))
    job = Job(machine(c), Installation("tensorflow"), ((replace(c, workload=model), (0,)),))
    with pytest.raises(UsageError, match="saved/variables: cannot be copied"):
        write_job(job, tmp_path / "job", Limits(), None)


def test_a_models_other_files_are_beside_it_as_it_calls_them(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    (tmp_path / "w").mkdir()
    for name in ("one", "w/two"):
        (tmp_path / name).write_text(name)
    companions = tuple(Companion(n, "3" * 64, str(tmp_path / n)) for n in ("one", "w/two"))
    model = replace(c.workload, companions=companions)
    assert model.id == c.workload.id, "the sha256 is that of all of them"
    job = Job(machine(c), Installation("onnxruntime"), ((replace(c, workload=model), (0,)),))
    write_job(job, tmp_path / "job", Limits(), None)
    (written,) = json.loads((tmp_path / "job" / "job.json").read_text())["cells"]
    assert written["workload"]["path"] == f"models/{'2' * 64}/m.onnx"
    assert written["workload"]["companions"] == {"one": "3" * 64, "w/two": "3" * 64}
    place = tmp_path / "job" / "models" / ("2" * 64)
    assert (place / "m.onnx").read_bytes() == b"model"
    assert [(place / name).read_text() for name in ("one", "w/two")] == ["one", "w/two"]


def test_another_file_that_went_away_is_named(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    gone = (Companion("w", "3" * 64, str(tmp_path / "w")),)
    model = replace(c.workload, companions=gone)
    job = Job(machine(c), Installation("onnxruntime"), ((replace(c, workload=model), (0,)),))
    with pytest.raises(UsageError, match="w: was there"):
        write_job(job, tmp_path / "job", Limits(), None)


def test_a_presented_cpu_is_told_with_its_files_and_read_back(tmp_path: Path) -> None:
    c = with_files(tmp_path)
    plain = Job(Machine("m", c.platform), Installation("onnxruntime"), ((c, (0,)),))
    write_job(plain, tmp_path / "plain", Limits(), None)
    assert json.loads((tmp_path / "plain" / "job.json").read_text())["presented"] is None
    assert presented_in(tmp_path / "plain") is None
    assert presented_in(tmp_path / "none") is None
    cpu = presented_cpu(cpuid_platform("Haswell"), model_table("Nehalem"))
    job = replace(plain, machine=Machine("m", c.platform, presented=cpu))
    own = PresentationFiles(tmp_path / "own.so", tmp_path / "own.tsv")
    for name, files, library in (
        ("image", IN_IMAGE, "/opt/eqc/presentation/libpresent.so"),
        ("process", own, str(tmp_path / "own.so")),
    ):
        write_job(job, tmp_path / name, Limits(), None, files)
        told = json.loads((tmp_path / name / "job.json").read_text())["presented"]
        assert (told["name"], told["xcr0"], told["library"]) == ("Haswell", "0x7", library)
        assert told["leaves"]["0x0.0"] == ["0x0000000d", "0x756e6547", "0x6c65746e", "0x49656e69"]
        assert presented_in(tmp_path / name) == cpu

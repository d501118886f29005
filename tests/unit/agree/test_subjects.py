from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import experiment as spec
from orchestrator.agree.settings import Setting
from orchestrator.agree.subjects import Subject, plan_of, subjects, without_float64
from orchestrator.agree.timing import HERE
from orchestrator.catalog.agreement import Kind
from orchestrator.errors import UsageError
from orchestrator.providers.registry import providers

HEAD = """\
schema: 1
name: several
workloads:
  - {model: "builtin:lenet5", on: [numpy, onnxruntime]}
inputs: [{random: {shape: [1, 32, 32, 1], seed: 1}}]
platforms:
  - {provider: emulated, cpu: [Haswell]}
  - {provider: local}
  - {provider: mask, levels: [sse4]}
observe: {sessions: 2, layers: true, time: 5}
"""


def found(folder: Path, extra: str = "") -> tuple[Subject, ...]:
    path = folder / "several.yaml"
    path.write_text(HEAD + extra)
    return subjects(spec.load(path, providers(), cache=folder / "cache"))


def test_each_variant_is_one_with_its_platforms_the_quick_ones_first(tmp_path: Path) -> None:
    numpy, ort = found(tmp_path)
    assert numpy.label == "numpy float32"
    assert numpy.platforms == ("local", "mask/sse4", "emulated/Haswell")
    assert ort.platforms == ("local", "emulated/Haswell")
    assert [name for name, _ in ort.not_available] == ["mask/sse4"]
    assert [workload for workload, _ in numpy.computations] == ["lenet5"]


def test_layers_and_times_are_not_observed(tmp_path: Path) -> None:
    (cell, *_) = found(tmp_path)[0].cells
    assert (cell.observe.layers, cell.observe.time, cell.observe.sessions) == (False, 0, 2)


def test_platforms_without_one_of_the_workloads_are_apart(tmp_path: Path) -> None:
    more = """\
exclude:
  - {on: [onnxruntime]}
  - {platform: local, threads: 1}
vary: {threads: [1, 2]}
"""
    labels = [(each.label, each.platforms) for each in found(tmp_path, more)]
    assert labels == [
        ("numpy float32 threads=1", ("mask/sse4", "emulated/Haswell")),
        ("numpy float32 threads=2", ("local", "mask/sse4", "emulated/Haswell")),
    ]


def test_what_a_variant_sets_is_not_varied_and_float64_only_where_asked(tmp_path: Path) -> None:
    numpy, _ = found(tmp_path, "vary: {threads: [1], environment: [{OPENBLAS_CORETYPE: Zen}]}\n")
    settings, _ = numpy.candidates(without_float64)
    names = {each.name for each in settings}
    assert "NPY_DISABLE_CPU_FEATURES" in names
    assert names.isdisjoint({"threads", "OPENBLAS_CORETYPE", "precision"})
    assert Setting(Kind.PRECISION, "precision", "float64") in numpy.candidates()[0]


def test_the_same_cells_on_this_computer(tmp_path: Path) -> None:
    numpy, _ = found(tmp_path)
    threads = frozenset([Setting(Kind.THREADS, "threads", 1)])
    (cell,) = numpy.cells_here(threads, HERE)
    assert (cell.platform, cell.variant.threads) == (HERE, 1)


def test_a_plan_has_a_name_that_a_run_may_have(tmp_path: Path) -> None:
    path = tmp_path / "several.yaml"
    path.write_text(HEAD.replace("several", "x" * 64))
    experiment = spec.load(path, providers(), cache=tmp_path / "cache")
    (subject, _) = subjects(experiment)
    plan = plan_of(experiment, subject.cells * 2, "-agree")
    assert plan.experiment.name == "x" * 58 + "-agree"
    assert len(plan.cells) == len(subject.cells)


def test_other_axes_than_platforms_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="compares threads"):
        found(tmp_path, "vary: {threads: [1, 2]}\ncompare: [threads]\n")

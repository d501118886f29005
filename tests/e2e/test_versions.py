"""Versions as an axis: real ones of the index, and a package of ours that has two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from orchestrator.store.read import read
from tests.e2e.running import command, environment, eqc, written
from tests.fakes.two_versions import two_versions
from tests.index import needs_index

HALVES = """\
schema: 1
name: halves
workloads: [{model: "builtin:lenet5", on: [ON]}]
inputs: [{random: {shape: [1, 32, 32, 1], seed: 1}}]
platforms: [{provider: local}]
observe: {sessions: 1}
isolation: process
"""
NET = """\
schema: 1
name: net
workloads: [{model: "MODEL", on: [ON]}]
inputs: [{random: {shape: [4, 8], seed: 1}}]
platforms: [{provider: local}]
observe: {sessions: 1}
isolation: process
"""


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which pip finds the two versions, with a cache of its own."""
    folder = tmp_path_factory.mktemp("halves")
    frameworks, wheels = two_versions(folder)
    links = f"{os.environ.get('PIP_FIND_LINKS', '')} {wheels}".strip()
    return {
        "EQC_FRAMEWORKS": str(frameworks),
        "PIP_FIND_LINKS": links,
        "XDG_CACHE_HOME": str(folder / "cache"),
    }


def computed(store: Path) -> dict[str, tuple[str | None, str]]:
    """By variant: the version that computed, and the output's digest."""
    return {
        record.variant.label: (record.framework.version, record.outputs[0].digest)
        for record in read(store).records
        if record.framework is not None and record.outputs
    }


@pytest.mark.slow
def test_two_runs_at_once_make_each_environment_once(
    variables: dict[str, str], tmp_path: Path
) -> None:
    needs_index("numpy", "2.0.0")
    spec = written(tmp_path, HALVES.replace("ON", "halves==1.0, halves==2.0"))
    running = [
        subprocess.Popen(
            command("run", spec, "--results", f"r{number}"),
            cwd=tmp_path,
            env={**environment(), **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2)
    ]
    said = [process.communicate(timeout=600)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert "".join(said).count("making an environment for halves==1.0 ") >= 1
    first, second = computed(tmp_path / "r1"), computed(tmp_path / "r2")
    assert first == second
    assert sorted(str(version) for version, _ in first.values()) == ["1.0", "2.0"]
    assert len({digest for _, digest in first.values()}) == 2
    made = Path(variables["XDG_CACHE_HOME"], "eqc-orchestrator/environments")
    names = sorted(path.name for path in made.iterdir() if path.is_dir())
    assert len(names) == 2, names
    for folder in made.glob("halves-*/lock.txt"):
        assert "eqc-halves==" in folder.read_text()


@pytest.mark.slow
def test_a_version_for_another_python_is_skipped_or_computed_by_it(
    variables: dict[str, str], tmp_path: Path
) -> None:
    from orchestrator.packages.interpreters import interpreter

    needs_index("numpy", "2.0.0")
    spec = written(tmp_path, HALVES.replace("ON", "halves==3.0"))
    done = eqc("run", spec, "--results", "r", cwd=tmp_path, **variables)
    (record,) = read(tmp_path / "r").records
    if interpreter("3.8") is None:
        assert record.status == "skipped"
        assert record.reason is not None
        assert "the index has it for python3.8" in record.reason.message
    else:
        assert done.returncode == 0, (done.stderr, record.reason)
        assert record.framework is not None
        assert record.framework.version == "3.0"


@pytest.mark.slow
def test_a_python_model_has_the_packages_that_it_requires(
    variables: dict[str, str], tmp_path: Path
) -> None:
    needs_index("numpy", "2.0.0")
    spec = written(
        tmp_path,
        HALVES.replace(
            '{model: "builtin:lenet5", on: [ON]}',
            '{model: "python:eqc_halves:model", on: [numpy], label: a, '
            "requires: [eqc-halves==1.0]}, "
            '{model: "python:eqc_halves:model", on: [numpy], label: b, weights: "seed:1", '
            "requires: [eqc-halves==7.0]}",
        ),
    )
    done = eqc("run", spec, "--results", "r", cwd=tmp_path, **variables)
    assert done.returncode == 4, done.stderr
    a, b = sorted(read(tmp_path / "r").records, key=lambda record: record.workload.label)
    assert (a.status, b.status) == ("ok", "skipped"), a.reason
    assert a.variant.requires == ("eqc-halves==1.0",)
    assert b.reason is not None
    assert b.reason.code == "no-environment"
    assert "No matching distribution found for eqc-halves==7.0" in b.reason.message


def test_a_version_that_is_not_there_says_which_are(
    variables: dict[str, str], tmp_path: Path
) -> None:
    spec = written(tmp_path, HALVES.replace("ON", "halves==7.0"))
    for words in (("validate", "--online"), ("run",)):
        done = eqc(*words, spec, cwd=tmp_path, **variables)
        assert done.returncode == 2
        assert "no such version of eqc-halves; there are 3.0, 2.0, 1.0" in done.stderr
        line, text = next(
            (number, line)
            for number, line in enumerate(spec.read_text("utf-8").splitlines(), 1)
            if "halves==7.0" in line
        )
        assert f"{spec.name}:{line}:{text.index('halves==7.0') + 1}: halves==7.0" in done.stderr
    assert not (tmp_path / "results").exists()


def test_an_index_that_does_not_answer_is_named(variables: dict[str, str], tmp_path: Path) -> None:
    spec = written(tmp_path, HALVES.replace("ON", "halves==1.0"))
    nowhere = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    done = eqc("validate", "--online", spec, cwd=tmp_path, **{**variables, **nowhere})
    assert done.returncode == 8
    assert "pip's index does not answer" in done.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """(x W) with softmax, by operators that every version has."""
    weights = [((i * 7919) % 1000 - 500) / 997 for i in range(64)]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["h"]),
            helper.make_node("Softmax", ["h"], ["y"], axis=1),
        ],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 8])],
        [helper.make_tensor("w", TensorProto.FLOAT, [8, 8], weights)],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    path = tmp_path_factory.mktemp("model") / "net.onnx"
    onnx.save(made, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_two_versions_of_onnx_runtime(model: Path, tmp_path: Path, isolation: str) -> None:
    needs_index("onnxruntime", "1.20.1", "1.32.0")
    on = "onnxruntime==1.20.1, onnxruntime==1.32.0"
    spec = written(tmp_path, NET.replace("MODEL", f"onnx:{model}").replace("ON", on))
    done = eqc("run", spec, "--results", "r", "--isolation", isolation, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = computed(tmp_path / "r")
    assert {label: version for label, (version, _) in found.items()} == {
        "onnxruntime==1.20.1 as stored": "1.20.1",
        "onnxruntime==1.32.0 as stored": "1.32.0",
    }


@pytest.mark.slow
def test_two_versions_of_tensorflow(tmp_path: Path) -> None:
    python = f"3.{sys.version_info[1]}"
    needs_index("tensorflow-cpu", "2.15.1", "2.21.0", python=python)
    on = "tensorflow==2.15.1, tensorflow==2.21.0"
    spec = written(tmp_path, HALVES.replace("ON", on))
    done = eqc("run", spec, "--results", "r", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = sorted(str(version) for version, _ in computed(tmp_path / "r").values())
    assert found == ["2.15.1", "2.21.0"]

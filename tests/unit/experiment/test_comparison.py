"""``compare``, ``outputs`` and ``models``: what they say, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.experiment.document import Document
from orchestrator.model.experiment import COMPARABLE

from .conftest import Load, Told, text_of


def test_platforms_are_compared_where_nothing_is_said(load: Load) -> None:
    assert load(text_of()).compare == ("platform",)


def test_a_single_word_is_an_axis_and_the_order_is_one(load: Load) -> None:
    assert load(text_of() + "compare: on\n").compare == ("on",)
    assert load(text_of() + "compare: [threads, on]\n").compare == ("on", "threads")


def test_the_schema_has_every_axis() -> None:
    axes = Document.model_json_schema()["properties"]["compare"]["anyOf"][1]["items"]["enum"]
    assert tuple(axes) == COMPARABLE


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("compare: [platform,\n  thread]\n", 2, "did you mean 'threads'?"),
        ("compare: [on,\n  on]\n", 2, "on is there twice"),
        ("compare: []\n", 1, "at least 1 item"),
        ("outputs: {a: a}\n", 1, "mapped to itself"),
        ("outputs: {a: b, b: c}\n", 1, "b is mapped itself"),
        ("compare: batch\nvary: {batch: [1, 2]}\n", 1, "observe: {row: 0}"),
    ],
)
def test_a_mistake_has_its_place(told: Told, text: str, line: int, said: str) -> None:
    before = text_of()
    (mistake,) = told(before + text)
    assert said in mistake.message
    assert mistake.line == before.count("\n") + line


def test_one_batch_needs_no_row(load: Load) -> None:
    assert load(text_of() + "compare: batch\nvary: {batch: [2]}\n").compare == ("batch",)


def models(tmp_path: Path, entry: str) -> str:
    for name in ("a.onnx", "b.onnx", "a.pt2"):
        (tmp_path / name).write_bytes(name.encode())
    inputs = "inputs: [{random: {shape: [1, 2]}}]\n"
    return text_of(workloads=f"workloads:\n  - {entry}\n", inputs=inputs)


def test_models_are_forms_of_one_computation(load: Load, tmp_path: Path) -> None:
    entry = "{label: net, models: ['onnx:a.onnx', 'torch:a.pt2']}"
    found = load(models(tmp_path, entry))
    assert [(w.label, w.group, [n.label for n in names]) for w, names in found.workloads] == [
        ("net a.onnx", "net", ["onnxruntime"]),
        ("net a.pt2", "net", ["torch"]),
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{models: ['onnx:a.onnx', 'torch:a.pt2']}", "need a 'label'"),
        ("{label: net, model: 'onnx:a.onnx', models: ['onnx:b.onnx']}", "not both"),
        ("{label: net, on: [torch], models: ['onnx:a.onnx', 'torch:a.pt2']}", "none of torch"),
        ("{label: net, on: [numpy], models: ['onnx:a.onnx']}", "cannot load any"),
        ("{label: net, models: ['onnx:a.onnx', 'onnx:none.onnx']}", "none.onnx"),
        ("{label: net}", "'models' for several files"),
    ],
)
def test_models_that_make_no_sense(told: Told, tmp_path: Path, entry: str, said: str) -> None:
    assert any(said in mistake.message for mistake in told(models(tmp_path, entry)))


def test_one_label_for_two_entries_points_to_models(told: Told, tmp_path: Path) -> None:
    entry = "{label: net, model: 'onnx:a.onnx'}\n  - {label: net, model: 'torch:a.pt2'}"
    (mistake,) = told(models(tmp_path, entry))
    assert "'models' of one entry" in mistake.message

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.model.experiment import Variant, content_id, pairs
from orchestrator.plan.cells import make_plan

from .conftest import Load, Told, text_of


def test_without_vary_there_is_one_variant_for_all(load: Load) -> None:
    (variant,) = load(text_of()).variants
    assert (variant.framework, variant.precision, variant.threads) == ("", "stored", None)


FILES = """\
workloads:
  - {model: "builtin:lenet5", on: [onnxruntime], label: lenet}
  - {model: "onnx:net.onnx", label: net}
"""
TWO = """\
inputs:
  - {images: [digits:0], for: lenet}
  - {random: {shape: [1, 2]}, for: net}
"""


def planned(load: Load, tmp_path: Path, extra: str = "") -> dict[str, list[Variant]]:
    (tmp_path / "net.onnx").write_bytes(b"weights")
    found: dict[str, list[Variant]] = {}
    for cell in make_plan(load(text_of(extra, workloads=FILES, inputs=TWO))).cells:
        found.setdefault(cell.workload.label, []).append(cell.variant)
    return found


def test_a_file_computes_as_it_is_stored_where_nothing_is_said(load: Load, tmp_path: Path) -> None:
    found = planned(load, tmp_path)
    (builtin,), (file,) = found["lenet"], found["net"]
    assert (builtin.precision, builtin.label) == ("float32", "onnxruntime float32")
    assert (file.precision, file.label) == ("stored", "onnxruntime as stored")
    # The id that both had before there was the word.
    said = ["variant", "onnxruntime", "float32", None, None, "cpu", {}, {}]
    assert builtin.id == file.id == content_id(said)


def test_a_float32_that_is_asked_for_is_no_stored_one(load: Load, tmp_path: Path) -> None:
    found = planned(load, tmp_path, "vary: {precision: [stored, float32, float16]}\n")
    assert [each.label for each in found["net"]] == [
        "onnxruntime as stored",
        "onnxruntime float32",
        "onnxruntime float16",
    ]
    assert len({each.id for each in found["net"]}) == 3
    # A builtin has no file, so that both are one variant.
    assert [each.precision for each in found["lenet"]] == ["float32", "float16"]
    assert {each.id for each in found["lenet"]} & {each.id for each in found["net"]} == {
        found["net"][0].id,
        found["net"][2].id,
    }


def test_filters_know_what_is_stored(load: Load, told: Told, tmp_path: Path) -> None:
    found = planned(load, tmp_path, "exclude: [{precision: stored}]\n")
    assert list(found) == ["lenet"]
    found = planned(load, tmp_path, "exclude: [{precision: float32}]\n")
    assert list(found) == ["net"]
    (mistake,) = told(text_of("exclude: [{precision: stored}]\n"))
    assert mistake.message == ("nothing in this experiment has precision 'stored'; valid: float32")


def test_every_combination(load: Load) -> None:
    vary = (
        "vary: {threads: [1, null], precision: [float16, float64], batch: 8, device: [cpu, gpu]}\n"
    )
    variants = load(text_of(vary)).variants
    settings = [(v.precision, v.batch, v.device, v.threads) for v in variants]
    assert settings == [
        (p, 8, d, t) for p in ("float16", "float64") for d in ("cpu", "gpu") for t in (1, None)
    ]


def test_an_environment_limited_to_a_framework_does_not_multiply_the_others(load: Load) -> None:
    flags = "  flags: [{on: [torch], mkldnn: true}]\n"
    vary = "vary:\n  environment: [{}, {on: [torch], A: 0, B: x}]\n" + flags
    variants = load(text_of(vary)).variants
    assert [(v.framework, v.environment, v.flags) for v in variants] == [
        ("torch", (), pairs({"mkldnn": True})),
        ("torch", pairs({"A": "0", "B": "x"}), pairs({"mkldnn": True})),
    ]


def test_a_variable_stays_as_it_is_written(load: Load) -> None:
    vary = "vary:\n  environment: [{A: 010, B: 0x10, C: -1, D: '7'}]\n"
    (variant,) = load(text_of(vary)).variants
    assert dict(variant.environment) == {"A": "010", "B": "0x10", "C": "-1", "D": "7"}
    assert not make_plan(load(text_of(vary + "exclude: [{environment: {A: 010}}]\n"))).cells


def test_limits_of_environment_and_flags_both_hold(load: Load) -> None:
    flags = "  flags: [{on: [numpy], convolution: direct}]\n"
    vary = "vary:\n  environment: [{on: [torch, numpy], A: 1}]\n" + flags
    assert [v.framework for v in load(text_of(vary)).variants] == ["numpy"]


@pytest.mark.parametrize(
    ("vary", "part"),
    [
        ("{threads: 0}", "should be at least 1, not 0"),
        ("{threads: 1.5}", "should be a whole number, not 1.5"),
        ("{precision: float8}", "did you mean 'float"),
        ("{environment: {A: 1}}", "should be a list, not {A: 1}"),
        ("{environment: [{A: true}]}", "put it in quotes"),
        ("{environment: [{A-B: x}]}", "a name of letters, digits and '_'"),
        ("{environment: [{on: [torhc]}]}", "did you mean 'torch'?"),
        ("{flags: [{f: [1]}]}", "a single value is wanted"),
        ("{flags: [{f: 1e999}]}", "a finite number is wanted"),
        (
            "{flags: [{on: [torch], mkl: true}]}",
            "flags[0].mkl: torch has no such flag; did you mean",
        ),
        (
            "{flags: [{on: [tensorflow], delegate: gpu}]}",
            "'gpu' is not valid: tensorflow takes xnnpack, none",
        ),
        ("{flags: [{mkldnn: true}]}", "numpy has no such flag; say whose it is: on: [torch]"),
        ("{flags: [{on: [torch], mkldnn: 1}]}", "1 is not valid: torch takes true or false"),
        (
            "{flags: [{on: [numpy], convolution: fft}]}",
            "'fft' is not valid: numpy takes im2col, direct, winograd",
        ),
        ("{thread: 1}", "did you mean 'threads'?"),
        ("{threads: []}", "at least 1 item"),
    ],
)
def test_a_mistake(told: Told, vary: str, part: str) -> None:
    (mistake,) = told(text_of(f"vary: {vary}\n"))
    assert part in mistake.message
    assert mistake.line == 9


@pytest.mark.parametrize(
    ("written", "row"),
    [("0", "0"), ("'3'", "3"), ("0:2", "0:2"), ("[0, 2]", "0:2"), ("[1, 2]", "1"), ("2:3", "2")],
)
def test_a_row_is_part_of_every_variant(load: Load, written: str, row: str) -> None:
    observe = f"observe: {{row: {written}}}\nvary: {{batch: [null, 8, 16]}}\n"
    variants = load(text_of(observe)).variants
    assert [variant.row for variant in variants] == [row] * 3
    assert len({variant.id for variant in variants}) == 3
    assert variants[0].id != load(text_of()).variants[0].id
    assert variants[1].label.endswith(f" row={row}")


@pytest.mark.parametrize("row", ["-1", "1:1", "2:1", "a", "true", "0.5", "[0]x", "[0, 1, 2]", "[]"])
def test_other_rows(told: Told, row: str) -> None:
    mistake = told(text_of(f"observe: {{row: {row}}}\n"))[0]
    assert mistake.line == 9


def test_a_row_that_no_batch_has(load: Load, told: Told) -> None:
    text = "observe: {row: 0:2}\nvary: {batch: [1, 8]}\n"
    (mistake,) = told(text_of(text))
    assert (mistake.line, mistake.column) == (9, 16)
    assert mistake.message == "observe.row 0:2 is not in a batch of 1: observe fewer rows"
    load(text_of(text + "exclude: [{batch: [1]}]\n"))

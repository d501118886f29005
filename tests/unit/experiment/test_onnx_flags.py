"""Flags of ONNX Runtime in an experiment file: its options, its config entries, its providers."""

from __future__ import annotations

import pytest

from .conftest import Load, Told, text_of

WORKLOADS = """\
workloads:
  - {model: "builtin:lenet5", on: onnxruntime}
"""


def flags(*sets: str) -> str:
    return "vary:\n  flags:\n" + "".join(f"    - {{{given}}}\n" for given in sets)


def test_options_entries_and_providers(load: Load) -> None:
    text = flags(
        "execution_mode: parallel, enable_mem_pattern: false, inter_op_num_threads: 2",
        'session.x64quantprecision: "1", optimization.enable_gelu_approximation: "1"',
        'provider: "XNNPACKExecutionProvider, CPUExecutionProvider"',
    )
    variants = load(text_of(text, workloads=WORKLOADS)).variants
    assert [len(variant.flags) for variant in variants] == [3, 2, 1]
    assert dict(variants[1].flags)["session.x64quantprecision"] == "1"


@pytest.mark.parametrize(
    ("given", "column", "said"),
    [
        ("session.x64quantprecision: 1", 35, "1 is not valid: onnxruntime takes text, in quotes"),
        ("enable_mem_patern: true", 8, "did you mean 'enable_mem_pattern'"),
        ("execution_mode: both", 24, "onnxruntime takes sequential, parallel"),
        ("provider: [CPUExecutionProvider]", 18, "a single value is wanted"),
        ("sesion.x64quantprecision: x", 8, "onnxruntime has no such flag"),
    ],
)
def test_a_flag_that_is_none(told: Told, given: str, column: int, said: str) -> None:
    (mistake,) = told(text_of(flags(given), workloads=WORKLOADS))
    assert said in mistake.message
    assert (mistake.line, mistake.column) == (11, column)

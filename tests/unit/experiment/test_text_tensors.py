"""Texts and tokens: the tensors that are given are those that the rule says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.model.experiment import Input

from .conftest import Load, Told, text_of

FREE = """\
workloads:
  - {model: torch:net.pt}
"""


@pytest.fixture(autouse=True)
def _model(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"x")


def array(given: Input) -> np.ndarray:
    ((name, digest, path),) = given.tensors
    assert name == "input"
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == digest
    return np.load(path, allow_pickle=False)


def made(load: Load, entry: str) -> np.ndarray:
    ((given, _),) = load(text_of(workloads=FREE, inputs=f"inputs:\n  - {entry}\n")).inputs
    return array(given)


@pytest.mark.parametrize(
    ("written", "texts"),
    [
        ('"naïve 🙂"', ["naïve 🙂"]),
        ('["one", "three"]', ["one", "three"]),
        ('[["a", ""], ["b", "c d"]]', [["a", ""], ["b", "c d"]]),
        ("""['{"a": 1, "b": 2}']""", ['{"a": 1, "b": 2}']),
        ("yes", ["yes"]),
    ],
)
def test_a_text_stays_as_it_is_written(load: Load, written: str, texts: list[object]) -> None:
    found = made(load, f"text: {written}")
    assert found.dtype.kind == "U"
    assert found.tolist() == texts


def test_the_bytes_of_a_text_are_fixed(load: Load) -> None:
    ((given, _),) = load(text_of(workloads=FREE, inputs="inputs: [{text: [ab, ä]}]\n")).inputs
    content = Path(given.tensors[0][2]).read_bytes()
    assert b"{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }" in content[:128]
    assert content[128:] == "abä\0".encode("utf-32-le")


def test_tokens_by_bytes_and_by_code_points(load: Load) -> None:
    found = made(load, 'tokens: {text: "né", by: bytes}')
    assert (found.dtype.name, found.tolist()) == ("int64", [[0x6E, 0xC3, 0xA9]])
    found = made(load, 'tokens: {text: "n🙂", by: code points, dtype: int32}')
    assert (found.dtype.name, found.tolist()) == ("int32", [[0x6E, 0x1F642]])


def test_rows_are_filled_and_a_mask_says_where(load: Load) -> None:
    rule = "text: [ab, c], by: bytes, add: 3, before: [1], after: [2], length: 5, pad: 9"
    assert made(load, f"tokens: {{{rule}}}").tolist() == [[1, 100, 101, 2, 9], [1, 102, 2, 9, 9]]
    masked = made(load, f"tokens: {{{rule}, give: mask}}")
    assert masked.tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]]


def test_tokens_of_a_tokenizer_file(load: Load, tmp_path: Path) -> None:
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "one": 7}, "unk_token": "[UNK]"},
    }
    (tmp_path / "t.json").write_text(json.dumps(document))
    found = made(load, "tokens: {text: One two, by: tokenizer, file: t.json}")
    assert found.tolist() == [[7, 0]]
    (tmp_path / "t.json").write_text("{}")
    with pytest.raises(Exception, match="cannot read the tokenizer"):
        made(load, "tokens: {text: One two, by: tokenizer, file: t.json}")


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("text: 3", "a text is put in quotes"),
        ("text: [a, [b]]", "lists in a list are of one length"),
        ("text: []", "a list of them is not empty"),
        (r'text: "a\0"', "has no NUL"),
        (r'text: "\ud83d"', "half of a surrogate pair"),
        ("{text: a, dtype: int8}", "'dtype' applies to values and images only, not to text"),
        ("tokens: {text: abc, by: bytes, length: 2}", "3 tokens long, and 'length' is 2"),
        ("tokens: {text: [a, bc], by: bytes}", "are 1, 2 tokens long: give a 'length'"),
        ('tokens: {text: "", by: bytes}', "an empty text has no tokens"),
        ("tokens: {text: é, by: bytes, dtype: int8}", "token 195 is no int8"),
        ("tokens: {text: a, by: bytes, file: t.json}", "'file' is that of 'by: tokenizer'"),
        ("tokens: {text: a, by: tokenizer}", "wants the 'file' it is in"),
        ("tokens: {text: a, by: tokenizer, file: none.json}", "does not exist"),
    ],
)
def test_a_mistake(told: Told, entry: str, part: str) -> None:
    found = told(text_of(workloads=FREE, inputs=f"inputs:\n  - {entry}\n"))
    assert [part in each.message for each in found] == [True], found
    assert found[0].line == 6

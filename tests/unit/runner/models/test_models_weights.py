"""Weights from seeds, shipped files and users' files, and weights that are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from eqc_runner.failures import Failed
from eqc_runner.models.builtin import build
from eqc_runner.models.builtin_model import builtin_model
from eqc_runner.models.safetensors_file import read_safetensors
from eqc_runner.models.weights import DATA, weights_of

SMALL = build("cifar10-small", {})


def test_trained_is_the_default_where_it_is_shipped(tmp_path: Path) -> None:
    for name in ("cifar10-small", "lenet5"):
        workload = {"source": "builtin", "name": name}
        trained = builtin_model({**workload, "weights": "trained"}, tmp_path)
        assert builtin_model(workload, tmp_path).facts == trained.facts
        assert trained.facts != builtin_model({**workload, "weights": "seed:0"}, tmp_path).facts
    conv = builtin_model({"name": "conv"}, tmp_path)
    assert conv.facts == builtin_model({"name": "conv", "weights": "seed:0"}, tmp_path).facts


def test_default_arguments_find_the_same_file(tmp_path: Path) -> None:
    written = {"name": "cifar10-small", "arguments": {"activation": "relu", "pooling": "max"}}
    plain = builtin_model({"name": "cifar10-small"}, tmp_path)
    assert builtin_model(written, tmp_path).facts.weights == plain.facts.weights


def test_shipped_files_state_their_accuracy_and_fit() -> None:
    files = sorted(DATA.glob("*.safetensors"))
    assert len(files) == 3
    for path in files:
        tensors, metadata = read_safetensors(path)
        graph = build(metadata["model"], dict(a.split("=") for a in metadata["arguments"].split()))
        assert 0.95 < float(metadata["accuracy"]) < 1
        assert {name: t.shape for name, t in tensors.items()} == {
            weight.name: weight.shape for weight in graph.weights
        }


def test_no_trained_weights_for_other_arguments(tmp_path: Path) -> None:
    workload = {"name": "lenet5", "weights": "trained", "arguments": {"activation": "relu"}}
    with pytest.raises(Failed, match=r"cifar10-small.*lenet5.*seed:N"):
        builtin_model(workload, tmp_path)


@pytest.mark.parametrize("weights", ["seed:", "seed:-1", "seed:x", "pretrained", "sha256:00"])
def test_other_weights_are_refused(weights: str, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="seed:N"):
        weights_of(SMALL, {"weights": weights}, tmp_path)


def test_a_users_file(tmp_path: Path) -> None:
    given = {w.name: np.full(w.shape, 0.5, np.float16) for w in SMALL.weights}
    safetensors.numpy.save_file(given, str(tmp_path / "mine.safetensors"))
    found = weights_of(SMALL, {"weights_path": "mine.safetensors"}, tmp_path)
    assert list(found) == [w.name for w in SMALL.weights]
    assert all(a.dtype == np.float32 and (a == 0.5).all() for a in found.values())


def test_a_file_that_does_not_fit(tmp_path: Path) -> None:
    given = {w.name: np.zeros(w.shape, np.float32) for w in SMALL.weights}
    odd = given.pop("dense_3/bias")
    safetensors.numpy.save_file({**given, "extra": odd}, str(tmp_path / "a.safetensors"))
    with pytest.raises(Failed, match=r"missing 'dense_3/bias', unknown 'extra'"):
        weights_of(SMALL, {"weights_path": "a.safetensors"}, tmp_path)
    given["dense_3/bias"] = np.zeros(11, np.float32)
    safetensors.numpy.save_file(given, str(tmp_path / "a.safetensors"))
    with pytest.raises(Failed, match=r"\(11,\), expected \(10,\)") as caught:
        weights_of(SMALL, {"weights_path": "a.safetensors"}, tmp_path)
    assert caught.value.code == "wrong-shape"
    with pytest.raises(Failed) as caught:
        weights_of(SMALL, {"weights_path": "b.safetensors"}, tmp_path)
    assert caught.value.code == "input-missing"


def test_other_types_of_numbers_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(2, np.int32)}, str(path))
    with pytest.raises(Failed, match="tensor 'a' is int32, not one of float16"):
        read_safetensors(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "I9", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2]},
        [],
    ],
)
def test_broken_files(entry: object, tmp_path: Path) -> None:
    header = json.dumps({"a": entry}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(Failed, match="not a safetensors file"):
        read_safetensors(path)
    path.write_bytes(b"PK\x03\x04 no safetensors")
    with pytest.raises(Failed, match="not a safetensors file"):
        read_safetensors(path)

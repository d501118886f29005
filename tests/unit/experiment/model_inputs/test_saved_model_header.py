"""Inputs of SavedModels, written by TensorFlow."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import SpecError
from orchestrator.experiment.model_inputs import saved_model_header
from orchestrator.experiment.model_inputs.model_input import ModelInput
from tests.unit.experiment.conftest import Load, text_of

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="module")
def tf() -> Any:
    with warnings.catch_warnings():
        # Importing TensorFlow warns of its own code.
        warnings.simplefilter("ignore")
        import tensorflow as tf

    return tf


def saved(tf: Any, folder: Path, *names: str) -> Path:
    """Two signatures, called so: of three inputs, and of none."""
    specs = [
        tf.TensorSpec([None, 3], tf.float16, name="row"),
        tf.TensorSpec([], tf.bool, name="flag"),
        tf.TensorSpec(None, tf.string, name="words"),
    ]
    module = tf.Module()
    module.weight = tf.Variable([1.0])
    three = tf.function(lambda row, flag, words: {"y": row}, input_signature=specs)
    none = tf.function(lambda: {"y": module.weight * 2.0}, input_signature=[])
    calls = dict(zip(names, (three, none), strict=False))
    tf.saved_model.save(module, str(folder), calls)
    return folder


THREE = (
    ModelInput("flag", (), "bool"),
    ModelInput("row", (None, 3), "float16"),
    ModelInput("words", None, "string"),
)


def test_inputs_are_those_of_the_signature(tf: Any, tmp_path: Path) -> None:
    two = saved(tf, tmp_path / "two", "a", "b")
    assert saved_model_header.signatures(two) == ("a", "b")
    assert saved_model_header.read(two, "a") == THREE
    assert saved_model_header.read(two, "b") == ()
    assert saved_model_header.read(two) is None
    assert saved_model_header.read(two, "c") is None
    assert saved_model_header.read(saved(tf, tmp_path / "one", "a")) == THREE
    assert saved_model_header.read(saved(tf, tmp_path / "known", "serving_default", "b")) == THREE
    names = sorted(tf.saved_model.load(str(two)).signatures["a"].structured_input_signature[1])
    assert names == [each.name for each in THREE]


def test_what_cannot_be_read_says_nothing(tf: Any, tmp_path: Path) -> None:
    folder = saved(tf, tmp_path / "two", "a", "b")
    file = folder / "saved_model.pb"
    content = file.read_bytes()
    for part in (b"", b"x", content[: len(content) // 2]):
        file.write_bytes(part)
        assert saved_model_header.read(folder, "a") is None
    file.unlink()
    assert saved_model_header.signatures(folder) is None


def test_mistakes_are_told_where_the_experiment_is_read(
    tf: Any, tmp_path: Path, load: Load
) -> None:
    saved(tf, tmp_path / "two", "a", "b")

    def text(entry: str) -> str:
        workloads = f"workloads:\n  - {{model: savedmodel:two, on: [tensorflow]{entry}}}\n"
        return text_of(workloads=workloads, inputs="inputs: [{random: {shape: [2]}}]\n")

    for entry, says in (
        ("", "two has several signatures: say 'signature:' a, b"),
        (", signature: a", "takes flag: bool (); row: float16 (any, 3); words: string"),
    ):
        with pytest.raises(SpecError, match="two") as caught:
            load(text(entry))
        assert any(says in each.message for each in caught.value.mistakes)
    # It may be a function, which the run alone knows.
    load(text(", signature: f"))

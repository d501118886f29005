"""Models of Keras, SavedModel and TFLite as people have them, each run with its layers."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_loading import started

from eqc_runner.adapters.protocol import Settings
from eqc_runner.digest import digest
from eqc_runner.failures import SessionError
from eqc_runner.tensor import Tensor, Unrecorded

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tensorflow_zoo.case import Case
from tensorflow_zoo.keras_models import write_keras
from tensorflow_zoo.saved_models import write_saved_models
from tensorflow_zoo.tflite_models import write_tflite

pytestmark = pytest.mark.frameworks


@pytest.fixture(autouse=True)
def _formats_are_deprecated() -> Iterator[None]:
    """Keras deprecates .h5, TensorFlow tf.lite; users have both."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def tf() -> Any:
    started("tensorflow")
    import tensorflow as tf

    return tf


@pytest.mark.parametrize("write", [write_keras, write_saved_models, write_tflite])
def test_zoo(tmp_path: Path, tf: Any, write: Any) -> None:
    wrong = [said for case in write(tf, tmp_path) for said in _mistakes(case, tmp_path)]
    assert not wrong, "\n".join(wrong)


def _mistakes(case: Case, folder: Path) -> Iterator[str]:
    """What came of a case that should not have, each a line."""
    adapter = started("tensorflow")
    workload = {"source": case.source, "name": "", "path": case.path, **case.asked}
    settings = Settings("stored", None, None, "cpu", {})
    try:
        loaded = adapter.load(workload, folder, settings)
        finals = loaded.run(case.inputs)
        again, layers = loaded.run_layers(case.inputs)
    except SessionError as error:
        if case.refusal is None:
            yield f"{case.name}: {error}"
        elif error.code != case.refusal[0] or not re.search(case.refusal[1], error.message):
            yield f"{case.name}: refused for another reason: {error}"
        return
    if case.refusal is not None:
        yield f"{case.name}: was not refused"
        return
    if [name for name, _ in finals] != list(case.outputs):
        yield f"{case.name}: outputs are {[name for name, _ in finals]}, not {list(case.outputs)}"
        return
    for name, tensor in finals:
        yield from (f"{case.name}: {name}: {said}" for said in _differences(tensor, case, name))
    for (name, plain), (_, instrumented) in zip(finals, again, strict=True):
        if not _same(plain, instrumented):
            yield f"{case.name}: {name}: the instrumented run has other values"
    for layer in layers:
        listed = any(re.fullmatch(name, layer.name) for name in case.unrecorded)
        if isinstance(layer.tensor, Unrecorded) and not listed:
            yield f"{case.name}: layer {layer.name} is not recorded: {layer.tensor.reason}"
    said = adapter.describe()["libraries"].get("dtypes", "")
    if said != case.dtypes:
        yield f"{case.name}: dtypes are {said!r}, not {case.dtypes!r}"
    if bool(layers) != case.layers:
        yield f"{case.name}: has {len(layers)} layers"


def _differences(tensor: Tensor | Unrecorded, case: Case, name: str) -> Iterator[str]:
    expected = case.outputs[name]
    if isinstance(tensor, Unrecorded):
        if expected is not None:
            yield f"not recorded: {tensor.reason}"
        return
    if expected is None:
        yield "was recorded"
    elif tensor.dtype != expected.dtype.name or tensor.shape != expected.shape:
        yield f"{tensor.dtype}{tensor.shape}, not {expected.dtype.name}{expected.shape}"
    else:
        # Types that NumPy lacks are held by their bits.
        found = tensor.array.view(expected.dtype)
        wide = "c16" if expected.dtype.kind == "c" else "f8"
        if not np.allclose(found.astype(wide), expected.astype(wide), 1e-2, 1e-3):
            yield "other values"


def _same(one: Tensor | Unrecorded, other: Tensor | Unrecorded) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return digest(one) == digest(other) or np.allclose(one.array, other.array, 1e-4, 1e-5)
    return one == other

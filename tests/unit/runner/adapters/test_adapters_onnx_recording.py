"""What is recorded of ONNX models: each output and layer by itself, in its own dtype."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx_models
import pytest
from adapter_loading import Load
from onnx_models import KERNEL, X

from eqc_runner.failures import Failed, Unsupported
from eqc_runner.tensor import Tensor, Unrecorded

pytestmark = pytest.mark.frameworks

Y = X @ KERNEL


def shown(values: list[tuple[str, Any]]) -> dict[str, Any]:
    """The dtype of each, or why it is not recorded."""
    return {name: v.reason if isinstance(v, Unrecorded) else v.dtype for name, v in values}


def loaded(load: Load, folder: Path, make: Callable[[], Any], **settings: Any) -> Any:
    onnx_models.write(folder / "m.onnx", make)
    return load(
        "onnxruntime", "m.onnx", source="onnx", path="m.onnx", **{"precision": "stored", **settings}
    )


@pytest.mark.parametrize(
    ("element", "dtype"),
    [
        ("BFLOAT16", "bfloat16"),
        ("FLOAT8E4M3FN", "float8_e4m3fn"),
        ("FLOAT8E4M3FNUZ", "float8_e4m3fnuz"),
        ("FLOAT8E5M2", "float8_e5m2"),
        ("FLOAT8E5M2FNUZ", "float8_e5m2fnuz"),
    ],
)
def test_narrow_floats_have_their_own_bits(
    load: Load, tmp_path: Path, element: str, dtype: str
) -> None:
    import ml_dtypes

    model = loaded(load, tmp_path, partial(onnx_models.cast, element))
    ((name, tensor),) = model.run({"x": X})
    wanted = Y.astype(getattr(ml_dtypes, dtype))
    assert (name, tensor.dtype, tensor.shape) == ("z", dtype, (2, 2))
    assert tensor.array.tobytes() == wanted.tobytes()
    _, layers = model.run_layers({"x": X})
    assert shown([(layer.name, layer.tensor) for layer in layers]) == {"y": "float32", "z": dtype}
    assert layers[1].tensor.array.tobytes() == wanted.tobytes()


@pytest.mark.parametrize(("element", "low"), [("INT4", -8), ("UINT4", 0)])
def test_four_bits_are_one_element_a_byte(
    load: Load, tmp_path: Path, element: str, low: int
) -> None:
    model = loaded(load, tmp_path, partial(onnx_models.quantized, element))
    given = np.array([[low, low + 1, low + 15]], np.float32)
    ((_, tensor),) = model.run({"x": given})
    assert (tensor.dtype, tensor.array.tolist()) == (element.lower(), given.tolist())


def test_strings_beside_scores_are_listed(load: Load, tmp_path: Path) -> None:
    model = loaded(load, tmp_path, onnx_models.labels)
    finals = model.run({"x": X})
    assert shown(finals) == {"label": "strings are not recorded", "y": "float32"}
    again, layers = model.run_layers({"x": X})
    assert shown(again) == shown(finals)
    assert shown([(layer.name, layer.tensor) for layer in layers]) == {
        "y": "float32",
        "index": "int64",
        "label": "strings are not recorded",
        "back": "int64",
    }


def test_a_string_layer_takes_nothing_from_the_others(load: Load, tmp_path: Path) -> None:
    model = loaded(load, tmp_path, partial(onnx_models.labels, ["back"]))
    _, layers = model.run_layers({"x": X})
    assert [isinstance(layer.tensor, Tensor) for layer in layers] == [True, True, False, True]


def test_maps_and_sequences_are_taken_apart(load: Load, tmp_path: Path) -> None:
    model = loaded(load, tmp_path, onnx_models.zipmap)
    finals = dict(model.run({"x": X}))
    assert list(finals) == ["scores.0.3", "scores.0.5", "scores.1.3", "scores.1.5"]
    assert b"".join(tensor.array.tobytes() for tensor in finals.values()) == Y.tobytes()
    assert all(tensor.shape == () for tensor in finals.values())
    _, layers = model.run_layers({"x": X})
    assert shown([(layer.name, layer.tensor) for layer in layers]) == {
        "y": "float32",
        "scores": "it is a sequence",
    }


def test_a_sequence_of_tensors(load: Load, tmp_path: Path) -> None:
    finals = dict(loaded(load, tmp_path, onnx_models.split).run({"x": X}))
    assert {name: tensor.shape for name, tensor in finals.items()} == {"s.0": (1, 2), "s.1": (1, 2)}
    assert finals["s.1"].array.tobytes() == Y[1].tobytes()


def test_what_two_ways_of_running_return_is_together(load: Load, tmp_path: Path) -> None:
    finals = loaded(load, tmp_path, onnx_models.zipmap_and_bfloat16).run({"x": X})
    assert shown(finals)["z"] == "bfloat16"
    assert [name for name, _ in finals] == [
        *(f"scores.{i}.{k}" for i in (0, 1) for k in (3, 5)),
        "z",
    ]


@pytest.mark.parametrize(
    ("there", "said"), [(True, "float32"), (False, "the model returned None here")]
)
def test_optional_and_empty_outputs(load: Load, tmp_path: Path, there: bool, said: str) -> None:
    model = loaded(load, tmp_path, partial(onnx_models.optional_output, there=there))
    wanted = {"o": said, "s": "it is a sequence or mapping of nothing", "y": "float32"}
    assert shown(model.run({"x": X})) == wanted
    again, layers = model.run_layers({"x": X})
    assert shown(again) == wanted
    assert shown([(layer.name, layer.tensor) for layer in layers]) == {
        "y": "float32",
        "o": "it is optional",
        "s": "it is a sequence",
    }


def test_a_layer_that_cannot_be_an_output_is_found_by_trying(load: Load, tmp_path: Path) -> None:
    model = loaded(load, tmp_path, onnx_models.dropped)
    finals, layers = model.run_layers({"x": X})
    assert finals[0][1].array.tobytes() == model.run({"x": X})[0][1].array.tobytes()
    found = {layer.name: layer.tensor for layer in layers}
    reason = found.pop("d").reason
    assert reason.startswith("ONNX Runtime cannot give it as an output: m.onnx needs Dropout")
    assert shown(list(found.items())) == {"y": "float32", "b": "bfloat16", "z": "float32"}


def test_a_sequence_that_onnx_does_not_know_of(load: Load, tmp_path: Path) -> None:
    model = loaded(load, tmp_path, onnx_models.hidden_sequence)
    plain = model.run({"x": X})
    again, layers = model.run_layers({"x": X})
    assert again[0][1].array.tobytes() == plain[0][1].array.tobytes()
    found = {layer.name: layer.tensor for layer in layers}
    assert list(found) == ["y", "g", "q", "z", "r"]
    assert [name for name, tensor in found.items() if isinstance(tensor, Unrecorded)] == ["q"]
    assert found["y"].array.tobytes() == Y.tobytes()


def test_tensors_that_do_not_fit_into_a_message_stay_in_their_files(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eqc_runner.adapters import onnx_files

    path = onnx_models.with_external(tmp_path / "m.onnx")
    monkeypatch.setattr(onnx_files, "MOST_BYTES", path.stat().st_size + 8)
    model = load("onnxruntime", source="onnx", path="m.onnx", precision="stored")
    finals, layers = model.run_layers({"x": X})
    assert finals[0][1].array.tobytes() == model.run({"x": X})[0][1].array.tobytes()
    assert shown([(layer.name, layer.tensor) for layer in layers]) == dict.fromkeys("yz", "float32")


def test_without_an_instrumented_model_the_plain_output_stays(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eqc_runner.adapters import onnx_files

    monkeypatch.setattr(onnx_files, "MOST_BYTES", 0)
    model = loaded(load, tmp_path, onnx_models.half_inside)
    finals, layers = model.run_layers({"x": X})
    assert shown(finals) == {"y": "float32"}
    reasons = {layer.tensor.reason for layer in layers if isinstance(layer.tensor, Unrecorded)}
    assert len(layers) == 3
    assert all("has 2 GiB: further outputs do not fit" in reason for reason in reasons)


@pytest.mark.parametrize("length", [True, False])
def test_external_data_is_read_and_its_layers_recorded(
    load: Load, tmp_path: Path, length: bool
) -> None:
    onnx_models.with_external(tmp_path / "m.onnx", length=length)
    (tmp_path / "link").hardlink_to(tmp_path / "w.bin")  # as in a job folder
    model = load("onnxruntime", source="onnx", path="m.onnx", precision="stored")
    finals, layers = model.run_layers({"x": X})
    wanted = Y + np.array([10, 20], np.float32)
    assert model.run({"x": X})[0][1].array.tobytes() == wanted.tobytes()
    assert finals[0][1].array.tobytes() == wanted.tobytes()
    assert [layer.name for layer in layers] == ["y", "z"]
    assert model.facts.parameters == 6


def test_external_weights_have_the_digest_of_those_inside(load: Load, tmp_path: Path) -> None:
    onnx_models.with_external(tmp_path / "m.onnx")
    outside = load("onnxruntime", source="onnx", path="m.onnx", precision="stored").facts
    assert loaded(load, tmp_path, partial(onnx_models.cast, "FLOAT")).facts == outside


def test_a_missing_external_file_is_named(load: Load, tmp_path: Path) -> None:
    onnx_models.with_external(tmp_path / "m.onnx")
    (tmp_path / "w.bin").unlink()
    with pytest.raises(Failed, match=r"tensor 'w' is in the file w\.bin"):
        load("onnxruntime", source="onnx", path="m.onnx", precision="stored")


@pytest.mark.parametrize("make", [onnx_models.half_inside, onnx_models.half_in_a_branch])
def test_mixed_precision_runs_as_the_file_is(
    load: Load, tmp_path: Path, make: Callable[[], Any]
) -> None:
    model = loaded(load, tmp_path, make)
    assert shown(model.run({"x": X})) == {"y": "float32"}
    from adapter_loading import started

    assert started("onnxruntime").describe()["libraries"]["dtypes"] == "float16, float32"
    for precision in ("float32", "float16"):
        with pytest.raises(Unsupported, match="computes in float16, float32, so not in") as caught:
            loaded(load, tmp_path, make, precision=precision)
        assert caught.value.code == "unsupported-precision"

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.model.experiment import Experiment, Input

from .conftest import Load, Told, text_of

TWO = """\
workloads:
  - {model: "builtin:cifar10-small", on: [numpy]}
  - {model: "builtin:lenet5", on: [numpy]}
"""
FREE = """\
workloads:
  - {model: onnx:net.onnx, on: onnxruntime}
"""


@pytest.fixture(autouse=True)
def _model(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"x")


def array(given: Input) -> np.ndarray:
    ((name, _, path),) = given.tensors
    assert name == "input"
    return np.load(path)


def free(load: Load, entry: str) -> list[np.ndarray]:
    experiment = load(text_of(workloads=FREE, inputs=f"inputs:\n  - {entry}\n"))
    return [array(given) for given, _ in experiment.inputs]


def test_a_digit_is_scikit_learns_enlarged_by_repetition(load: Load) -> None:
    from sklearn.datasets import load_digits

    given = load(text_of(inputs="inputs:\n  - images: [digits:1796]\n")).inputs[0][0]
    made = array(given)
    pixels = load_digits().images[1796]
    assert made.shape == (1, 32, 32, 3)
    assert made.dtype == np.float32
    expected = np.kron(pixels, np.ones((4, 4))) / 16
    for channel in range(3):
        assert np.array_equal(made[0, :, :, channel], expected)


def test_an_input_is_made_once_for_each_shape(load: Load) -> None:
    experiment = load(text_of(workloads=TWO))
    assert [(given.label, wanted) for given, wanted in experiment.inputs] == [
        ("digits:0", frozenset({"cifar10-small"})),
        ("digits:0", frozenset({"lenet5"})),
    ]
    assert [array(given).shape for given, _ in experiment.inputs] == [
        (1, 32, 32, 3),
        (1, 32, 32, 1),
    ]


def test_for_restricts_by_label_or_model(load: Load) -> None:
    def wanted(word: str) -> Experiment:
        inputs = f"inputs:\n  - {{images: [digits:0], for: [{word}]}}\n  - images: [digits:1]\n"
        return load(text_of(workloads=TWO, inputs=inputs))

    by_label, by_model = wanted("lenet5"), wanted('"builtin:lenet5"')
    assert by_label.inputs == by_model.inputs
    assert by_label.inputs[0][1] == frozenset({"lenet5"})


def test_a_picture_goes_through_the_stated_steps(load: Load, tmp_path: Path) -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    (plain,) = free(load, "images: [p.png]")
    assert np.array_equal(plain, (pixels[None] / 255).astype(np.float32))
    (made,) = free(
        load,
        "{images: [p.png], scale: 1/4, mean: [1, 2, 3], std: 2, layout: NCHW, order: BGR}",
    )
    expected = (pixels[:, :, ::-1] * 0.25 - np.array([1, 2, 3])) / 2
    assert np.array_equal(made[0], expected.transpose(2, 0, 1).astype(np.float32))


def test_a_picture_is_resized_by_the_filter_named(load: Load, tmp_path: Path) -> None:
    pixels = np.random.Generator(np.random.Philox(1)).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    for name in ("nearest", "bilinear", "lanczos"):
        (made,) = free(load, f"{{images: [p.png], size: [5, 4], filter: {name}, scale: 1}}")
        resized = Image.fromarray(pixels).resize((4, 5), Image.Resampling[name.upper()])
        assert np.array_equal(made[0], np.asarray(resized, dtype=np.float32))


def test_a_photograph_from_a_package_has_known_bytes(load: Load) -> None:
    photograph = "package:sklearn/datasets/images/china.jpg"
    inputs = f"inputs:\n  - {{images: ['{photograph}'], size: 32}}\n"
    experiment = load(text_of(workloads=FREE, inputs=inputs))
    given = experiment.inputs[0][0]
    assert given.label == "china.jpg"
    assert array(given).shape == (1, 32, 32, 3)
    assert given.tensors[0][1][:16] == "a829e6c7f0be6326"


def test_tensor_files_keep_their_names_and_bits(load: Load, tmp_path: Path) -> None:
    a = np.array([[-0.0, np.nan, 1e-45]], dtype=np.float32)
    b = np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3))
    np.savez(tmp_path / "two.npz", b=b, a=a)
    np.save(tmp_path / "one.npy", a)
    inputs = "inputs:\n  - files: [two.npz, one.npy]\n"
    two, one = (given for given, _ in load(text_of(workloads=FREE, inputs=inputs)).inputs)
    assert [name for name, _, _ in two.tensors] == ["a", "b"]
    assert np.load(two.tensors[0][2]).tobytes() == a.tobytes()
    assert np.array_equal(np.load(two.tensors[1][2]), b)
    assert one.tensors[0][1] == two.tensors[0][1], "the same tensor is the same content"


def test_random_takes_the_workloads_shape(load: Load) -> None:
    inputs = "inputs:\n  - random: {distribution: normal, seed: 3}\n"
    experiment = load(text_of(workloads=TWO, inputs=inputs))
    shapes = [array(given).shape for given, _ in experiment.inputs]
    assert shapes == [(1, 32, 32, 3), (1, 32, 32, 1)]
    assert experiment.inputs[0][0].label == "random:normal seed=3"


def test_a_stored_tensor_that_was_damaged_is_written_anew(load: Load) -> None:
    path = Path(load(text_of()).inputs[0][0].tensors[0][2])
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    load(text_of())
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("{images: [digits:0], size: 64}", "does not fit a workload that takes 32x32x3"),
        ("{images: [digits:0], channels: 1}", "32x32x1 does not fit"),
        ("{images: [digits:0], layout: NCHW}", "take layout NHWC"),
        ("{images: [digits:0], files: [a.npy]}", "has one of the keys"),
        ("{label: x}", "has one of the keys"),
        ("{images: [digit:0]}", "does not exist"),
        ("{images: ['digits:x']}", "a digit is written like digits:0"),
        ("{images: [net.onnx]}", "cannot read the picture"),
        ("{files: [net.onnx]}", "ends in .npy or .npz"),
        ("{files: [bad.npy]}", "cannot read"),
        ("{files: [pickled.npy]}", "cannot read"),
        ("{files: [wide.npy]}", "8x8x3 does not fit"),
        ("{random: {}, size: 8}", "applies to images only, not to random"),
        ("{random: {shape: [1, 9, 9, 3]}}", "9x9x3 does not fit"),
        ("{random: {shape: [100000, 100000]}}", "too large"),
        ("{random: {distribution: cauchy}}", "valid: normal, uniform"),
        ("{images: [digits:0], mean: [1, 2]}", "2 numbers for 3 channels"),
        ("{images: [digits:0], std: 0}", "must not be 0"),
        ("{images: [digits:0], scale: 1/0}", "a fraction like '1/255'"),
        ("{images: [digits:0], for: [cifar10-smal]}", "did you mean 'cifar10-small'?"),
        ("{images: [digits:0, digits:0]}", "give a 'label'"),
    ],
)
def test_a_mistake(told: Told, tmp_path: Path, entry: str, part: str) -> None:
    (tmp_path / "bad.npy").write_bytes(b"no array")
    np.save(tmp_path / "pickled.npy", np.array([{}]), allow_pickle=True)
    np.save(tmp_path / "wide.npy", np.zeros((1, 8, 8, 3), np.float32))
    found = told(text_of(inputs=f"inputs:\n  - {entry}\n"))
    assert [part in m.message for m in found] == [True]
    assert found[0].line == 6


def test_a_digit_for_a_model_of_unknown_shape_wants_a_size(told: Told, load: Load) -> None:
    inputs = "inputs:\n  - images: [digits:0]\n"
    assert "give 'size' and 'channels'" in told(text_of(workloads=FREE, inputs=inputs))[0].message
    assert free(load, "{images: [digits:0], size: [16, 24], channels: 1}")[0].shape == (
        1,
        16,
        24,
        1,
    )
    uneven = "inputs:\n  - {images: [digits:0], size: 30, channels: 1}\n"
    assert "multiples of 8" in told(text_of(workloads=FREE, inputs=uneven))[0].message


def test_a_workload_without_an_input_is_a_mistake(told: Told) -> None:
    inputs = "inputs:\n  - {images: [digits:0], for: [lenet5]}\n"
    (mistake,) = told(text_of(workloads=TWO, inputs=inputs))
    assert mistake.message == "no input is for the workload 'cifar10-small'"

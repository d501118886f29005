"""The files of a model: all are taken along and hashed together, or refused with the reason."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.experiment.companions import model_files
from orchestrator.yaml_files.files import FileMistake

from .conftest import Load, Told, text_of

onnx_made = pytest.mark.frameworks
RANDOM = "inputs: [{random: {shape: [1, 2]}}]\n"


def external(name: str, location: str, **entries: object) -> Any:
    """A float32 tensor (2, 2) whose bytes are elsewhere."""
    import onnx

    tensor = onnx.TensorProto(name=name, data_type=1, dims=[2, 2], data_location=1)
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def save(path: Path, *initializers: Any, nodes: Any = (), functions: Any = ()) -> Path:
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    matmuls = [
        helper.make_node("MatMul", ["x", tensor.name], [f"y{index}"])
        for index, tensor in enumerate(initializers)
    ]
    graph = helper.make_graph(
        [*matmuls, *nodes],
        "g",
        [value("x", TensorProto.FLOAT, [1, 2])],
        [value("y0", TensorProto.FLOAT, None)],
        list(initializers),
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], functions=list(functions))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def weights(path: Path, count: int = 4) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(np.arange(count, dtype="<f4").tobytes())
    return hashlib.sha256(path.read_bytes()).hexdigest()


@onnx_made
def test_all_files_are_found_and_hashed_together(tmp_path: Path) -> None:
    one, two = weights(tmp_path / "w/one.bin", 8), weights(tmp_path / "two")
    path = save(
        tmp_path / "m.onnx",
        external("a", "w/one.bin", offset=16, length=16),
        external("b", "./two"),
        external("c", "w/one.bin", length=16),
    )
    found = model_files("onnx", path)
    assert [(each.name, each.sha256) for each in found.companions] == [
        ("two", two),
        ("w/one.bin", one),
    ]
    assert found.companions[1].path == str(tmp_path / "w/one.bin")
    own = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = f"{own}  \n{two}  two\n{one}  w/one.bin\n"
    assert found.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    weights(tmp_path / "two", 5)
    assert model_files("onnx", path).sha256 != found.sha256


@onnx_made
def test_a_model_that_is_one_file_has_its_own_sha256(tmp_path: Path) -> None:
    from onnx import numpy_helper

    path = save(tmp_path / "m.onnx", numpy_helper.from_array(np.ones((2, 2), "<f4"), "a"))
    assert model_files("onnx", path) == (hashlib.sha256(path.read_bytes()).hexdigest(), ())


@onnx_made
def test_tensors_of_branches_constants_and_functions_are_found(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    def constant(name: str) -> Any:
        return helper.make_node("Constant", [], [name], value=external(name, f"{name}.bin"))

    value = helper.make_tensor_value_info("t", TensorProto.FLOAT, None)
    branch = helper.make_graph(
        [helper.make_node("MatMul", ["x", "branch"], ["t"])], "b", [], [value],
        [external("branch", "branch.bin")],
    )  # fmt: skip
    opset = helper.make_opsetid("", 17)
    function = helper.make_function("my", "F", [], ["function"], [constant("function")], [opset])
    other = helper.make_graph([constant("other")], "o", [], [value])
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=other)
    path = save(tmp_path / "m.onnx", nodes=[constant("node"), node], functions=[function])
    names = ["branch.bin", "function.bin", "node.bin", "other.bin"]
    for name in names:
        weights(tmp_path / name)
    assert [each.name for each in model_files("onnx", path).companions] == names


@onnx_made
@pytest.mark.parametrize(
    ("location", "entries", "said"),
    [
        ("../w.bin", {}, "below the model's folder"),
        ("a/../../w.bin", {}, "below the model's folder"),
        ("/w.bin", {}, "below the model's folder"),
        ("C:\\w.bin", {}, "below the model's folder"),
        ("none.bin", {}, "is in the file none.bin, which is not in"),
        ("folder", {}, "is a folder, not a file"),
        ("pipe", {}, "is a FIFO, not a file"),
        ("nowhere", {}, "is a link to /no/such/file, which cannot be read"),
        ("out", {}, "out of the model's folder: copy the file"),
        ("pointer", {}, "git lfs pull"),
        ("empty", {}, "is empty"),
        ("w.bin", {"offset": 8}, "ends at byte 24 of w.bin, which has only 16"),
        ("w.bin", {"length": 12}, "needs 16 bytes, but 12 are stated"),
        ("w.bin", {"offset": "-4"}, "the offset of tensor 'a' is '-4', no number"),
        ("", {}, "without a location"),
    ],
)
def test_a_file_that_cannot_be_taken_along(
    tmp_path: Path, location: str, entries: dict[str, object], said: str
) -> None:
    place = tmp_path / "model"
    weights(place / "w.bin")
    weights(tmp_path / "w.bin")
    (place / "folder").mkdir()
    (place / "nowhere").symlink_to("/no/such/file")
    (place / "out").symlink_to(tmp_path / "w.bin")
    (place / "pointer").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (place / "empty").touch()
    os.mkfifo(place / "pipe")
    path = save(place / "m.onnx", external("a", location, **entries))
    with pytest.raises(FileMistake) as caught:
        model_files("onnx", path)
    assert said in str(caught.value)


@onnx_made
def test_links_into_the_folder_that_the_model_is_a_link_into_are_followed(tmp_path: Path) -> None:
    """As caches of downloads keep them: names are links to files that are called by their hash."""
    blobs, names = tmp_path / "blobs", tmp_path / "snapshots" / "1" / "onnx"
    sha256 = weights(blobs / "f00d")
    save(blobs / "cafe", external("a", "model.onnx_data"))
    names.mkdir(parents=True)
    (names / "model.onnx").symlink_to("../../../blobs/cafe")
    (names / "model.onnx_data").symlink_to("../../../blobs/f00d")
    (found,) = model_files("onnx", names / "model.onnx").companions
    assert (found.name, found.sha256) == ("model.onnx_data", sha256)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (fifo, "is a FIFO, not a file"),
        (listening, "is a socket, not a file"),
        (Path.touch, "is empty"),
        (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1"), "Git LFS"),
    ],
)
@pytest.mark.parametrize("model", ["onnx:m.onnx", "tflite:m.tflite", "torch:m.pt", "keras:m.h5"])
def test_what_is_no_model_file(
    told: Told,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], object],
    said: str,
    model: str,
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    make(Path(model.partition(":")[2]))
    on = ", on: onnxruntime" if model.startswith("onnx:") else ""
    entry = f"workloads:\n  - {{model: '{model}'{on}}}\n"
    (mistake,) = told(text_of(workloads=entry, inputs=RANDOM))
    assert said in mistake.message
    assert (mistake.line, mistake.column) == (4, 13)


@pytest.mark.parametrize("entry", ["{files: [x.npz]}", "{images: [x.npz], channels: 3}"])
def test_an_input_that_nobody_writes_is_not_waited_for(
    told: Told, tmp_path: Path, entry: str
) -> None:
    fifo(tmp_path / "x.npz")
    (mistake,) = told(text_of(inputs=f"inputs:\n  - {entry}\n"))
    assert "x.npz is a FIFO, not a file" in mistake.message


def test_graphs_in_one_another_without_end(tmp_path: Path) -> None:
    def field(number: int, content: bytes) -> bytes:
        size, head = len(content), bytearray([number << 3 | 2])
        while size >= 0x80:
            head.append(size & 0x7F | 0x80)
            size >>= 7
        return bytes(head) + bytes([size]) + content

    inner = b""
    for _ in range(2000):  # graph, node, attribute, graph, …
        inner = field(1, field(5, field(6, inner)))
    path = tmp_path / "m.onnx"
    path.write_bytes(field(7, inner))
    assert model_files("onnx", path).companions == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 and so on", "it is a zip archive, as torch and Keras write it"),
        (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file"),
        (b"<!DOCTYPE html>", "it is a page of HTML or XML"),
    ],
)
def test_what_is_called_onnx_by_mistake(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(FileMistake, match=said):
        model_files("onnx", path)


def test_a_saved_model_is_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    weights(folder / "variables/variables.data")
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "assets").mkdir()
    (folder / "assets/words.txt").symlink_to("../saved_model.pb")
    before = model_files("savedmodel", folder)
    assert before.companions == ()
    (folder / "assets/words.txt").unlink()
    assert model_files("savedmodel", folder).sha256 != before.sha256


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("../beside", "out of the model's folder"),
        ("/no/such/file", "which cannot be read"),
        ("../folder", "is a link to a folder"),
    ],
)
def test_a_link_out_of_a_saved_model(tmp_path: Path, target: str, said: str) -> None:
    folder = tmp_path / "saved"
    weights(folder / "saved_model.pb")
    weights(tmp_path / "beside")
    (tmp_path / "folder").mkdir()
    (folder / "link").symlink_to(target)
    with pytest.raises(FileMistake, match=said):
        model_files("savedmodel", folder)


@onnx_made
def test_the_experiment_names_the_files_and_checks_them(
    load: Load, told: Told, tmp_path: Path
) -> None:
    weights(tmp_path / "w.bin")
    save(tmp_path / "m.onnx", external("a", "w.bin"))
    entry = "workloads:\n  - {model: onnx:m.onnx, on: onnxruntime}\n"
    ((workload, _),) = load(text_of(workloads=entry, inputs=RANDOM)).workloads
    assert [each.name for each in workload.companions] == ["w.bin"]
    wrong = f"workloads:\n  - model: onnx:m.onnx\n    sha256: {'0' * 64}\n    on: onnxruntime\n"
    (mistake,) = told(text_of(workloads=wrong, inputs=RANDOM))
    assert "with its 1 files of external data has another sha256" in mistake.message
    assert (mistake.line, mistake.column) == (5, 13)
    (tmp_path / "w.bin").unlink()
    (mistake,) = told(text_of(workloads=entry, inputs=RANDOM))
    assert "which is not in" in mistake.message


def test_an_index_of_weights_is_refused(told: Told, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    entry = '{model: "builtin:conv", on: numpy, weights: model.safetensors.index.json}'
    (mistake,) = told(text_of(workloads=f"workloads:\n  - {entry}\n"))
    assert "only lists files of weights" in mistake.message

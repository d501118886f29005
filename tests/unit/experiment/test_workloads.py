from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from orchestrator.experiment import builtins
from orchestrator.model.experiment import content_id, pairs

from .conftest import Load, Told, text_of


def workloads(*entries: str) -> str:
    return text_of(workloads="workloads:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"weights")
    return path


RANDOM = "inputs: [{random: {shape: [1, 2]}}]\n"


def one(load: Load, entry: str):
    text = text_of(workloads=f"workloads:\n  - {{{entry}}}\n", inputs=RANDOM)
    ((workload, installations),) = load(text).workloads
    return workload, tuple(each.framework for each in installations)


def test_a_file_is_known_by_its_content(load: Load, model: Path) -> None:
    workload, frameworks = one(load, "model: onnx:net.onnx")
    assert frameworks == ("onnxruntime",)
    assert workload.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert (workload.path, workload.label) == (str(model), "net")
    model.rename(model.with_name("other.onnx"))
    renamed, _ = one(load, "model: onnx:other.onnx, label: mine")
    assert renamed.id == workload.id
    assert renamed.label == "mine"


@pytest.mark.parametrize("suffix", [".pt2", ".pt", ".pth", ".jit", ".ts", ".torchscript"])
def test_what_torch_users_call_their_files(load: Load, tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"net{suffix}").write_bytes(b"weights")
    assert one(load, f"model: 'torch:net{suffix}'")[1] == ("torch",)


def test_a_wrong_sha256_names_both(told: Told, model: Path) -> None:
    actual = hashlib.sha256(b"weights").hexdigest()
    text = text_of(
        workloads=f"workloads:\n  - model: onnx:net.onnx\n    sha256: {'0' * 64}\n", inputs=RANDOM
    )
    (mistake,) = told(text)
    assert (mistake.line, mistake.column) == (5, 13)
    assert "0" * 64 in mistake.message
    assert actual in mistake.message


def test_a_model_in_a_package_is_found_without_importing_it(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "explodes"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "m.onnx").write_bytes(b"x")
    monkeypatch.syspath_prepend(str(package.parent))
    workload, _ = one(load, "model: onnx:package:explodes/m.onnx")
    assert workload.path == str(package / "m.onnx")


def test_a_folder_is_hashed_by_its_files(load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"b")
    (folder / "variables" / "v").write_bytes(b"v")
    first, frameworks = one(load, "model: savedmodel:saved")
    lines = "".join(
        f"{hashlib.sha256(name[-1:].encode()).hexdigest()}  {path}\n"
        for name, path in (("b", "saved_model.pb"), ("v", "variables/v"))
    )
    assert first.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert frameworks == ("tensorflow",)
    (folder / "variables" / "v").write_bytes(b"w")
    assert one(load, "model: savedmodel:saved")[0].sha256 != first.sha256


def test_a_folder_that_is_no_saved_model(told: Told, tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "model.onnx").write_bytes(b"x")
    text = "workloads:\n  - {model: savedmodel:saved}\n"
    (mistake,) = told(text_of(workloads=text, inputs=RANDOM))
    assert "is not a SavedModel: it holds no saved_model.pb" in mistake.message
    assert (mistake.line, mistake.column) == (4, 13)


def test_weights_are_the_shipped_ones_by_default_and_else_a_seed(load: Load) -> None:
    text = workloads(
        'model: "builtin:cifar10-small", on: torch',
        'model: "builtin:cifar10-small", on: torch, weights: seed:007, label: seeded',
        'model: "builtin:cifar10-small", on: torch, arguments: {activation: sigmoid}',
        'model: "builtin:cifar10-resnet18", on: torch',
    )
    found = [workload for workload, _ in load(text).workloads]
    assert [w.weights for w in found] == ["trained", "seed:7", "seed:0", "seed:0"]
    assert found[2].label == "cifar10-small activation=sigmoid"


def test_weights_in_a_file_are_known_by_content(load: Load, tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"w")
    text = workloads('model: "builtin:lenet5", on: numpy, weights: w.safetensors')
    ((workload, _),) = load(text).workloads
    assert workload.weights == "sha256:" + hashlib.sha256(b"w").hexdigest()
    assert workload.weights_path == str(tmp_path / "w.safetensors")


def test_an_argument_at_its_default_is_the_same_workload(load: Load) -> None:
    plain = workloads('model: "builtin:conv", on: numpy')
    said = workloads('model: "builtin:conv", on: numpy, arguments: {kernel: 3, padding: same}')
    other = workloads('model: "builtin:conv", on: numpy, arguments: {kernel: 5}')
    ids = [load(text).workloads[0][0].id for text in (plain, said, other)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("model: cifar10-small, on: numpy", "did you mean 'builtin:cifar10-small'?"),
        ("model: onx:net.onnx", "did you mean 'onnx'?"),
        ('model: "builtin:lenet5"', "say 'on' which frameworks"),
        (
            "model: onnx:net.onnx, on: torch",
            "torch cannot load onnx: models; onnxruntime, openvino can",
        ),
        ("model: onnx:net.onnx, weights: seed:1", "are in its file"),
        ("model: keras:net.onnx", "wants a file ending in .keras or .h5"),
        ("model: onnx:package:no_such_package/m.onnx", "pip install no_such_package"),
        ("model: onnx:package:yaml/../x.onnx", "outside of its package"),
        ("model: savedmodel:net.onnx", "wants a folder"),
        ('model: "python:mod", on: torch', "package.module:function"),
        ('model: "builtin:conv", on: numpy, arguments: {kernl: 3}', "did you mean 'kernel'?"),
        ('model: "builtin:conv", on: numpy, arguments: {kernel: 0}', "should be a whole number"),
        ('model: "builtin:conv", on: numpy, arguments: {padding: full}', "valid: same, valid"),
        ('model: "builtin:conv", on: numpy, weights: trained', "no trained weights"),
        ('model: "builtin:conv", on: numpy, weights: seed:x', "written like seed:1"),
        ('model: "builtin:conv", on: numpy, weights: w.st', "'w.st' does not exist"),
        ("model: onnx:net.onnx, sha256: 12", "should be text, not 12"),
    ],
)
def test_a_mistake(told: Told, model: Path, entry: str, part: str) -> None:
    found = told(text_of(workloads=f"workloads:\n  - {{{entry}}}\n", inputs=RANDOM))
    assert [part in m.message for m in found] == [True]
    assert found[0].line == 4


def test_labels_and_workloads_are_there_once(told: Told) -> None:
    same = ('model: "builtin:lenet5", on: numpy', 'model: "builtin:lenet5", on: torch')
    assert "the same workload as on line 4" in told(workloads(*same))[0].message
    alike = (same[0], same[1] + ", weights: seed:1")
    assert "give this a 'label'" in told(workloads(*alike))[0].message


def test_the_list_of_builtin_models_is_the_runners() -> None:
    from eqc_runner.models.builtin import BUILTIN, build

    assert set(builtins.builtin_names()) == set(BUILTIN)
    cases: list[tuple[str, dict[str, object]]] = [(name, {}) for name in BUILTIN]
    cases += [("conv", {"size": 9, "channels": 5}), ("conv", {"height": 4, "width": 6})]
    for name, arguments in cases:
        graph = build(name, arguments)
        assert tuple(graph.input_shape) == builtins.input_shape(name, arguments)  # type: ignore[arg-type]


def test_the_weights_said_to_be_shipped_are() -> None:
    from eqc_runner.models.weights import DATA

    shipped = {path.name.removesuffix(".safetensors") for path in DATA.glob("*.safetensors")}
    said = {
        name + "".join(f".{key}-{value}" for key, value in sorted(arguments.items()))
        for name, model in builtins._models().items()
        for arguments in model["trained"]
    }
    assert said == shipped


def test_every_argument_value_is_one_the_runner_takes() -> None:
    from eqc_runner.models.builtin import build

    for name, model in builtins._models().items():
        for argument, known in model["arguments"].items():
            for value in known.get("values", [8]):
                build(name, {argument: value})


def test_constants_and_a_signature_are_part_of_what_is_computed(load: Load, tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"weights")
    (tmp_path / "net.tflite").write_bytes(b"weights")
    plain, _ = one(load, "model: torch:net.pt")
    told, _ = one(load, "model: torch:net.pt, arguments: {scale: 0.5, mask: null, mode: sum}")
    assert told.arguments == pairs({"scale": 0.5, "mask": None, "mode": "sum"})
    assert told.id != plain.id
    # Both ids are those of before there were signatures.
    for each in (plain, told):
        said = ["workload", "torch", None, each.sha256, None, dict(each.arguments)]
        assert each.id == content_id(said)
    default, _ = one(load, "model: tflite:net.tflite")
    signed, _ = one(load, "model: tflite:net.tflite, signature: encode")
    assert (default.signature, signed.signature) == (None, "encode")
    assert default.id != signed.id


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ("model: onnx:net.onnx, arguments: {a: 1}", "arguments", "onnx: models take tensors only"),
        ("model: onnx:net.onnx, signature: a", "signature", "onnx: models have no signatures"),
        (
            "model: builtin:lenet5, on: [numpy], signature: a",
            "signature",
            "builtin: models have no signatures",
        ),
    ],
)
def test_what_cannot_be_called_so_is_said(
    told: Told, model: Path, entry: str, key: str, message: str
) -> None:
    text = text_of(workloads=f"workloads:\n  - {{{entry}}}\n", inputs=RANDOM)
    mistakes = [each for each in told(text) if message in each.message]
    assert [(each.line, each.column) for each in mistakes] == [(4, 6 + entry.index(key))]

"""Folders of frameworks: ours, those from outside, and what may be wrong with one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from orchestrator import catalog
from orchestrator.catalog.frameworks import FOLDERS_VARIABLE
from orchestrator.errors import UsageError
from orchestrator.system.paths import images_folder

GOOD = {"sources": ["builtin", "python"], "adapter": "toy_adapter:Toy", "install": "toy"}


def made(place: Path, name: str = "toy", **changes: Any) -> Path:
    """The folder of a framework in ``place``, with keys of ``framework.json`` changed."""
    folder = place / name
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("blake3\nnumpy\n")
    (folder / "toy_adapter.py").write_text("class Toy: ...\n")
    content = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    (folder / "framework.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that ``EQC_FRAMEWORKS`` names."""
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path))
    return tmp_path


def complaint() -> str:
    with pytest.raises(UsageError) as caught:
        catalog.frameworks()
    return str(caught.value)


def test_ours_come_in_the_order_of_the_published_schema() -> None:
    assert list(catalog.frameworks()) == [
        "tensorflow",
        "torch",
        "onnxruntime",
        "numpy",
        "jax",
        "openvino",
    ]
    for framework in catalog.frameworks().values():
        assert framework.dockerfile == images_folder() / "Dockerfile"
        assert [name for name, _ in framework.runner_files()] == [
            f"{framework.name}/framework.json",
            f"{framework.name}/requirements.txt",
        ]


def test_frameworks_from_outside_follow_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "some", "zebra")
    made(tmp_path / "more", "abacus")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDERS_VARIABLE, os.pathsep.join(["some", "", str(tmp_path / "more")]))
    found = catalog.frameworks()
    assert list(found)[4:] == ["abacus", "jax", "openvino", "zebra"]
    assert found["zebra"].folder == tmp_path / "some" / "zebra"
    assert catalog.sources_of("zebra") == ("builtin", "python")
    assert catalog.mask_environment("avx2", "zebra") is None


def test_its_own_files_go_with_the_runner(place: Path) -> None:
    folder = made(place)
    (folder / "masks.json").write_text('{"levels": {"avx2": {"TOY_ISA": "avx2"}}}')
    (folder / "Dockerfile").write_text("FROM scratch\n")
    for name in ("data/table.bin", "__pycache__/toy.pyc", ".git/config", "data/.hidden"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    toy = catalog.frameworks()["toy"]
    files = dict(toy.runner_files())
    # The requirements say which packages are the framework's software.
    assert list(files) == [
        "toy/data/table.bin",
        "toy/framework.json",
        "toy/requirements.txt",
        "toy/toy_adapter.py",
    ]
    assert files["toy/framework.json"] == folder / "framework.json"
    assert toy.dockerfile == folder / "Dockerfile"
    assert catalog.mask_environment("avx2", "toy") == {"TOY_ISA": "avx2"}
    assert catalog.mask_environment("avx", "toy") is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sources": None}, "needs the key 'sources'; its keys are sources, adapter, install"),
        ({"adapter": None}, "needs the key 'adapter'"),
        ({"install": None}, "needs the key 'install'"),
        ({"install": ["toy"]}, "'install' must be one text: the arguments of 'pip install'"),
        ({"masks": {}}, "unknown key 'masks'; its keys are sources, adapter, install"),
        ({"sources": "onnx"}, "no source 'onnx'; 'sources' is a list of"),
        ({"sources": ["onnx", "tf"]}, "no source 'tf'; 'sources' is a list of builtin, onnx,"),
        ({"variables": {"fast": {"true": {"FAST": "1"}}}}, "'fast', which is none of 'flags'"),
        (
            {"flags": {"fast": "boolean"}, "variables": {"fast": {"true": {"FAST": 1}}}},
            "'variables' has, by flag and by value, an object of variables, all text",
        ),
        ({"flags": ["fast"]}, "'flags' is an object: what each flag takes, by its name"),
        ({"flags": {"fast": "yes"}}, "flag 'fast' needs a list of the words it takes, or one of b"),
        ({"flags": {"fast": []}}, "flag 'fast' needs a list of the words it takes, or one of bool"),
        ({"adapter": "toy_adapter"}, "written like my_adapter:MyClass, not 'toy_adapter'"),
        ({"adapter": "gone:Toy"}, "gone.py; its module is a file of this folder, or one of eqc_r"),
        ({"adapter": "eqc_runner.adapters.gone:Toy"}, "there is no {runner}/adapters/gone.py"),
    ],
)
def test_what_is_wrong_is_said_with_its_file(
    place: Path, changes: dict[str, Any], says: str
) -> None:
    folder = made(place, **changes)
    said = complaint()
    assert said.startswith(f"{folder / 'framework.json'}: ")
    assert says.format(runner=images_folder() / "runner" / "eqc_runner") in said


def test_variables_of_flags() -> None:
    framework = catalog.frameworks()["tensorflow"]
    assert framework.variables_of({"onednn": False, "xla": True}) == {"TF_ENABLE_ONEDNN_OPTS": "0"}
    assert framework.variables_of({"onednn": True}) == {"TF_ENABLE_ONEDNN_OPTS": "1"}
    assert framework.variables_of({"xla": True}) == {}


@pytest.mark.parametrize("text", ["{", "", "[]", "\N{EN DASH}\x00"])
def test_no_json_object(place: Path, text: str) -> None:
    folder = made(place)
    (folder / "framework.json").write_text(text)
    assert complaint().startswith(f"{folder / 'framework.json'}: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "cannot be read as JSON"),
        ("{}", "needs the key 'levels'"),
        ('{"levels": {"avx3": {}}}', "no level 'avx3'; there are sse4, avx, avx2, avx512"),
        ('{"levels": {"avx": {"A": 1}}}', "level 'avx' must be an object of variables and values"),
        ('{"levels": {"avx": []}}', "level 'avx' must be an object of variables and values"),
    ],
)
def test_masks_that_are_none(place: Path, text: str, says: str) -> None:
    path = made(place) / "masks.json"
    path.write_text(text)
    assert complaint().startswith(f"{path}: {says}")


def test_a_name_that_exists(place: Path, tmp_path: Path) -> None:
    folder = made(place, "numpy")
    ours = images_folder() / "numpy"
    assert complaint() == f"{folder}: {ours} is called 'numpy', too: rename one of the two"


@pytest.mark.parametrize("name", ["Toy", "a..b", "runner"])
def test_a_name_that_no_image_can_have(place: Path, name: str) -> None:
    made(place, name)
    assert f"{name!r} cannot be a framework's name" in complaint()


def test_no_requirements(place: Path) -> None:
    path = made(place) / "requirements.txt"
    path.unlink()
    assert complaint().startswith(f"{path}: is not there; list what pip installs")


def test_a_folder_without_any(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert complaint().startswith(f"{place}: EQC_FRAMEWORKS names folders that hold")
    folder = made(place)
    monkeypatch.setenv(FOLDERS_VARIABLE, str(folder))
    assert complaint().endswith(f"there is none in this one: name {place}")
    monkeypatch.setenv(FOLDERS_VARIABLE, str(place / "nowhere"))
    assert complaint().startswith(f"{place / 'nowhere'}: ")

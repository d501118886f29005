"""Files of a job: their sha256, that of a folder, and that of a model with others beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from eqc_runner.files import Files


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def of_lines(*lines: tuple[bytes, str]) -> str:
    return sha256("".join(f"{sha256(content)}  {name}\n" for content, name in lines).encode())


def cell(path: str, expected: str, **more: Any) -> dict[str, Any]:
    return {
        "workload": {"path": path, "sha256": expected, **more},
        "input": {"tensors": {}},
    }


def problem(folder: Path, record: dict[str, Any]) -> tuple[str, str] | None:
    found = Files(folder).problem(record)
    return None if found is None else (found.code, found.message)


def test_a_model_and_the_files_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "models/x"
    (place / "w").mkdir(parents=True)
    contents = {"b": b"one", "w/a": b"two"}
    for name, content in {"m.onnx": b"model", **contents}.items():
        (place / name).write_bytes(content)
    together = of_lines((b"model", ""), (b"one", "b"), (b"two", "w/a"))
    stated = {name: sha256(content) for name, content in reversed(contents.items())}
    record = cell("models/x/m.onnx", together, companions=stated)
    assert problem(tmp_path, record) is None
    (place / "w/a").write_bytes(b"other")
    found = problem(tmp_path, record)
    assert found is not None
    assert (found[0], "models/x/w/a has sha256" in found[1]) == ("wrong-sha256", True)
    (place / "w/a").unlink()
    found = problem(tmp_path, record)
    assert found == ("input-missing", "model's file models/x/w/a is not in the job folder")


def test_another_model_beside_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"other")
    (tmp_path / "w").write_bytes(b"one")
    together = of_lines((b"model", ""), (b"one", "w"))
    found = problem(tmp_path, cell("m.onnx", together, companions={"w": sha256(b"one")}))
    assert found is not None
    assert found[0] == "wrong-sha256"


def test_a_folder_is_hashed_too(tmp_path: Path) -> None:
    (tmp_path / "saved/variables").mkdir(parents=True)
    (tmp_path / "saved/variables/v").write_bytes(b"v")
    (tmp_path / "saved/saved_model.pb").write_bytes(b"graph")
    record = cell("saved", of_lines((b"graph", "saved_model.pb"), (b"v", "variables/v")))
    assert problem(tmp_path, record) is None
    (tmp_path / "saved/variables/v").write_bytes(b"w")
    found = problem(tmp_path, record)
    assert found is not None
    assert found[0] == "wrong-sha256"

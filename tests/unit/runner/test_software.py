"""What the runner says that computes: versions, by what is really installed; nothing imported."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqc_runner
from eqc_runner import software as runner_software
from orchestrator.executors.process import environment, installed_software
from orchestrator.model.experiment import Installation
from orchestrator.results.software import NOT_HASHED, software_id
from tests.environment import ROOT

RUNNER = Path(eqc_runner.__file__).parent
NUMERICS = ROOT / "tests" / "data" / "runner" / "numerics.json"
"""Hashes of the files that numbers depend on, and the version at which they were taken."""
WATCHED = ("adapters", "models", "session.py", "tensor.py", "chain.py", "digest.py", "steering.py")


def said(framework: str, *requires: str, **variables: str) -> dict[str, Any]:
    argv = [sys.executable, "-m", "eqc_runner", "software", framework, *requires]
    env = {**environment(), **variables}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def distribution(
    folder: Path, name: str, version: str, *requires: str, module: bool = True
) -> Path:
    """An installed distribution, as pip leaves it, in ``folder``."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    )
    package = folder / name.replace("-", "_")
    if module:
        package.mkdir()
        (package / "__init__.py").write_text("raise SystemExit('it was imported')\n")
        (info / "RECORD").write_text(f"{package.name}/__init__.py,,\n")
    return folder


def test_it_tells_versions_of_all_that_a_framework_needs() -> None:
    found = said("numpy")
    assert found["version"] == metadata.version("numpy")
    assert found["packages"]["blake3"] == metadata.version("blake3")
    assert "pandas" not in found["packages"]
    assert found["python"] == "{}.{}".format(*sys.version_info[:2])
    assert found["runner"] == runner_software.VERSION
    assert "environment" not in found


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", ["jax", "litert", "onnxruntime", "openvino", "tensorflow"])
def test_the_version_is_that_of_the_distribution(framework: str) -> None:
    called = {"litert": "ai-edge-litert", "tensorflow": "tensorflow-cpu"}
    assert said(framework)["version"] == metadata.version(called.get(framework, framework))


def test_further_packages_count_with_what_they_need_in_turn() -> None:
    found = said("numpy", "jsonschema")
    assert {"jsonschema", "referencing", "attrs"} <= found["packages"].keys()
    assert found["id"] != said("numpy")["id"]


def test_the_id_is_that_of_the_file_format() -> None:
    found = said("numpy")
    assert software_id(found) == found["id"]
    assert installed_software(Installation("numpy")).id == found["id"]


@given(st.dictionaries(st.text(), st.none() | st.text() | st.dictionaries(st.text(), st.text())))
def test_runner_and_orchestrator_have_one_formula(content: dict[str, Any]) -> None:
    hashed = {key: value for key, value in content.items() if key not in NOT_HASHED}
    assert runner_software.identity(hashed) == software_id(content)


def test_a_version_that_pythonpath_puts_first_is_the_one_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = installed_software(Installation("numpy"))
    distribution(tmp_path, "blake3", "99.0")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = installed_software(Installation("numpy"))
    assert found.packages["blake3"] == "99.0"
    assert found.id != before.id


def test_a_module_that_hides_a_distribution_is_recorded_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    module = tmp_path / "numpy" / "__init__.py"
    module.write_text("")
    paths = os.pathsep.join([environment()["PYTHONPATH"], str(tmp_path)])
    found = said("numpy", PYTHONPATH=paths)
    assert found["packages"]["numpy"] == f"{metadata.version('numpy')}, numpy from {module}"


def test_harmless_folders_of_pythonpath_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = installed_software(Installation("numpy")).id
    (tmp_path / "mine.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert installed_software(Installation("numpy")).id == before


def test_variables_of_the_loader_are_part_of_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    before = installed_software(Installation("numpy"))
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere/lib")
    found = installed_software(Installation("numpy"))
    assert found.environment == {"LD_LIBRARY_PATH": "/nowhere/lib"}
    assert found.id != before.id


def test_a_requirement_of_some_platforms_alone_does_not_change_the_id(tmp_path: Path) -> None:
    def on(platform: str, *installed: str) -> dict[str, Any]:
        folder = tmp_path / platform
        machine = 'platform_machine == "x86_64"'
        distribution(folder, "net-kit", "1", f"net-kit-mkl>=1; {machine}", "ghost; extra == 'x'")
        for name in installed:
            distribution(folder, name, "7")
        paths = os.pathsep.join([environment()["PYTHONPATH"], str(folder)])
        return said("numpy", "net-kit", PYTHONPATH=paths)

    intel, arm = on("intel", "net-kit-mkl", "ghost"), on("arm")
    assert intel["id"] == arm["id"]
    assert (intel["platform_packages"], arm["platform_packages"]) == ({"net-kit-mkl": "7"}, {})


@pytest.mark.parametrize(
    ("line", "applies"),
    [
        ('old; python_version < "3.0"', False),
        ('new; python_version >= "3.0"', True),
        ('both; python_version < "3.0" or platform_machine == "x"', True),
        ("plain>=1", True),
    ],
)
def test_requirements_of_other_pythons_are_left_out(line: str, applies: bool) -> None:
    (parsed,) = runner_software._parsed(line)
    assert runner_software._for_this_python(parsed) is applies


def test_an_adapter_of_ones_own_counts_by_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    description = {"sources": ["python"], "adapter": "mine_adapter:Mine", "install": "numpy"}
    (folder / "framework.json").write_text(json.dumps(description))
    (folder / "requirements.txt").write_text("numpy\nblake3\n")
    adapter = folder / "mine_adapter.py"
    adapter.write_text("A = 1\n")
    first = said("mine", EQC_FRAMEWORKS=str(tmp_path))
    adapter.write_text("A = 2\n")
    second = said("mine", EQC_FRAMEWORKS=str(tmp_path))
    assert first["runner"].startswith(f"{runner_software.VERSION}+")
    assert first["runner"] != second["runner"]


def test_an_unknown_framework_is_named() -> None:
    argv = [sys.executable, "-m", "eqc_runner", "software", "nothing"]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert "no adapter for framework 'nothing'" in done.stderr


def test_the_version_was_thought_of_when_numerics_changed() -> None:
    """Where this fails: may the same packages now give other bits? Then raise ``VERSION``.

    Whether or not, ``make numerics`` records the files as they are.
    """
    known = json.loads(NUMERICS.read_text())
    files: dict[str, str] = known["files"]
    changed = sorted(n for n in {*files, *_numerics()} if files.get(n) != _numerics().get(n))
    assert not changed, "numbers depend on these files: see this test's docstring"
    assert known["version"] == runner_software.VERSION


def _numerics() -> dict[str, str]:
    """A hash of each file that numbers depend on, without its comments and docstrings."""
    paths = [path for name in WATCHED for path in _python(RUNNER / name)]
    return {p.relative_to(RUNNER).as_posix(): _hash(p) for p in paths}


def _python(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _hash(path: Path) -> str:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]
    return hashlib.blake2b(ast.dump(tree).encode(), digest_size=8).hexdigest()


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


if __name__ == "__main__":
    known = {"version": runner_software.VERSION, "files": _numerics()}
    NUMERICS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")

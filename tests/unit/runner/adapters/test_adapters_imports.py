"""What sessions import: each forked session would pay again for what its parent did not import."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from adapter_loading import started

pytestmark = pytest.mark.frameworks

LOAD = """
import sys, warnings
from pathlib import Path
from eqc_runner import adapters, worker
from eqc_runner.adapters.protocol import Settings
warnings.simplefilter("ignore")
source, name, folder = sys.argv[1:]
adapter = adapters.get("torch")
adapter.start()
worker.import_for_sources(adapter, {source})
before = set(sys.modules)
workload = {"source": source, "name": name, "path": name, "weights": "seed:1"}
settings = Settings(
    precision="float32", threads=None, batch=None, device="cpu", flags={}
)
adapter.load(workload, Path(folder), settings)
print(*(set(sys.modules) - before))
"""


def imported_by_load(source: str, name: str, folder: Path) -> set[str]:
    """The modules that loading a model imports in a process that is ready to be forked."""
    argv = [sys.executable, "-c", LOAD, source, name, str(folder)]
    output = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout
    return set(output.splitlines()[-1].split()) if output.strip() else set()


def test_a_builtin_torch_model_imports_nothing_of_size(tmp_path: Path) -> None:
    modules = imported_by_load("builtin", "cifar10-small", tmp_path)
    assert "sympy" not in modules
    assert len(modules) < 60


def test_an_exported_program_finds_its_reader_imported(tmp_path: Path) -> None:
    started("torch")
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(torch.nn.ReLU(), (torch.zeros(1, 3),))
        torch.export.save(program, str(tmp_path / "relu.pt2"))
    modules = imported_by_load("torch", "relu.pt2", tmp_path)
    assert "sympy" not in modules
    assert len(modules) < 60

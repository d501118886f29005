"""A framework whose package, ``eqc-halves``, has two versions: wheels that are made here.

Version 2 computes other bits than version 1; a third is for Pythons that nobody has.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

ADAPTER = '''
"""Halves of the input, as the package eqc_halves computes them."""

import numpy as np

from eqc_runner.models.builtin_model import builtin_model
from eqc_runner.tensor import Tensor


class Halves:
    name = "halves"

    def start(self):
        import eqc_halves

    def load(self, workload, job_dir, settings):
        return Model(builtin_model(workload, job_dir))

    def describe(self):
        import eqc_halves

        return {"version": eqc_halves.VERSION, "isa": {}, "threads": {}, "libraries": {}}


class Model:
    def __init__(self, model):
        self.facts = model.facts

    def run(self, inputs):
        import eqc_halves

        (given,) = inputs.values()
        return [("output", Tensor.of(eqc_halves.half(np.asarray(given))))]
'''
MODULE = """\
VERSION = {version!r}


def half(x):
    return {expression}


def model(inputs):
    (given,) = inputs.values()
    return half(given)
"""
HALF = {"1.0": "x / 3 * 1.5", "2.0": "x * 0.5"}


def two_versions(place: Path) -> tuple[Path, Path]:
    """(folder for EQC_FRAMEWORKS, folder with the wheels) in ``place``."""
    halves, wheels = place / "frameworks" / "halves", place / "wheels"
    halves.mkdir(parents=True)
    wheels.mkdir()
    (halves / "framework.json").write_text(
        json.dumps(
            {
                "sources": ["builtin"],
                "adapter": "halves_adapter:Halves",
                "install": "eqc-halves",
                "distribution": "eqc-halves",
            }
        )
    )
    (halves / "halves_adapter.py").write_text(ADAPTER)
    (halves / "requirements.txt").write_text("blake3\nnumpy\nsafetensors\neqc-halves\n")
    for version, expression in HALF.items():
        _wheel(wheels, version, expression)
    # A folder of wheels does not tell what they need but in their names, as an index does.
    _wheel(wheels, "3.0", "x", tag="cp38-none-any")
    return halves.parent, wheels


def _wheel(folder: Path, version: str, expression: str, tag: str = "py3-none-any") -> None:
    info = f"eqc_halves-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: eqc-halves\nVersion: {version}\n"
    texts = {
        "eqc_halves.py": MODULE.format(version=version, expression=expression),
        f"{info}/METADATA": f"{metadata}Requires-Python: >=3.8\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    texts[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*texts, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"eqc_halves-{version}-{tag}.whl", "w") as wheel:
        for name, text in texts.items():
            wheel.writestr(name, text)

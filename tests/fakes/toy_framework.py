"""A framework of our own for tests, in a folder that is not the project's."""

from __future__ import annotations

import json
from pathlib import Path

ADAPTER = '''
"""Sums: of the input by the standard library, of each weight by NumPy."""

import json
import math
from pathlib import Path

import numpy as np

from eqc_runner.adapters.protocol import LayerOutput
from eqc_runner.models.builtin_model import builtin_model
from eqc_runner.tensor import Tensor

SCALE = json.loads(Path(__file__).with_name("scale.json").read_text())


class Sums:
    name = "toy"

    def start(self):
        pass

    def load(self, workload, job_dir, settings):
        return Model(builtin_model(workload, job_dir))

    def describe(self):
        return {"version": "1.0", "isa": {}, "threads": {}, "libraries": {}}


class Model:
    def __init__(self, model):
        self.facts = model.facts
        self._weights = model.weights

    def run(self, inputs):
        (given,) = inputs.values()
        whole = math.fsum(given.ravel().tolist()) * SCALE
        sums = [weight.sum(dtype=np.float64) for weight in self._weights.values()]
        return [("output", Tensor.of(np.array([whole, *sums], dtype=np.float32)))]

    def run_layers(self, inputs):
        outputs = self.run(inputs)
        return outputs, [LayerOutput("sums", None, outputs[0][1])]
'''


def toy_framework(place: Path) -> Path:
    """Makes the folder ``toy`` in ``place``, which is what EQC_FRAMEWORKS is to name."""
    toy = place / "toy"
    toy.mkdir()
    description = {"sources": ["builtin"], "adapter": "sums:Sums", "install": "numpy"}
    (toy / "framework.json").write_text(json.dumps(description))
    (toy / "sums.py").write_text(ADAPTER)
    (toy / "scale.json").write_text("0.5")
    (toy / "requirements.txt").write_text("blake3\nnumpy\nsafetensors\n")
    (toy / "masks.json").write_text('{"levels": {"sse4": {"NPY_DISABLE_CPU_FEATURES": "X86_V4"}}}')
    return place

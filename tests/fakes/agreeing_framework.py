"""A framework for tests that computes by a variable, as others by the processor's instructions.

``PLANTED_ISA`` is what a mask sets; ``PLANTED_FIXED`` makes all alike, at twice the time;
``PLANTED_HALF`` changes bits and merges nothing; with ``PLANTED_OLD=no`` old code dies.
"""

from __future__ import annotations

import json
from pathlib import Path

ADAPTER = '''
"""One sum, rounded as the variables say."""

import os
import time

import numpy as np

from eqc_runner.adapters.protocol import ModelFacts
from eqc_runner.tensor import Tensor


class Planted:
    name = "planted"

    def start(self):
        pass

    def load(self, workload, job_dir, settings):
        return Model(settings)

    def describe(self):
        return {"version": "1.0", "isa": {}, "threads": {}, "libraries": {}}


class Model:
    facts = ModelFacts(None, None, None)

    def __init__(self, settings):
        self._flags = settings.flags

    def run(self, inputs):
        old = os.environ.get("PLANTED_ISA") == "old"
        if old and os.environ.get("PLANTED_OLD") == "no":
            raise RuntimeError("this processor lacks instructions")
        (given,) = inputs.values()
        step = np.float32(2.0**-20)
        rounding = 1 if old else 0
        if os.environ.get("PLANTED_FIXED"):
            time.sleep(0.02)
            rounding = 2
        if os.environ.get("PLANTED_HALF"):
            rounding += 4
        time.sleep(0.02)
        scores = given[:, :3, 0, 0] + rounding * step
        return [("output", Tensor.of(np.ascontiguousarray(scores, dtype=np.float32)))]

    def run_layers(self, inputs):
        return self.run(inputs), []
'''
SETTINGS = [
    ("environment", "PLANTED_FIXED", ["1"]),
    ("environment", "PLANTED_HALF", ["1"]),
    ("environment", "PLANTED_OLD", ["no"]),
    ("flag", "exact", [True]),
]


def agreeing_framework(place: Path) -> Path:
    """Makes the folder ``planted`` in ``place``, which is what EQC_FRAMEWORKS is to name."""
    folder = place / "planted"
    folder.mkdir()
    description = {
        "sources": ["builtin"],
        "adapter": "planted:Planted",
        "install": "numpy",
        "flags": {"exact": "boolean"},
    }
    settings = [
        {"kind": kind, "name": name, "values": values, "does": "what is planted", "source": "here"}
        for kind, name, values in SETTINGS
    ]
    (folder / "framework.json").write_text(json.dumps(description))
    (folder / "planted.py").write_text(ADAPTER)
    (folder / "requirements.txt").write_text("blake3\nnumpy\n")
    (folder / "masks.json").write_text('{"levels": {"sse4": {"PLANTED_ISA": "old"}}}')
    (folder / "agreement.json").write_text(json.dumps({"settings": settings}))
    return place

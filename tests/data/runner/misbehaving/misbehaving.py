"""A tiny framework for tests: the name of the workload says which fault it causes.

The environment variable MISBEHAVE_AT_START, with the same words, causes one at import.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.failures import Unsupported
from eqc_runner.tensor import Tensor

Inputs = Mapping[str, np.ndarray]


def misbehave(how: str) -> None:
    print(f"about to: {how}", file=sys.stderr, flush=True)
    if how == "segfault":
        ctypes.string_at(0)
    elif how == "sigill":
        os.kill(os.getpid(), signal.SIGILL)
    elif how == "executes-ud2":
        execute(b"\x0f\x0b")
    elif how == "raise":
        raise RuntimeError("this model does not like you")
    elif how == "unsupported":
        raise Unsupported("unsupported-operator", "no such operator: Frobnicate")
    elif how == "allocate":
        sys.stderr.write(f"{np.ones(1 << 32, dtype=np.uint8).sum()}\n")
    elif how == "bad-alloc":
        raise RuntimeError("[ONNXRuntimeError] std::bad_alloc")
    elif how == "sleep":
        time.sleep(600)
    elif how == "sleep-with-child":
        with subprocess.Popen(["sleep", "600"]) as process:
            process.wait()
    elif how == "exit":
        os._exit(3)
    elif how == "exit-132":
        os._exit(132)
    elif how == "system-exit":
        sys.exit(0)
    elif how == "chatter":
        os.write(1, b'{"event": "not for the supervisor"}\n' * 1000)
        os.write(2, b"x" * 200_000)
    elif how == "kill-worker":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)


def execute(code: bytes) -> None:
    import mmap

    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    ctypes.CFUNCTYPE(None)(address)()


class Model:
    facts = ModelFacts(parameters=7, multiplications=None, weights=None)

    def __init__(self, how: str, settings: Settings) -> None:
        self.how = how
        self.settings = settings
        self.runs = 0

    def run(self, inputs: Inputs) -> list[tuple[str, Tensor]]:
        misbehave(self.how)
        self.runs += 1
        value = inputs["input"] * 2
        if self.how == "count-runs":
            # A counter in the process: if sessions shared state, the output would change.
            value = value + type(self).count()
        if self.how == "dispatch":
            # An object that chooses by CPUID when it is loaded.
            chosen = ctypes.CDLL(os.environ["OBJECT"]).plugin_chosen()
            value = value * np.float32(chosen & 0xFFFFFF)
        if self.how == "two-outputs":
            return [("a", Tensor.of(value)), ("b", Tensor.of(value[:0]))]
        return [("out", Tensor.of(value))]

    def run_layers(self, inputs: Inputs) -> tuple[list[tuple[str, Tensor]], list[LayerOutput]]:
        assert self.runs == 1, "the plain run comes first"
        name, tensor = self.run(inputs)[0]
        if self.how == "perturbed":
            tensor = Tensor.of(np.nextafter(tensor.array, np.float32(np.inf)))
        layers = [
            LayerOutput("first", "multiply", tensor),
            LayerOutput("second", None, Tensor("bfloat16", np.arange(3, dtype=np.uint16))),
            LayerOutput("third", "argmax", Tensor.of(np.array(1, dtype=np.int64))),
        ]
        return [(name, tensor)], layers

    _count = 0

    @classmethod
    def count(cls) -> int:
        cls._count += 1
        return cls._count


class Framework:
    name = "misbehaving"

    def start(self) -> None:
        how = os.environ.get("MISBEHAVE_AT_START", "")
        with Path(os.environ["IMPORT_LOG"]).open("a") as log:
            log.write(f"{os.getpid()}\n")
        if how == "missing":
            import a_framework_that_nobody_has  # noqa: F401
        if how:
            misbehave(how)

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Model:
        return Model(workload["name"], settings)

    def describe(self) -> dict[str, Any]:
        return {
            "version": "1",
            "isa": {"steering": os.environ.get("OMP_NUM_THREADS")},
            "threads": {},
            "libraries": {},
        }

"""Every CPUID instruction that a framework executes is one that the search has found.

The processor itself tells which are executed: it raises a fault for each (CPUID faulting), which
tests/data/presentation/executed.c notes before it executes the instruction in its place.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from eqc_runner.presentation.elf import Elf
from eqc_runner.presentation.scan import scan
from tests.environment import ROOT

CONV_MODEL = """
import sys, numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper
a = np.random.default_rng(1).standard_normal
def of(name, *shape): return numpy_helper.from_array(a(shape).astype("f4"), name)
def told(name, *shape): return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
graph = helper.make_graph(
    [helper.make_node("Conv", ["x", "k"], ["c"]), helper.make_node("Flatten", ["c"], ["f"]),
     helper.make_node("MatMul", ["f", "w"], ["m"]), helper.make_node("Softmax", ["m"], ["y"])],
    "g", [told("x", 1, 8, 16, 16)], [told("y", 1, 10)],
    [of("k", 16, 8, 3, 3), of("w", 16 * 14 * 14, 10)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
x = a((1, 8, 16, 16)).astype("f4")
"""
PROGRAMS = {
    "numpy": """
import numpy as np
a = np.random.default_rng(1).standard_normal((64, 64))
for each in (a, a.astype("f4")): np.linalg.svd(each @ each), np.exp(each), np.sort(each)
""",
    "torch": """
import torch
x = torch.randn(1, 8, 16, 16)
torch.nn.Conv2d(8, 16, 3)(x).flatten(1) @ torch.randn(16 * 14 * 14, 10)
torch.softmax(torch.linalg.svd(torch.randn(32, 32)).S, 0).exp().sum()
""",
    "tensorflow": """
import tensorflow as tf
x = tf.random.normal((1, 16, 16, 8))
tf.function(lambda x: tf.nn.softmax(tf.reshape(
    tf.nn.conv2d(x, tf.ones((3, 3, 8, 16)), 1, "SAME"), (1, -1)) @ tf.ones((16 * 16 * 16, 10))))(x)
""",
    "onnxruntime": CONV_MODEL
    + """
import onnxruntime
onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
""",
    "openvino": CONV_MODEL
    + """
import openvino
openvino.compile_model(openvino.Core().read_model(model.SerializeToString()), "CPU")([x])
""",
    "jax": """
import jax, jax.numpy as jnp
x = jnp.ones((1, 8, 16, 16))
jax.jit(lambda x: jax.nn.softmax(jax.lax.conv(x, jnp.ones((16, 8, 3, 3)), (1, 1), "SAME").reshape(
    1, -1) @ jnp.ones((16 * 16 * 16, 10))))(x).block_until_ready()
""",
    "litert": """
import sys
from ai_edge_litert.interpreter import Interpreter
i = Interpreter(model_path=sys.argv[1])
i.allocate_tensors(); i.invoke()
""",
}
TFLITE = """
import sys, tensorflow as tf
m = tf.keras.Sequential([tf.keras.Input((16, 16, 8)), tf.keras.layers.Conv2D(16, 3),
                         tf.keras.layers.Flatten(), tf.keras.layers.Dense(10, "softmax")])
open(sys.argv[1], "wb").write(tf.lite.TFLiteConverter.from_keras_model(m).convert())
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that notes what is executed."""
    if " cpuid_fault " not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this CPU cannot raise a fault for CPUID")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    path = tmp_path_factory.mktemp("executed") / "executed.so"
    source = ROOT / "tests/data/presentation/executed.c"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", path, source], check=True)
    return path


@pytest.mark.slow
@pytest.mark.frameworks
@pytest.mark.parametrize("framework", PROGRAMS)
def test_every_executed_cpuid_is_a_site(framework: str, executed: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    if framework == "litert":
        subprocess.run([sys.executable, "-c", TFLITE, model], check=True, capture_output=True)
    folder = tmp_path / "noted"
    folder.mkdir()
    noted = {**os.environ, "LD_PRELOAD": str(executed), "EXECUTED_FOLDER": str(folder)}
    program = [sys.executable, "-c", PROGRAMS[framework], model]
    done = subprocess.run(program, env=noted, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = executed_in(folder)
    files = scan([path for path in found if Path(path).is_file()])
    sites = {file.path: {int(each, 16) for each in has.cpuid.split(",") if each}
             for file, has in files.items()}  # fmt: skip
    for path, addresses in sorted(found.items()):
        print(f"{framework}: {len(addresses)} of {len(sites.get(path, ()))} executed in {path}")
        assert addresses <= sites[path], [hex(each) for each in addresses - sites[path]]
    assert sum(map(len, found.values())) > 5


def executed_in(folder: Path) -> dict[str, set[int]]:
    """By real path, the addresses (as in its program headers) of executed CPUID instructions."""
    found: dict[str, set[int]] = defaultdict(set)
    for noted in folder.glob("*.addresses"):
        content = noted.read_bytes()
        maps = noted.with_suffix(".maps").read_text() if content else ""
        for (address,) in struct.iter_unpack("<Q", content):
            path, offset = _mapped(maps, address)
            with Path(path).open("rb") as file:
                segments = Elf(file.read()).segments
            found[path].update(
                each.address + offset - each.offset
                for each in segments
                if each.executable and each.offset <= offset < each.offset + each.size
            )
    return found


def _mapped(maps: str, address: int) -> tuple[str, int]:
    """The file that is mapped at ``address``, and where in it that is."""
    for line in maps.splitlines():
        fields = line.split(maxsplit=5)
        start, end = (int(each, 16) for each in fields[0].split("-"))
        if start <= address < end:
            assert len(fields) > 5, f"CPUID executed in memory of no file: {line}"
            return fields[5], address - start + int(fields[2], 16)
    raise AssertionError(f"{address:#x} is no longer mapped")

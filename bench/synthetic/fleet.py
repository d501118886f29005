"""Outputs of a synthetic fleet, for the benchmarks of the analysis.

Every layer has its shape in ``cifar10-resnet18``. The classes of a layer have sign, exponent and
some leading mantissa bits in common and differ in lower bits, as those of a real fleet do.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "images" / "runner")]

from eqc_runner.chain import chain
from eqc_runner.digest import digest
from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builtin.cifar10_resnet18 import cifar10_resnet18
from eqc_runner.models.graph import Layer
from eqc_runner.tensor import Tensor

Layers = list[tuple[Layer, list[npt.NDArray[np.float32]], list[int]]]


def layers(stem: str, platforms: int) -> Layers:
    """Per layer: its tensors, one per class (5…16), and each platform's class as an index."""
    random = np.random.Generator(np.random.Philox(3))
    found: Layers = []
    for layer in cifar10_resnet18(Arguments("cifar10-resnet18", {"stem": stem})).layers:
        classes = int(random.integers(5, 17))
        base = random.standard_normal((1, *layer.shape)).astype(np.float32)
        tensors = [deviating(base, random) for _ in range(classes)]
        of = [*range(classes), *random.integers(0, classes, platforms - classes).tolist()]
        found.append((layer, tensors, random.permutation(of).tolist()))
    return found


def deviating(
    base: npt.NDArray[np.float32], random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """``base`` with noise in the low mantissa bits of about half its elements.

    3 to 11 bits remain equal. In a typical sum another order of summation changes a few bits; in
    the smallest of n sums it changes about log2(n) bits more.
    """
    bits = random.integers(12, 21)
    noise = random.integers(0, 1 << int(bits), base.shape, dtype=np.uint32)
    noise[random.random(base.shape) < 0.5] = 0
    words = base.view(np.uint32) ^ noise
    # Change at least one element: else a softmax of ten values might not differ at all.
    words.reshape(-1)[0] = base.view(np.uint32).reshape(-1)[0] ^ np.uint32(
        1 << (int(bits) - 1) | int(random.integers(0, 1 << (int(bits) - 1)))
    )
    return words.view(np.float32)


def described(layer: Layer, index: int, tensor: npt.NDArray[Any]) -> dict[str, Any]:
    """One entry of a record's ``outputs``, with digest and chain."""
    named = Tensor("float32", tensor)
    return {
        "name": layer.name,
        "role": "layer",
        "index": index,
        "operation": layer.operation,
        "dtype": named.dtype,
        "shape": list(named.shape),
        "digest": digest(named),
        "chain": chain(named),
        "tensor": False,
    }


def line(platform: str, number: int, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """A stored observation (docs/formats.md, section 5) of ``platform``."""
    cell = hashlib.blake2b(f"{platform}/{number}".encode(), digest_size=8).hexdigest()
    parts = {
        "platform": {"id": platform, "provider": "local", "name": platform, "parameters": {}},
        "workload": {"id": f"w{number // 3}", "label": f"model {number // 3}"},
        "input": {"id": f"i{number % 3}", "label": f"digits:{number % 3}"},
        "variant": {"id": "v", "label": "tensorflow float32"},
    }
    return {
        "schema": 1,
        "cell": cell,
        "session": 0,
        "status": "ok",
        "reason": None,
        "outputs": outputs,
        "experiment": "bench",
        "run": "r",
        "attempt": 0,
        "machine": {"id": platform},
        "fingerprint": None,
        "recorded": "2026-01-01T00:00:00Z",
        **parts,
    }


def stored(folder: Path, fleet: Layers, platforms: int) -> None:
    """Write the observations of ``fleet`` as a run: one file per machine."""
    outputs = [
        [described(layer, index, tensor) for tensor in tensors]
        for index, (layer, tensors, _) in enumerate(fleet)
    ]
    (folder / "observations").mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"schema": 1, "run": "r", "experiment": "bench"}))
    for place in range(platforms):
        own = [outputs[index][of[place]] for index, (_, _, of) in enumerate(fleet)]
        text = json.dumps(line(f"p{place:03}", 0, own))
        (folder / "observations" / f"p{place:03}.jsonl").write_text(text + "\n")


def simulated(
    platforms: int, partitions: int = 9, outputs: int = 60, classes: int = 16
) -> Iterator[dict[str, Any]]:
    """Lines of a large fleet. Chains are generated, not computed: 24 values that branch."""
    random = np.random.Generator(np.random.Philox(4))
    for number in range(partitions):
        table = [
            [_drawn(number, index, which, index == outputs - 1) for which in range(classes)]
            for index in range(outputs)
        ]
        of = random.integers(0, classes, (platforms, outputs)).tolist()
        for place in range(platforms):
            own = [table[index][which] for index, which in enumerate(of[place])]
            yield line(f"p{place:05}", number, own)


def _drawn(number: int, index: int, which: int, last: bool) -> dict[str, Any]:
    links, seed = [], f"{number}/{index}"
    # At each of several depths half of the classes branch off, so that the tree has many nodes.
    for depth in range(24):
        seen = which & ((1 << min(depth // 4, 5)) - 1)
        links.append(hashlib.blake2b(f"{seed}/{depth}/{seen}".encode(), digest_size=8).hexdigest())
    name = "output" if last else f"layer_{index}"
    return {
        "name": name,
        "role": "final" if last else "layer",
        "index": 0 if last else index,
        "operation": None if last else "conv2d",
        "dtype": "float32",
        "shape": [1, 16, 16, 64],
        "digest": hashlib.blake2b(f"{seed}/{which}".encode(), digest_size=32).hexdigest(),
        "chain": links,
        "tensor": False,
    }

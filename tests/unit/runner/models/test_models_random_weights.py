"""Weights from a seed: constants of this project, the same on every platform."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eqc_runner.models.builtin import build
from eqc_runner.models.graph import Weight
from eqc_runner.models.random_weights import CHUNK, INITIALIZERS, random_weight, random_weights
from eqc_runner.models.weights import weights_digest

DIGESTS = {
    "cifar10-small": "33a350f7570f4de9904f28eecf59970703c2f0077e611e1b6519d12aec0b17b0",
    "cifar10-resnet18": "ec86035b7152fe6959d804753add5abb0f7625621d3e5d8781eba918d1891f40",
    "deepweeds-resnet50v2": "1a65724b47f17d2242bb0f18f0c6a99a12f6a920d4ff62dad106c87d464332e3",
    "lenet5": "e97c624d590b497807b7e0b808c09a41263d14511db75bc9f21613385967529f",
    "conv": "e661dc6af4375c7d4363fd61cfd4d2bd897fac3135f3bc93ed47f80d449369e5",
}
"""Digests of the weights of ``seed:1``. If one changes, so do all results computed with seeds."""

EMULATED = """
import sys
from eqc_runner.models.builtin import build
from eqc_runner.models.random_weights import random_weights
from eqc_runner.models.weights import weights_digest
for name in sys.argv[1:]:
    print(name, weights_digest(random_weights(build(name, {}), 1).values()))
"""


@pytest.mark.parametrize("name", DIGESTS)
def test_bits_are_constant(name: str) -> None:
    assert weights_digest(random_weights(build(name, {}), 1).values()) == DIGESTS[name]


@pytest.mark.emulated
def test_bits_are_the_same_on_an_old_processor() -> None:
    """Nehalem has neither AVX nor FMA."""
    names = [name for name in DIGESTS if name != "deepweeds-resnet50v2"]
    runner = Path(__file__).parents[4] / "images/runner"
    done = subprocess.run(
        ["qemu-x86_64-static", "-cpu", "Nehalem,check=off", sys.executable, "-c", EMULATED, *names],
        env={**os.environ, "PYTHONPATH": str(runner)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert dict(line.split() for line in done.stdout.splitlines()) == {n: DIGESTS[n] for n in names}


def test_a_layer_does_not_depend_on_others() -> None:
    relu = random_weights(build("cifar10-small", {}), 3)
    average = random_weights(build("cifar10-small", {"pooling": "average"}), 3)
    assert all(np.array_equal(relu[name], average[name]) for name in relu)
    kernel = next(w for w in build("cifar10-small", {}).weights if w.name == "dense_2/kernel")
    assert np.array_equal(random_weight(kernel, 3), relu["dense_2/kernel"])
    assert not np.array_equal(random_weight(kernel, 4), relu["dense_2/kernel"])


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_chunks_change_no_bit(initializer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weight = Weight("layer", "kernel", (3, 3, 8, 40), initializer)
    whole = random_weight(weight, 0)
    monkeypatch.setattr("eqc_runner.models.random_weights.CHUNK", 1000)
    assert weight.size < CHUNK
    assert np.array_equal(whole, random_weight(weight, 0))


def test_distributions() -> None:
    shape = (3, 3, 64, 256)
    he = random_weight(Weight("a", "kernel", shape, "he_normal"), 0)
    assert float(he.std()) == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.01)
    assert abs(float(he.mean())) < 1e-3
    kurtosis = float(np.mean((he / he.std()) ** 4))
    assert kurtosis == pytest.approx(3 - 6 / 5 / 12, abs=0.05)
    glorot = random_weight(Weight("a", "kernel", shape, "glorot_uniform"), 0)
    limit = (6 / (9 * 64 + 9 * 256)) ** 0.5
    assert float(np.abs(glorot).max()) <= limit
    assert float(np.abs(glorot).max()) == pytest.approx(limit, rel=1e-3)
    unit = random_weight(Weight("a", "kernel", shape, "unit_uniform"), 0)
    assert float(unit.min()) >= 0
    assert float(unit.mean()) == pytest.approx(0.5, abs=0.01)
    variance = random_weight(Weight("a", "variance", (512,), "variance"), 0)
    assert float(variance.min()) >= 0.5

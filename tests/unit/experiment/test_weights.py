"""``weights:`` as a mapping: distributions, and one layer of a model."""

from __future__ import annotations

import pytest

from eqc_runner.models.random_weights import parse_weights
from orchestrator.model.experiment import Workload

from .conftest import Load, Told, text_of

ANY = "inputs: [{random: {seed: 1}}]\n"


def entry(weights: str, model: str = "builtin:cifar10-resnet18") -> str:
    line = f"  - {{model: '{model}', on: numpy, weights: {weights}}}\n"
    return text_of(workloads="workloads:\n" + line, inputs=ANY)


def one(load: Load, weights: str, model: str = "builtin:cifar10-resnet18") -> Workload:
    ((workload, _),) = load(entry(weights, model)).workloads
    return workload


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("{distribution: normal}", "normal:mean=0.0,std=1.0,seed=0"),
        (
            "{distribution: normal, mean: -0.019, std: 0.226, seed: 3}",
            "normal:mean=-0.019,std=0.226,seed=3",
        ),
        ("{distribution: uniform, low: -1, high: 1}", "uniform:low=-1.0,high=1.0,seed=0"),
        ("{distribution: glorot, seed: 2}", "glorot:seed=2"),
        ("{distribution: he}", "he:seed=0"),
    ],
)
def test_a_distribution_is_one_text_that_the_runner_reads(
    load: Load, written: str, text: str
) -> None:
    assert one(load, written).weights == text
    distribution, seed = parse_weights(text)
    assert distribution.name in text
    assert text.endswith(f"seed={seed}")


def test_a_layer_has_its_input_and_the_models_weights(load: Load) -> None:
    alone = one(load, "{layer: conv2d_11}")
    assert dict(alone.arguments) == {"layer": "conv2d_11"}
    assert (alone.weights, alone.label) == ("seed:0", "cifar10-resnet18 layer=conv2d_11")
    trained = one(load, "{layer: conv2d_1}", "builtin:lenet5")
    assert trained.weights == "trained"
    drawn = one(load, "{layer: conv2d_11, distribution: glorot, seed: 1}")
    assert (drawn.weights, drawn.arguments) == ("glorot:seed=1", alone.arguments)


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ("{layer: conv2d_110}", "no layer 'conv2d_110'; did you mean 'conv2d_11'"),
        ("{layer: x}", "no layer 'x'; valid: activation, "),
        ("{distribution: norml}", "did you mean 'normal'"),
        ("{distribution: normal, low: 1}", "low belongs to the distribution uniform"),
        ("{distribution: normal, std: 0}", "std"),
        ("{distribution: uniform, low: 2, high: 1}", "low 2 is not below high 1"),
        ("{seed: 1}", "a distribution or a layer"),
        ("{layer: conv2d, seed: 1}", "weights: seed:1"),
    ],
)
def test_a_mistake(told: Told, written: str, part: str) -> None:
    found = told(entry(written))
    assert any(part in mistake.message for mistake in found), found
    assert {mistake.line for mistake in found} == {4}


def test_one_layer_has_no_layers(told: Told) -> None:
    assert "it is one layer" in told(entry("{layer: conv2d}", "builtin:conv"))[0].message

"""Builtin graphs: parameters, layers and shapes as the study and Keras state them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqc_runner.failures import Failed
from eqc_runner.models.builtin import BUILTIN, build


@pytest.mark.parametrize(
    ("name", "arguments", "parameters", "layers"),
    [
        ("cifar10-small", {}, 59_354, 13),
        ("cifar10-small", {"activation": "sigmoid", "pooling": "average"}, 59_354, 13),
        ("cifar10-resnet18", {}, 11_191_306, 60),
        ("cifar10-resnet18", {"stem": "cifar"}, 11_183_626, 59),
        ("deepweeds-resnet50v2", {}, 24_744_457, 192),
        ("lenet5", {}, 61_706, 13),
        ("conv", {"kernel": 5, "filters": 7, "channels": 2}, 350, 1),
    ],
)
def test_parameters_and_layers(
    name: str, arguments: dict[str, object], parameters: int, layers: int
) -> None:
    graph = build(name, arguments)
    assert (graph.parameters, len(graph.layers)) == (parameters, layers)


def test_resnet18_has_the_layers_of_the_study() -> None:
    """The study's Tables SUP-5 and SUP-8, and the position of conv2d_14 in Section 3.3."""
    layers = build("cifar10-resnet18", {}).layers
    in_convolutions = sum(w.size for x in layers if x.operation == "conv2d" for w in x.weights)
    activations = [number for number, x in enumerate(layers, 1) if x.operation == "relu"]
    assert in_convolutions == 11_170_816
    assert activations == [5, 9, 12, 18, 23, 26, 32, 37, 40, 46, 51, 54]
    assert next(x for x in layers if x.name == "conv2d_14").shape == (2, 2, 256)
    assert next(x for x in layers if x.name == "flatten").shape == (512,)
    assert 10**6 < max(x.multiplications for x in layers) < 10**7


def test_small_has_the_layers_of_the_study() -> None:
    """The study's Table SUP-6; activations at 2, 5, 9 and 11 as in its Table SUP-8."""
    layers = {x.name: x for x in build("cifar10-small", {}).layers}
    assert layers["pooling2d"].shape == (16, 16, 3)
    assert layers["pooling2d_1"].shape == (8, 8, 5)
    assert layers["flatten_1"].shape == (320,)
    sizes = {name: sum(w.size for w in x.weights) for name, x in layers.items() if x.weights}
    assert sizes == {
        "conv2d": 84, "conv2d_1": 380, "dense_1": 41_088, "dense_2": 16_512, "dense_3": 1_290
    }  # fmt: skip
    numbers = [n for n, x in enumerate(layers.values(), 1) if x.operation == "relu"]
    assert numbers == [2, 5, 9, 11]


def test_arguments_exchange_activation_and_pooling() -> None:
    graph = build("cifar10-resnet18", {"activation": "sigmoid", "pooling": "average"})
    operations = {layer.operation for layer in graph.layers}
    assert {"sigmoid", "average_pool"} <= operations
    assert not {"relu", "max_pool"} & operations


@given(
    kernel=st.integers(1, 7),
    filters=st.integers(1, 9),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    channels=st.integers(1, 5),
)
def test_conv_counts_its_multiplications(
    kernel: int, filters: int, height: int, width: int, channels: int
) -> None:
    arguments = {"kernel": kernel, "filters": filters, "channels": channels}
    graph = build("conv", {**arguments, "height": height, "width": width})
    assert graph.layers[0].shape == (height, width, filters)
    assert graph.multiplications == height * width * kernel * kernel * channels * filters


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("resnet", {}, list(BUILTIN)),
        ("cifar10-small", {"activaton": "relu"}, ["activaton", "activation", "pooling"]),
        ("cifar10-small", {"activation": "gelu"}, ["gelu", "relu", "sigmoid"]),
        ("conv", {"kernel": 0}, ["kernel", "at least 1"]),
        ("conv", {"filters": True}, ["filters", "True"]),
        ("conv", {"kernel": 9, "size": 4, "padding": "valid"}, ["conv2d", "empty"]),
        ("deepweeds-resnet50v2", {"pooling": "max"}, ["pooling", "none"]),
    ],
)
def test_mistakes_name_what_is_valid(
    name: str, arguments: dict[str, object], named: list[str]
) -> None:
    with pytest.raises(Failed) as caught:
        build(name, arguments)
    assert all(word in caught.value.message for word in named)

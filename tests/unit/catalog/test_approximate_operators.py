"""Lists of approximate instructions and of the operators that use them."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from eqc_runner.models.builtin import BUILTIN, build
from eqc_runner.probe.approximate_code import arm64_loops, x86_loops
from orchestrator.catalog.approximate_operators import (
    approximate_operators,
    builtin_operations,
    may_contain_others,
    operator_of,
)
from orchestrator.catalog.approximate_units import approximation_units, group_of, groups
from orchestrator.catalog.lists import read

LIST = read("approximate_operators.json")


def test_every_instruction_of_the_probe_is_in_one_group() -> None:
    listed = [name for names in groups().values() for name in names]
    assert sorted(listed) == sorted({*x86_loops(), *arm64_loops()})
    assert group_of("fsin") == "x87 functions"
    assert group_of("addps") is None


def test_digests_that_are_known_have_their_form() -> None:
    known = read("approximate_units.json")["digests"]
    for name, found in known.items():
        assert group_of(name) is not None
        for digest in found:
            assert re.fullmatch("blake3:[0-9a-f]{64}", digest)


def test_a_group_of_which_nothing_is_executed_has_no_unit() -> None:
    assert set(approximation_units({}).values()) == {"none"}


@pytest.mark.parametrize("framework", sorted(LIST["frameworks"]))
def test_operators_name_instructions_that_are_probed(framework: str) -> None:
    operators = approximate_operators(framework)
    assert operators is not None
    for name, given in operators.items():
        assert given
        assert all(group_of(one) for one in given)
        assert operator_of(name) == name
    found = LIST["frameworks"][framework]
    assert set(operators) <= set(found["measured"])
    for name, given in found["independent"].items():
        assert not set(given) & set(operators.get(name, ()))
    assert found["version"]


def test_a_framework_that_was_not_measured() -> None:
    assert approximate_operators("toy") is None


@pytest.mark.parametrize(
    ("operation", "operator"),
    [
        ("softmax", "softmax"),
        ("Softmax", "softmax"),
        ("_softmax", "softmax"),
        ("BatchNormalization", "batch_normalization"),
        ("_native_batch_norm_legit_no_training", "batch_normalization"),
        ("something_new", "something_new"),
    ],
)
def test_names_of_frameworks_are_one(operation: str, operator: str) -> None:
    assert operator_of(operation) == operator


def test_layers_that_take_an_activation_may_compute_more() -> None:
    assert may_contain_others("dense")
    assert may_contain_others("Conv2D")
    assert not may_contain_others("flatten")


def variants(name: str) -> list[dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {
        "cifar10-small": {
            "activation": ["relu", "sigmoid", "linear"],
            "pooling": ["max", "average"],
        },
        "cifar10-resnet18": {
            "activation": ["relu", "sigmoid", "linear"],
            "pooling": ["max", "average"],
            "stem": ["study", "cifar"],
        },
        "lenet5": {"activation": ["tanh", "relu", "sigmoid"], "pooling": ["max", "average"]},
    }
    own = known.get(name, {})
    return [{}, *(dict(zip(own, values, strict=True)) for values in product(*own.values()))]


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_builtin_models_have_the_operations_listed(name: str) -> None:
    for arguments in variants(name):
        built = {layer.operation for layer in build(name, arguments).layers}
        listed = set(builtin_operations(name, arguments) or ())
        assert built <= listed
        assert listed - built <= {"global_average_pool", "flatten", "max_pool", "average_pool"}


def test_another_name_is_no_builtin() -> None:
    assert builtin_operations("mine", {}) is None

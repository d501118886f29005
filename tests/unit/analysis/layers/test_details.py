from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from orchestrator.analysis.classes.consequences import Tensor
from orchestrator.analysis.layers.details import deviating_shares, effect_counts, layer_details
from orchestrator.analysis.layers.profile import layer_grids
from orchestrator.analysis.observations.table import observations_table
from orchestrator.results.layers import Effect, LayerDetails
from tests.unit.analysis.records import output, record

X = np.linspace(1, 2, 8, endpoint=False, dtype=np.float32)
"""All have one exponent: a flipped mantissa bit of value 2^k leaves 22 - k leading bits equal."""


def flipped(elements: int, bit: int) -> np.ndarray:
    words = X.copy().view(np.uint32)
    words[:elements] ^= np.uint32(1 << bit)
    return words.view(np.float32)


class Stored(dict[str, Tensor]):
    """Tensors by digest, as a store gives them; counts what is read."""

    reads = 0

    def __call__(self, digest: str) -> Tensor | None:
        self.reads += 1
        return self.get(digest)


def layer(stored: Stored, name: str, index: int, operation: str, array: np.ndarray) -> Any:
    entry = {**output(array, name, index), "operation": operation}
    stored[entry["digest"]] = (array.dtype.name, array.shape, array)
    return entry


Chain = Sequence[tuple[str, np.ndarray]]


def records(stored: Stored, platforms: Mapping[str, Chain], given: str = "digits:0") -> list[Any]:
    return [
        record(
            name,
            [
                layer(stored, f"{operation}_{index}", index, operation, array)
                for index, (operation, array) in enumerate(chain)
            ],
            given=given,
        )
        for name, chain in platforms.items()
    ]


def found_in(records: Sequence[Any], stored: Stored | None = None) -> tuple[LayerDetails, ...]:
    observations = observations_table(records)
    return layer_details(observations, layer_grids(observations), stored)


FLEET: Mapping[str, Chain] = {
    "p": [("conv2d", X), ("relu", X), ("conv2d", X), ("sigmoid", X)],
    "q": [
        ("conv2d", flipped(4, 10)),
        ("relu", flipped(2, 5)),
        ("conv2d", flipped(2, 5)),
        ("sigmoid", flipped(6, 12)),
    ],
    "r": [("conv2d", flipped(6, 10)), ("relu", X), ("conv2d", X), ("sigmoid", X)],
}


def test_effects_and_shares_of_a_small_fleet() -> None:
    stored = Stored()
    found = found_in(records(stored, FLEET), stored)
    assert len(found) == 1
    details = found[0].layers
    assert [(each.before, each.after) for each in details] == [
        (23, 12),
        (12, 17),
        (17, 17),
        (17, 10),
    ]
    assert [each.effect for each in details] == [
        Effect.LOWERS,
        Effect.RAISES,
        Effect.KEEPS,
        Effect.LOWERS,
    ]
    assert [each.deviating_after for each in details] == [0.75, 0.25, 0.25, 0.75]
    assert [each.deviating_before for each in details] == [0.0, 0.75, 0.25, 0.25]
    assert found[0].complete
    # Three classes, then two and two; the third layer's tensors are those of the second.
    assert stored.reads == 3 + 2 + 2


def test_without_tensors_effects_are_known_and_shares_are_not() -> None:
    found = found_in(records(Stored(), FLEET))[0]
    assert found.layers[1].effect is Effect.RAISES
    assert found.layers[1].deviating_before is None
    assert found.layers[1].deviating_after is None
    assert not found.complete
    assert found.missing_tensors == 5  # distinct ones: X is in every layer


def test_where_all_agree_no_tensor_is_needed() -> None:
    same = {"p": [("conv2d", X)], "q": [("conv2d", X)]}
    found = found_in(records(Stored(), same))[0]
    assert found.layers[0].deviating_after == 0.0
    assert found.complete


def test_one_lost_tensor_hides_only_the_layers_that_need_it() -> None:
    stored = Stored()
    given = records(stored, FLEET)
    del stored[output(flipped(6, 10))["digest"]]
    found = found_in(given, stored)[0]
    assert [each.deviating_after for each in found.layers] == [None, 0.25, 0.25, 0.75]
    assert found.missing_tensors == 1


def test_a_platform_that_lacks_a_layer_is_left_out_of_both_sides() -> None:
    fleet = {
        "p": [("conv2d", X), ("relu", X)],
        "q": [("conv2d", flipped(1, 3)), ("relu", flipped(1, 3))],
        "r": [("conv2d", flipped(8, 20))],
    }
    stored = Stored()
    found = found_in(records(stored, fleet), stored)[0]
    relu = found.layers[1]
    assert (relu.platforms, relu.before, relu.after) == (2, 19, 19)
    assert relu.effect is Effect.KEEPS
    assert relu.deviating_before == 0.125


def test_bits_deviate_even_where_values_do_not() -> None:
    fleet = {"p": [("relu", np.zeros(2, np.float32))], "q": [("relu", -np.zeros(2, np.float32))]}
    stored = Stored()
    found = found_in(records(stored, fleet), stored)[0]
    assert found.layers[0].deviating_after == 1.0


def test_shapes_that_differ_have_no_share() -> None:
    fleet = {"p": [("relu", X)], "q": [("relu", X[:4])]}
    stored = Stored()
    found = found_in(records(stored, fleet), stored)[0]
    assert found.layers[0].deviating_after is None
    assert found.layers[0].effect is Effect.LOWERS


def test_a_complex_element_deviates_where_one_part_does() -> None:
    one = np.array([1 + 2j, 3 + 4j, 5 + 6j, 7 + 8j], dtype=np.complex64)
    other = one.copy()
    other.view(np.float32)[1:3] = 0
    stored = Stored()
    found = found_in(records(stored, {"a": [("fft", one)], "b": [("fft", other)]}), stored)[0]
    assert found.layers[0].deviating_after == 0.5


def test_empty_layers_of_other_shapes_have_no_share() -> None:
    fleet = {"a": [("conv", X[:0])], "b": [("conv", X[:0].reshape(0, 3))]}
    stored = Stored()
    assert found_in(records(stored, fleet), stored)[0].layers[0].deviating_after is None


def test_tables_average_over_inputs() -> None:
    stored = Stored()
    flat = {name: [("conv2d", X), ("relu", X)] for name in "pq"}
    both = [*records(stored, FLEET), *records(stored, flat, given="digits:1")]
    details = found_in(both, stored)
    counts = {count.operation: count for count in effect_counts(details)}
    assert counts.keys() == {"relu", "sigmoid"}
    relu = counts["relu"]
    assert (relu.inputs, relu.raises, relu.keeps, relu.lowers) == (2, 0.5, 0.5, 0.0)
    shares = {share.name: share for share in deviating_shares(details)}
    assert shares["relu_1"].before == pytest.approx(0.375)
    assert shares["relu_1"].after == pytest.approx(0.125)
    assert (shares["relu_1"].inputs, shares["sigmoid_3"].inputs) == (2, 1)


def test_inputs_without_tensors_are_counted_apart() -> None:
    details = found_in(records(Stored(), FLEET))
    share = next(share for share in deviating_shares(details) if share.operation == "sigmoid")
    assert (share.inputs, share.missing, share.before, share.after) == (0, 1, None, None)
    assert {count.operation for count in effect_counts(details, ["conv2d"])} == {"conv2d"}


def test_layers_of_one_name_in_other_workloads_and_variants_keep_their_operation() -> None:
    """Frameworks reuse names: what one workload calls so is another operation in the next."""

    def computed(platform: str, operation: str, array: np.ndarray, **labels: str) -> Any:
        before = {**output(X, "layer_0", 0), "operation": "conv2d"}
        after = {**output(array, "layer_1", 1), "operation": operation}
        return record(platform, [before, after], **labels)

    rows = []
    for platform, array in (("p", X), ("q", flipped(4, 10))):
        rows.append(computed(platform, "relu", array, workload="a"))
        rows.append(computed(platform, "max_pool", X, workload="b"))
        rows.append(computed(platform, "tanh", X, workload="b", variant="torch float32"))
    for order in (rows, rows[::-1]):
        counts = {
            (c.workload, c.variant, c.operation): (c.raises, c.keeps, c.lowers)
            for c in effect_counts(found_in(order))
        }
        assert counts == {
            ("a", "numpy float32", "relu"): (0, 0, 1),
            ("b", "torch float32", "tanh"): (0, 1, 0),
        }

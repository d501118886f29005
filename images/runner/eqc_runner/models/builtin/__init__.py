"""The models that come with the runner, by name."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from eqc_runner.failures import Failed
from eqc_runner.models.arguments import MISTAKE, Arguments, listed
from eqc_runner.models.builtin.cifar10_resnet18 import cifar10_resnet18
from eqc_runner.models.builtin.cifar10_small import cifar10_small
from eqc_runner.models.builtin.conv import conv
from eqc_runner.models.builtin.deepweeds_resnet50v2 import deepweeds_resnet50v2
from eqc_runner.models.builtin.dense import dense
from eqc_runner.models.builtin.lenet5 import lenet5
from eqc_runner.models.builtin.softmax import logsumexp, softmax
from eqc_runner.models.builtin.sum import sum_of_terms
from eqc_runner.models.graph import Graph
from eqc_runner.models.one_layer import only_layer
from eqc_runner.models.weights import LAYER

BUILTIN: dict[str, Callable[[Arguments], Graph]] = {
    "cifar10-small": cifar10_small,
    "cifar10-resnet18": cifar10_resnet18,
    "deepweeds-resnet50v2": deepweeds_resnet50v2,
    "lenet5": lenet5,
    "conv": conv,
    "dense": dense,
    "softmax": softmax,
    "logsumexp": logsumexp,
    "sum": sum_of_terms,
}


def build(name: str, arguments: Mapping[str, Any]) -> Graph:
    """The graph of builtin ``name``; with the argument ``layer`` only that layer of it.

    Raises ``Failed`` that lists the valid names, arguments or layers.
    """
    function = BUILTIN.get(name)
    if function is None:
        raise Failed(MISTAKE, f"no builtin model {name!r}; there are {listed(BUILTIN)}")
    taken = Arguments(name, {key: value for key, value in arguments.items() if key != LAYER})
    try:
        graph = function(taken)
        if arguments.get(LAYER) is not None:
            graph = only_layer(graph, arguments[LAYER])
    except ValueError as error:
        raise Failed(MISTAKE, f"builtin:{name}: {error}") from error
    taken.finish()
    return graph

"""Reads users' Keras models (``.keras``, ``.h5``) without running code that the files contain."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Any, Iterator

from eqc_runner.adapters.keras_content import Written, needs, read_written, refuse_code
from eqc_runner.adapters.keras_model import How, KerasModel, Network
from eqc_runner.adapters.keras_precision import cast_model
from eqc_runner.adapters.model_file import ModelFile
from eqc_runner.adapters.protocol import ModelFacts, Settings
from eqc_runner.adapters.tensorflow_values import check_stored, floats, tensors
from eqc_runner.failures import Failed
from eqc_runner.models.weights import weights_digest

_UNKNOWN = re.compile(
    r"(?:Unknown (?:layer|object|activation function|initializer):"
    r"|Could not locate (?:class|function)) '?(\w+)"
)
"""What Keras says of a class or function that it does not know; the file does not always tell."""


def read_keras(tf: Any, file: ModelFile, settings: Settings, how: How) -> KerasModel:
    """The model at ``file``; every layer's output can be observed, a nested model is one layer.

    A precision casts a file of one floating-point type. Raises ``Unsupported`` for one of several,
    and ``Failed`` if the file is missing, cannot be read or contains code.
    """
    if not file.path.exists():
        raise Failed("input-missing", f"no Keras file {file.name}")
    written = read_written(file)
    refuse_code(file, written.configuration)

    first = _network(tf, _loaded(tf, file, written))
    weights = tensors(first.model.get_weights())
    stored = found = _floats(first)
    is_cast = len(stored) == 1 and settings.precision not in ("stored", stored[0])

    def as_asked(network: Network) -> Network:
        if not is_cast:
            return network
        return _network(tf, cast_model(tf, network.model, stored[0], settings.precision, file))

    if is_cast:
        first = as_asked(first)
        found = _floats(first)
    check_stored(settings.precision, found, file.name)

    def fresh() -> Network:
        return as_asked(_network(tf, _loaded(tf, file, written)))

    digest = weights_digest([weight.array for weight in weights]) if weights else None
    facts = ModelFacts(sum(int(weight.array.size) for weight in weights), None, digest)
    unused = [first]
    made = KerasModel(tf, lambda: unused.pop() if unused else fresh(), facts, settings, how)
    made.dtypes = found
    return made


def _loaded(tf: Any, file: ModelFile, written: Written) -> Any:
    try:
        model = tf.keras.models.load_model(str(file.path), compile=False, safe_mode=True)
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        unknown = _UNKNOWN.search(str(error))
        if unknown is not None:
            raise needs(file, [unknown[1]]) from error
        here, by = metadata.version("keras"), written.version
        text = f"{file.name} cannot be read by Keras {here}: {file.said(error)}"
        if by and by.partition(".")[0] != here.partition(".")[0]:
            text += (
                f"; it was written by Keras {by}: load it with that, and save it as a SavedModel"
            )
        raise Failed("exception", text) from error
    if getattr(model, "inputs", None):
        return model
    if isinstance(model, tf.keras.Sequential):
        text = f"{file.name} was saved before it was built: call it once, or begin it with "
        raise Failed("exception", f"{text}keras.Input(shape), and save it again")
    raise Failed(
        "exception",
        f"{file.name} is a subclass of keras.Model: save it as a SavedModel with "
        "model.export(folder)",
    )


def _floats(network: Network) -> tuple[str, ...]:
    """The floating-point types of the weights and of what is computed."""
    weights = tensors(network.model.get_weights())
    return floats([*(weight.dtype for weight in weights), *_computed(network)])


def _computed(network: Network) -> Iterator[str]:
    """The types of inputs and of what layers compute, those of layers in nested models too."""
    for symbol in [*network.model.inputs, *(symbol for _, _, symbol in network.layers)]:
        yield str(getattr(symbol.dtype, "name", symbol.dtype))
    for layer in network.model._flatten_layers():  # noqa: SLF001 - Keras 2 and 3 have no other
        if layer.weights and not hasattr(layer, "layers"):
            yield str(layer.compute_dtype)


def _network(tf: Any, model: Any) -> Network:
    return Network(model, _layers(tf, model))


def _layers(tf: Any, model: Any) -> list[tuple[str, str, Any]]:
    found = []
    # A Sequential model keeps its nodes in the functional model that it wraps. A layer that is
    # shared with other models has nodes of those models too: they are left out below.
    graph = getattr(model, "_functional", None) or model
    # Keras has no public way to list nodes; these two names are the same in Keras 2 and 3.
    nodes = {id(node) for depth in graph._nodes_by_depth.values() for node in depth}  # noqa: SLF001
    # Operations are layers and what is written with keras.ops or as a sum; Keras 2 has layers only.
    for layer in getattr(graph, "operations", None) or model.layers:
        if isinstance(layer, tf.keras.layers.InputLayer):
            continue
        symbols = [
            symbol
            for node in layer._inbound_nodes  # noqa: SLF001
            if id(node) in nodes
            for symbol in _outputs(tf, node)
        ]
        for number, symbol in enumerate(symbols):
            name = layer.name if number == 0 else f"{layer.name}:{number}"
            found.append((name, _operation(layer), symbol))
    return found


def _outputs(tf: Any, node: Any) -> list[Any]:
    """The output tensors of ``node``: a list in Keras 3, possibly a nested structure in Keras 2."""
    return list(tf.nest.flatten(node.outputs))


def _operation(layer: Any) -> str:
    """``Conv2D`` as ``conv2d``, ``MaxPooling2D`` as ``max_pooling2d``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", type(layer).__name__).lower()

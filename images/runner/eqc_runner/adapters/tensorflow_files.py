"""SavedModels of users, by their signatures or their functions, on TensorFlow."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any, Iterator, Mapping

import numpy as np

from eqc_runner.adapters.keras_model import How, Refusals, tensorflow_constant
from eqc_runner.adapters.model_file import ModelFile
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.adapters.saved_function import SavedFunction, functions_of, selected, served
from eqc_runner.adapters.signatures import chosen
from eqc_runner.adapters.tensorflow_values import (
    Given,
    Named,
    check_stored,
    floats,
    outputs,
    tensors,
)
from eqc_runner.failures import Failed, Unsupported
from eqc_runner.models.weights import weights_digest

FILES = ("saved_model.pb", "saved_model.pbtxt")
"""One of these makes a folder a SavedModel."""


class SavedModel:
    """A signature of a SavedModel, or a function of one without; layers cannot be observed."""

    note = "a SavedModel does not show its layers"

    def __init__(
        self, tf: Any, file: ModelFile, settings: Settings, how: How, signature: str | None
    ) -> None:
        self._tf = tf
        self._file = file
        self._signature = signature
        self._arguments = how.arguments
        self._xla = how.xla
        self._function: SavedFunction | None = self._find()
        self._given = Given(settings, self._function.arguments)
        concrete = self._function.concrete
        # A TF1 function has other things than variables among its variables.
        weights = [w.array for w in tensors(v for v in concrete.variables if hasattr(v, "numpy"))]
        size = sum(int(array.size) for array in weights)
        self.facts = ModelFacts(size, None, weights_digest(weights) if weights else None)
        self.dtypes = floats(_types(tf, concrete.graph.as_graph_def()))
        check_stored(settings.precision, self.dtypes, file.name)

    @property
    def converted(self) -> tuple[str, ...]:
        """What the last run did to its inputs."""
        return self._given.converted

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        # Read again for another run: variables may have been assigned to.
        function, self._function = self._function or self._find(), None
        arrays = self._given.bind(inputs, function.specs)
        constants = {
            spec.name: tensorflow_constant(self._tf, arrays[spec.name], spec.dtype)
            for spec in function.specs
        }
        with Refusals(self._tf):
            results = function.call(self._tf, constants, xla=self._xla)
        return outputs(self._tf, results, by_name=True)

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        return self.run(inputs), []

    def _find(self) -> SavedFunction:
        loaded = _load(self._tf, self._file)
        signatures = dict(loaded.signatures)
        if self._signature in signatures or (signatures and self._signature is None):
            concrete = signatures[chosen(self._signature, list(signatures), self._file.name)]
            return served(loaded, concrete, self._arguments)
        functions = dict(functions_of(loaded))
        there = ", ".join([*sorted(signatures), *functions]) or "none"
        if self._signature in functions:
            return selected(loaded, self._signature, functions, self._arguments)
        if self._signature is not None:
            text = f"{self._file.name} has no signature or function {self._signature!r}; it has "
            raise Failed("input-missing", text + there)
        if not functions:
            text = f"{self._file.name} has neither signatures nor functions: save it with a "
            raise Failed("exception", f"{text}tf.function, or with model.export(folder)")
        text = f"{self._file.name} has no signatures, but functions: say 'signature:' {there}"
        raise Failed("input-missing", text)


def _load(tf: Any, file: ModelFile) -> Any:
    if not file.path.is_dir():
        raise Failed("input-missing", f"no SavedModel folder {file.name}")
    if not any((file.path / name).is_file() for name in FILES):
        raise Failed("exception", f"{file.name} is not a SavedModel: it holds no {FILES[0]}")
    try:
        try:
            return tf.saved_model.load(str(file.path))
        except AttributeError as error:
            if "add_slot" not in str(error):
                raise
            return _without_slots(tf, file.path)
    except tf.errors.NotFoundError as error:
        if "not registered" in str(error):
            raise Unsupported("unsupported-operator", str(error)) from error
        raise Failed("exception", f"{file.name} is not whole: {file.said(error)}") from error
    except ValueError as error:
        if "tag sets" not in str(error):
            raise Failed("exception", f"{file.name} cannot be read: {file.said(error)}") from error
        if (file.path / FILES[0]).stat().st_size == 0:
            text = f"{file.name} is not whole: {FILES[0]} is empty"
            raise Failed("exception", text) from error
        text = str(error).partition("tag sets: ")[2].partition(". Pass")[0]
        raise Failed(
            "exception",
            f"{file.name} has no graph for serving, but for the tags {text}: save it again with "
            "the tag 'serve'",
        ) from error
    except (OSError, tf.errors.OpError) as error:
        raise Failed("exception", f"{file.name} is not whole: {file.said(error)}") from error


def _without_slots(tf: Any, path: Path) -> Any:
    """The model without the moments of a Keras 2 optimizer, which TensorFlow cannot read any more.

    They serve training alone: what the model's functions compute has no part of them.
    """
    protocol: Any = importlib.import_module("tensorflow.core.protobuf.saved_model_pb2")
    content = protocol.SavedModel()
    content.ParseFromString((path / FILES[0]).read_bytes())
    for graph in content.meta_graphs:
        for node in graph.object_graph_def.nodes:
            node.ClearField("slot_variables")
    with tempfile.TemporaryDirectory() as folder:
        for each in path.iterdir():
            if each.name != FILES[0]:
                (Path(folder) / each.name).symlink_to(each.resolve())
        (Path(folder) / FILES[0]).write_bytes(content.SerializeToString())
        return tf.saved_model.load(folder)


def _types(tf: Any, graph: Any) -> Iterator[str]:
    """The dtypes that the operations of a graph and of its functions name."""
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    for node in nodes:
        for attribute in node.attr.values():
            kinds = [attribute.type, *attribute.list.type]
            for kind in kinds:
                if kind:
                    yield tf.dtypes.as_dtype(kind).name

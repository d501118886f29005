"""Models that are Python functions: ``python:package.module:function``, on any framework.

The function gets a mapping of input names to NumPy arrays, and the workload's arguments by
keyword. It returns one tensor or a mapping of names to tensors: of NumPy, torch or TensorFlow. If
it has an attribute ``layers``, that is called in the same way for the instrumented run and returns
a pair: the final outputs and a mapping of layer names to tensors.

The function is the user's own code and runs without restrictions; nothing is unpickled.
"""

from __future__ import annotations

import importlib
import sys
from functools import reduce
from pathlib import Path
from typing import Any, List, Mapping, Tuple

import numpy as np

from eqc_runner.adapters.binding import TEXT, fit, repeat
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.failures import Failed
from eqc_runner.tensor import Tensor

Named = List[Tuple[str, Tensor]]


class PythonModel:
    """A ``Loaded`` that calls a function, which itself decides in which precision it computes."""

    def __init__(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> None:
        self.facts = ModelFacts(None, None, None)
        self.converted: tuple[str, ...] = ()
        self._function = _find(workload, job_dir)
        self._arguments: dict[str, Any] = dict(workload.get("arguments") or {})
        self._settings = settings

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        return _named(self._function(self._prepared(inputs), **self._arguments))

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        instrumented = getattr(self._function, "layers", None)
        if instrumented is None:
            return self.run(inputs), []
        outputs, layers = instrumented(self._prepared(inputs), **self._arguments)
        return _named(outputs), [LayerOutput(n, None, tensor_of(v)) for n, v in layers.items()]

    def _prepared(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The inputs, repeated to the batch size; floats are fitted to the cell's precision."""
        arrays, converted = {}, []
        for name, given in inputs.items():
            kinds = {"f": self._settings.precision, "U": TEXT}
            dtype = kinds.get(given.dtype.kind, given.dtype.name)
            array, said = fit(name, given, dtype, self._settings)
            arrays[name] = repeat(array, self._settings.batch)
            converted += [said] if said else []
        self.converted = tuple(converted)
        return arrays


def tensor_of(value: Any) -> Tensor:
    """A tensor from one of NumPy, torch or TensorFlow, recognised by its methods.

    No framework is imported for that. Raises ``Failed`` if ``value`` is not a tensor of numbers.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu().contiguous()
        if str(value.dtype) == "torch.bfloat16":
            return Tensor("bfloat16", value.view(_int16(value)).numpy().view(np.uint16))
        return Tensor.of(value.numpy())
    if hasattr(value, "numpy"):
        value = value.numpy()
    array = np.asarray(value)
    if array.dtype.name == "bfloat16":
        return Tensor("bfloat16", array.view(np.uint16))
    try:
        return Tensor.of(array)
    except (TypeError, ValueError) as error:
        raise Failed("exception", f"a result is not a tensor of numbers: {error}") from error


def _int16(value: Any) -> Any:
    return sys.modules[type(value).__module__.partition(".")[0]].int16


def _find(workload: Mapping[str, Any], job_dir: Path) -> Any:
    module, _, attribute = str(workload["name"]).partition(":")
    if not attribute:
        raise Failed("exception", f"{workload['name']!r} is not 'package.module:function'")
    if workload.get("path"):
        place = Path(job_dir) / workload["path"]
        sys.path.insert(0, str(place if place.is_dir() else place.parent))
    try:
        function = reduce(getattr, attribute.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise Failed("input-missing", f"cannot import {workload['name']}: {error}") from error
    if not callable(function):
        raise Failed("exception", f"{workload['name']} is not a function")
    return function


def _named(result: Any) -> Named:
    if isinstance(result, Mapping):
        return [(str(name), tensor_of(value)) for name, value in result.items()]
    return [("output", tensor_of(result))]

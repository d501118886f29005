"""Models that are Python functions: ``python:package.module:function``, on any framework.

The function gets a mapping of input names to NumPy arrays, and the workload's arguments by
keyword. It returns one tensor, of NumPy, torch or TensorFlow, or mappings, tuples and lists of
tensors in one another: each is an output by itself, named by its path. Python's numbers, and lists
of them alone, are tensors, too. If it has an attribute ``layers``, that is called in the same way
for the instrumented run and returns a pair: the final outputs and a mapping of layer names to
tensors, which may be nested likewise.

The function is the user's own code and runs without restrictions; nothing is unpickled.
"""

from __future__ import annotations

import importlib
import sys
from functools import reduce
from pathlib import Path
from typing import Any, List, Mapping, Tuple, Union

import numpy as np

from eqc_runner.adapters.binding import TEXT, fit, repeat
from eqc_runner.adapters.nested import leaves
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.failures import Failed
from eqc_runner.tensor import CARRIERS, NARROW, Tensor, Unrecorded

_VIEWED = frozenset({"bfloat16", *(name for name in CARRIERS if name.startswith("float8_"))})
"""Types whose bits other libraries hold in dtypes of their own; here a carrier has them."""
_NO_NUMBERS = {"O": "objects of Python are not recorded"}

Named = List[Tuple[str, Union[Tensor, Unrecorded]]]


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
        return _named(outputs), [
            LayerOutput(path, None, tensor)
            for name, value in layers.items()
            for path, tensor in leaves(_arrays(value), recorded, str(name))
        ]

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
    found = recorded(value)
    if isinstance(found, Unrecorded):
        raise Failed("exception", f"a result is not a tensor of numbers: {found.reason}")
    return found


def recorded(value: Any) -> Tensor | Unrecorded:
    """As ``tensor_of``; what is no tensor of numbers takes nothing from the others."""
    try:
        array = _of_torch(value) if hasattr(value, "detach") else None
        if array is not None:
            return array
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
        name = array.dtype.newbyteorder("=").name
        if name in NARROW:
            # Its bytes may hold more than its four bits.
            return Tensor(name, array.astype(CARRIERS[name]))
        if name in _VIEWED:
            return Tensor(name, array.view(CARRIERS[name]))
        if array.dtype.kind in "USOT":
            return Unrecorded(_NO_NUMBERS.get(array.dtype.kind, "text is not recorded"))
        return Tensor.of(array)
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        return Unrecorded(f"a {type(value).__name__} is no tensor of numbers: {error}")


def _of_torch(value: Any) -> Tensor:
    torch = sys.modules[type(value).__module__.partition(".")[0]]
    value = value.detach().cpu()
    for resolve in ("resolve_conj", "resolve_neg"):
        # Views that only torch can have; versions without these methods have none.
        value = getattr(value, resolve)() if hasattr(value, resolve) else value
    value = value.contiguous()
    name = str(value.dtype).partition(".")[2]
    if name in _VIEWED:
        word = torch.int16 if value.element_size() == 2 else torch.uint8
        return Tensor(name, value.view(word).numpy().view(CARRIERS[name]))
    return Tensor.of(value.numpy())


def _arrays(value: Any) -> Any:
    """``value`` with an array in place of each list of numbers, also of lists of them."""
    if isinstance(value, Mapping):
        return {name: _arrays(each) for name, each in value.items()}
    if not isinstance(value, (tuple, list)):
        return value
    if isinstance(value, list) and value and _is_numbers(value):
        return np.asarray(value)
    return [_arrays(each) for each in value]


def _is_numbers(value: Any) -> bool:
    if not isinstance(value, list):
        return isinstance(value, (bool, int, float, complex))
    sizes = {len(each) if isinstance(each, list) else -1 for each in value}
    return len(sizes) < 2 and all(_is_numbers(each) for each in value)


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
    """The outputs by their paths; a lone one is called ``output``."""
    return [(path or "output", tensor) for path, tensor in leaves(_arrays(result), recorded)]

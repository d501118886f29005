"""TorchScript (``.pt``): called by the names of its parameters; it does not show its layers."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping, NamedTuple

import numpy as np

from eqc_runner.adapters.binding import PRECISIONS, UNNAMED, InputSpec, bind
from eqc_runner.adapters.protocol import LayerOutput, Settings
from eqc_runner.adapters.torch_builtin import torch_tensor
from eqc_runner.adapters.torch_precision import fractions, wanted_cast
from eqc_runner.adapters.torch_values import Named, finals
from eqc_runner.failures import Failed

_SCALARS = {
    "IntType": (int,),
    "FloatType": (int, float),
    "NumberType": (int, float),
    "BoolType": (bool,),
    "StringType": (str,),
}


class _Slot(NamedTuple):
    """A place for the input tensor of that name."""

    name: str


class _Missing(Exception):  # noqa: N818 - never leaves this module
    """Nothing was given for a parameter, or not what it takes."""


class Script:
    """A TorchScript model that was read."""

    note = "TorchScript does not show its layers"
    keeps_state = True
    """A script may write to its attributes; it is read again for every run."""
    cast = None

    def __init__(
        self,
        torch: Any,
        path: str,
        settings: Settings,
        arguments: Mapping[str, Any],
        device: str,
    ) -> None:
        self._torch = torch
        self._settings = settings
        self._arguments = arguments
        self.converted: tuple[str, ...] = ()
        self.module = torch.jit.load(path, map_location=device).eval()
        if not hasattr(self.module, "forward"):
            raise Failed("exception", "the script has no method 'forward', which is what is run")
        self._parameters = self.module.forward.schema.arguments[1:]
        self.dtypes = fractions([*self.module.parameters(), *self.module.buffers()])
        wanted_cast(settings.precision, self.dtypes, shown=False)

    def values(self, inputs: Mapping[str, np.ndarray], place: Callable[[Any], Any]) -> list[Any]:
        """What is given for each parameter: (name, value), tensors as ``place`` makes them."""
        names = [p.name for p in self._parameters if p.type.kind() == "TensorType"]
        if list(inputs) == [UNNAMED] and len(names) == 1:
            inputs = {names[0]: inputs[UNNAMED]}
        wanted = self._wanted(set(inputs))
        specs = [InputSpec(name, None, self._dtype(array)) for name, array in inputs.items()]
        arrays, self.converted = bind(inputs, specs, self._settings)

        def fill(value: Any) -> Any:
            if isinstance(value, _Slot):
                array = arrays[value.name]
                return place(torch_tensor(self._torch, array, self._dtype(inputs[value.name])))
            if isinstance(value, dict):
                return {key: fill(each) for key, each in value.items()}
            if isinstance(value, (list, tuple)):
                return type(value)(fill(each) for each in value)
            return value

        return [(name, fill(value)) for name, value in wanted]

    def run(self, values: list[Any]) -> Named:
        """The final outputs."""
        named = dict(values)
        first = []
        for parameter in self._parameters:  # by place as long as none is left out
            if parameter.name not in named or parameter.kwarg_only:
                break
            first.append(named.pop(parameter.name))
        return finals(self._torch, self.module(*first, **named))

    def run_layers(self, values: list[Any]) -> tuple[Named, list[LayerOutput]]:
        """The final outputs, and no layers."""
        return self.run(values), []

    def check_cast(self, values: list[Any]) -> None:
        """Nothing of a script is cast."""

    def _dtype(self, array: np.ndarray) -> str:
        """Floats are to be of the only type of the weights, if there is one; others stay."""
        if array.dtype.kind != "f":
            return array.dtype.name
        known = [dtype for dtype in self.dtypes if dtype in PRECISIONS]
        return known[0] if len(known) == 1 else array.dtype.name

    def _wanted(self, given: set[str]) -> list[tuple[str, Any]]:
        """What is passed for each parameter, with slots for tensors."""
        said = given | set(self._arguments)
        passed = [p for p in self._parameters if not p.has_default_value() or _of(p.name, said)]
        try:
            found = [(p.name, self._value(p.type, p.name, given)) for p in passed]
        except _Missing:
            raise Failed("input-missing", self._said(given)) from None
        used = {slot.name for _, value in found for slot in _slots(value)}
        if given - used or set(self._arguments) - {p.name for p in self._parameters}:
            raise Failed("input-missing", self._said(given))
        return found

    def _value(self, kind: Any, path: str, given: set[str]) -> Any:
        name = kind.kind()
        if name == "OptionalType":
            if path in self._arguments and self._arguments[path] is None:
                return None
            return self._value(kind.getElementType(), path, given)
        if name in _SCALARS:
            return self._scalar(name, path)
        if name == "TensorType" and path in given:
            return _Slot(path)
        parts = _of(path, given)
        if name == "ListType" and parts:
            element = kind.getElementType()
            return [self._value(element, f"{path}.{n}", given) for n in range(len(parts))]
        if name == "DictType" and parts:
            element = kind.getValueType()
            if element.kind() == "TensorType":  # a key may have dots
                parts = sorted(n[len(path) + 1 :] for n in given if n.startswith(f"{path}."))
            return {key: self._value(element, f"{path}.{key}", given) for key in parts}
        if name == "TupleType" and parts:
            elements = enumerate(kind.elements())
            return tuple(self._value(element, f"{path}.{n}", given) for n, element in elements)
        raise _Missing

    def _scalar(self, kind: str, path: str) -> Any:
        value = self._arguments.get(path)
        is_bool = isinstance(value, bool)
        if not isinstance(value, _SCALARS[kind]) or is_bool != (kind == "BoolType"):
            raise _Missing
        return float(value) if kind == "FloatType" else value

    def _said(self, given: set[str]) -> str:
        parts = []
        for parameter in self._parameters:
            kind = str(parameter.type)
            said = f"{kind}, default {parameter.default_value!r}"
            said = said if parameter.has_default_value() else kind
            parts.append(parameter.name if said == "Tensor" else f"{parameter.name} ({said})")
        text = f"the model's inputs are {', '.join(parts) or 'none'}; "
        text += f"given were {', '.join(sorted(given)) or 'none'}"
        if self._arguments:
            said = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
            text += f", and the arguments {said}"
        if any(p.type.kind() in _SCALARS and not p.has_default_value() for p in self._parameters):
            text += "; numbers, true, false and text are given under 'arguments'"
        if "Tensor" in "".join(said for said in parts if "(" in said):
            text += "; name the tensors of a list xs.0, xs.1, those of a dict batch.key"
        return text


def _of(path: str, given: set[str]) -> list[str]:
    """The next words of the given names that begin with ``path``; "" for ``path`` itself."""
    if path in given:
        return [""]
    begin = f"{path}."
    return sorted({n[len(begin) :].partition(".")[0] for n in given if n.startswith(begin)})


def _slots(value: Any) -> Iterator[_Slot]:
    if isinstance(value, _Slot):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _slots(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _slots(each)

"""How a Keras model arranges its inputs and outputs: one, lists and mappings in one another."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from eqc_runner.adapters.binding import InputSpec
from eqc_runner.failures import Unsupported


def structure_of(model: Any, side: str) -> Any:
    """The symbols of ``input`` or ``output`` as the author arranged them."""
    try:
        return getattr(model, side)
    except AttributeError:  # a Sequential model that was read has only lists of them
        symbols = list(getattr(model, f"{side}s"))
        return symbols if len(symbols) > 1 else symbols[0]


def input_names(model: Any) -> list[tuple[str, Any]]:
    """Each input's name and symbol: keys where there is a mapping, else the layers' names."""
    structure = structure_of(model, "input")
    found = list(_leaves(structure, ""))
    if _has_mapping(structure):
        return found
    return [(symbol.name, symbol) for _, symbol in found]


def _leaves(structure: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(structure, Mapping):
        items = [(str(key), item) for key, item in structure.items()]
    elif isinstance(structure, (list, tuple)):
        items = [(str(index), item) for index, item in enumerate(structure)]
    else:
        yield path, structure
        return
    for name, item in items:
        yield from _leaves(item, f"{path}.{name}" if path else name)


def _has_mapping(structure: Any) -> bool:
    if isinstance(structure, (list, tuple)):
        return any(_has_mapping(item) for item in structure)
    return isinstance(structure, Mapping)


def filled(structure: Any, values: Mapping[int, Any]) -> Any:
    """``structure`` with the value of each symbol, ``None`` for an optional one without."""
    if isinstance(structure, Mapping):
        return {key: filled(item, values) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [filled(item, values) for item in structure]
    return values.get(id(structure))


def spec_of(name: str, symbol: Any) -> InputSpec:
    """What an input takes. Raises ``Unsupported`` for one that is not dense."""
    kinds = [kind for kind in ("sparse", "ragged") if getattr(symbol, kind, False)]
    if kinds:
        raise Unsupported(
            "unsupported-operator", f"input {name!r} is {kinds[0]}: only dense tensors can be given"
        )
    # Keras 2 has TensorFlow's dtypes here, Keras 3 their names.
    dtype = getattr(symbol.dtype, "name", symbol.dtype)
    return InputSpec(name, tuple(symbol.shape), str(dtype))


def is_optional(symbol: Any) -> bool:
    """Whether the model runs without this input."""
    history = getattr(symbol, "_keras_history", None)
    return bool(getattr(getattr(history, "operation", None), "optional", False))


def output_names(model: Any) -> list[str]:
    """``output`` for a single output, else the model's names, or numbers where a name repeats."""
    names = list(getattr(model, "output_names", []))
    if len(names) <= 1:
        return ["output"]
    if len(set(names)) < len(names):
        return [str(number) for number in range(len(names))]
    return names

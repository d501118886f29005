"""Operators whose output depends on approximate instructions, by framework, as measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orchestrator.catalog.lists import read


def approximate_operators(framework: str) -> Mapping[str, tuple[str, ...]] | None:
    """The instructions that an operator's output depends on, by its name, if on any; ``None``: the
    framework was not measured."""
    known = read("approximate_operators.json")["frameworks"].get(framework)
    if known is None:
        return None
    return {name: tuple(given) for name, given in known["operators"].items()}


def operator_of(operation: str) -> str:
    """What the list calls an operation that a record names: ``batch_norm``,
    ``BatchNormalization`` and ``batch_normalization`` are one. One that is not listed stays."""
    plain = _plain(operation)
    for name, others in read("approximate_operators.json")["names"].items():
        if plain == _plain(name) or plain in map(_plain, others):
            return str(name)
    return operation


def may_contain_others(operation: str) -> bool:
    """Whether a layer of this name may compute more than it says: Keras's take an activation."""
    layers = read("approximate_operators.json")["layers_with_activation"]
    return _plain(operation) in map(_plain, layers)


def builtin_operations(name: str, arguments: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The operations that a builtin model may have; ``None``: no such model is listed."""
    known = read("builtin_operations.json")["models"].get(name)
    if known is None:
        return None
    values = {**known["defaults"], **arguments}
    # An activation that is none, "linear", is no operation.
    return tuple(sorted({str(one).format(**values) for one in known["operations"]} - {"linear"}))


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())

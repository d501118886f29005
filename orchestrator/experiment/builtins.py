"""The runner's builtin models: their names, arguments, shipped weights and input shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from orchestrator.model.experiment import Scalar
from orchestrator.yaml_files.mistakes import nearest

Shape = tuple[int, int, int]
"""Height, width, channels of one picture."""
LAYER = "layer"
"""The argument of every builtin that takes one layer out of it."""


def builtin_names() -> tuple[str, ...]:
    """The names of all builtin models, in the order of ``builtin_models.json``."""
    return tuple(_models())


def argument_mistakes(name: str, arguments: Mapping[str, Scalar]) -> list[tuple[str, str]]:
    """(argument, message) for each argument that is unknown to builtin ``name`` or invalid.

    KeyError for an unknown ``name``, here and in the functions below.
    """
    known = _models()[name]["arguments"]
    wrong = []
    for key, value in arguments.items():
        if key == LAYER:
            there = layers(name, arguments)
            if value not in there:
                hint = nearest(value, there) or "; it is one layer"
                wrong.append((key, f"builtin:{name} has no layer '{value}'{hint}"))
        elif key not in known:
            hint = nearest(key, known) or "; it takes none"
            wrong.append((key, f"builtin:{name} has no argument '{key}'{hint}"))
        elif "values" in known[key]:
            if value not in known[key]["values"]:
                hint = nearest(value, known[key]["values"])
                wrong.append((key, f"builtin:{name}: {key} {value!r} is not valid{hint}"))
        elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
            wrong.append((key, f"builtin:{name}: {key} should be a whole number, not {value!r}"))
    return wrong


def without_defaults(name: str, arguments: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """``arguments`` without those equal to their default.

    The arguments are part of a workload's id: a default that is written out would otherwise make
    a second workload of the same computation.
    """
    known = _models()[name]["arguments"]
    return {
        key: value
        for key, value in arguments.items()
        if key == LAYER or value != known[key]["default"]
    }


def default_weights(name: str, arguments: Mapping[str, Scalar]) -> str:
    """``trained`` where the runner ships such weights, else ``seed:0``; the runner's own rule."""
    return "trained" if is_shipped_trained(name, arguments) else "seed:0"


def is_shipped_trained(name: str, arguments: Mapping[str, Scalar]) -> bool:
    """Whether the runner ships trained weights for builtin ``name`` with these arguments."""
    whole = {key: value for key, value in arguments.items() if key != LAYER}
    return without_defaults(name, whole) in _models()[name]["trained"]


def input_shape(name: str, arguments: Mapping[str, Scalar]) -> Shape:
    """Height, width and channels of builtin ``name``'s input, or of its argument ``layer``'s.

    ``arguments`` must be valid.
    """
    if LAYER in arguments:
        return layers(name, arguments)[str(arguments[LAYER])]
    model = _models()[name]
    defaults = {key: argument["default"] for key, argument in model["arguments"].items()}
    given = {**defaults, **arguments}
    sides = [
        side if isinstance(side, int) else next(given[key] for key in side if given[key])
        for side in model["input"]
    ]
    return (int(sides[0]), int(sides[1]), int(sides[2]))


def layers(name: str, arguments: Mapping[str, Scalar]) -> Mapping[str, Shape]:
    """The layers that can be taken out of a builtin, with their inputs' shapes; in order.

    Empty where the model is one layer itself.
    """
    values = {
        key: arguments.get(key, known["default"])
        for key, known in _models()[name]["arguments"].items()
        if "values" in known
    }
    for form in _layers().get(name, ()):
        if all(values[key] in allowed for key, allowed in form["arguments"].items()):
            return {key: (h, w, c) for key, (h, w, c) in form["layers"].items()}
    return {}


def sizes(name: str) -> tuple[str, ...]:
    """The arguments of a builtin from which its number of multiplications follows."""
    return _SIZES.get(name, ())


def multiplications(name: str, arguments: Mapping[str, Scalar]) -> int:
    """How many multiplications a builtin with ``sizes`` has, as the runner counts them."""
    known = _models()[name]["arguments"]
    given = {key: arguments.get(key, argument["default"]) for key, argument in known.items()}
    if name == "dense":
        return int(given["inputs"]) * int(given["units"])
    kernel = int(given["kernel"])
    less = kernel - 1 if given["padding"] == "valid" else 0
    sides = [int(given[side] or given["size"]) - less for side in ("height", "width")]
    if min(sides) < 1:
        return 0
    return sides[0] * sides[1] * kernel**2 * int(given["channels"]) * int(given["filters"])


_SIZES = {
    "conv": ("kernel", "filters", "size", "height", "width", "channels"),
    "dense": ("inputs", "units"),
}


@cache
def _layers() -> dict[str, Any]:
    text = (files("orchestrator.experiment") / "builtin_layers.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def _models() -> dict[str, Any]:
    text = (files("orchestrator.experiment") / "builtin_models.json").read_text(encoding="utf-8")
    models: dict[str, Any] = json.loads(text)
    return models

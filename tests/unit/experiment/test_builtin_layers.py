"""``builtin_layers.json`` is what ``make schemas`` writes from the runner's models now."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import orchestrator.experiment
from eqc_runner.models.builtin import BUILTIN, build
from orchestrator.experiment import builtins

FILE = Path(orchestrator.experiment.__file__).parent / "builtin_layers.json"
MODELS = json.loads((FILE.parent / "builtin_models.json").read_text("utf-8"))


def recorded() -> dict[str, list[dict[str, Any]]]:
    """For every model of several layers: by the arguments that matter, its layers' inputs."""
    return {
        name: found
        for name in MODELS
        if not builtins.sizes(name) and (found := _forms(name)) and len(found[0]["layers"]) > 2
    }


def _forms(name: str) -> list[dict[str, Any]]:
    choices = {key: a["values"] for key, a in MODELS[name]["arguments"].items() if "values" in a}
    forms: list[tuple[dict[str, list[Any]], dict[str, Any]]] = []
    for values in itertools.product(*choices.values()):
        chosen = dict(zip(choices, values, strict=True))
        layers = _inputs(name, chosen)
        same = next((given for given, known in forms if known == layers), None)
        if same is None:
            forms.append(({key: [value] for key, value in chosen.items()}, layers))
        else:
            for key, value in chosen.items():
                same[key] += [] if value in same[key] else [value]
    return [{"arguments": given, "layers": layers} for given, layers in forms]


def _inputs(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    single = [layer for layer in build(name, arguments).layers if len(layer.inputs) == 1]
    return {
        layer.name: list(build(name, {**arguments, "layer": layer.name}).input_shape)
        for layer in single
    }


def test_the_recorded_layers_are_the_runners() -> None:
    assert json.loads(FILE.read_text("utf-8")) == recorded()
    assert set(recorded()) <= set(BUILTIN)


if __name__ == "__main__":
    lines = [
        f"{json.dumps(name)}: [\n " + ",\n ".join(json.dumps(form) for form in found) + "]"
        for name, found in recorded().items()
    ]
    FILE.write_text("{" + ",\n".join(lines) + "}\n", "utf-8")

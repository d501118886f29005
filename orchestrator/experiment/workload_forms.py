"""A workload entry as one entry for each model that it stands for: several files, or a sweep."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator import catalog
from orchestrator.experiment.document import WorkloadEntry
from orchestrator.experiment.sweeps import SweepError, combinations, is_swept
from orchestrator.yaml_files.mistakes import Loc, Mistakes

Form = tuple[Loc, WorkloadEntry, Loc, str | None]
"""An entry with one model: where it is, itself, where its model is said, and its group."""


def forms(loc: Loc, entry: WorkloadEntry, mistakes: Mistakes) -> list[Form]:
    """One entry for each of its ``models`` or of the combinations of its arguments, or itself."""
    if entry.models is None:
        if entry.model is None:
            mistakes.add(loc, "a workload needs the key 'model', or 'models' for several files")
            return []
        return _swept(loc, entry, entry.model, mistakes)
    if is_swept(entry.arguments):
        text = "a sweep of arguments is of one 'model', not of 'models'"
        mistakes.add((*loc, "arguments"), text, key=True)
        return []
    wrong = [
        (key, text)
        for key, given, text in (
            ("model", entry.model, "give 'model' or 'models', not both"),
            ("sha256", entry.sha256, "one sha256 cannot be that of several models"),
            ("weights", entry.weights, "the weights of 'models' are in their files"),
        )
        if given is not None
    ]
    for key, text in wrong:
        mistakes.add((*loc, key), text)
    if entry.label is None:
        mistakes.add(loc, "several 'models' need a 'label' that names their computation")
    if wrong or entry.label is None:
        return []
    able = [[] if entry.on is None else _able(entry, model) for model in entry.models]
    for index, name in enumerate(entry.on or ()):
        if not any(name in names for names in able):
            mistakes.add((*loc, "on", index), f"{name} cannot load any of these models")
    names = _told_apart(entry.models)
    found: list[Form] = []
    for index, (model, on, name) in enumerate(zip(entry.models, able, names, strict=True)):
        if entry.on is not None and not on:
            text = f"none of {', '.join(entry.on)} can load {model}"
            mistakes.add((*loc, "models", index), text)
            continue
        form = entry.model_copy(
            update={
                "model": model,
                "models": None,
                "label": f"{entry.label} {name}",
                "on": on or None,
            }
        )
        found.append((loc, form, ("models", index), entry.label))
    return found


def _swept(loc: Loc, entry: WorkloadEntry, model: str, mistakes: Mistakes) -> list[Form]:
    """One entry for each combination of its arguments."""
    if not is_swept(entry.arguments):
        return [(loc, entry, ("model",), None)]
    try:
        found = combinations(model, entry.arguments)
    except SweepError as error:
        mistakes.add((*loc, "arguments", error.argument), str(error))
        return []
    swept = [key for key, value in entry.arguments.items() if isinstance(value, (list, dict))]
    forms: list[Form] = []
    for arguments in found:
        said = " ".join(f"{key}={arguments[key]}" for key in swept)
        label = f"{entry.label} {said}" if entry.label else _label_of(model, said)
        update = {"arguments": arguments, "label": label}
        forms.append((loc, entry.model_copy(update=update), ("model",), None))
    return forms


def _label_of(model: str, said: str) -> str | None:
    """The label of one combination; ``None``: a builtin's own, which names its arguments."""
    source, _, name = model.partition(":")
    if source == "builtin":
        return None
    stem = name.rpartition(":")[2] if source == "python" else Path(name).stem
    return f"{stem} {said}"


def _able(entry: WorkloadEntry, model: str) -> list[str]:
    """Those of ``on``, pins included, whose framework can load ``model``."""
    source = model.partition(":")[0]
    loaders = [name for name in catalog.frameworks() if source in catalog.sources_of(name)]
    return [name for name in entry.on or () if _NAME.split(name, maxsplit=1)[0] in loaders]


_NAME = re.compile(r"[^A-Za-z0-9_.-]")
"""Ends a framework's name in ``onnxruntime==1.20.1``."""


def _told_apart(models: list[str]) -> list[str]:
    """What differs between models: the names of their files, or all that is written."""
    files = [Path(model.rpartition(":")[2]).name for model in models]
    return files if len(set(files)) == len(files) else models

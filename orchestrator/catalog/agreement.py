"""``agreement.json`` of a framework's folder: settings that may make platforms agree.

    {"settings": [{"kind": "environment", "name": "MKL_CBWR", "values": ["COMPATIBLE", "AVX2"],
                   "does": "…", "source": "https://…", "interacts": false}]}

``kind`` is ``environment``, ``flag``, ``threads`` or ``precision``; the last two have no ``name``.
``interacts``: whether it may change something with others though it changes nothing alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrator.catalog.framework_folder import AGREEMENT, Framework, wrong
from orchestrator.model.experiment import Scalar

_KEYS = frozenset({"kind", "name", "values", "does", "source", "interacts"})
_PRECISIONS = ("float16", "bfloat16", "float32", "float64")


class Kind(StrEnum):
    """What is set."""

    ENVIRONMENT = "environment"
    FLAG = "flag"
    THREADS = "threads"
    PRECISION = "precision"


@dataclass(frozen=True)
class Candidate:
    """One thing that can be set, with the values worth a try."""

    kind: Kind
    name: str
    """Of the variable or flag, else as ``kind``."""
    values: tuple[Scalar, ...]
    does: str
    """What it is known to do, for people."""
    source: str
    """Where that is said: an address, or the file that was looked at."""
    interacts: bool = False


def candidates_of(framework: Framework) -> tuple[Candidate, ...]:
    """The settings of ``framework`` that are worth a try, in the order of its file.

    None where it has no ``agreement.json``. Raises ``UsageError`` with the file and what is wrong.
    """
    path = framework.folder / AGREEMENT
    if not path.is_file():
        return ()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        wrong(path, f"cannot be read as JSON: {error}")
    entries = content.get("settings") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        wrong(path, "needs the key 'settings': a list of what may be set")
    return tuple(_candidate(path, number, entry, framework) for number, entry in enumerate(entries))


def _candidate(path: Path, number: int, entry: Any, framework: Framework) -> Candidate:
    place = f"settings[{number}]"
    known = entry if isinstance(entry, dict) else {}
    for key in known.keys() - _KEYS:
        wrong(path, f"{place}: unknown key {key!r}; its keys are {', '.join(sorted(_KEYS))}")
    kinds = [kind.value for kind in Kind]
    if known.get("kind") not in kinds:
        wrong(path, f"{place}: 'kind' is one of {', '.join(kinds)}")
    kind = Kind(known["kind"])
    named = kind in (Kind.ENVIRONMENT, Kind.FLAG)
    name = known.get("name") if named else kind.value
    if not isinstance(name, str) or not name or (not named and "name" in known):
        wrong(path, f"{place}: a variable or a flag has a 'name', threads and precision have none")
    values = known.get("values")
    if not isinstance(values, list) or not values or len(set(map(repr, values))) < len(values):
        wrong(path, f"{place}: 'values' is a list of the values to try, each once")
    for value in values:
        if (problem := _problem(kind, name, value, framework)) is not None:
            wrong(path, f"{place}: {name}: {problem}")
    for key in ("does", "source"):
        if not isinstance(known.get(key), str) or not known[key]:
            wrong(path, f"{place}: needs the text {key!r}")
    if not isinstance(known.get("interacts", False), bool):
        wrong(path, f"{place}: 'interacts' is true or false")
    interacts = known.get("interacts", False)
    return Candidate(kind, name, tuple(values), known["does"], known["source"], interacts)


def _problem(kind: Kind, name: str, value: Any, framework: Framework) -> str | None:
    """What is wrong with a value; ``None``: nothing."""
    if kind is Kind.ENVIRONMENT:
        return None if isinstance(value, str) else f"{value!r} is no text"
    if kind is Kind.THREADS:
        right = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return None if right else f"{value!r} is no number of threads"
    if kind is Kind.PRECISION:
        return None if value in _PRECISIONS else f"{value!r} is none of {', '.join(_PRECISIONS)}"
    if framework.flags is None:
        return None
    taken = framework.kind_of_flag(name)
    if taken is None:
        return f"{framework.name} has no such flag; its flags are {', '.join(framework.flags)}"
    return None if taken.takes(value) else f"{value!r} is not valid: it takes {taken.said}"

"""``vary: {flags: …}``: flags that a framework does not have, and values that they do not take."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator import catalog
from orchestrator.catalog import Framework
from orchestrator.experiment.document import Vary
from orchestrator.experiment.fields import FlagSet
from orchestrator.model.experiment import Installation
from orchestrator.packages.pins import parse_on
from orchestrator.yaml_files.mistakes import Mistakes, nearest


def check_flags(vary: Vary, installations: Iterable[Installation], mistakes: Mistakes) -> None:
    """Note each flag that one of the frameworks does not know which the set of flags is for.

    ``installations`` are those of the experiment: a set without ``on`` is for all of them.
    Frameworks whose ``framework.json`` lists no flags are not checked.
    """
    used = sorted({each.framework for each in installations})
    for number, given in enumerate(vary.flags or ()):
        wanted = sorted({parse_on(text).framework for text in given.on or ()}) or used
        named = [catalog.frameworks()[name] for name in wanted]
        known = [framework for framework in named if framework.flags is not None]
        for name in given.__pydantic_extra__ or {}:
            said = _mistake(given, name, known)
            if said is not None:
                text = f"vary.flags[{number}].{name}: {said[0]}"
                mistakes.add(("vary", "flags", number, name), text, key=said[1])


def _mistake(given: FlagSet, name: str, frameworks: list[Framework]) -> tuple[str, bool] | None:
    """What is wrong with flag ``name``, and whether the key is, not its value."""
    value = (given.__pydantic_extra__ or {})[name]
    lacking = [found for found in frameworks if found.kind_of_flag(name) is None]
    if lacking:
        first = lacking[0]
        others = [found.name for found in frameworks if found not in lacking]
        hint = nearest(name, first.flags or ())
        if others:
            hint = f"; say whose it is: on: [{', '.join(others)}]"
        return f"{first.name} has no such flag{hint}", True
    for found in frameworks:
        kind = found.kind_of_flag(name)
        if kind is not None and not kind.takes(value):
            return f"{value!r} is not valid: {found.name} takes {kind.said}", False
    return None

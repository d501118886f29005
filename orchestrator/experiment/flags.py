"""``vary.flags``: the flags of frameworks that say which they have, by name and kind."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator import catalog
from orchestrator.experiment.document import Document
from orchestrator.model.experiment import Scalar
from orchestrator.packages.pins import parse_on
from orchestrator.yaml_files.mistakes import Mistakes, nearest


def check_flags(document: Document, used: Sequence[str], mistakes: Mistakes) -> None:
    """Note every flag that a framework which computes with it does not have, or not so.

    ``used``: the frameworks of all workloads. Where filters may leave cells out, a set without
    ``on`` needs one framework that takes it, else all of them.
    """
    is_filtered = bool(document.include or document.exclude)
    for index, entry in enumerate(document.vary.flags or ()):
        named = [parse_on(text).framework for text in entry.on or ()]
        frameworks = list(dict.fromkeys(named or used))
        for name, value in (entry.__pydantic_extra__ or {}).items():
            wrong = [text for each in frameworks if (text := _mistake(each, name, value))]
            if wrong and (not is_filtered or named or len(wrong) == len(frameworks)):
                hint = "; say 'on' in this set which frameworks it is for"
                is_only = named or len(frameworks) == 1
                mistakes.add(("vary", "flags", index, name), wrong[0] + ("" if is_only else hint))


def _mistake(framework: str, name: str, value: Scalar) -> str | None:
    flags = catalog.frameworks()[framework].flags
    if flags is None:
        return None
    if name not in flags:
        return f"{framework} has no flag '{name}'{nearest(name, flags)}"
    kind = flags[name]
    if isinstance(kind, tuple):
        fits, wanted = value in kind, " or ".join(kind)
    else:
        fits = isinstance(value, bool) == (kind == "bool") and isinstance(value, int)
        wanted = "true or false" if kind == "bool" else "a whole number"
    return None if fits else f"{framework}: flag {name} is {wanted}, not {value!r}"

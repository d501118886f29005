"""All formats by name, as ``eqc report --format`` and ``eqc diff --format`` take them.

A format is one file in ``report/formats`` that declares a ``FORMAT``. None imports anything heavy
before it writes, so that names are listed at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from orchestrator.report import formats
from orchestrator.report.formats import Format, Written
from orchestrator.system.registry import Registry


def _ours() -> Mapping[str, Format]:
    names = (f"{formats.__name__}.{found.name}" for found in iter_modules(formats.__path__))
    declared = (getattr(import_module(name), "FORMAT", None) for name in names)
    return {found.name: found for found in declared if isinstance(found, Format)}


def _checked(loaded: object, name: str) -> Format:
    if not isinstance(loaded, Format):
        raise TypeError(f"not a Format but {type(loaded).__name__}")
    if loaded.name != name:
        raise ValueError(f"the Format calls itself {loaded.name!r}")
    return loaded


FORMATS = Registry("format", "eqc_orchestrator.formats", _ours, _checked)


def format_names(what: Written) -> tuple[str, ...]:
    """The formats that write ``what``, sorted, and all that other distributions add.

    Those are not imported for a list of names: what they write shows when one is used.
    """
    own = (name for name, found in FORMATS.own.items() if found.writes(what))
    return tuple(sorted((*own, *FORMATS.added)))

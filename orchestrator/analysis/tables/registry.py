"""All tables by name, as ``eqc report --show`` takes them.

A table is one function ``NAME_table`` in a module of this folder: ``cpu_classes_table`` is
``cpu-classes``. The modules import no pandas, so that names are listed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from orchestrator.analysis.tables import (
    classes,
    distances,
    hardware,
    kernels,
    layers,
    sessions,
    sizes,
)
from orchestrator.results.table import Table
from orchestrator.system.registry import Registry

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings

MakeTable = Callable[["Findings"], Table]

_MODULES = (classes, sessions, hardware, sizes, layers, kernels, distances)
"""In the order in which the tables are listed."""
_SUFFIX = "_table"


def _ours() -> Mapping[str, MakeTable]:
    return {
        name.removesuffix(_SUFFIX).replace("_", "-"): function
        for module in _MODULES
        for name, function in vars(module).items()
        if name.endswith(_SUFFIX) and function.__module__ == module.__name__
    }


def _checked(loaded: object, _: str) -> MakeTable:
    if not callable(loaded):
        raise TypeError(f"not a function but {type(loaded).__name__}")
    return loaded


TABLES = Registry("table", "eqc_orchestrator.tables", _ours, _checked)
"""Each is a pure function of ``Findings``; ``Table.name`` is its key."""

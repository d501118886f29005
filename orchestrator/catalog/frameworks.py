"""All frameworks: one folder each, beside the runner or in a folder of ``EQC_FRAMEWORKS``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from orchestrator.catalog.framework_folder import DESCRIPTION, Framework, read_framework, wrong
from orchestrator.system.paths import images_folder

FOLDERS_VARIABLE = "EQC_FRAMEWORKS"
"""Environment variable: folders that hold folders of frameworks, separated as in ``PATH``."""

_FIRST = ("tensorflow", "torch", "onnxruntime", "numpy")
"""The order of these in the published JSON Schema; all others follow by name."""


def frameworks() -> Mapping[str, Framework]:
    """Every framework by its name. Raises ``UsageError`` for a folder that is not valid."""
    return _frameworks(outside_folders())


def outside_folders() -> tuple[Path, ...]:
    """The folders that ``EQC_FRAMEWORKS`` names."""
    named = os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)
    return tuple(Path(name).absolute() for name in named if name)


def sources_of(framework: str) -> tuple[str, ...]:
    """The kinds of model ``framework`` can load, e.g. ``("builtin", "onnx")``; KeyError."""
    return frameworks()[framework].sources


@cache
def _frameworks(outside: tuple[Path, ...]) -> Mapping[str, Framework]:
    found: dict[str, Framework] = {}
    for place in (images_folder(), *outside):
        for framework in _in(place):
            name = framework.name
            if name in found:
                other = found[name].folder
                wrong(framework.folder, f"{other} is called {name!r}, too: rename one of the two")
            found[name] = framework
    first = {name: place for place, name in enumerate(_FIRST)}
    names = sorted(found, key=lambda name: (first.get(name, len(first)), name))
    return MappingProxyType({name: found[name] for name in names})


def _in(place: Path) -> Iterator[Framework]:
    """The frameworks whose folders are in ``place``. Raises ``UsageError`` if there are none."""
    folders = [path.parent for path in sorted(place.glob(f"*/{DESCRIPTION}"))]
    if not folders:
        hint = f": name {place.parent}" if (place / DESCRIPTION).is_file() else ""
        wrong(
            place,
            f"{FOLDERS_VARIABLE} names folders that hold a folder with a {DESCRIPTION} for each "
            f"framework; there is none in this one{hint}",
        )
    for folder in folders:
        yield read_framework(folder)

"""Finds the adapter of a framework, which is imported only when a worker asks for it.

A framework is a folder with a ``framework.json``. Folders of frameworks stand beside the runner's
own, in a checkout as in an image, or in the folders that ``EQC_FRAMEWORKS`` names.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, cast

from eqc_runner.failures import Failed, Unsupported

if TYPE_CHECKING:
    from eqc_runner.adapters.protocol import Adapter

FOLDERS_VARIABLE = "EQC_FRAMEWORKS"
"""Folders that hold folders of frameworks, separated as in ``PATH``."""
FILE = "framework.json"

PACKAGE = "eqc_runner."
"""What the module of an adapter of ours begins with."""
_BESIDE = Path(__file__).resolve().parents[3]


class Framework(NamedTuple):
    """What the runner needs to know of ``framework.json``."""

    name: str
    """That of its folder."""
    folder: Path
    adapter: str
    """``module:Class``; the module is a file of ``folder``, or one of this package."""
    install: str
    """What ``pip install`` needs where the framework is missing."""
    flags: Mapping[str, Any]
    """What each flag takes: a list of words, ``boolean``, ``integer`` or ``text``."""
    distribution: str
    """What the index calls it."""


def get(name: str) -> Adapter:
    """The adapter of framework ``name``, not yet started.

    Raises ``Unsupported("not-installed")`` for a name that nobody knows and for an adapter whose
    module cannot be imported, ``Failed`` for a ``framework.json`` that is none. Other errors while
    importing are left to the caller: a broken installation is not a missing one.
    """
    framework = find(name)
    module, _, attribute = framework.adapter.partition(":")
    try:
        return cast("Adapter", getattr(_imported(framework, module), attribute)())
    except ModuleNotFoundError as error:
        raise not_installed(name, error) from error


def not_installed(name: str, error: ImportError) -> Unsupported:
    """The ``Unsupported`` for a framework whose import failed, naming what to install."""
    remedy = f"pip install {_install(find(name), error.name or '')}"
    return Unsupported("not-installed", f"{name}: {error}; install it with: {remedy}")


def find(name: str) -> Framework:
    """The framework of that name. Raises ``Unsupported`` and ``Failed`` as ``get`` does."""
    known = _folders()
    if name not in known:
        raise Unsupported(
            "not-installed",
            f"no adapter for framework {name!r}; known are {', '.join(sorted(known))}",
        )
    path = known[name] / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Framework(
            name,
            known[name],
            content["adapter"],
            content["install"],
            content.get("flags", {}),
            content.get("distribution", name),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"{path} does not describe a framework: {type(error).__name__}: {error}"
        raise Failed("exception", text) from error


def _install(framework: Framework, module: str) -> str:
    """The requirement of the framework that brings the missing ``module``; else all it needs."""
    wanted = re.sub(r"[-_.]+", "-", module.partition(".")[0]).lower()
    try:
        lines = (framework.folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        named = re.match(r"[\w.-]+", line)
        if named and re.sub(r"[-_.]+", "-", named[0]).lower() == wanted:
            return named[0]
    return framework.install


def _folders() -> dict[str, Path]:
    """The folder of every framework by its name."""
    named = os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)
    found: dict[str, Path] = {}
    for place in (_BESIDE, *(Path(name) for name in named if name)):
        for path in sorted(place.glob(f"*/{FILE}")):
            found.setdefault(path.parent.name, path.parent)
    return found


def _imported(framework: Framework, module: str) -> Any:
    if module.startswith(PACKAGE):
        return importlib.import_module(module)
    # By its path, its folder last: a file that is called as the framework must not hide it.
    sys.path.append(str(framework.folder))
    name = f"eqc_framework_{module}"
    spec = importlib.util.spec_from_file_location(name, framework.folder / f"{module}.py")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - it ends in .py
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made

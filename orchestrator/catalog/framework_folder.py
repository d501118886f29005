"""The folder that defines one framework: read and checked. Its name is the framework's name.

``framework.json``: the kinds of model it loads, the class of its adapter, what to install, its
flags and, if it is not called as the framework, the distribution whose version ``on`` pins;
``requirements.txt``: what pip installs into its image; ``masks.json``, optional: the environment
variables that limit its instruction set. Every other file is copied beside the runner.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from orchestrator.catalog.flag_kinds import FlagKind, flag_kinds
from orchestrator.errors import UsageError
from orchestrator.system.paths import images_folder, runner_path

SOURCES = ("builtin", "onnx", "keras", "savedmodel", "torch", "tflite", "python")
"""All kinds of model, as an experiment file names them."""

OWN: Mapping[str, str] = MappingProxyType(
    {
        "onnx": "onnxruntime",
        "keras": "tensorflow",
        "savedmodel": "tensorflow",
        "tflite": "tensorflow",
        "torch": "torch",
    }
)
"""What runs a kind of model file where an experiment does not say ``on``."""
REQUIRED_FLAGS: Mapping[str, str] = MappingProxyType(
    {"sse4": "sse4_2", "avx": "avx", "avx2": "avx2", "avx512": "avx512f"}
)
"""For each level of masks, oldest first: the CPU flag (as Linux names it) that it needs."""

DESCRIPTION = "framework.json"
AGREEMENT = "agreement.json"
"""Optional: settings that may make platforms agree (``catalog/agreement.py``)."""
_REQUIREMENTS, _MASKS, _DOCKERFILE = "requirements.txt", "masks.json", "Dockerfile"
_KEYS = ("sources", "adapter", "install")
_OPTIONAL = ("distribution", "flags", "variables")
_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
"""Also valid as the name of a Docker image: the framework's image is called eqc-<name>."""
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_RUNNER = "eqc_runner."
_VARIABLES = "'variables' has, by flag and by value, an object of variables, all text"
_ADAPTER = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*")


@dataclass(frozen=True)
class Framework:
    """A framework, from a folder that was checked."""

    folder: Path
    sources: tuple[str, ...]
    """The kinds of model it can load, e.g. ``("builtin", "onnx")``."""
    masks: Mapping[str, Mapping[str, str]]
    """By level, the environment variables that limit it to that level; other levels are absent."""
    distribution: str
    """What the index calls it: ``tensorflow-cpu`` for ``tensorflow``."""
    flags: Mapping[str, FlagKind] | None = None
    """By name; ``session.*`` is any name that begins so. ``None``: its adapter alone knows."""
    variables: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """By flag and by its value as JSON has it, what is to be set before the framework's import."""

    @property
    def name(self) -> str:
        """The framework's name in experiment files."""
        return self.folder.name

    def kind_of_flag(self, name: str) -> FlagKind | None:
        """What flag ``name`` takes; ``None``: there is none of that name."""
        for known, kind in (self.flags or {}).items():
            if name == known or (known.endswith("*") and name.startswith(known[:-1])):
                return kind
        return None

    def variables_of(self, flags: Mapping[str, object]) -> dict[str, str]:
        """The environment variables that these flags stand for."""
        found: dict[str, str] = {}
        for name, value in flags.items():
            text = value if isinstance(value, str) else json.dumps(value)
            found.update(self.variables.get(name, {}).get(text, {}))
        return found

    @property
    def requirements(self) -> Path:
        """The file with what pip installs into its image."""
        return self.folder / _REQUIREMENTS

    @property
    def dockerfile(self) -> Path:
        """Its own Dockerfile, or the shared one if it has none."""
        own = self.folder / _DOCKERFILE
        return own if own.is_file() else images_folder() / _DOCKERFILE

    def runner_files(self) -> Iterator[tuple[str, Path]]:
        """The files that the runner needs: (``<framework>/<path in its folder>``, file), sorted."""
        for path in sorted(self.folder.rglob("*")):
            parts = path.relative_to(self.folder).parts
            if parts[0] in (_MASKS, AGREEMENT, _DOCKERFILE) or not path.is_file():
                continue
            if not any(part == "__pycache__" or part.startswith(".") for part in parts):
                yield "/".join((self.name, *parts)), path


def read_framework(folder: Path) -> Framework:
    """Read and check the folder. Raises ``UsageError`` with the file and what is wrong in it."""
    path = folder / DESCRIPTION
    if _NAME.fullmatch(folder.name) is None or folder.name == runner_path().name:
        wrong(
            path,
            f"{folder.name!r} cannot be a framework's name, and the folder's name is that: use "
            f"a-z, 0-9 and single . _ - between them; not {runner_path().name!r}",
        )
    content = _object(path)
    for key in content.keys() - {*_KEYS, *_OPTIONAL}:
        wrong(path, f"unknown key {key!r}; its keys are {', '.join((*_KEYS, *_OPTIONAL))}")
    for key in _KEYS:
        if not content.get(key):
            wrong(path, f"needs the key {key!r}; its keys are {', '.join(_KEYS)}")
    sources = content["sources"]
    unknown = [s for s in sources if s not in SOURCES] if isinstance(sources, list) else [sources]
    if unknown:
        wrong(path, f"no source {unknown[0]!r}; 'sources' is a list of {', '.join(SOURCES)}")
    if not isinstance(content["install"], str):
        wrong(path, "'install' must be one text: the arguments of 'pip install'")
    distribution = content.get("distribution", folder.name)
    if not isinstance(distribution, str) or _DISTRIBUTION.fullmatch(distribution) is None:
        wrong(path, f"'distribution' is a package's name in the index, not {distribution!r}")
    _check_adapter(path, content["adapter"])
    if not (folder / _REQUIREMENTS).is_file():
        wrong(
            folder / _REQUIREMENTS,
            "is not there; list what pip installs into the framework's image: numpy and blake3, "
            "which the runner needs, and the framework",
        )
    try:
        flags = flag_kinds(content["flags"]) if "flags" in content else None
    except ValueError as error:
        wrong(path, str(error))
    variables = _variables(path, content.get("variables", {}), flags or {})
    return Framework(folder, tuple(sources), _masks(folder), distribution, flags, variables)


def wrong(path: Path, what: str) -> NoReturn:
    """Raises ``UsageError``: the file or folder and ``what`` is wrong with it."""
    raise UsageError(f"{path}: {what}")


def _check_adapter(path: Path, adapter: Any) -> None:
    match = _ADAPTER.fullmatch(adapter) if isinstance(adapter, str) else None
    if match is None:
        wrong(path, f"'adapter' is written like my_adapter:MyClass, not {adapter!r}")
    module = match[1]
    ours = module.startswith(_RUNNER)
    place = runner_path() / module.replace(".", "/") if ours else path.parent / module
    file = place.with_name(f"{place.name}.py")
    if not file.is_file():
        wrong(
            path,
            f"adapter {adapter!r}: there is no {file}; its module is a file of this folder, or one "
            "of eqc_runner.adapters",
        )


def _variables(
    path: Path, given: Any, flags: Mapping[str, FlagKind]
) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    if not isinstance(given, dict):
        wrong(path, _VARIABLES)
    for name, values in given.items():
        if name not in flags:
            wrong(path, f"'variables' has {name!r}, which is none of 'flags'")
        for variables in values.values() if isinstance(values, dict) else [None]:
            texts = variables.values() if isinstance(variables, dict) else [None]
            if not all(isinstance(text, str) for text in texts):
                wrong(path, _VARIABLES)
    return MappingProxyType(given)


def _masks(folder: Path) -> Mapping[str, Mapping[str, str]]:
    path = folder / _MASKS
    if not path.is_file():
        return MappingProxyType({})
    levels = _object(path).get("levels")
    if not isinstance(levels, dict):
        wrong(path, "needs the key 'levels': the variables of each level, by its name")
    for level, variables in levels.items():
        if level not in REQUIRED_FLAGS:
            wrong(path, f"no level {level!r}; there are {', '.join(REQUIRED_FLAGS)}")
        values = variables.values() if isinstance(variables, dict) else [None]
        if not all(isinstance(value, str) for value in values):
            wrong(path, f"level {level!r} must be an object of variables and values, all text")
    return MappingProxyType({level: MappingProxyType(levels[level]) for level in levels})


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        wrong(path, f"cannot be read as JSON: {error}")
    if not isinstance(content, dict):
        wrong(path, "is not a JSON object, which starts with { and ends with }")
    return content

"""What computes: a framework, the packages that it and the runner need, Python, the runner.

Told from the metadata of installed distributions; nothing is imported. Equal ids are equal
software: docs/formats.md, section 3, gives the formula, docs/adr/0014 the reasons.
"""

from __future__ import annotations

import hashlib
import json
import operator
import os
import re
import sys
from importlib import metadata, util
from typing import TYPE_CHECKING, Any, Iterator, Mapping, NamedTuple, Sequence

from eqc_runner import adapters

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "2"
"""Of the runner's numerics: raised when the same packages may give other bits by its own doing.

``tests/unit/runner/test_software.py`` notices that a file changed that numbers depend on.
"""
LOADER = ("LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD")
"""Variables that may bring other libraries, of which no distribution tells a version."""
REQUIREMENTS = "requirements.txt"

_PLATFORM = re.compile(r"\b(os_name|sys_platform|platform_\w+)\b")
_EXTRA = re.compile(r"\bextra\s*==\s*['\"]([^'\"]+)['\"]")
_PYTHON = re.compile(r"\bpython_version\s*([<>=!]=?)\s*['\"](\d+)\.(\d+)")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?[^;]*(?:;(.*))?")
_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_BUILDS = ("cpu", "gpu", "intel", "rocm", "macos", "openvino", "directml")
"""What follows a framework's name, after a dash, in the names of its other distributions."""


class Requirement(NamedTuple):
    """A line of ``Requires-Dist`` or of ``requirements.txt``, as far as it matters here."""

    name: str
    """In its normal form: lower case, with dashes."""
    extras: frozenset[str] = frozenset()
    marker: str = ""


def software(framework: str, requires: Sequence[str] = ()) -> dict[str, Any]:
    """What computes a cell of ``framework``, whose workload ``requires`` further packages.

    Raises ``SessionError`` for a framework that nobody knows.
    """
    found = adapters.find(framework)
    listed = found.folder / REQUIREMENTS
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else [framework]
    asked = [parsed for line in (*lines, *requires) for parsed in _parsed(line)]
    roots = [each._replace(name=_installed_name(each.name, framework)) for each in asked]
    everywhere = _closure(roots, on_some_platforms=False)
    somewhere = _closure(roots, on_some_platforms=True)
    main = _installed_name(_main(roots, found), framework)
    content: dict[str, Any] = {
        "framework": framework,
        "version": everywhere.get(main),
        "packages": everywhere,
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "runner": _runner(found),
    }
    variables = {name: os.environ[name] for name in LOADER if os.environ.get(name)}
    if variables:
        content["environment"] = variables
    bound = {name: text for name, text in somewhere.items() if name not in everywhere}
    return {"id": identity(content), **content, "platform_packages": bound}


def identity(content: Mapping[str, Any]) -> str:
    """16 hex digits of ``content``: BLAKE2b over its canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode("ascii"), digest_size=8).hexdigest()


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _main(roots: Sequence[Requirement], framework: adapters.Framework) -> str:
    """The distribution that is the framework, by its name; none need be."""
    names = [each.name for each in roots]
    stem, called = normal(framework.name), normal(framework.distribution)
    same = [name for name in names if name in (stem, called)]
    return [*same, *(n for n in names if n.startswith(f"{stem}-")), framework.name][0]


def _installed_name(name: str, framework: str) -> str:
    """``name``, or that of another build of the framework where only that one is installed."""
    stem = normal(framework)
    if name != stem and not name.startswith(f"{stem}-"):
        return name
    builds = [name, stem, *(f"{stem}-{build}" for build in _BUILDS)]
    return next((build for build in builds if _distribution(build) is not None), name)


def _closure(roots: Sequence[Requirement], *, on_some_platforms: bool) -> dict[str, str]:
    """Versions of all that ``roots`` need and that is installed, by name.

    What only some platforms need is left out unless ``on_some_platforms``: else the same software
    would have another id on each.
    """
    found: dict[str, str] = {}
    seen: set[Requirement] = set()
    open_ones = [each for each in roots if on_some_platforms or not _is_bound(each)]
    while open_ones:
        wanted = open_ones.pop()._replace(marker="")
        if wanted in seen:
            continue
        seen.add(wanted)
        distribution = _distribution(wanted.name)
        if distribution is None:
            text = _module_alone(wanted.name)
            if text is not None:
                found[wanted.name] = text
            continue
        if wanted.name not in found:
            found[wanted.name] = _version(distribution)
        for line in distribution.requires or ():
            for needed in _parsed(line):
                extras = set(_EXTRA.findall(needed.marker))
                if extras and not extras & wanted.extras:
                    continue
                if not _for_this_python(needed):
                    continue
                if on_some_platforms or not _is_bound(needed):
                    open_ones.append(needed)
    return dict(sorted(found.items()))


def _is_bound(requirement: Requirement) -> bool:
    return _PLATFORM.search(requirement.marker) is not None


def _for_this_python(requirement: Requirement) -> bool:
    """Whether no comparison of the marker excludes this Python; alternatives are not judged."""
    if re.search(r"\bor\b", requirement.marker):
        return True
    mine = sys.version_info[:2]
    return all(
        _COMPARISONS[sign](mine, (int(major), int(minor)))
        for sign, major, minor in _PYTHON.findall(requirement.marker)
        if sign in _COMPARISONS
    )


def _parsed(line: str) -> Iterator[Requirement]:
    """The requirement of a line; none where it is blank, a comment or an option of pip."""
    match = _REQUIREMENT.match(line.partition("#")[0])
    if match is not None:
        extras = frozenset(extra.strip() for extra in (match[2] or "").split(",") if extra.strip())
        yield Requirement(normal(match[1]), extras, (match[3] or "").strip())


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _version(distribution: metadata.Distribution) -> str:
    """Its version; and where its modules would be imported from, if from elsewhere.

    A folder of ``PYTHONPATH`` or of the working folder may hide what is installed.
    """
    place = os.path.realpath(str(distribution.locate_file("")))
    hidden = []
    for module in _modules(distribution):
        origin = _origin(module)
        if origin is not None and not origin.startswith(place + os.sep):
            hidden.append(f"{module} from {origin}")
    return ", ".join([distribution.version, *hidden])


def _module_alone(name: str) -> str | None:
    """Where a module is that no distribution tells of; ``None``: there is none."""
    module = name.replace("-", "_")
    origin = _origin(module)
    return None if origin is None else f"{module} from {origin}"


def _origin(module: str) -> str | None:
    try:
        spec = util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None or spec.origin is None or not os.path.isabs(spec.origin):  # noqa: PTH117
        return None
    return os.path.realpath(spec.origin)


def _modules(distribution: metadata.Distribution) -> list[str]:
    """The names of the modules and packages that it installs."""
    text = distribution.read_text("top_level.txt")
    if text:
        names = set(text.split())
    else:
        record = distribution.read_text("RECORD") or ""
        names = set()
        for line in record.splitlines():
            path = line.partition(",")[0]
            first, slash, _ = path.partition("/")
            names.add(first if slash else first[:-3] if first.endswith(".py") else "")
    return sorted(name for name in names if name.isidentifier() and not name.startswith("_"))


def _runner(framework: adapters.Framework) -> str:
    """The runner's version; with the content of an adapter that is not the runner's own."""
    if framework.adapter.startswith(adapters.PACKAGE):
        return VERSION
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted(_files(framework.folder)):
        digest.update(path.relative_to(framework.folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return f"{VERSION}+{digest.hexdigest()}"


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.py"):
        if "__pycache__" not in path.parts:
            yield path

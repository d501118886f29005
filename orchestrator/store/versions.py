"""Every version of the documents that a run rewrites, so that nobody who has one loses it.

``<run>/documents/<when>.<BLAKE3>.<name>`` is a version of ``run.json``, ``plan.json`` or
``experiment.yaml``. None is ever changed; from all of them together anyone makes the same three
documents, whether they met in a bucket or were merged. docs/formats.md, section 5, has the rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from blake3 import blake3

from orchestrator.errors import StoreError
from orchestrator.store.documents import (
    Document,
    complete,
    identity,
    newest,
    unite_plans,
    unite_runs,
)
from orchestrator.system.files import write_whole

VERSION = re.compile(
    r"(?P<when>\d{8}T\d{6}\.\d{6})\.(?P<digest>[0-9a-f]{64})\."
    r"(?P<name>run\.json|plan\.json|experiment\.yaml)"
)
NAMES = ("run.json", "plan.json", "experiment.yaml")
NAMED = {"plan": "plan.json", "experiment": "experiment.yaml"}
"""The keys of an invocation that have the BLAKE3 of a document, and of which."""
_STAMP = "%Y%m%dT%H%M%S.%f"
_FIRST = "19700101T000000.000000"

Versions = Mapping[str, Path | bytes]
"""By the names of their files: where each stands, or its content where it has no file yet."""


def versions_of(run: Path) -> Versions:
    """All versions of a run's documents; what they say now is one unless the others give it.

    Raises ``StoreError`` where a version or ``run.json`` is damaged.
    """
    found: dict[str, Path | bytes] = {path.name: path for path in versions(run)}
    now = {name: (run / name).read_bytes() for name in NAMES if (run / name).is_file()}
    given = {key: _digest(now[name]) for key, name in NAMED.items() if name in now}
    when = _after(found)
    if "run.json" in now:
        document = complete(read_run(run), given)
        when = max(when, _started(run / "run.json", document))
        before = dumped(united_run(found))
        version = {_name(when, dumped(document), "run.json"): dumped(document)}
        if before not in (now["run.json"], dumped(united_run({**found, **version}))):
            found.update(version)
    asked = united_run(found)
    for key, name in NAMED.items():
        if name in now and not _is_given(found, asked, key, now[name]):
            found[_name(when, now[name], name)] = now[name]
    return found


def united(found: Versions) -> dict[str, bytes]:
    """The documents that ``found`` give together, by their names; ``run.json`` is the last."""
    asked = united_run(found)
    parts = {name: _asked(found, asked, key) for key, name in NAMED.items()}
    parts["run.json"] = dumped(asked) if asked else None
    return {name: content for name, content in parts.items() if content is not None}


def keep_versions(run: Path) -> None:
    """Make a file of each version that has none."""
    for name, version in versions_of(run).items():
        if isinstance(version, bytes):
            write_whole(run / "documents" / name, version)


def restore(run: Path) -> None:
    """Write the documents that all versions give; what is here and was never a version is one."""
    keep_versions(run)
    for name, content in united({path.name: path for path in versions(run)}).items():
        if not (run / name).is_file() or (run / name).read_bytes() != content:
            write_whole(run / name, content)


def versions(run: Path, name: str = "*") -> list[Path]:
    """The files of all versions of a document, or of all of them, oldest first."""
    found = (run / "documents").glob(f"*.{name}")
    return sorted(path for path in found if VERSION.fullmatch(path.name))


def read_run(run: Path) -> Document:
    """The ``run.json`` of a run's folder. Raises ``StoreError`` where it is damaged."""
    return _run_document("run.json", run / "run.json")


def version_digest(version: str) -> str:
    """The BLAKE3 of its content that the name of a version has."""
    return version[len(_FIRST) + 1 :][:64]


def united_run(found: Versions) -> Document:
    """The ``run.json`` that its versions give together; empty without any."""
    documents = []
    for name in _sorted(found, "run.json"):
        document = _run_document(name, found[name])
        last = document["invocations"][-1:]
        early = bool(last) and "plan" not in last[0]
        documents.append(complete(document, _digests_then(found, name) if early else {}))
    return unite_runs(documents) if documents else {}


def dumped(document: Document) -> bytes:
    """As documents are written."""
    return json.dumps(document, indent=1, sort_keys=True).encode()


def _asked(found: Versions, run: Document, key: str) -> bytes | None:
    """What the calls that no other one comes after say together: their plans, or the newest's text.

    Where no call says which document was its own, the newest version counts.
    """
    files = {version_digest(name): name for name in _sorted(found, NAMED[key])}
    calls = run.get("invocations", ())
    among = {identity(call) for call in calls if call.get(key) in files}
    names = list(dict.fromkeys(files[call[key]] for call in newest(calls, among)))
    names = names or list(files.values())[-1:]
    if key == "experiment" or len(names) <= 1:
        return _content(found[names[0]]) if names else None
    try:
        return dumped(unite_plans([_parsed(name, found[name]) for name in names]))
    except (AttributeError, KeyError, TypeError) as error:
        raise StoreError(f"one is no plan.json ({error!r}): {', '.join(names)}") from error


def _is_given(found: Versions, run: Document, key: str, content: bytes) -> bool:
    """Whether ``content`` is one of the versions, or what they give together."""
    digest = _digest(content)
    known = any(version_digest(name) == digest for name in _sorted(found, NAMED[key]))
    return known or content == _asked(found, run, key)


def _digests_then(found: Versions, name: str) -> dict[str, str]:
    """The digests of the documents that stood beside a ``run.json`` when it was kept."""
    then = {
        key: [each for each in _sorted(found, of) if _when(each) <= _when(name)]
        for key, of in NAMED.items()
    }
    return {key: version_digest(names[-1]) for key, names in then.items() if names}


def _sorted(found: Versions, name: str) -> list[str]:
    """The versions of one document, oldest first."""
    return sorted(each for each in found if each.endswith(f".{name}"))


def _name(when: str, content: bytes, name: str) -> str:
    return f"{when}.{_digest(content)}.{name}"


def _when(version: str) -> str:
    return version[: len(_FIRST)]


def _digest(content: bytes) -> str:
    return blake3(content).hexdigest()


def _started(where: Path, run: Document) -> str:
    """The start of the newest invocation, as a version's name begins: equal in every copy."""
    try:
        starts = [
            f"{datetime.fromisoformat(each['started']):{_STAMP}}" for each in run["invocations"]
        ]
    except ValueError as error:
        raise StoreError(f"{where}: is no run.json ({error}); the file is damaged") from error
    return max(starts, default=_FIRST)


def _after(found: Versions) -> str:
    """Just after the newest version, whose computer's clock may be ahead of ours."""
    if not found:
        return _FIRST
    newest_there = datetime.strptime(max(map(_when, found)), _STAMP)  # noqa: DTZ007
    return f"{newest_there + timedelta(microseconds=1):{_STAMP}}"


def _content(version: Path | bytes) -> bytes:
    return version if isinstance(version, bytes) else version.read_bytes()


def _parsed(name: str, version: Path | bytes) -> Any:
    where = version if isinstance(version, Path) else name
    try:
        return json.loads(_content(version))
    except ValueError as error:
        raise StoreError(f"{where}: not JSON ({error}); the file is damaged") from error


def _run_document(name: str, version: Path | bytes) -> Document:
    document = _parsed(name, version)
    if not isinstance(document, dict) or not _are_invocations(document.get("invocations")):
        where = version if isinstance(version, Path) else name
        raise StoreError(f"{where}: is no run.json; the file is damaged")
    return document


def _are_invocations(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and isinstance(each.get("started"), str) and "argv" in each
        for each in value
    )

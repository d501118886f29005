"""Every version of the documents that a run rewrites, so that a shared store need not rewrite any.

``<run>/documents/<when>.<BLAKE3>.<name>`` is a version of ``run.json``, ``plan.json`` or
``experiment.yaml``. None is ever changed; from all of them together anyone makes the same
documents: invocations are united, and of plans the newest counts, as in a folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from blake3 import blake3

from orchestrator.errors import StoreError
from orchestrator.system.files import write_whole

VERSION = re.compile(
    r"(?P<when>\d{8}T\d{6}\.\d{6})\.(?P<digest>[0-9a-f]{64})\."
    r"(?P<name>run\.json|plan\.json|experiment\.yaml)"
)
NAMES = ("run.json", "plan.json", "experiment.yaml")
_STAMP = "%Y%m%dT%H%M%S.%f"
STAMP = len("20260101T000000.000000")


def keep_versions(run: Path) -> None:
    """Make a version of each document that is not as its newest version says."""
    when = _after(path.name[:STAMP] for path in versions(run))
    for name in NAMES:
        if (run / name).is_file():
            content = (run / name).read_bytes()
            if not _says_nothing_new(run, name, content):
                digest = blake3(content).hexdigest()
                write_whole(run / "documents" / f"{when}.{digest}.{name}", content)


def restore(run: Path) -> None:
    """Write the documents that all versions give; what is here and was never a version is one."""
    for name in NAMES:
        path, known = run / name, versions(run, name)
        if path.is_file():
            digest = blake3(path.read_bytes()).hexdigest()
            if not any(f".{digest}." in version.name for version in known):
                keep_versions(run)
                known = versions(run, name)
        if not known:
            continue
        content = known[-1].read_bytes() if name != "run.json" else _united(known)
        if not path.is_file() or path.read_bytes() != content:
            write_whole(path, content)


def versions(run: Path, name: str = "*") -> list[Path]:
    """All versions of a document, or of all of them, oldest first."""
    found = (run / "documents").glob(f"*.{name}")
    return sorted(path for path in found if VERSION.fullmatch(path.name))


def unite(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One ``run.json`` of many, oldest first: every invocation once, as it was when it ended."""
    united: dict[str, Any] = {}
    invocations: dict[str, dict[str, Any]] = {}
    for document in documents:
        for invocation in document["invocations"]:
            identity = invocation.get("id") or json.dumps(
                [invocation["started"], invocation["argv"]]
            )
            earlier = invocations.get(identity)
            if earlier is None or "ended" not in earlier:
                invocations[identity] = invocation
        # Name, tag and start never change.
        united = {**document, **united}
    order = sorted(invocations.items(), key=lambda item: (item[1]["started"], item[0]))
    return {**united, "invocations": [invocation for _, invocation in order]}


def _says_nothing_new(run: Path, name: str, content: bytes) -> bool:
    known = versions(run, name)
    if not known:
        return False
    if name == "run.json":
        # Taken apart: what was united of several versions is none of them, and adds nothing.
        return _united(known) == _united([*known, run / name])
    return known[-1].read_bytes() == content


def _united(paths: Iterable[Path]) -> bytes:
    return json.dumps(unite(map(_document, paths)), indent=1, sort_keys=True).encode()


def _after(stamps: Iterable[str]) -> str:
    """Now, or just after the newest version, whose computer's clock may be ahead of ours."""
    now = datetime.now(UTC).replace(tzinfo=None)
    newest = max(stamps, default=None)
    if newest is not None:
        now = max(now, datetime.strptime(newest, _STAMP) + timedelta(microseconds=1))  # noqa: DTZ007
    return f"{now:{_STAMP}}"


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise StoreError(f"{path}: not JSON ({error}); the file is damaged") from error
    if not isinstance(document, dict) or not isinstance(document.get("invocations"), list):
        raise StoreError(f"{path}: is no run.json; the file is damaged")
    return document

"""Copies of one run, written as ``eqc run`` leaves them, with names and times that tests choose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from blake3 import blake3

from orchestrator.store.documents import PARTS, newest
from orchestrator.store.records import cell_objects
from tests.unit.store.records import cell as described
from tests.unit.store.records import failed, observed

START = "2026-01-01T00:00:00Z"


def document(*invocations: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": 1,
        "run": "r",
        "experiment": "trial",
        "tag": "t",
        "invocations": list(invocations),
    }


def call(name: str, started: str = START, **more: object) -> dict[str, Any]:
    return {"id": name, "argv": ["eqc"], "started": started, **more}


def write(folder: Path, /, **texts: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        suffix = "yaml" if name == "experiment" else "json"
        (folder / f"{name}.{suffix}").write_text(text)


def planned(*cells: str, sessions: int = 1) -> str:
    parts: dict[str, Any] = {part: {"p": {"id": "p"}} for part in PARTS}
    ids = ["p"] * len(PARTS)
    rows = [{"cell": cell, "parts": ids, "sessions": sessions} for cell in cells]
    return json.dumps({"schema": 1, "cells": rows, **parts})


def asked(folder: Path, name: str, plan: str, started: str = START) -> None:
    """As a call of ``eqc run`` that plans ``plan``."""
    path = folder / "run.json"
    known = json.loads(path.read_bytes()) if path.exists() else document()
    after = [each["id"] for each in newest(known["invocations"])]
    plan_digest, spec_digest = (blake3(text.encode()).hexdigest() for text in (plan, name))
    digests = {"plan": plan_digest, "experiment": spec_digest}
    known["invocations"].append(call(name, started, after=after, **digests))
    write(folder, plan=plan, experiment=name, run=json.dumps(known))


def cells(folder: Path) -> list[str]:
    return [cell["cell"] for cell in json.loads((folder / "plan.json").read_bytes())["cells"]]


def observe(
    folder: Path,
    cell: str,
    *,
    session: int = 0,
    machine: str = "m",
    **more: object,
) -> None:
    """Append a record, ``ok`` unless ``more`` says something else."""
    known = observed(cell, session) if more.get("status", "ok") == "ok" else failed(cell, session)
    parts = {**cell_objects(described()), "cell": cell}
    record = {
        **known,
        **parts,
        "run": "r",
        "attempt": 0,
        "recorded": "2026-01-01T00:00:00Z",
        **more,
    }
    path = folder / "observations" / f"{machine}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(record, sort_keys=True) + "\n")


def content(store: Path) -> dict[str, bytes]:
    """All files of a store by their paths, but the locks."""
    files = (path for path in store.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in files}

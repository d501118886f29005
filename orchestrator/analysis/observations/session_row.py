"""What the table of sessions keeps of a record, beside its cell and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SESSION_COLUMNS = (
    "status",
    "code",
    "reason",
    "run",
    "experiment",
    "recorded",
    "mode",
    "perturbed",
    "fingerprint",
    "provider",
    "machine",
    "isolation",
    "emulated",
    "masked",
    "rehearsal",
    "image",
    "framework",
    "version",
    "device",
    "isa",
    "threads",
)


def session_row(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of ``SESSION_COLUMNS``; texts, ``None`` where the record does not say."""
    reason = record.get("reason") or {}
    machine = record.get("machine") or {}
    image = machine.get("image") or {}
    framework = record.get("framework") or {}
    code = reason.get("code")
    message = reason.get("message")
    return (
        record["status"],
        code,
        ": ".join(str(part) for part in (code, message) if part) or None,
        record.get("run"),
        record.get("experiment"),
        record.get("recorded"),
        record.get("mode"),
        bool(record.get("perturbed")),
        record.get("fingerprint"),
        (record.get("platform") or {}).get("provider"),
        machine.get("id"),
        machine.get("isolation"),
        text(machine.get("emulated")),
        text(machine.get("masked")),
        bool(machine.get("rehearsal")),
        "@".join(str(image[key]) for key in ("name", "digest") if image.get(key)) or None,
        framework.get("name"),
        framework.get("version"),
        framework.get("device"),
        text(framework.get("isa")),
        text(framework.get("threads")),
    )


def text(value: Any) -> str | None:
    """A small JSON value as one line: ``a=1 b=2`` for an object; ``None`` where it is empty."""
    if isinstance(value, Mapping):
        return " ".join(f"{key}={value[key]}" for key in sorted(value)) or None
    if isinstance(value, list | tuple):
        return " ".join(str(item) for item in value) or None
    return None if value in (None, "", False) else str(value)

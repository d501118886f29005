"""What experiments said of a store's explanations: ``STORE/_confirm/confirmations.jsonl``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.errors import StoreError
from orchestrator.results.confirmation import (
    AttributeVerdict,
    Confirmation,
    ConfirmedPartition,
    Elsewhere,
    FoundCause,
    Trial,
    Verdict,
)
from orchestrator.results.explanation import Kind
from orchestrator.store.run_folder import CONFIRM
from orchestrator.system.files import disk_errors

FILE = "confirmations.jsonl"


def read_confirmations(store: Path) -> tuple[Confirmation, ...]:
    """All that are stored, the oldest first; a torn last line was never acknowledged.

    Raises ``StoreError`` where a line is none.
    """
    path = store / CONFIRM / FILE
    if not path.is_file():
        return ()
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    found = []
    for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
        try:
            found.append(_parsed(json.loads(line)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{path}:{number}: is no confirmation ({error!r})") from error
    return tuple(found)


def append_confirmation(store: Path, confirmation: Confirmation) -> None:
    """Append one line and sync. Raises ``EnvironmentNotReady``."""
    path = store / CONFIRM / FILE
    line = json.dumps({"schema": 1, **asdict(confirmation)}, sort_keys=True).encode() + b"\n"
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(0)
            whole = file.read().rfind(b"\n") + 1
            if whole < end:
                file.truncate(whole)
            file.write(line)
            os.fsync(file.fileno())


def _parsed(known: Mapping[str, Any]) -> Confirmation:
    return Confirmation(
        tuple(
            ConfirmedPartition(
                **{**one, "ids": tuple((int(number), str(each)) for number, each in one["ids"])}
            )
            for one in known["partitions"]
        ),
        tuple(_verdict(one) for one in known["verdicts"]),
        tuple(_trial(one) for one in known["trials"]),
        known["host"],
        known["sessions"],
        known["seconds"],
        known["recorded"],
        tuple(known["notes"]),
    )


def _verdict(one: Mapping[str, Any]) -> AttributeVerdict:
    elsewhere = one["elsewhere"]
    return AttributeVerdict(
        **{
            **one,
            "kind": Kind(one["kind"]),
            "verdict": Verdict(one["verdict"]),
            "together": tuple(one["together"]),
            "elsewhere": None if elsewhere is None else Elsewhere(**elsewhere),
        }
    )


def _trial(one: Mapping[str, Any]) -> Trial:
    return Trial(
        **{
            **one,
            "changes": tuple(one["changes"]),
            "reproduced": (bool(one["reproduced"][0]), bool(one["reproduced"][1])),
            "causes": tuple(_cause(each) for each in one["causes"]),
        }
    )


def _cause(one: Mapping[str, Any]) -> FoundCause:
    return FoundCause(
        **{
            **one,
            "attributes": tuple(one["attributes"]),
            "values": tuple((before, after) for before, after in one["values"]),
            "along": tuple(one["along"]),
            "after": tuple(one["after"]),
        }
    )

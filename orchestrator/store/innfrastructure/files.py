"""Import of the result files of the NeurIPS 2023 study (its ``innfrastructure`` format).

One JSON file per (machine, model, input); ``names`` has the layouts. Whatever is not such a file,
whole, is reported as ``Rejected`` and skipped, never half-read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from orchestrator.model.experiment import content_id
from orchestrator.store.innfrastructure.fingerprint import fingerprint_of
from orchestrator.store.innfrastructure.names import Names
from orchestrator.store.innfrastructure.prediction import (
    ForeignFileError,
    Prediction,
    predictions_of,
)
from orchestrator.store.parse import JsonObject

_LFS = b"version https://git-lfs.github.com/spec/"
_LARGEST = 1 << 30


@dataclass(frozen=True)
class Imported:
    """What one file holds, ready for a store."""

    path: Path
    platform: str
    """Its name."""
    records: tuple[JsonObject, ...]
    """Stored observations (docs/formats.md, section 5), one per session."""
    fingerprint: JsonObject
    fingerprint_digest: str
    tensors: tuple[tuple[str, bytes], ...]
    """(digest, tensor file) of every distinct output."""


@dataclass(frozen=True)
class Rejected:
    """A file that was not imported, and why."""

    path: Path
    reason: str


def read(folder: Path) -> Iterator[Imported | Rejected]:
    """Every ``.json`` file at or below ``folder``, in the order of their paths.

    Raises ``FileNotFoundError`` where there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    for path in sorted(folder.rglob("*.json")):
        try:
            yield _read_file(path)
        except OSError as error:
            yield Rejected(path, f"cannot be read: {error.strerror or error}")
        except ValueError as error:
            yield Rejected(path, str(error))


def _read_file(path: Path) -> Imported:
    if path.stat().st_size > _LARGEST:
        raise ValueError("larger than 1 GiB: not a result file")
    content = path.read_bytes()
    if content.startswith(_LFS):
        raise ValueError("a Git LFS pointer, not the file itself: run `git lfs pull` first")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON, or cut off ({error})") from error
    if not isinstance(document, dict):
        raise ForeignFileError("foreign: not a JSON object")
    wanted: dict[str, type] = {"cpu_info": dict, "device": dict, "model_type": str}
    if "hostname" in document and not {"device", "model_type"} & document.keys():
        wanted = {"cpu_info": dict}  # of raw_simd: it says no more
    absent = [key for key, kind in wanted.items() if not isinstance(document.get(key), kind)]
    if absent:
        raise ForeignFileError(f"foreign: no usable {' and no usable '.join(absent)}")
    predictions = predictions_of(document)
    fingerprint = fingerprint_of(document)
    digest = blake3(json.dumps(fingerprint, sort_keys=True).encode()).hexdigest()
    names = Names.of(path, document)
    return Imported(
        path,
        names.platform,
        tuple(
            _record(names, document, digest, session, prediction)
            for session, prediction in enumerate(predictions)
        ),
        fingerprint,
        digest,
        tuple(dict(tensor for given in predictions for tensor in given.tensors).items()),
    )


def _record(
    names: Names,
    document: Mapping[str, Any],
    fingerprint: str,
    session: int,
    prediction: Prediction,
) -> JsonObject:
    platform = content_id(["study-platform", names.platform])
    workload = content_id(["study-workload", names.model])
    given = content_id(["study-input", names.model, names.sample])
    variant = content_id(["study-variant", names.precision, names.device])
    words = ["tensorflow", names.precision] + (["gpu"] if names.device == "gpu" else [])
    return {
        "schema": 1,
        "cell": content_id([platform, workload, given, variant]),
        "session": session,
        "status": "ok",
        "reason": None,
        "framework": {
            "name": "tensorflow",
            "version": None,
            "device": names.device,
            "isa": None,
            "threads": None,
            "libraries": None,
        },
        "model": None,
        "outputs": [dict(output) for output in prediction.outputs],
        "perturbed": None,
        "kernels": None,
        "mode": None,
        "started": None,
        "seconds": None,
        "experiment": "innfrastructure",
        "run": "imported",
        "attempt": 0,
        "platform": {
            "id": platform,
            "provider": names.cloud or "study",
            "name": names.platform,
            "parameters": {"instance": names.instance},
        },
        "machine": {
            "id": content_id(["study-machine", names.platform]),
            "isolation": None,
            "emulated": None,
            "masked": None,
            "rehearsal": False,
            "image": None,
        },
        "workload": {
            "id": workload,
            "label": names.model,
            "source": "study",
            "name": names.model,
            "sha256": None,
            "weights": None,
            "arguments": {},
        },
        "input": {
            "id": given,
            "label": f"i{names.sample}" if names.sample.isdigit() else names.sample,
            "tensors": {},
        },
        "variant": {
            "id": variant,
            "label": " ".join(words),
            "framework": "tensorflow",
            "precision": names.precision,
            "threads": None,
            "batch": None,
            "device": names.device,
            "environment": {},
            "flags": {},
        },
        "fingerprint": fingerprint,
        "recorded": None,
        "imported": {
            "hostname": document.get("hostname"),
            "memory": document.get("memory"),
            "device": document.get("device"),
            "batch_dissemination": document.get("batch_dissemination"),
            "model_type": document.get("model_type"),
        },
    }

"""What a result file of the study is of: its machine, model and input, by its place and content.

Four layouts are known, below any folder:

- ``<cloud>/<cpu|gpu>/<instance>-<device>-<model>-i<sample>.json``
- ``<model>/<machine>.json``
- ``input_distribution/<model>-<layer>/<distribution>/<machine>.json``; ``parameter_distribution``
  and ``race_conditions`` alike, with any folders: the folders are the input
- ``raw_simd/<workload>/<machine>.json``, whose files say neither ``device`` nor ``model_type``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAMED = re.compile(r"(?P<instance>[^-]+)-(?P<device>.+)-(?P<model>[^-]+)-i(?P<sample>\d+)")
_PRECISION = re.compile(r"(?P<model>.+)_(?P<precision>float16|bfloat16|float32|float64)")
_SERIES = ("input_distribution", "parameter_distribution", "race_conditions", "raw_simd")
"""Folders of the study below which the folders tell results apart."""
UNSTATED = "unstated"
"""The input of a file that does not say which it was."""


@dataclass(frozen=True)
class Names:
    """The labels of one file; what they stand for is identified by them alone."""

    platform: str
    cloud: str | None
    instance: str
    model: str
    sample: str
    """The number of the study's sample, or the folders that tell this input from others."""
    precision: str
    device: str
    """``cpu`` or ``gpu``."""

    @classmethod
    def of(cls, path: Path, document: Mapping[str, Any]) -> Names:
        """Of a file whose ``model_type``, where it is there, is a text."""
        folders = _below_series(path)
        said = document.get("model_type")
        full = said if said is not None else (folders[:1] or [path.parent.name])[0]
        precise = _PRECISION.fullmatch(full)
        model = precise["model"] if precise else full
        precision = precise["precision"] if precise else "float32"
        described = document.get("device") or {}
        device = str(described.get("device_type") or "CPU").lower()
        named = _NAMED.fullmatch(path.stem)
        if named is None:
            told = [folder for folder in folders if folder not in (full, model)]
            sample = "/".join(told) or UNSTATED
            return cls(path.stem, None, path.stem, model, sample, precision, device)
        cloud = path.parent.parent.name or path.parent.name
        platform = f"{cloud}/{named['instance']}/{named['device']}"
        return cls(platform, cloud, named["instance"], model, named["sample"], precision, device)


def _below_series(path: Path) -> list[str]:
    """The folders between that of a series and the file; none where there is no series."""
    folders = path.parts[:-1]
    places = [place for place, folder in enumerate(folders) if folder in _SERIES]
    return list(folders[places[-1] + 1 :]) if places else []

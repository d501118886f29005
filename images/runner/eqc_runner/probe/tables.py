"""The probe's tables, JSON files in ``data/``: each is read once and never changed."""

from __future__ import annotations

import json
import pkgutil
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=None)
def table(name: str) -> Any:
    """The content of ``data/<name>.json``. Raises ``FileNotFoundError`` if there is none."""
    raw = pkgutil.get_data(__package__, "data/" + name + ".json")
    if raw is None:
        raise FileNotFoundError("probe/data/" + name + ".json")
    return json.loads(raw.decode("utf-8"))


def in_ranges(value: int, ranges: str) -> bool:
    """Whether ``value`` is in hexadecimal ``ranges`` such as ``"1a 1e 30-3f"``."""
    for item in ranges.split():
        first, _, last = item.partition("-")
        if int(first, 16) <= value <= int(last or first, 16):
            return True
    return False

"""Reads the catalog's JSON files, which also works from an installed wheel."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def read(name: str) -> Any:
    """The content of ``orchestrator/catalog/<name>``; read once, not to be changed."""
    return json.loads((files("orchestrator.catalog") / name).read_text(encoding="utf-8"))

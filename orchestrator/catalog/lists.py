"""The catalogue's lists: those shipped with the package and newer ones that a user fetched."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from orchestrator.errors import EnvironmentNotReady
from orchestrator.system.paths import cache_folder


def refreshed_folder() -> Path:
    """The default folder of ``eqc catalog refresh``; the catalogue reads newer lists from it."""
    return cache_folder() / "catalog"


def lists(provider: str, kind: str, folder: Path) -> tuple[Any, ...]:
    """The lists of one kind (``machine_types`` or ``prices``): ``folder``'s, then the shipped one.

    Raises ``EnvironmentNotReady`` for a list in ``folder`` that does not fit its schema.
    """
    name, schema = f"{provider}_{kind}.json", f"{kind}.schema.json"
    bundled = read(name)
    path = folder / name
    if not path.is_file():
        return (bundled,)
    # This import takes nearly half of the time of `eqc validate`: only if there is a list to check.
    import jsonschema  # noqa: PLC0415

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(found, read(schema))
    except (OSError, ValueError, jsonschema.ValidationError) as error:
        what = str(error).partition("\n")[0]
        raise EnvironmentNotReady(
            f"{path} is not a list of the catalogue ({what}): delete it, or write it again with "
            f"eqc catalog refresh --provider {provider}"
        ) from error
    return (found, bundled)


def list_text(document: Any) -> str:
    """A list as the text of its file: JSON with one row per line, for readable diffs."""
    lines = []
    for key, value in document.items():
        if isinstance(value, dict) and value:
            inner = ",\n".join(f"  {json.dumps(k)}: {_rows(v)}" for k, v in value.items())
            lines.append(f" {json.dumps(key)}: {{\n{inner}\n }}")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rows(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n" + ",\n".join(f"   {_compact(row)}" for row in value) + "\n  ]"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


@cache
def read(name: str) -> Any:
    """The content of ``orchestrator/catalog/<name>``. It is cached: do not modify it."""
    return json.loads((files("orchestrator.catalog") / name).read_text(encoding="utf-8"))


_FAMILIES = "_families.json"
PROVIDERS = tuple(
    sorted(
        each.name.removesuffix(_FAMILIES)
        for each in files("orchestrator.catalog").iterdir()
        if each.name.endswith(_FAMILIES)
    )
)
"""Providers whose hardware is bought by machine type: those that the catalogue has families of."""


def gpus() -> tuple[str, ...]:
    """Names of the GPUs that clouds offer."""
    return tuple(read("gpus.json"))

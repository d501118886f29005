"""Plain values → ``Document``, with pydantic's errors reworded for the author of the file."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.experiment.document import Document, document_model
from orchestrator.experiment.examples import EXAMPLES
from orchestrator.experiment.platforms import KnownProvider
from orchestrator.model.experiment import Json
from orchestrator.yaml_files.mistakes import Loc, Mistakes, nearest
from orchestrator.yaml_files.wording import by_value, example_of, shown, wrong_value

Entry = TypeVar("Entry")


def json_schema(providers: Sequence[KnownProvider]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an experiment file, for editors and other programs."""
    return copy.deepcopy(_json_schema(tuple(providers)))


@cache
def _json_schema(providers: tuple[KnownProvider, ...]) -> dict[str, Any]:
    schema = document_model(providers).model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


@dataclass(frozen=True)
class Checked:
    """The valid part of a document: whatever had a mistake is left out."""

    document: Document
    touched: frozenset[str]
    """The sections from which something was left out."""
    home: dict[str, list[int]]
    """For each section that is a list: the index in the file of each entry that is left."""

    def located(self, section: str, entries: list[Entry]) -> list[tuple[Loc, Entry]]:
        """The entries of a section, each with its location in the file."""
        home = self.home.get(section, [])
        return [((section, index), entry) for index, entry in zip(home, entries, strict=True)]


def validate(data: Json, providers: Sequence[KnownProvider], mistakes: Mistakes) -> Checked | None:
    """Check the shape; what is wrong is noted and left out, so that the rest can be checked too.

    ``None`` where ``data`` is no mapping, or four rounds of leaving out have not made it valid.
    """
    if not isinstance(data, dict):
        mistakes.add((), "an experiment file is a mapping that starts with 'schema: 1'")
        return None
    schema, model = _json_schema(tuple(providers)), document_model(providers)
    rest: dict[str, Json] = copy.deepcopy(data)
    # Leaving an entry out shifts the indices of those after it; "home" keeps the original ones.
    home = {
        key: list(range(len(section))) for key, section in rest.items() if isinstance(section, list)
    }
    touched = {key for key in _FILLED if rest.get(key) == []}
    for key in sorted(touched):
        mistakes.add(
            (key,), f"{key}: should be of at least 1 item; like {example_of((key,), EXAMPLES)}"
        )
    for _ in range(4):
        try:
            return Checked(model.model_validate(rest), frozenset(touched), home)
        except ValidationError as error:
            details = error.errors(include_url=False)
        placed = [(_home(tuple(detail["loc"]), home), detail) for detail in details]
        for loc, group in by_value(placed, mistakes):
            first = group[0]
            mistakes.add(loc, _message(group, loc, schema, mistakes), key=_is_key(first))
            if first["type"] == "extra_forbidden":
                mistakes.incomplete.add(loc[:2])
        touched |= {str(detail["loc"][0]) for detail in details if detail["loc"]}
        _leave_out(rest, details, home)
    return None


def _home(loc: Loc, home: dict[str, list[int]]) -> Loc:
    if len(loc) > 1 and isinstance(loc[1], int) and str(loc[0]) in home:
        return (loc[0], home[str(loc[0])][loc[1]], *loc[2:])
    return loc


def _leave_out(
    rest: dict[str, Json], details: list[ErrorDetails], home: dict[str, list[int]]
) -> None:
    """Remove from ``rest`` each unknown key and each entry or section that has another error."""
    entries: set[tuple[str, int]] = set()
    for detail in details:
        loc: Loc = tuple(detail["loc"])
        top = str(loc[0])
        section = rest.get(top)
        if detail["type"] == "extra_forbidden":
            _delete(rest, loc)
        elif isinstance(section, list) and len(loc) > 1 and isinstance(loc[1], int):
            entries.add((top, loc[1]))
        else:
            _replace(rest, top, home)
    for top, index in sorted(entries, reverse=True):
        section = rest[top]
        if isinstance(section, list):
            del section[index]
            del home[top][index]


_FILLED = ("workloads", "inputs", "platforms")
_STAND_INS: dict[str, Json] = {"schema": 1, "name": "unnamed", **{key: [] for key in _FILLED}}


def _replace(rest: dict[str, Json], top: str, home: dict[str, list[int]]) -> None:
    """Remove a section; a required one is replaced by a valid placeholder."""
    rest.pop(top, None)
    home.pop(top, None)
    if top in _STAND_INS:
        rest[top] = copy.deepcopy(_STAND_INS[top])


def _delete(rest: Json, loc: Loc) -> None:
    for part in loc[:-1]:
        if isinstance(rest, dict) and str(part) in rest:
            rest = rest[str(part)]
        elif isinstance(rest, list) and isinstance(part, int) and part < len(rest):
            rest = rest[part]
    if isinstance(rest, dict):
        rest.pop(str(loc[-1]), None)


def _is_key(detail: ErrorDetails) -> bool:
    return detail["type"] == "extra_forbidden" or "[key]" in detail["loc"]


def _message(
    errors: list[ErrorDetails], loc: Loc, schema: dict[str, Any], mistakes: Mistakes
) -> str:
    detail = errors[0]
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    known = mistakes.known(loc)
    path = dotted(known)
    if kind == "extra_forbidden":
        return f"unknown key '{loc[-1]}'{nearest(loc[-1], _keys(schema, loc[:-1]))}"
    if kind == "missing":
        example = example_of((*known, loc[-1]), EXAMPLES)
        needed = f"{path or 'the file'} needs the key '{loc[-1]}'"
        return f"{needed}, like {example}" if example else needed
    if kind == "union_tag_not_found":
        return f"{path} needs the key 'provider', like 'provider: local'"
    if kind == "union_tag_invalid":
        tags = re.findall(r"'([^']*)'", str(context["expected_tags"]))
        tag = given.get("provider") if isinstance(given, dict) else given
        return f"unknown provider {shown(tag)}{nearest(tag, tags)}"
    if kind == "literal_error":
        expected = ", ".join(str(error.get("ctx", {}).get("expected")) for error in errors)
        valid = re.findall(r"'([^']*)'", expected) or [expected.replace(" or ", ", ")]
        return f"{path}: {shown(given)} is not valid{nearest(given, valid)}"
    if kind == "unknown_word":
        return f"{path}: {detail['msg']}"
    if kind == "value_error":
        text = detail["msg"].removeprefix("Value error, ")
        example = None if "like" in text else example_of(known, EXAMPLES)
        text += "" if shown(given) in text else f", not {shown(given)}"
        return f"{path}: {text}{f'; like {example}' if example else ''}"
    return wrong_value(path, errors, example_of(known, EXAMPLES))


def dotted(loc: Loc) -> str:
    """``("vary", "threads", 0)`` → ``vary.threads[0]``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _keys(schema: dict[str, Any], loc: Loc) -> list[str]:
    """The keys that are valid at ``loc``, found by walking the JSON Schema along it."""
    nodes = _alternatives(schema, schema)
    for part in loc:
        step = []
        for node in nodes:
            if isinstance(part, int):
                step += _alternatives(node["items"], schema) if "items" in node else []
            elif part in node.get("properties", {}):
                step += _alternatives(node["properties"][part], schema)
            elif part in node.get("tags", {}):
                step += _alternatives({"$ref": node["tags"][part]}, schema)
        # A part that leads nowhere was added by pydantic (the tag of a union): skip it.
        nodes = step or nodes
    return sorted({key for node in nodes for key in node.get("properties", {})})


def _alternatives(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in node:
        return _alternatives(schema["$defs"][node["$ref"].rsplit("/", 1)[1]], schema)
    if "discriminator" in node:
        return [{"tags": node["discriminator"]["mapping"]}]
    found = [node]
    for choice in (*node.get("anyOf", ()), *node.get("allOf", ())):
        found += _alternatives(choice, schema)
    return found

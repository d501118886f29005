"""What is wrong with a value in a file that people write, in the words of this program.

pydantic says which rule was broken (``type``) and by what; its own sentences are never shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails

from orchestrator.yaml_files.mistakes import Loc, Mistakes

_KINDS = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}
"""What is wanted where another kind of value is given."""
_LIMITS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "at least {}"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "at most {}"),
    "string_too_long": ("max_length", "at most {} characters long"),
    "string_too_short": ("min_length", "at least {} characters long"),
    "too_long": ("max_length", "of at most {} items"),
    "too_short": ("min_length", "of at least {} items"),
}
"""By type of error: the limit's name, and what is wanted."""
_PATTERNS = {
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": (
        "at most 64 letters, digits, '.', '_' and '-', the first a letter or a digit"
    ),
    "^[0-9a-fA-F]{64}$": "64 hex digits",
    "^[A-Za-z_][A-Za-z0-9_]*$": "a name of letters, digits and '_' that starts with no digit",
}
"""What a text looks like, by the pattern that it should match."""
_OTHER_KIND = frozenset(_KINDS) - {"finite_number", "int_parsing_size"}
"""Errors that tell only that a value is not of one kind, where it may be of several."""


def wrong_value(path: str, errors: Sequence[ErrorDetails], example: str | None) -> str:
    """``errors`` of one value, each of another kind that it could be: what it should be.

    ``example``: how it is written, ``threads: [1, 2]``.
    """
    wanted = list(dict.fromkeys(_wanted(error) for error in errors))
    if "a number" in wanted and "a whole number" in wanted:
        wanted.remove("a whole number")
    given = errors[0]["input"]
    what = " or ".join(wanted)
    said = f"should be {what}, not {shown(given)}"
    if given is None:
        said = f"nothing is given; should be {what}"
    return f"{path}: {said}{f'; like {example}' if example else ''}"


def by_value(
    errors: Sequence[tuple[Loc, ErrorDetails]], mistakes: Mistakes
) -> list[tuple[Loc, list[ErrorDetails]]]:
    """The errors to tell, by the value they are about, in their order.

    A value that may be of several kinds has an error for each. Where one of them is about a part of
    the value, or tells more than that it is of another kind, that is the kind that was meant.
    """
    groups: dict[tuple[Loc, str], list[tuple[Loc, ErrorDetails]]] = {}
    for loc, error in errors:
        # A missing or unknown key is a mistake of its own.
        own = str(loc[-1]) if error["type"] in ("missing", "extra_forbidden") else ""
        groups.setdefault((mistakes.known(loc), own), []).append((loc, error))
    found = []
    for (place, own), group in groups.items():
        telling = [each for each in group if each[1]["type"] not in _OTHER_KIND]
        is_meant = not any(
            other[: len(place)] == place and (len(other) > len(place) or said != own)
            for other, said in groups
        )
        if telling or is_meant:
            told = telling or group
            found.append((told[0][0], [error for _, error in told]))
    return found


def _wanted(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _KINDS:
        return _KINDS[kind]
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        limit = context.get(name)
        whole = int(limit) if isinstance(limit, float) and limit.is_integer() else limit
        if whole == 1:
            words = words.replace("items", "item").replace("characters", "character")
        return words.format(whole)
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern"))
        return _PATTERNS.get(pattern, f"text that matches {pattern}")
    return "another value"


def shown(value: object) -> str:
    """A value as YAML has it, shortened."""
    text = _flow(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _flow(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value[:60]))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, int | float | str):
        return repr(value)
    return type(value).__name__


def example_of(loc: Loc, examples: Mapping[str, str]) -> str | None:
    """How the value at ``loc`` is written: ``'threads: [1, 2]'``, by the keys that lead to it.

    ``examples``: by key, or by a key and the one around it (``sessions.cpu``). ``None``: a key that
    has none.
    """
    keys = [str(part) for part in loc if isinstance(part, str)]
    for end in range(len(keys), 0, -1):
        for start in (end - 2, end - 1):
            name = ".".join(keys[max(start, 0) : end])
            if name in examples:
                return f"'{keys[end - 1]}: {examples[name]}'"
    return None

"""Settings as a part of an experiment file: a ``vary:`` that ``eqc run`` accepts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from orchestrator.model.experiment import Pairs, Scalar, Variant

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+-]*")
_WORDS = re.compile(r"true|false|null", re.IGNORECASE)
ALL = "  # for every framework of the file"


def fragment(variant: Variant, others: Iterable[str] = ()) -> str:
    """``vary:`` with what ``variant`` sets, for its framework; YAML, in block style.

    ``others``: what else ``on:`` of the file names, so that these keep their variants. Threads,
    precision, batch and device cannot be limited to one framework: a comment says so.
    """
    rest = tuple(others)
    lines = ["vary:"]
    for key, given in (("environment", variant.environment), ("flags", variant.flags)):
        if given:
            lines += [f"  {key}:", f"    - {_mapping(variant.installation.label, given)}"]
            lines += [f"    - {{on: [{', '.join(map(_scalar, rest))}]}}"] if rest else []
    note = ALL if rest else ""
    plain = variant.precision in ("float32", "stored")
    lines += [f"  threads: [{variant.threads}]{note}"] if variant.threads is not None else []
    lines += [] if plain else [f"  precision: [{variant.precision}]{note}"]
    lines += [f"  batch: [{variant.batch}]{note}"] if variant.batch is not None else []
    return "\n".join(lines) + "\n" if len(lines) > 1 else "vary: {}\n"


def _mapping(on: str, given: Pairs) -> str:
    words = [f"{_scalar(name)}: {_scalar(value)}" for name, value in given]
    return f"{{on: [{_scalar(on)}], {', '.join(words)}}}"


def _scalar(value: Scalar) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value):
        return value
    # JSON's texts, numbers and booleans are YAML's, but for pairs of surrogates.
    text = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isascii() else f"\\U{ord(each):08x}" for each in text)

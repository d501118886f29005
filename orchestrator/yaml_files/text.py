"""YAML text → plain values, each with its line and column; no Python object is constructed.

Scalars follow YAML 1.2's core schema (``on`` and ``no`` are words, not booleans). Duplicate
keys, tags, several documents and anything too large or too deep are mistakes. Text in a list is
brace-expanded (``c5.{large,xlarge}``), which also works unquoted inside ``[…]``.
"""

from __future__ import annotations

import codecs
import re
from typing import Any

import bracex
import yaml

from orchestrator.model.experiment import Json, Scalar
from orchestrator.yaml_files.mistakes import Loc, Mark, Mistakes
from orchestrator.yaml_files.yaml_wording import (
    NO_CHARACTER,
    OPEN_BRACE,
    unreadable,
    what_is_wrong,
)

MAX_CHARACTERS = 256 * 1024
MAX_VALUES = 50_000
"""Counted while aliases, merges and braces are expanded: a short file may expand to billions."""
MAX_DEPTH = 20
MAX_BRACES = 1_000
MAX_NUMBER = 32
VERBATIM = "text"
"""The key below which text stays as it is written: its braces are no lists."""


class WrittenInt(int):
    """A whole number that knows how it was written: ``010`` is 10, but as a variable it is text."""

    text: str

    @classmethod
    def of(cls, text: str) -> WrittenInt:
        """Of a decimal, octal (``0o10``) or hexadecimal (``0x10``) number of YAML 1.2."""
        number = cls(text, 0 if text[:2] in ("0o", "0x") else 10)
        number.text = text
        return number


_CORE: tuple[tuple[re.Pattern[str], Any], ...] = (
    (re.compile(r"~|null|Null|NULL|"), lambda _: None),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (re.compile(r"[-+]?[0-9]{1,18}"), WrittenInt.of),
    (re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+"), WrittenInt.of),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)
_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}


def parse(text: str, mistakes: Mistakes) -> Json:
    """The document as plain values; positions and mistakes go into ``mistakes``.

    Where the text is not YAML, the result is ``None`` and one mistake is added.
    """
    if len(text) > MAX_CHARACTERS:
        mistakes.at(Mark(1, 1), f"the file is larger than {MAX_CHARACTERS} characters")
        return None
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        mistakes.at(*unreadable(error, text))
        return None
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mistakes.at(*what_is_wrong(error, text))
        return None
    except RecursionError:
        # How far it came depends on the interpreter, not on the text.
        mistakes.at(Mark(1, 1), f"nested more than {MAX_DEPTH} deep: no key of a file is so deep")
        return None
    except (OverflowError, ValueError):
        mistakes.at(_mark(loader.get_mark()), NO_CHARACTER)
        return None
    if node is None:
        mistakes.at(Mark(1, 1), "the file is empty: it starts with a line like 'schema: 1'")
        return None
    return _Builder(mistakes).build(node, ())


def decoded(content: bytes, mistakes: Mistakes) -> str | None:
    """The text of a file, with one kind of line end; ``None`` where it is not UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        mistakes.at(Mark(1, 1), "not UTF-8 text, but UTF-16: save the file as UTF-8")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        start = before.rfind(b"\n") + 1
        mark = Mark(before.count(b"\n") + 1, len(before[start:].decode("utf-8", "replace")) + 1)
        said = f"not UTF-8 text: byte 0x{content[error.start]:02x} stands here"
        mistakes.at(mark, f"{said}; save the file as UTF-8")
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Loader(yaml.BaseLoader):
    """Leaves every scalar as text, and reads ``word{a,b}`` inside ``[…]`` as one scalar."""

    def scan_plain(self) -> Any:
        token = super().scan_plain()
        while self.flow_level and self.peek() == "{" and self.index == token.end_mark.index:
            value = token.value + self._braces()
            end = self.get_mark()
            if self.peek() not in "\0 \t\r\n,[]{}#:":
                rest = super().scan_plain()
                value, end = value + rest.value, rest.end_mark
            token = yaml.ScalarToken(value, plain=True, start_mark=token.start_mark, end_mark=end)
        return token

    def _braces(self) -> str:
        depth, length = 0, 0
        while True:
            character = self.peek(length)
            if character in "\0\r\n":
                raise yaml.scanner.ScannerError(None, None, OPEN_BRACE, self.get_mark())
            depth += (character == "{") - (character == "}")
            length += 1
            if depth == 0:
                break
        text = str(self.prefix(length))
        self.forward(length)
        return text


class _Builder:
    """Turns composed nodes into plain values and records the position of each."""

    def __init__(self, mistakes: Mistakes) -> None:
        self.mistakes = mistakes
        self.values = 0

    def build(self, node: yaml.Node, loc: Loc) -> Json:
        self.values += 1
        if self.values == MAX_VALUES + 1:
            self.mistakes.at(_mark(node.start_mark), f"more than {MAX_VALUES} values")
        if len(loc) == MAX_DEPTH + 1:
            self.mistakes.at(_mark(node.start_mark), f"nested more than {MAX_DEPTH} deep")
        if self.values > MAX_VALUES or len(loc) > MAX_DEPTH:
            return None
        self.mistakes.values[loc] = _mark(node.start_mark)
        if node.tag not in _TAGS:
            self.mistakes.at(_mark(node.start_mark), _tagged(node))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, loc)
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        return _scalar(str(node.value), plain=plain)

    def _sequence(self, node: yaml.SequenceNode, loc: Loc) -> list[Json]:
        items: list[Json] = []
        for child in node.value:
            braced = isinstance(child, yaml.ScalarNode) and "{" in child.value
            if not braced or VERBATIM in loc:
                items.append(self.build(child, (*loc, len(items))))
                continue
            try:
                words = expand(str(child.value))
            except ValueError as error:
                self.mistakes.at(_mark(child.start_mark), str(error))
                continue
            for word in words:
                self.values += 1
                self.mistakes.values[(*loc, len(items))] = _mark(child.start_mark)
                items.append(_scalar(word, plain=child.style is None))
        return items

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Json]:
        mapping: dict[str, Json] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.mistakes.at(
                    _mark(key.start_mark), "a key must be a single word, like 'name: x'"
                )
                continue
            name = str(key.value)
            here = (*loc, name)
            if name == "<<" and key.style is None:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif name in mapping:
                first = self.mistakes.keys[here].line
                message = f"key '{name}' is given twice, first on line {first}: keep one of them"
                self.mistakes.at(_mark(key.start_mark), message)
            else:
                self.mistakes.keys[here] = _mark(key.start_mark)
                mapping[name] = self.build(value, here)
        for other in merged:
            self._merge(mapping, other, loc)
        return mapping

    def _merge(self, mapping: dict[str, Json], other: yaml.Node, loc: Loc) -> None:
        """``<<: *other``: add the keys of ``other`` that ``mapping`` lacks."""
        if not isinstance(other, yaml.MappingNode):
            self.mistakes.at(
                _mark(other.start_mark),
                "<< takes a mapping or a list of mappings, like '<<: *base'",
            )
            return
        for key, value in other.value:
            name = str(key.value)
            if isinstance(key, yaml.ScalarNode) and name not in mapping:
                self.mistakes.keys[(*loc, name)] = _mark(key.start_mark)
                mapping[name] = self.build(value, (*loc, name))


def expand(text: str) -> list[str]:
    """Bash-style brace expansion, in order. ValueError beyond ``MAX_BRACES`` words."""
    try:
        return [str(word) for word in bracex.iexpand(text, keep_escapes=True, limit=MAX_BRACES)]
    except bracex.ExpansionLimitException as error:
        raise ValueError(f"'{text}' expands to more than {MAX_BRACES} words") from error


def _scalar(text: str, *, plain: bool) -> Scalar:
    # Longer text stays text: it is a hash that happens to consist of digits, not a number.
    if plain and len(text) <= MAX_NUMBER:
        for pattern, convert in _CORE:
            if pattern.fullmatch(text):
                value: Scalar = convert(text)
                return value
    return text


def _tagged(node: yaml.Node) -> str:
    tag = str(node.tag).replace("tag:yaml.org,2002:", "!!")
    return f"the tag {tag} is not allowed: remove it, and put text in quotes, like '\"1\"'"


def _mark(mark: yaml.Mark | None) -> Mark:
    return Mark(1, 1) if mark is None else Mark(mark.line + 1, mark.column + 1)

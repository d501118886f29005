"""Text that is no YAML: the mistake's place and our words, and never the parser's own."""

from __future__ import annotations

import inspect
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.yaml_files.mistakes import Mistakes
from orchestrator.yaml_files.text import decoded, parse

MODULES = (yaml.scanner, yaml.parser, yaml.composer, yaml.reader)
THEIRS = {
    phrase
    for module in MODULES
    for phrase in re.findall(r'"((?:[^"\\]|\\.)*)"', inspect.getsource(module))
    if len(phrase) > 12 and " " in phrase and "%" not in phrase
}
"""What the errors of PyYAML say, as far as it is fixed."""
BEGINNINGS = ("expected ", "found ", "while ", "could not find", "not allowed here", "but got",
              "<block end>", "stream end", "document start", "hexdecimal", "not valid")  # fmt: skip


def told(text: str) -> list[tuple[int, int, str]]:
    mistakes = Mistakes("x.yaml")
    parse(text, mistakes)
    return [(each.line, each.column, each.message) for each in mistakes.found]


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("a: 1\n\tb: 2\n", 2, 1, "a tab stands here: indent with spaces, like '  layers: true'"),
        ("a:\n\t- b\n", 2, 1, "a tab stands here"),
        ("a: 'x\nb: 2\n", 1, 4, "the quote ' that starts here is never closed, like 'text'"),
        ('a: "x\nb: 2\n', 1, 4, 'the quote " that starts here is never closed, like "text"'),
        ("a: [1, 2\nb: 3\n", 1, 4, "the '[' that starts here is never closed by ']'"),
        ("a: {x: 1\nb: 3\n", 1, 4, "the '{' that starts here is never closed by '}'"),
        ("a: {x: 1 y: 2}\n", 1, 11, "a ',' or the '}' of the '{' on line 1 is missing before"),
        ("a: [b]]\n", 1, 7, "this ']' closes nothing"),
        ("a: *x\n", 1, 4, "'*x' names nothing: '&x' has to stand before it, like '&x [1, 2]'"),
        ("a: &x 1\nb: &x 2\n", 2, 4, "'&x' is given twice"),
        ("a: *\n", 1, 5, "put text that starts with one in quotes, like '\"*.npy\"'"),
        ("a: b: c\n", 1, 5, "a second ': ' on one line"),
        ("a: 1\n  b: 2\n", 2, 3, "this key is indented deeper than the one above"),
        ("name\nb: 1\n", 2, 1, "the line above, 'name', has no colon"),
        ("a: 1\nname\n", 2, 1, "'name' has no colon after it: a key is written like 'name: value'"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "this is not in the column of the keys above"),
        ("a:\n  - b\n - c\n", 3, 2, "this '- ' is in the column of no list above"),
        ("- a\nb: 1\n", 2, 1, "this is no item of the list above"),
        ("a: - b\n", 1, 4, "a list cannot start with '- ' here"),
        ("a: 'it's'\n", 1, 8, "in which a ' is written twice, like 'it''s'"),
        ("'a' b\n", 1, 5, "this follows a value that has ended"),
        (
            "a: @x\n",
            1,
            4,
            "a value cannot start with '@': put it in quotes, like 'label: \"@text\"'",
        ),
        ("a: `x`\n", 1, 4, "a value cannot start with '`'"),
        ("%x\na: 1\n", 2, 1, "a line that starts with '%' is a directive"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a file has one document"),
        ("--- a\n--- b\n", 2, 1, "a file has one document"),
        ("a: !!int 1\n", 1, 4, "the tag !!int is not allowed"),
        ('a: "C:\\models"\n', 1, 8, 'write it twice, like "C:\\\\models"'),
        ('a: "\\U99999999"\n', 1, 7, "a character that there is not"),
        ("a: |3x\n b\n", 1, 6, "'|' and '>' start text of several lines"),
        ("x: 1\na: \0\n", 2, 4, "the character U+0000 (NUL) stands here"),
        ("a: ?\n", 1, 4, "'? ' starts a key here"),
        ("a: ,\n", 1, 4, "a value is missing, or starts with a character"),
        ("a:\n  b: [1", 2, 6, "never closed"),
        ("<<: 1\n", 1, 5, "<< takes a mapping or a list of mappings, like '<<: *base'"),
        ("# only\n", 1, 1, "the file is empty: it starts with a line like 'schema: 1'"),
    ],
)
def test_what_is_wrong_where(text: str, line: int, column: int, part: str) -> None:
    found = told(text)
    assert [place for *place, _ in found] == [[line, column]]
    assert part in found[0][2]


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "N"])
def test_words_that_other_readers_take_for_booleans_are_words(word: str) -> None:
    mistakes = Mistakes("x.yaml")
    assert parse(f"{word}: {word}\n", mistakes) == {word: word}
    assert mistakes.found == []


@pytest.mark.parametrize(
    ("content", "place", "part"),
    [
        (b"a: 1\nb\xe4: \xff\n", (2, 2), "not UTF-8 text: byte 0xe4 stands here; save the file"),
        ("a: é".encode() + b"\xff", (1, 5), "byte 0xff"),
        ("a: x".encode("utf-16"), (1, 1), "not UTF-8 text, but UTF-16: save the file as UTF-8"),
    ],
)
def test_other_encodings(content: bytes, place: tuple[int, int], part: str) -> None:
    mistakes = Mistakes("x.yaml")
    assert decoded(content, mistakes) is None
    (found,) = mistakes.found
    assert (found.line, found.column) == place
    assert part in found.message


def test_a_byte_order_mark_and_line_ends_are_no_text() -> None:
    assert decoded(b"\xef\xbb\xbfa: 1\r\nb: 2\r", Mistakes("x")) == "a: 1\nb: 2\n"


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1:-{}[],&*!#|>'\"\n \t%@`?<~.\\x"), max_size=40))
def test_nothing_is_told_in_the_parsers_words(text: str) -> None:
    assert len(THEIRS) > 20
    for _, _, message in told(text):
        own = re.sub(r"'[^']*'", "", message)
        assert not [words for words in (*THEIRS, *BEGINNINGS) if words in own], message

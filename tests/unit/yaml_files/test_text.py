from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.yaml_files.mistakes import Mark, Mistakes
from orchestrator.yaml_files.text import MAX_VALUES, expand, parse


def parsed(text: str) -> object:
    mistakes = Mistakes("x.yaml")
    value = parse(text, mistakes)
    assert mistakes.found == []
    return value


def mistake(text: str) -> tuple[int, int, str]:
    mistakes = Mistakes("x.yaml")
    parse(text, mistakes)
    first = mistakes.found[0]
    return first.line, first.column, first.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: [no, yes, off]", {"on": ["no", "yes", "off"]}),
        ("a: [1, -2, 0x10, 0o17, 1.5, 1e3, .5]", {"a": [1, -2, 16, 15, 1.5, 1000.0, 0.5]}),
        ("a: [true, False, null, ~, ]", {"a": [True, False, None, None]}),
        ("a:", {"a": None}),
        ("a: ['1', \"true\"]", {"a": ["1", "true"]}),
        ("a: 12:30:00", {"a": "12:30:00"}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: " + "0" * 64, {"a": "0" * 64}),
        ("a: 010", {"a": 10}),
        (
            "base: &b {x: 1, y: 2}\na: {<<: *b, y: 3}",
            {"base": {"x": 1, "y": 2}, "a": {"y": 3, "x": 1}},
        ),
    ],
)
def test_values_follow_the_core_schema(text: str, value: object) -> None:
    assert parsed(text) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[n2d-standard-{2,4,8}]", ["n2d-standard-2", "n2d-standard-4", "n2d-standard-8"]),
        ("[c5.{large,xlarge}, m5.large]", ["c5.large", "c5.xlarge", "m5.large"]),
        ("[a{1,2}b, c]", ["a1b", "a2b", "c"]),
        ("[a{1,2}{x,y}]", ["a1x", "a1y", "a2x", "a2y"]),
        ("['{b,c}.jpg']", ["b.jpg", "c.jpg"]),
        ("['digits:{0..2}']", ["digits:0", "digits:1", "digits:2"]),
        ("\n  - x{1,2}\n  - y", ["x1", "x2", "y"]),
        ("['{1,2}']", ["1", "2"]),
    ],
)
def test_braces_in_lists_expand_quoted_or_not(text: str, words: list[str]) -> None:
    assert parsed("a: " + text) == {"a": words}


def test_a_flow_mapping_in_a_list_stays_a_mapping() -> None:
    assert parsed("a: [{x: 1}, {y: [b{1,2}]}]") == {"a": [{"x": 1}, {"y": ["b1", "b2"]}]}


def test_expanded_words_have_the_place_of_what_was_written() -> None:
    mistakes = Mistakes("x.yaml")
    parse("a:\n  - b\n  - c{1,2}\n  - d\n", mistakes)
    assert mistakes.mark(("a", 2)) == Mark(3, 5)
    assert mistakes.mark(("a", 3)) == Mark(4, 5)


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "key 'a' is given twice, first on line 1"),
        ("a: [1, 2\nb: 3\n", 1, 4, "never closed by ']'"),
        ("a: 1\n\tb: 2\n", 2, 1, "a tab stands here"),
        (
            "a: !!python/object:os.system x\n",
            1,
            4,
            "the tag !!python/object:os.system is not allowed",
        ),
        ("a: !x 1\n", 1, 4, "the tag !x is not allowed"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a file has one document"),
        ("", 1, 1, "the file is empty"),
        ("a: *nobody\n", 1, 4, "'*nobody' names nothing"),
        ("a: [b{1,2]\n", 1, 6, "a brace that is not closed"),
        ("a: [b{1..5000}]\n", 1, 5, "expands to more than"),
        ("[1, 2]: x\n", 1, 1, "a key must be a single word"),
        ("a: \x07\n", 1, 4, "U+0007 (BEL)"),
        ("a: " + "[" * 5000 + "\n", 1, 1, "nested more than 20 deep"),
        ("a: " + "[" * 30 + "]" * 30, 1, 24, "nested more than 20 deep"),
        ("#" * 300_000, 1, 1, "larger than"),
    ],
)
def test_mistakes_have_their_place(text: str, line: int, column: int, part: str) -> None:
    found = mistake(text)
    assert found[:2] == (line, column)
    assert part in found[2]


def test_an_alias_bomb_is_stopped_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert f"more than {MAX_VALUES} values" in mistake("\n".join(lines))[2]


def test_an_alias_in_itself_is_stopped() -> None:
    assert "nested more than" in mistake("a: &a [*a]")[2]


@settings(max_examples=200)
@given(st.text(alphabet=st.sampled_from("a1:-{}[],&*!#|>'\"\n \t%@`?<~.\\"), max_size=40))
def test_any_text_is_a_value_or_a_mistake(text: str) -> None:
    mistakes = Mistakes("x.yaml")
    parse(text, mistakes)
    lines = text.count("\n") + 2
    assert all(1 <= m.line <= lines and m.column >= 1 for m in mistakes.found)


def test_expand_keeps_plain_words() -> None:
    assert expand("AMD Milan") == ["AMD Milan"]

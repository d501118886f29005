"""Mistakes are told in our words: nothing of pydantic's is shown, and each shows what is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator import experiment as spec
from orchestrator.experiment.examples import EXAMPLES
from orchestrator.experiment.validation import validate
from orchestrator.providers import registry
from orchestrator.yaml_files.mistakes import Mistakes
from orchestrator.yaml_files.text import parse
from orchestrator.yaml_files.wording import example_of

SCHEMA = spec.json_schema(registry.providers())
VALID: dict[str, Any] = {
    "schema": 1,
    "name": "x",
    "workloads": [{"model": "builtin:lenet5", "on": ["numpy"]}],
    "inputs": [{"images": ["digits:0"]}],
    "platforms": [{"provider": "local"}],
}
VALUES = ["null", "true", "5", "-1", "0", "1.5", "1e999", "''", "nonsense", "[]", "[[]]", "[null]",
          "[true]", "[1.5]", "{}", "{x: {}}", "{x: [1]}", "{'A-B': 1}", "[{x: 1}]", "[{x: []}]",
          "0x10000000000000000", "[a, 1, b]"]  # fmt: skip
THEIRS = ("Input should", "should be a valid", "String should", "List should", "Dictionary",
          "Value", "type=", "pydantic", "dictionary", "instance", "unable to", "greater than or",
          "less than or equal", "after validation", "Field", "Extra inputs", "parsing", "None",
          "True", "False")  # fmt: skip
EXAMPLE = ("; like '", ", like '", "did you mean '", "; valid: ", "is written like", "like 0",
           "like [[1", "like 'one'", "put it in quotes", "like '1/255'")  # fmt: skip


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The alternatives of a node, references followed."""
    if "$ref" in node:
        return nodes(SCHEMA["$defs"][node["$ref"].rsplit("/", 1)[1]])
    found = [node]
    for choice in (*node.get("anyOf", ()), *node.get("allOf", ()), *node.get("oneOf", ())):
        found += nodes(choice)
    return found


def paths(node: dict[str, Any], depth: int = 0) -> Iterator[tuple[Any, ...]]:
    """The way to every value that the schema knows: keys, 0 for an item, "k" for any key."""
    yield ()
    for each in nodes(node):
        for key, value in each.get("properties", {}).items():
            provider = each["properties"].get("provider", {}).get("const")
            at = (key,) if provider is None else (("provider", provider), key)
            yield from ((*at, *rest) for rest in paths(value, depth + 1))
        if isinstance(each.get("items"), dict):
            yield from ((0, *rest) for rest in paths(each["items"], depth + 1))
        if isinstance(each.get("additionalProperties"), dict):
            yield from (("k", *rest) for rest in paths(each["additionalProperties"], depth + 1))


def built(path: tuple[Any, ...], value: str) -> str:
    """``value`` at ``path``, as flow YAML."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    if head == 0:
        return f"[{built(rest, value)}]"
    if isinstance(head, tuple):
        inner = built(rest, value)
        return inner if rest[0] == "provider" else f"{{provider: {head[1]}, {inner[1:]}"
    return f"{{{json.dumps(head)}: {built(rest, value)}}}"


def messages(path: tuple[Any, ...], value: str) -> list[str]:
    head = path[0]
    lines = [f"{key}: {json.dumps(each)}" for key, each in VALID.items() if key != head]
    text = "\n".join([*lines, f"{head}: {built(path[1:], value)}"]) + "\n"
    mistakes = Mistakes("x.yaml")
    data = parse(text, mistakes)
    assert not mistakes.found, text
    validate(data, registry.providers(), mistakes)
    for each in mistakes.found:
        assert (each.line, each.column) >= (1, 1)
    return [each.message for each in mistakes.found]


PATHS = sorted({path for path in paths(SCHEMA) if path}, key=str)


@pytest.mark.parametrize("section", sorted({path[0] for path in PATHS}))
def test_no_wrong_value_is_told_in_the_words_of_others(section: str) -> None:
    for path in (each for each in PATHS if each[0] == section):
        for value in VALUES:
            for message in messages(path, value):
                wrong = [words for words in THEIRS if words in message]
                assert not wrong, (path, value, message)
                unknown = message.startswith("unknown key")
                assert unknown or any(words in message for words in EXAMPLE), (path, value, message)


def test_every_key_has_an_example() -> None:
    lacking = set()
    for path in PATHS:
        keys = [part for part in path if isinstance(part, str)]
        if keys[-1] != "k" and f"'{keys[-1]}: " not in str(example_of(tuple(keys), EXAMPLES)):
            lacking.add(keys[-1])
    assert lacking == set()


def test_every_example_is_right() -> None:
    for path in PATHS:
        if path[-1] in (0, "k", "schema") or "k" in path:
            continue
        keys = tuple(part for part in path if isinstance(part, str))
        example = str(example_of(keys, EXAMPLES))[1:-1].partition(": ")[2]
        said = messages(path, example)
        about = [
            each for each in said if not each.startswith("unknown") and "needs the" not in each
        ]
        assert [each for each in about if "should" in each or "valid" in each] == [], (
            path,
            example,
        )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("name",), "5", "name: should be text, not 5; like 'name: quickstart'"),
        (("name",), "", "name: nothing is given; should be text; like 'name: quickstart'"),
        (
            ("observe", "layers"),
            "yes",
            "observe.layers: should be true or false, not 'yes'; like 'layers: true'",
        ),
        (
            ("observe", "sessions", "cpu"),
            "0",
            "observe.sessions.cpu: should be at least 1, not 0; like 'cpu: 3'",
        ),
        (
            ("vary", "threads"),
            "[1, two]",
            "vary.threads[1]: should be a whole number, not 'two'; like 'threads: [1, 2]'",
        ),
        (
            ("limits", "hours"),
            "{}",
            "limits.hours: should be a number, not {}; like 'hours: 2'",
        ),
        (
            ("platforms", 0),
            "{provider: ssh, hosts: [{name: a, port: 0}]}",
            "platforms[0].hosts[0].port: should be at least 1, not 0; like 'port: 22'",
        ),
        (
            ("platforms", 0),
            "{provider: ssh, hosts: 3}",
            "platforms[0].hosts: should be text or a list, not 3; like 'hosts: [user@alpha, beta]'",
        ),
        (
            ("inputs", 0, "random", "low"),
            "x",
            "inputs[0].random.low: should be a number, not 'x'; like 'low: 0'",
        ),
    ],
)
def test_a_message(path: tuple[Any, ...], value: str, message: str) -> None:
    assert messages(path, value) == [message]

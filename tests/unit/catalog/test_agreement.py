"""``agreement.json``: ours are valid; mistakes are named with file and place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.catalog.agreement import Candidate, Kind, candidates_of
from orchestrator.catalog.framework_folder import Framework, read_framework
from orchestrator.catalog.frameworks import frameworks
from orchestrator.errors import UsageError
from tests.fakes.toy_framework import toy_framework

RIGHT: dict[str, Any] = {
    "kind": "environment",
    "name": "TOY_ISA",
    "values": ["OLD"],
    "does": "old code",
    "source": "https://example.org",
}


def framework(place: Path, *entries: Any, **flags: Any) -> Framework:
    folder = toy_framework(place) / "toy"
    if flags:
        description = json.loads((folder / "framework.json").read_text())
        (folder / "framework.json").write_text(json.dumps({**description, "flags": flags}))
    (folder / "agreement.json").write_text(json.dumps({"settings": list(entries)}))
    return read_framework(folder)


@pytest.mark.parametrize("name", frameworks())
def test_ours_are_valid_and_name_only_what_the_framework_has(name: str) -> None:
    found = candidates_of(frameworks()[name])
    assert found
    assert Kind.THREADS in {each.kind for each in found}


def test_what_an_entry_says(tmp_path: Path) -> None:
    threads = {"kind": "threads", "values": [1], "does": "one", "source": "x", "interacts": True}
    found = candidates_of(framework(tmp_path, RIGHT, threads))
    assert found == (
        Candidate(Kind.ENVIRONMENT, "TOY_ISA", ("OLD",), "old code", "https://example.org"),
        Candidate(Kind.THREADS, "threads", (1,), "one", "x", interacts=True),
    )


def test_a_framework_without_the_file_has_none(tmp_path: Path) -> None:
    assert candidates_of(read_framework(toy_framework(tmp_path) / "toy")) == ()


def test_it_does_not_go_with_the_runner(tmp_path: Path) -> None:
    names = [name for name, _ in framework(tmp_path, RIGHT).runner_files()]
    assert "toy/sums.py" in names
    assert "toy/agreement.json" not in names


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "mood"}, "'kind' is one of environment, flag, threads, precision"),
        ({"kind": "threads"}, "threads and precision have none"),
        ({"kind": "flag", "name": "fast"}, "toy has no such flag; its flags are exact"),
        ({"kind": "flag", "name": "exact", "values": ["yes"]}, "it takes true or false"),
        ({"values": []}, "'values' is a list of the values to try"),
        ({"values": ["OLD", "OLD"]}, "each once"),
        ({"values": [1]}, "1 is no text"),
        ({"source": ""}, "needs the text 'source'"),
        ({"interacts": "no"}, "'interacts' is true or false"),
        ({"effect": "none"}, "unknown key 'effect'"),
    ],
)
def test_mistakes_name_file_and_place(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=r"agreement\.json: settings\[1\]") as error:
        candidates_of(framework(tmp_path, RIGHT, {**RIGHT, **changed}, exact="boolean"))
    assert said in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]", '{"settings": {}}'])
def test_a_file_that_is_none_is_an_error(tmp_path: Path, text: str) -> None:
    found = framework(tmp_path)
    (found.folder / "agreement.json").write_text(text)
    with pytest.raises(UsageError, match=r"agreement\.json"):
        candidates_of(found)

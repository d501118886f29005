from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import EnvironmentNotReady, Exit
from orchestrator.system.registry import Registry
from tests.distributions import installed

GROUP = "eqc_test.numbers"


def whole(loaded: object, name: str) -> int:
    if not isinstance(loaded, int):
        raise TypeError(f"{name} is not a whole number")
    return loaded


def numbers() -> Registry[int]:
    return Registry("number", GROUP, lambda: {"one": 1, "two": 2}, whole)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def one(name: str, points: dict[str, str], **modules: str) -> None:
        folder = installed(tmp_path / name, name, {GROUP: points}, **modules)
        monkeypatch.syspath_prepend(folder)

    return one


def refused(registry: Registry[int], *words: str) -> None:
    with pytest.raises(EnvironmentNotReady) as raised:
        registry["three"]
    assert raised.value.exit_code is Exit.NOT_READY
    for word in words:
        assert word in str(raised.value)


def test_ours_alone() -> None:
    assert dict(numbers()) == {"one": 1, "two": 2}
    assert numbers().added == ()
    assert "three" not in numbers()
    with pytest.raises(KeyError):
        numbers()["three"]


def test_what_others_add_comes_after_ours(install: Any) -> None:
    install(
        "more",
        {"zero": "more_numbers:ZERO", "three": "more_numbers:THREE"},
        more_numbers="ZERO, THREE = 0, 3",
    )
    found = numbers()
    assert list(found) == ["one", "two", "three", "zero"]
    assert len(found) == 4
    assert dict(found) == {"one": 1, "two": 2, "three": 3, "zero": 0}
    assert list(found.own) == ["one", "two"]


def test_names_are_known_without_importing(install: Any) -> None:
    install("broken", {"three": "broken_numbers:THREE"}, broken_numbers="1 / 0")
    found = numbers()
    assert "three" in list(found)
    assert found["one"] == 1
    refused(found, "broken 1.0", "three = broken_numbers:THREE", GROUP, "ZeroDivisionError")


def test_what_is_not_there_is_named(install: Any) -> None:
    install("lacking", {"three": "lacking_numbers:THREE"})
    refused(numbers(), "lacking 1.0", "ModuleNotFoundError", "lacking_numbers")


def test_what_is_of_another_kind_is_named(install: Any) -> None:
    install("other", {"three": "other_numbers:THREE"}, other_numbers="THREE = 'III'")
    refused(numbers(), "other 1.0", "three is not a whole number")


def test_a_name_of_ours_is_taken(install: Any) -> None:
    install("same", {"one": "same_numbers:ONE"}, same_numbers="ONE = 1")
    refused(numbers(), "same 1.0", "one = same_numbers:ONE", "one of eqc's own")
    with pytest.raises(EnvironmentNotReady, match="is one of eqc's own"):
        list(numbers())


def test_two_others_of_one_name_are_both_named(install: Any) -> None:
    install("first", {"three": "first_numbers:THREE"})
    install("second", {"three": "second_numbers:THREE"})
    refused(numbers(), "first 1.0", "second 1.0")

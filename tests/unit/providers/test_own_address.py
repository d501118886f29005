"""This computer's address as rented machines see it: from the environment, and checked."""

from __future__ import annotations

import pytest

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.cloud import OWN_ADDRESS, own_address


@pytest.mark.parametrize("said", ["192.0.2.7", " 192.0.2.7\n"])
def test_the_environment_gives_the_address(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(OWN_ADDRESS, said)
    assert own_address() == "192.0.2.7"


@pytest.mark.parametrize("said", ["", "::1", "192.0.2.1/8", "everybody"])
def test_other_text_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(OWN_ADDRESS, said)
    with pytest.raises(ProviderError, match=OWN_ADDRESS) as raised:
        own_address()
    assert raised.value.kind is ProviderErrorKind.INVALID


def test_without_an_answer_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OWN_ADDRESS, raising=False)
    monkeypatch.setattr("orchestrator.providers.cloud._ASK", "http://127.0.0.1:9/")
    with pytest.raises(ProviderError, match=f"set {OWN_ADDRESS}") as raised:
        own_address()
    assert raised.value.kind is ProviderErrorKind.UNCERTAIN

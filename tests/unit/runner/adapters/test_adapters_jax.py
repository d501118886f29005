"""What is JAX's own; builtin models are tested with those of the other frameworks."""

from __future__ import annotations

import importlib

import pytest

from eqc_runner.adapters import get
from eqc_runner.failures import Unsupported


def test_a_cpu_without_the_instructions_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = get("jax")

    def refuse(name: str) -> None:
        raise RuntimeError(f"This version of {name}lib was built using AVX instructions, which …")

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(Unsupported, match="built using AVX") as caught:
        adapter.start()
    assert caught.value.code == "illegal-instruction"


def test_another_error_of_the_import_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = get("jax")

    def fail(name: str) -> None:
        raise RuntimeError(f"{name} is broken")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(RuntimeError, match="is broken"):
        adapter.start()

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.images import connect


def test_a_missing_engine_is_reported_and_nothing_is_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(EnvironmentNotReady, match="--isolation process"):
            connect()
        gc.collect()

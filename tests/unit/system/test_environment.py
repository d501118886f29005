from __future__ import annotations

import json
import sys

import pytest

from orchestrator.executors.process import probe
from orchestrator.images.build import checked
from orchestrator.system.environment import without_credentials

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "planted",
    "AWS_SESSION_TOKEN": "planted",
    "GOOGLE_APPLICATION_CREDENTIALS": "planted",
    "GITHUB_TOKEN": "planted",
    "my_api_key": "planted",
    "REGISTRY_PASSWORD": "planted",
}


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def test_variables_that_are_no_credentials_are_passed_on() -> None:
    passed = without_credentials()
    assert not SECRETS.keys() & passed.keys()
    assert passed["https_proxy"] == "http://proxy:3128"
    assert "PATH" in passed


def test_programs_see_no_credential() -> None:
    program = "import os, sys; sys.exit('planted' in str(os.environ))"
    checked([sys.executable, "-c", program], "a look at the environment")
    found = probe()
    assert found["environment"]["CUDA_VISIBLE_DEVICES"] == ""
    assert "planted" not in json.dumps(found)

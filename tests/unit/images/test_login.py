from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.images.registry import ECR, GOOGLE, Login, login_for, registry_host


def docker_config(folder: Path, monkeypatch: pytest.MonkeyPatch, document: object) -> None:
    (folder / "config.json").write_text(json.dumps(document))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example", None),
        ("ecr.example.org", None),
    ],
)
def test_which_registries_are_ecr(host: str, region: str | None) -> None:
    found = ECR.fullmatch(host)
    assert (found and found["region"]) == region


@pytest.mark.parametrize(
    ("host", "google"),
    [
        ("europe-west3-docker.pkg.dev", True),
        ("gcr.io", True),
        ("eu.gcr.io", True),
        ("gcr.io.evil.example", False),
        ("notgcr.io", False),
    ],
)
def test_which_registries_are_googles(host: str, google: bool) -> None:
    assert bool(GOOGLE.fullmatch(host)) is google


def test_the_host_has_its_port() -> None:
    assert registry_host("localhost:5000/team/eqc") == "localhost:5000"
    assert registry_host("ghcr.io") == "ghcr.io"


def test_what_docker_login_left_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = base64.b64encode(b"ada:se:cret").decode()
    docker_config(tmp_path, monkeypatch, {"auths": {"localhost:5000": {"auth": token}}})
    assert login_for("localhost:5000/eqc") == Login("localhost:5000", "ada", "se:cret")


def test_a_registry_that_nobody_logged_in_to_has_no_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker_config(tmp_path, monkeypatch, {"auths": {}})
    assert login_for("localhost:5000/eqc") is None


def test_a_credential_helper_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "docker-credential-tests"
    helper.write_text(
        '#!/bin/sh\n[ "$1" = get ] && [ "$(cat)" = localhost:5000 ] || exit 1\n'
        'echo \'{"ServerURL": "localhost:5000", "Username": "ada", "Secret": "s"}\'\n'
    )
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    docker_config(tmp_path, monkeypatch, {"credHelpers": {"localhost:5000": "tests"}})
    assert login_for("localhost:5000/eqc") == Login("localhost:5000", "ada", "s")


def test_a_missing_credential_helper_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker_config(tmp_path, monkeypatch, {"credHelpers": {"localhost:5000": "no-such-helper"}})
    said = pytest.raises(EnvironmentNotReady, match=r"localhost:5000.*no-such-helper")
    with pytest.warns(UserWarning, match="no-such-helper"), said:
        login_for("localhost:5000/eqc")


def test_a_login_never_shows_its_secret() -> None:
    login = Login("ghcr.io", "ada", "hunter2")
    assert "hunter2" not in f"{login} {login!r}"

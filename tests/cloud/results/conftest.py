"""Object-store servers, a bucket for each test, and several computers that share it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.store.bucket.mirror import RemoteStore
from tests.fakes import objects
from tests.fakes.objects import Server

Computer = Callable[[str], RemoteStore]
"""The bucket's store on the computer of the given name, which has a mirror of its own."""


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    with objects.serving("s3") as server:
        yield server


@pytest.fixture(scope="session")
def gs_server() -> Iterator[Server]:
    with objects.serving("gs") as server:
        yield server


@pytest.fixture(params=["s3", "gs"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
    found: Server = request.getfixturevalue(f"{request.param}_server")
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def only_s3(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture
def url(server: Server) -> str:
    return server.make_bucket(f"eqc-{secrets.token_hex(6)}")


@pytest.fixture
def s3_url(only_s3: Server) -> str:
    return only_s3.make_bucket(f"eqc-{secrets.token_hex(6)}")


@pytest.fixture
def computer(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    return computers(f"{url}/results", tmp_path, monkeypatch)


@pytest.fixture
def s3_computer(s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    return computers(f"{s3_url}/results", tmp_path, monkeypatch)


def computers(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    def named(name: str) -> RemoteStore:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / name))
        return RemoteStore(url)

    return named

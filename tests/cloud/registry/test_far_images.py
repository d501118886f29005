"""Images of a run: pushed once, or sent by SSH where the registry does not accept them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from orchestrator.errors import DeliveryFailed
from orchestrator.images import Image, ImageBuilder
from orchestrator.images.cache import ImageCache
from orchestrator.images.remote import ImageDistributor
from orchestrator.model.experiment import Reason
from orchestrator.ssh.client import SshClient
from tests.cloud.registry.conftest import forget
from tests.fakes.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.registry]


class OneImage(ImageBuilder):
    """Returns the same image for every framework, without building."""

    def __init__(self, image: Image) -> None:
        self._image = image

    def ensure(self, framework: str, architecture: str = "x86_64") -> Image:
        return self._image


def test_threads_that_need_one_image_push_it_once(
    client: docker.DockerClient, open_registry: Registry, image: Image, shell: SshClient
) -> None:
    notes: list[str] = []
    images = ImageDistributor(
        ImageCache(OneImage(image)), f"{open_registry.host}/team", notes.append
    )
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: images.get("numpy", "x86_64"), range(4)))
    assert got == [image] * 4
    assert notes == [f"pushing {image.reference} to {open_registry.host}/team"]
    forget(client, image)
    images.deliver(shell, image)
    names = client.images.get(image.digest).attrs["RepoDigests"]
    assert [name.partition("@")[0] for name in names] == [
        f"{open_registry.host}/team/eqc-fake-image"
    ]


def test_a_registry_that_is_down_is_noted_and_not_used(
    open_registry: Registry, image: Image, shell: SshClient
) -> None:
    open_registry.stop()
    notes: list[str] = []
    images = ImageDistributor(
        ImageCache(OneImage(image)), f"{open_registry.host}/team", notes.append
    )
    assert images.get("numpy", "x86_64") == image
    assert images.get("numpy", "x86_64") == image
    assert [open_registry.host in note for note in notes] == [True, True]
    assert "by SSH instead" in notes[1]
    images.deliver(shell, image)


def test_a_login_that_is_no_longer_available_is_reported_as_such(
    open_registry: Registry,
    image: Image,
    shell: SshClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = ImageDistributor(ImageCache(OneImage(image)), f"{open_registry.host}/team", print)
    images.get("numpy", "x86_64")
    helpers = {"credHelpers": {open_registry.host: "no-such-helper"}}
    (tmp_path / "config.json").write_text(json.dumps(helpers))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    refused = pytest.raises(DeliveryFailed, match="no-such-helper")
    with pytest.warns(UserWarning, match="no-such-helper"), refused as caught:
        images.deliver(shell, image)
    assert caught.value.code == "no-login"


def test_without_an_engine_there_is_a_reason() -> None:
    assert isinstance(ImageDistributor(None, None, print).get("numpy", "x86_64"), Reason)

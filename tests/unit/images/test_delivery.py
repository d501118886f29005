from __future__ import annotations

import gzip
import random

import pytest

from orchestrator.images.delivery import _compressed, _why
from orchestrator.ssh.command import Completed


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("failed to register layer: write /usr/lib/x: no space left on device", "disk-full"),
        # Both messages at once: the image was not found because the disk was full.
        ("no such image: not found: no space left on device", "disk-full"),
        (
            "manifest for r/x@sha256:0 not found: manifest unknown: manifest unknown",
            "no-such-digest",
        ),
        ("manifest verification failed for digest sha256:0", "wrong-image"),
        ("filesystem layer verification failed for digest sha256:0", "wrong-image"),
        ("unauthorized: authentication required", "login-refused"),
        ("no basic auth credentials", "login-refused"),
        ("denied: requested access to the resource is denied", "login-refused"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "no-engine"),
        ("permission denied while trying to connect to the Docker daemon socket", "no-engine"),
        ("dial tcp 10.0.0.1:5000: connect: connection refused", None),
        ("dial tcp: lookup registry.example: no such host", None),
        ("toomanyrequests: You have reached your pull rate limit", None),
    ],
)
@pytest.mark.parametrize("to_stdout", [False, True])
def test_the_code_of_an_engines_message(said: str, code: str | None, to_stdout: bool) -> None:
    words = said.encode(), b""
    assert _why(Completed(1, *words) if to_stdout else Completed(1, *reversed(words))) == code


def test_compressing_changes_nothing_but_the_size() -> None:
    drawn = random.Random(0)
    chunks = [drawn.randbytes(drawn.randrange(2000)) for _ in range(50)] + [b"\0" * 100_000]
    packed = list(_compressed(iter(chunks)))
    assert all(packed)
    assert gzip.decompress(b"".join(packed)) == b"".join(chunks)

"""Rows of docs/faults.md where an image does not arrive, or another image arrives."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.faults.calls import FAULTY, SOUND
from tests.cloud.faults.lab import Lab
from tests.cloud.faults.registry import Proxy, serving

pytestmark = [pytest.mark.docker, pytest.mark.cloud_fake]

# All machines share one engine, which has every image: this Docker command hides them until an
# image was delivered.
WITHOUT_IMAGES = """\
#!/bin/sh
if [ "$1 $2" = "image inspect" ] && [ ! -e /tmp/brought ]; then exit 1; fi
{fault}
case "$1" in load|pull) /usr/bin/docker "$@" && touch /tmp/brought; exit;; esac
exec /usr/bin/docker "$@"
"""
FULL = 'if [ "$1" = load ]; then cat > /dev/full; exit; fi'


# An engine does not fetch again what it has pulled once, and this one may have pulled the run's
# image. So this Docker command pulls another image of the same registry, never pulled before.
NEVER_PULLED = 'if [ "$1" = pull ]; then exec /usr/bin/docker pull --quiet {reference}; fi'


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Proxy]:
    with serving(tmp_path / "registry") as registry:
        yield registry


@pytest.fixture
def never_pulled(lab: Lab, registry: Proxy) -> str:
    """A reference by digest to an image that was pushed and then removed from the engine."""
    name = f"{registry.host}/eqc-fake-image"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("payload")
        entry.size = 100
        tar.addfile(entry, io.BytesIO(secrets.token_bytes(100)))
    lab.client.api.import_image_from_data(archive.getvalue(), repository=name, tag="1")
    try:
        told = lab.client.images.push(name, "1", stream=True, decode=True)
        (digest,) = (line["aux"]["Digest"] for line in told if "aux" in line)
    finally:
        lab.client.images.remove(f"{name}:1")
    return f"{name}@{digest}"


def test_the_disk_of_a_machine_is_full(lab: Lab) -> None:
    lab.machines.flaw(FAULTY, docker=WITHOUT_IMAGES.format(fault=FULL))
    ran = lab.run(lab.experiment())
    assert ran.code == 4
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "disk-full"
    assert "No space left on device" in message
    assert "free there" in message
    assert "skipped aws/m1.large numpy: eqc-numpy:" in ran.shown
    assert ran.status(FAULTY) == {"failed"}
    assert ran.status(SOUND) == {"ok"}
    assert lab.left() == []


def test_the_registry_serves_something_else(lab: Lab, registry: Proxy, never_pulled: str) -> None:
    pull = NEVER_PULLED.format(reference=never_pulled)
    lab.machines.flaw(FAULTY, docker=WITHOUT_IMAGES.format(fault=pull))
    registry.tampers = True
    ran = lab.run(lab.experiment(FAULTY), "--registry", f"{registry.host}/eqc")
    assert registry.tampered > 0
    assert ran.code == 5
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "wrong-image"
    assert "manifest verification failed" in message
    assert "manifest verification failed" in ran.shown
    assert lab.left() == []


@pytest.mark.slow
def test_the_registry_has_lost_the_digest(lab: Lab, registry: Proxy, never_pulled: str) -> None:
    pull = NEVER_PULLED.format(reference=never_pulled)
    lab.machines.flaw(FAULTY, docker=WITHOUT_IMAGES.format(fault=pull))
    registry.forgets = True
    ran = lab.run(lab.experiment(FAULTY), "--registry", f"{registry.host}/eqc")
    assert ran.code == 5
    ((code, message),) = ran.reasons(FAULTY)
    assert code == "no-such-digest"
    assert "manifest unknown" in message
    assert lab.left() == []


@pytest.mark.slow
def test_the_registry_is_down(lab: Lab) -> None:
    lab.machines.flaw(FAULTY, docker=WITHOUT_IMAGES.format(fault=""))
    ran = lab.run(lab.experiment(), "--registry", "127.0.0.1:9/eqc")
    assert ran.code == 0
    assert "127.0.0.1:9/eqc/eqc-numpy could not be pushed" in ran.shown
    assert "is sent to each machine by SSH instead" in ran.shown
    assert ran.status(FAULTY) == ran.status(SOUND) == {"ok"}
    assert lab.left() == []

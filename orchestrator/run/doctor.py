"""``eqc doctor``: checks what an experiment needs, before anything costs money."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import requests

from orchestrator import catalog
from orchestrator.errors import EnvironmentNotReady
from orchestrator.images import connect
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Finding, Level, Unavailable
from orchestrator.providers import registry as providers
from orchestrator.providers.qemu import BINFMT

LEAST_FREE = 10 << 30
"""Bytes that images and results may need."""


def examine(
    platforms: Sequence[Platform], results: Path, registry: str | None
) -> Iterator[Finding]:
    """Check one thing after another; each finding that is not fine says what to do about it.

    ``results``: the folder for results. ``registry``: ``host/repository``; ``None``: none is used.
    """
    yield _engine()
    yield _disk(results)
    if any(_is_arm64(platform) for platform in platforms):
        yield _arm64()
    if registry is not None:
        yield _registry(registry)
    for name in sorted({p.provider for p in platforms if not providers.is_here(p.provider)}):
        yield from _provider(name, [p for p in platforms if p.provider == name])


def _engine() -> Finding:
    try:
        client = connect()
    except EnvironmentNotReady as error:
        return Finding("Docker engine", Level.ERROR, str(error))
    version = client.version()["Version"]
    client.close()
    return Finding("Docker engine", Level.OK, f"version {version} answers")


def _disk(results: Path) -> Finding:
    existing = next(p for p in (results.resolve(), *results.resolve().parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE:
        text = f"{free / 2**30:.1f} GiB free at {existing}; images and results may need 10 GiB"
        return Finding("disk", Level.WARNING, text)
    return Finding("disk", Level.OK, f"{free / 2**30:.0f} GiB free at {existing}")


def _is_arm64(platform: Platform) -> bool:
    if platform.get("arch") == "arm64":
        return True
    try:
        far = not providers.is_here(platform.provider)
        return far and catalog.architecture(platform) == "arm64"
    except Unavailable:
        return False


def _arm64() -> Finding:
    subject = "images for arm64"
    if BINFMT.exists():
        return Finding(subject, Level.OK, "this kernel starts arm64 programs")
    text = f"cannot be built here: {BINFMT} is not there; apt-get install qemu-user-static"
    return Finding(subject, Level.ERROR, text)


def _registry(registry: str) -> Finding:
    host = registry.partition("/")[0]
    subject = f"registry {host}"
    # Like Docker: HTTP for a registry on this computer, HTTPS for every other one.
    scheme = "http" if host.split(":")[0] in ("localhost", "127.0.0.1") else "https"
    try:
        answer = requests.get(f"{scheme}://{host}/v2/", timeout=10)
    except requests.RequestException as error:
        return Finding(subject, Level.ERROR, f"does not answer: {error}")
    if answer.status_code == requests.codes.unauthorized:
        return Finding(subject, Level.OK, "answers; it needs a login")
    if answer.ok:
        return Finding(subject, Level.OK, "answers")
    return Finding(
        subject, Level.ERROR, f"answers with status {answer.status_code}: is the address right?"
    )


def _provider(name: str, platforms: Sequence[Platform]) -> Iterable[Finding]:
    try:
        return providers.make(name).check(platforms)
    except (EnvironmentNotReady, Unavailable) as error:
        return [Finding(name, Level.ERROR, str(error))]

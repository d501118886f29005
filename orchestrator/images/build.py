"""Docker images of the frameworks: looked up by their tag, else built with the Docker SDK.

An image's tag is a hash of everything that goes into it: Dockerfile, requirements, lock, the
framework's own files, runner and base image. So an image is rebuilt exactly when one of these
changes. A pinned installation has requirements and a lock of its own (``wheelhouse``).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import docker
import docker.errors
from docker.models.images import Image as DockerImage

from orchestrator.catalog import Framework, frameworks
from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.images.engine import Image
from orchestrator.images.wheelhouse import (
    IMAGE_PYTHON,
    LOCK_LABEL,
    Locked,
    Say,
    default_lock,
    question,
    recorded,
    resolve,
    restored,
    scanner_lock,
    wheelhouse,
)
from orchestrator.model.experiment import Installation
from orchestrator.packages.pins import parse_on
from orchestrator.packages.requirements import is_default
from orchestrator.results.record import SoftwareRecord
from orchestrator.results.software import parse_software
from orchestrator.system.files import write_whole
from orchestrator.system.paths import cache_folder, runner_path
from orchestrator.system.program import checked
from orchestrator.system.untrusted_json import parse_json

BASES = {"x86_64": "debian:bookworm-slim", "arm64": "arm64v8/debian:bookworm-slim"}
"""The base image of each architecture: the same Debian, under its names in Docker's registry."""
BASE_SUITE = "bookworm"


class ImageBuilder:
    """Finds or builds images on one Docker engine; ``say`` gets a line before each slow step."""

    def __init__(self, client: docker.DockerClient, say: Say = lambda _: None) -> None:
        self._client = client
        self._say = say

    def ensure(self, wanted: Installation | str, architecture: str = "x86_64") -> Image:
        """The installation's image for ``x86_64`` or ``arm64``, built if the engine lacks it.

        ``wanted`` may be a text, as ``on`` has it. Raises ``UsageError`` for one that is none, and
        for a version that no Python has; ``EnvironmentNotReady`` with the reason where the image
        cannot be built.
        """
        known = frameworks()
        installation = _parsed(wanted) if isinstance(wanted, str) else wanted
        framework = installation.framework
        if framework not in known:
            raise UsageError(f"no image {framework!r}; there are {', '.join(sorted(known))}")
        if architecture not in BASES:
            raise EnvironmentNotReady(
                f"no image can be built for {architecture!r}; there are {', '.join(BASES)}"
            )
        wheels = self._locked(installation, architecture)
        base = self._ensure_base(architecture, wheels.python)
        suffix = "" if architecture == "x86_64" else f"-{architecture}"
        reference = f"eqc-{framework}:{_content_hash(known[framework], wheels, base)}{suffix}"
        try:
            found = self._client.images.get(reference)
        except docker.errors.ImageNotFound:
            found = self._build(known[framework], wheels, reference, base)
        return Image(installation.title, reference, str(found.id))

    def _locked(self, installation: Installation, architecture: str) -> Locked:
        """The packages of the image: recorded in the cache or by an earlier image, else resolved.

        So an image that is built again has the same software, also after the cache was deleted.
        """
        if is_default(installation):
            return default_lock(installation, architecture)
        key = question(installation, architecture)
        known = recorded(installation, architecture)
        if known is None:
            labels = [image.labels for image in self._client.images.list(filters={"label": key})]
            texts = sorted({found[LOCK_LABEL] for found in labels if LOCK_LABEL in found})
            known = restored(installation, architecture, texts[0]) if texts else None
        return known or resolve(installation, architecture, self._say)

    def software(self, image: Image, installation: Installation) -> SoftwareRecord:
        """What computes in ``image``: it is asked once, the answer is kept by the image's id.

        Raises ``EnvironmentNotReady`` where it gives none.
        """
        words = [installation.framework, *installation.requires]
        name = hashlib.sha256("\0".join([image.digest, *words]).encode()).hexdigest()[:32]
        known = cache_folder() / "software" / f"{name}.json"
        try:
            return parse_software(json.loads(known.read_bytes()))
        except (OSError, ValueError):
            self._say(f"asking {image.reference} what is installed in it")
        try:
            said = self._client.containers.run(
                image.digest,
                ["software", *words],
                network_mode="none",
                read_only=True,
                cap_drop=["ALL"],
                labels={"eqc": "software"},
                remove=True,
            )
            software = parse_software(parse_json(said))
        except (docker.errors.DockerException, ValueError) as error:
            raise EnvironmentNotReady(
                f"{image.reference} does not say what is installed in it: {error}"
            ) from error
        write_whole(known, said)
        return software

    def _ensure_base(self, architecture: str, python: str = IMAGE_PYTHON) -> str:
        """The id of the base image, which is pulled or made with debootstrap if it is absent."""
        own = python == IMAGE_PYTHON
        base = BASES[architecture] if own else f"python:{python}-slim-{BASE_SUITE}"
        try:
            image = self._client.images.get(base)
            if own or image.attrs.get("Architecture") == _ENGINE_NAMES[architecture]:
                return str(image.id)
        except docker.errors.ImageNotFound:
            self._say(f"pulling {base}")
        try:
            platform = None if own else f"linux/{_ENGINE_NAMES[architecture]}"
            return str(self._client.images.pull(base, platform=platform).id)
        except docker.errors.APIError as error:
            if not own:
                raise EnvironmentNotReady(
                    f"Python {python} is needed, and its base image {base} cannot be pulled "
                    f"({error.explanation}): pull it on a machine with access and `docker load` "
                    "it, or use --isolation process with that Python installed"
                ) from error
            if shutil.which("debootstrap") is None or os.getuid() != 0:
                raise EnvironmentNotReady(
                    f"{base} is not here and cannot be pulled ({error.explanation}); pull it on a "
                    "machine with access and `docker load` it, or install debootstrap and let "
                    "`eqc images`, as root, make it"
                ) from error
        self._say(f"{base} cannot be pulled; making it with debootstrap")
        return self._debootstrap(base, architecture)

    def _debootstrap(self, base: str, architecture: str) -> str:
        arch = "amd64" if architecture == "x86_64" else architecture
        with tempfile.TemporaryDirectory() as folder:
            root, archive = Path(folder, "root"), Path(folder, "root.tar")
            words = ["--variant=minbase", f"--arch={arch}", BASE_SUITE, str(root)]
            checked(["debootstrap", *words], "debootstrap")
            checked(["tar", "-C", str(root), "-cf", str(archive), "."], "tar")
            repository, tag = base.split(":")
            self._client.api.import_image(str(archive), repository=repository, tag=tag)
        return str(self._client.images.get(base).id)

    def _build(
        self, framework: Framework, wheels: Locked, reference: str, base: str
    ) -> DockerImage:
        houses = {"wheelhouse": wheelhouse(wheels, self._say)}
        scanner = scanner_lock(wheels.architecture, wheels.python)
        if scanner.requirements:
            houses["scanner"] = wheelhouse(scanner, self._say)
        self._say(f"building {reference}")
        with tempfile.TemporaryFile() as context:
            _write_context(context, framework, wheels, houses)
            context.seek(0)
            try:
                image, _ = self._client.images.build(
                    fileobj=context,
                    custom_context=True,
                    encoding=None,
                    tag=reference,
                    buildargs={"BASE": base, **_PYTHON_ARGUMENTS[wheels.python == IMAGE_PYTHON]},
                    labels={"eqc": "image", "eqc.framework": framework.name, **wheels.labels},
                    network_mode="host",
                    rm=True,
                    forcerm=True,
                )
            except docker.errors.BuildError as error:
                lines = [str(entry.get("stream", "")) for entry in error.build_log][-15:]
                raise EnvironmentNotReady(
                    f"{reference} could not be built: {error.msg}\n{''.join(lines)}"
                ) from error
            except docker.errors.APIError as error:
                # The engine's messages about a full disk differ and seldom say so: always hint.
                raise EnvironmentNotReady(
                    f"{reference} could not be built: {error.explanation or error} "
                    "(is the engine's disk full? see `docker system df`)"
                ) from error
        return image


_ENGINE_NAMES = {"x86_64": "amd64", "arm64": "arm64"}
_PYTHON_ARGUMENTS = {
    True: {},
    # The base image has its Python: Debian's would be another version.
    False: {"PYTHON": "/usr/local/bin/python3", "PYTHON_PACKAGES": ""},
}


def _parsed(text: str) -> Installation:
    try:
        return parse_on(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _content_hash(framework: Framework, wheels: Locked, base: str) -> str:
    digest = hashlib.sha256(base.encode())
    for name, content in _context_files(framework, wheels):
        digest.update(f"\0{name}\0".encode() + content)
    return digest.hexdigest()[:12]


def _context_files(framework: Framework, wheels: Locked) -> Iterator[tuple[str, bytes]]:
    """(name in the build context, content), in a fixed order, without wheels.

    ``images`` has the same layout as the folder of the project, but this framework only.
    """
    yield "Dockerfile", framework.dockerfile.read_bytes()
    yield "lock.txt", wheels.lock.encode()
    yield "requirements.txt", wheels.requirements.encode()
    scanner = scanner_lock(wheels.architecture, wheels.python)
    yield "scanner/requirements.txt", scanner.requirements.encode()
    for name, path in framework.runner_files():
        yield f"images/{name}", path.read_bytes()
    package = runner_path() / "eqc_runner"
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(package).as_posix()
            yield f"images/runner/eqc_runner/{name}", path.read_bytes()


def _write_context(
    context: IO[bytes], framework: Framework, wheels: Locked, houses: Mapping[str, Path]
) -> None:
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, content in _context_files(framework, wheels):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
        for folder, house in houses.items():
            for path in sorted(house.glob("*.whl")):
                tar.add(path, f"{folder}/{path.name}")

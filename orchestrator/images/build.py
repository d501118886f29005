"""Docker images of the frameworks: looked up by their tag, else built with the Docker SDK.

An image's tag is a hash of everything that goes into it: Dockerfile, requirements, lock, the
framework's own files, runner and base image. So an image is rebuilt exactly when one of these
changes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import docker
import docker.errors
from docker.models.images import Image as DockerImage

from orchestrator.catalog import Framework, frameworks
from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.images.engine import Image
from orchestrator.results.record import SoftwareRecord
from orchestrator.results.software import parse_software
from orchestrator.system.environment import without_credentials
from orchestrator.system.files import write_whole
from orchestrator.system.paths import cache_folder, images_folder, runner_path
from orchestrator.system.untrusted_json import parse_json

BASES = {"x86_64": "debian:bookworm-slim", "arm64": "arm64v8/debian:bookworm-slim"}
"""The base image of each architecture: the same Debian, under its names in Docker's registry."""
BASE_SUITE = "bookworm"


class ImageBuilder:
    """Finds or builds images on one Docker engine; ``say`` gets a line before each slow step."""

    def __init__(self, client: docker.DockerClient, say: Say = lambda _: None) -> None:
        self._client = client
        self._say = say

    def ensure(self, framework: str, architecture: str = "x86_64") -> Image:
        """The framework's image for ``x86_64`` or ``arm64``, built if the engine does not have it.

        Raises ``UsageError`` for an unknown framework, ``EnvironmentNotReady`` with the reason
        where the image cannot be built.
        """
        known = frameworks()
        if framework not in known:
            raise UsageError(f"no image {framework!r}; there are {', '.join(sorted(known))}")
        if architecture not in BASES:
            raise EnvironmentNotReady(
                f"no image can be built for {architecture!r}; there are {', '.join(BASES)}"
            )
        base = self._ensure_base(architecture)
        suffix = "" if architecture == "x86_64" else f"-{architecture}"
        reference = f"eqc-{framework}:{_content_hash(known[framework], base)}{suffix}"
        try:
            found = self._client.images.get(reference)
        except docker.errors.ImageNotFound:
            found = self._build(known[framework], architecture, reference, base)
        return Image(framework, reference, str(found.id))

    def software(self, image: Image, requires: Sequence[str] = ()) -> SoftwareRecord:
        """What computes in ``image``: it is asked once, the answer is kept by the image's id.

        Raises ``EnvironmentNotReady`` where it gives none.
        """
        words = [image.framework, *requires]
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

    def _ensure_base(self, architecture: str) -> str:
        """The id of the base image, which is pulled or made with debootstrap if it is absent."""
        base = BASES[architecture]
        try:
            return str(self._client.images.get(base).id)
        except docker.errors.ImageNotFound:
            self._say(f"pulling {base}")
        try:
            return str(self._client.images.pull(base).id)
        except docker.errors.APIError as error:
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
        self, framework: Framework, architecture: str, reference: str, base: str
    ) -> DockerImage:
        wheels = wheelhouse(framework, architecture, self._say)
        self._say(f"building {reference}")
        with tempfile.TemporaryFile() as context:
            _write_context(context, framework, wheels)
            context.seek(0)
            try:
                image, _ = self._client.images.build(
                    fileobj=context,
                    custom_context=True,
                    encoding=None,
                    tag=reference,
                    buildargs={"BASE": base},
                    labels={"eqc": "image", "eqc.framework": framework.name},
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


def _content_hash(framework: Framework, base: str) -> str:
    digest = hashlib.sha256(base.encode())
    for name, path in _context_files(framework):
        digest.update(f"\0{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _context_files(framework: Framework) -> Iterator[tuple[str, Path]]:
    """(name in the build context, file), in a fixed order, without wheels.

    ``images`` has the same layout as the folder of the project, but this framework only.
    """
    yield "Dockerfile", framework.dockerfile
    yield "lock.txt", images_folder() / "lock.txt"
    yield "requirements.txt", framework.requirements
    for name, path in framework.runner_files():
        yield f"images/{name}", path
    package = runner_path() / "eqc_runner"
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"images/runner/eqc_runner/{path.relative_to(package).as_posix()}", path


def _write_context(context: IO[bytes], framework: Framework, wheels: Path) -> None:
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, path in _context_files(framework):
            content = path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
        for path in sorted(wheels.glob("*.whl")):
            tar.add(path, f"wheelhouse/{path.name}")


IMAGE_PYTHON = "3.11"
# Every platform tag that bookworm (glibc 2.36) can install: pip accepts only those it is given.
WHEEL_PLATFORMS = {
    "x86_64": (
        *(f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)),
        *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"),
    ),
    "arm64": (
        *(f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)),
        "manylinux2014_aarch64",
    ),
}

Say = Callable[[str], None]


def wheelhouse(framework: Framework, architecture: str, say: Say) -> Path:
    """A folder with every wheel of the framework's image, downloaded if it is not in the cache.

    This computer's pip downloads them, with its own indexes, proxies and certificates. The build
    needs none of these, and no image layer can hold a credential. Raises ``EnvironmentNotReady``
    where the download fails.
    """
    requirements, lock = framework.requirements, images_folder() / "lock.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + lock.read_bytes()).hexdigest()[:16]
    house = cache_folder() / "wheelhouse" / f"{framework.name}-{architecture}-{wanted}"
    if house.is_dir():
        return house
    say(f"fetching the wheels of {framework.name} for {architecture}")
    house.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=house.parent) as temporary:
        tags = WHEEL_PLATFORMS[architecture]
        platforms = [word for tag in tags for word in ("--platform", tag)]
        checked(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"),
                *("--python-version", IMAGE_PYTHON, *platforms, "--dest", temporary),
                *("--constraint", str(lock), "--requirement", str(requirements)),
            ],
            "pip download",
        )
        Path(temporary).rename(house)
        # TemporaryDirectory fails on exit if its folder is gone.
        Path(temporary).mkdir()
    return house


def checked(argv: list[str], what: str) -> None:
    """Run a command. Raises ``EnvironmentNotReady`` with the end of its stderr if it fails."""
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=without_credentials()
    )
    if done.returncode:
        tail = "\n".join(done.stderr.splitlines()[-8:])
        raise EnvironmentNotReady(f"{what} failed (exit code {done.returncode}):\n{tail}")

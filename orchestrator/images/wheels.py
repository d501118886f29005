"""The wheels of an image, fetched by this computer's own pip."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from orchestrator.system.paths import cache_folder, images_folder
from orchestrator.errors import EnvironmentNotReady
from orchestrator.system.environment import without_credentials

IMAGE_PYTHON = "3.11"
# Every tag a bookworm (glibc 2.36) image can install; pip wants each of them named.
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


def wheelhouse(framework: str, architecture: str, say: Say) -> Path:
    """A folder with every wheel of the framework's image.

    Fetched here, by this computer's own pip with its own indexes, proxies and certificates, so
    that the build needs none of them and no layer can hold a credential.
    """
    folder = images_folder()
    requirements, lock = folder / framework / "requirements.txt", folder / "lock.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + lock.read_bytes()).hexdigest()[:16]
    house = cache_folder() / "wheelhouse" / f"{framework}-{architecture}-{wanted}"
    if house.is_dir():
        return house
    say(f"fetching the wheels of {framework} for {architecture}")
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
        # TemporaryDirectory wants to find what it made.
        Path(temporary).mkdir()
    return house


def checked(argv: list[str], what: str) -> None:
    """Run a command; where it fails, ``EnvironmentNotReady`` with the end of what it said."""
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=without_credentials()
    )
    if done.returncode:
        tail = "\n".join(done.stderr.splitlines()[-8:])
        raise EnvironmentNotReady(f"{what} failed (exit code {done.returncode}):\n{tail}")

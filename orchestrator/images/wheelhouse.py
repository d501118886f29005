"""The wheels of an image: which ones (a lock), and the folder they are downloaded to.

A framework as it is has ``images/lock.txt``. A pinned installation has a lock of its own: what pip
resolves when asked first, constrained by ``images/lock.txt`` where that fits the pin. It is kept in
the cache, ``locks/<question>.json``, and as a label of the image.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import parse_wheel_filename

from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.model.experiment import Installation
from orchestrator.packages.index import missing, python_for
from orchestrator.packages.interpreters import minors
from orchestrator.packages.requirements import constraints_of, is_default, requirements_of
from orchestrator.system.files import write_whole
from orchestrator.system.paths import cache_folder, images_folder
from orchestrator.system.program import checked

IMAGE_PYTHON = "3.11"
"""That of the base image, Debian bookworm."""
LOCK_LABEL = "eqc.lock"
QUESTION_LABEL = "eqc.question"
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

SCANNER = "iced-x86"
"""What decodes instructions while an image is built; it is in no image."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Locked:
    """The packages of one image."""

    installation: Installation
    architecture: str
    python: str
    """``3.11``."""
    requirements: str
    """The text of ``requirements.txt``."""
    lock: str
    """``name==version`` a line."""

    @property
    def name(self) -> str:
        """The name of its folder of wheels; by content."""
        asked = self.requirements + self.lock
        if self.python != IMAGE_PYTHON:
            asked += self.python
        wanted = hashlib.sha256(asked.encode()).hexdigest()[:16]
        return f"{self.installation.framework}-{self.architecture}-{wanted}"

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of its image."""
        if is_default(self.installation):
            return {}
        return {
            QUESTION_LABEL: _question(self.installation, self.architecture),
            LOCK_LABEL: _document(self),
        }


def default_lock(installation: Installation, architecture: str) -> Locked:
    """That of a framework as it is: ``images/lock.txt``."""
    return Locked(
        installation,
        architecture,
        IMAGE_PYTHON,
        requirements_of(installation),
        constraints_of(installation),
    )


def scanner_lock(architecture: str, python: str) -> Locked:
    """What the search for the CPUID instructions of an image needs: nothing but on x86-64."""
    lines = (images_folder() / "lock.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    wanted = [line for line in lines if line.startswith(f"{SCANNER}==")]
    text = "".join(wanted) if architecture == "x86_64" else ""
    return Locked(Installation("scanner"), architecture, python, text, text)


def question(installation: Installation, architecture: str) -> str:
    """The label of images that answer what the installation asks for."""
    return f"{QUESTION_LABEL}={_question(installation, architecture)}"


def recorded(installation: Installation, architecture: str) -> Locked | None:
    """The lock in the cache; ``None``: this was not resolved here before."""
    try:
        text = _path(installation, architecture).read_text(encoding="utf-8")
    except OSError:
        return None
    return _read(installation, architecture, text)


def restored(installation: Installation, architecture: str, text: str) -> Locked | None:
    """The lock that an image's label has, kept in the cache again; ``None``: it is damaged."""
    found = _read(installation, architecture, text)
    if found is not None:
        write_whole(_path(installation, architecture), text.encode())
    return found


def resolve(installation: Installation, architecture: str, say: Say) -> Locked:
    """Download the wheels of a pinned installation, and keep what they are as its lock.

    Raises ``UsageError`` for a version that the index does not have, ``EnvironmentNotReady`` where
    the index does not answer, or where pip fails.
    """
    for text in missing([installation]).values():
        raise UsageError(text)
    python = IMAGE_PYTHON
    if installation.pin is not None:
        pythons = [IMAGE_PYTHON, *(each for each in minors() if each != IMAGE_PYTHON)]
        python = python_for(installation, pythons) or python
    requirements = requirements_of(installation)
    say(f"resolving {installation.title} for {architecture}, Python {python}")
    houses = _houses()
    with tempfile.TemporaryDirectory(dir=houses) as temporary:
        folder = Path(temporary, "wheels")
        folder.mkdir()
        try:
            asked = Locked(
                installation, architecture, python, requirements, constraints_of(installation)
            )
            _download(asked, folder)
        except EnvironmentNotReady:
            # The lock's versions do not fit: any others that fit the pin.
            _download(Locked(installation, architecture, python, requirements, ""), folder)
        lock = "".join(sorted(_lines(folder.glob("*.whl"))))
        locked = Locked(installation, architecture, python, requirements, lock)
        keep(folder, houses / locked.name)
    write_whole(_path(installation, architecture), _document(locked).encode())
    return locked


def wheelhouse(locked: Locked, say: Say) -> Path:
    """A folder with every wheel of the image, downloaded if it is not in the cache.

    This computer's pip downloads them, with its own indexes, proxies and certificates. The build
    needs none of these, and no image layer can hold a credential. Raises ``EnvironmentNotReady``
    where the download fails.
    """
    house = _houses() / locked.name
    if house.is_dir():
        return house
    say(f"fetching the wheels of {locked.installation.title} for {locked.architecture}")
    with tempfile.TemporaryDirectory(dir=house.parent) as temporary:
        folder = Path(temporary, "wheels")
        folder.mkdir()
        _download(locked, folder)
        keep(folder, house)
    return house


def keep(folder: Path, house: Path) -> None:
    """Rename ``folder`` to ``house``, unless another process has put the same wheels there since.

    Its folder is as whole as this one. Raises ``OSError`` for any other failure.
    """
    try:
        folder.rename(house)
    except OSError:
        if not house.is_dir():
            raise


def _houses() -> Path:
    houses = cache_folder() / "wheelhouse"
    houses.mkdir(parents=True, exist_ok=True)
    return houses


def _download(locked: Locked, folder: Path) -> None:
    tags = WHEEL_PLATFORMS[locked.architecture]
    platforms = [word for tag in tags for word in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as texts:
        requirements, lock = Path(texts, "requirements.txt"), Path(texts, "lock.txt")
        requirements.write_text(locked.requirements, encoding="utf-8")
        lock.write_text(locked.lock, encoding="utf-8")
        checked(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"),
                *("--python-version", locked.python, *platforms, "--dest", str(folder)),
                *("--constraint", str(lock), "--requirement", str(requirements)),
            ],
            "pip download",
        )


def _lines(wheels: Iterable[Path]) -> Iterable[str]:
    for wheel in wheels:
        name, version, _, _ = parse_wheel_filename(wheel.name)
        yield f"{name}=={version}\n"


def _question(installation: Installation, architecture: str) -> str:
    asked = [requirements_of(installation), constraints_of(installation), architecture]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _path(installation: Installation, architecture: str) -> Path:
    return cache_folder() / "locks" / f"{_question(installation, architecture)}.json"


def _document(locked: Locked) -> str:
    return json.dumps({"python": locked.python, "lock": locked.lock.splitlines()})


def _read(installation: Installation, architecture: str, text: str) -> Locked | None:
    try:
        found = json.loads(text)
        python, lines = found["python"], found["lock"]
        lock = "".join(f"{line}\n" for line in lines)
    except (ValueError, KeyError, TypeError):
        return None
    return Locked(installation, architecture, str(python), requirements_of(installation), lock)

"""An environment (venv) for each installation, in the cache, shared by content.

``environments/<framework>-<key>/`` has a venv and ``lock.txt``, the versions that are in it. The
key is of what was asked for: requirements, constraints, Python. A folder is made beside and
renamed, under a lock that ends with its process: it is whole or not there, and two runs at once
make it once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.experiment import Installation, Reason
from orchestrator.packages.index import python_for, versions
from orchestrator.packages.interpreters import Interpreter, interpreter, minors, this_minor
from orchestrator.packages.requirements import (
    constraints_of,
    distribution_of,
    is_default,
    requirements_of,
)
from orchestrator.system.files import disk_errors
from orchestrator.system.once import Once
from orchestrator.system.paths import cache_folder
from orchestrator.system.program import completed, last_lines

LOCK = "lock.txt"
_PYTHON = "bin/python"
_LISTING = (
    "import importlib.metadata as m; print('\\n'.join(sorted({"
    "d.metadata['Name'].lower() + '==' + d.version for d in m.distributions()"
    " if d.metadata['Name']})))"
)

Say = Callable[[str], None]


class EnvironmentCache:
    """The interpreters of one run's installations. Thread-safe.

    One that cannot be made is remembered as its reason. ``say`` gets a line before each slow step.
    """

    def __init__(self, say: Say = lambda _: None) -> None:
        self._say = say
        self._made: Once[Path | Reason] = Once()

    def get(self, installation: Installation) -> Path | Reason:
        """The interpreter that has the installation: this one where nothing is pinned.

        A reason (``no-environment``, ``no-python``) where there is none.
        """
        if is_default(installation):
            return Path(sys.executable)
        key = (installation.label, *installation.requires)
        return self._made.get(key, lambda: self._make(installation))

    def _make(self, installation: Installation) -> Path | Reason:
        try:
            return ensure(installation, self._say)
        except EnvironmentNotReady as error:
            return Reason("no-environment", str(error))


def existing(installation: Installation) -> Path | None:
    """The interpreter of an environment that is made already; no index is asked."""
    for minor in minors():
        python = interpreter(minor)
        if python is not None and (folder := _folder(installation, python)).is_dir():
            return folder / _PYTHON
    return None


def ensure(installation: Installation, say: Say) -> Path | Reason:
    """The interpreter of the installation's environment, which is made if it is not there.

    Raises ``EnvironmentNotReady`` with the end of pip's message.
    """
    found = existing(installation)
    if found is not None:
        return found
    python = _python(installation)
    if isinstance(python, Reason):
        return python
    folder = _folder(installation, python)
    with disk_errors(folder), _alone(folder):
        if not folder.is_dir():
            say(f"making an environment for {installation.title} with Python {python.version}")
            _create(folder, installation, python)
    return folder / _PYTHON


def _python(installation: Installation) -> Interpreter | Reason:
    """The Python to use: this one where the index has the version for it, else another one."""
    mine = interpreter(this_minor())
    if mine is None:
        raise EnvironmentNotReady(f"{sys.executable} does not start")
    if installation.pin is None:
        return mine
    here = {minor: found for minor in minors() if (found := interpreter(minor)) is not None}
    usable = python_for(installation, here)
    if usable is not None:
        return here[usable]
    return _no_python(installation, tuple(here))


def _no_python(installation: Installation, here: tuple[str, ...]) -> Reason:
    """Why none of the Pythons ``here`` can have the pinned version, and what to install."""
    name = distribution_of(installation)
    others = [m for m in minors() if m not in here and python_for(installation, [m])]
    tried = ", ".join(here)
    if others:
        names = " or ".join(f"python{minor}" for minor in others)
        text = f"the index has it for {names}, but not for Python {tried}: install one of them"
    elif all(versions(name, minor).answered for minor in here):
        text = f"the index has no such version of {name} for Python {tried}: change 'on'"
    else:
        text = "pip's index does not answer (offline?): run again with a network"
    return Reason("no-python", f"{installation.label}: {text}")


def _folder(installation: Installation, python: Interpreter) -> Path:
    asked = [
        requirements_of(installation),
        constraints_of(installation),
        python.version,
        python.path,
        python.platform,
    ]
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    return cache_folder() / "environments" / f"{installation.framework}-{key}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; whoever wants the same folder waits. A dead process holds none."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _create(folder: Path, installation: Installation, python: Interpreter) -> None:
    for left in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(left)  # of a process that was killed: we hold the lock
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        requirements, constraints = made / "requirements.txt", made / "constraints.txt"
        requirements.write_text(requirements_of(installation), encoding="utf-8")
        constraints.write_text(constraints_of(installation), encoding="utf-8")
        _install(made, python, requirements, constraints, installation.title)
        listed = completed([str(made / _PYTHON), "-I", "-c", _LISTING])
        (made / LOCK).write_text(listed.stdout, encoding="utf-8")
        made.chmod(0o755)
        made.replace(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _install(
    made: Path, python: Interpreter, requirements: Path, constraints: Path, title: str
) -> None:
    """With the lock's versions where they fit the pin, else with any; by uv if it is there.

    uv does not read pip's configuration: where it finds nothing, pip is asked.
    """
    said = ""
    for words in (["--constraint", str(constraints)], []):
        for install in _ways(made, python):
            done = completed([*install, "--requirement", str(requirements), *words])
            if done.returncode == 0:
                return
            said = last_lines(done.stderr)
    raise EnvironmentNotReady(f"no environment with {title} could be made; pip says:\n{said}")


def _ways(made: Path, python: Interpreter) -> Iterator[list[str]]:
    """The commands that install into ``made``, after making a fresh venv there for each."""
    inner = str(made / _PYTHON)
    uv = shutil.which(
        "uv", path=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
    )
    if uv is not None:
        _fresh(made, [uv, "venv", "--quiet", "--allow-existing", "--python", python.path])
        yield [uv, "pip", "install", "--quiet", "--only-binary", ":all:", "--python", inner]
    _fresh(made, [python.path, "-m", "venv"])
    pip = [inner, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    yield [*pip, "install", "--quiet", "--prefer-binary"]


def _fresh(made: Path, command: list[str]) -> None:
    for part in ("bin", "lib", "lib64", "include"):
        path = made / part
        if path.is_symlink():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
    done = completed([*command, str(made)])
    if done.returncode:
        raise EnvironmentNotReady(
            f"{' '.join(command)} failed:\n{last_lines(done.stderr or done.stdout)}"
        )

"""Makes the library of ``present.c`` with this system's C compiler, once for each content.

    python library.py FOLDER    prints the path of the library in FOLDER, made if it is not there

Needs no other file of the package, so that a stage of an image can call it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAME = "libpresent.so"
SOURCE = Path(__file__).resolve().parent / "present.c"
FLAGS = (
    *("-std=gnu11", "-O2", "-fPIC", "-shared"),
    # No C library: the loader would load a second one beside the program's own.
    *("-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fvisibility=hidden"),
    # Handlers of signals: no register but the general ones, which the kernel has saved anyway.
    *("-mgeneral-regs-only", "-fno-tree-loop-distribute-patterns"),
    "-Wl,-z,now,-z,relro,-z,noexecstack,--build-id=none,--hash-style=gnu",
)


class CannotMake(Exception):  # noqa: N818 - plain without the suffix Error
    """There is no compiler, or it failed; the message says what to do."""


def digest() -> str:
    """What the library is made from, 16 hexadecimal digits: sources and flags."""
    hashed = hashlib.sha256("\0".join(FLAGS).encode())
    for path in (SOURCE, *sorted((SOURCE.parent / "native").glob("*.h"))):
        hashed.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return hashed.hexdigest()[:16]


def library(cache: Path) -> Path:
    """The library in ``cache``, made there if its sources have changed. Raises ``CannotMake``."""
    path = cache / f"{digest()}-{NAME}"
    if not path.exists():
        make(path)
    return path


def make(path: Path) -> None:
    """Compile to ``path``, whole or not at all. Raises ``CannotMake``."""
    if platform.machine() not in ("x86_64", "AMD64"):
        raise CannotMake(f"CPUID is an instruction of x86-64; this is {platform.machine()}")
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise CannotMake(
            "no C compiler (cc, gcc, clang) to make what answers CPUID: install one, as by "
            "`apt install gcc libc6-dev`, or use --isolation docker, whose images hold it"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(path.parent)) as folder:
        made = Path(folder, NAME)
        done = subprocess.run(
            [compiler, *FLAGS, "-o", str(made), str(SOURCE)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        if done.returncode != 0:
            said = done.stdout.decode("utf-8", "replace").strip()[-1000:]
            raise CannotMake(f"{compiler} cannot compile {SOURCE}: {said}")
        made.chmod(0o755)
        made.replace(path)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{library(Path(sys.argv[1]))}\n")
    except CannotMake as error:
        sys.exit(f"library.py: {error}")

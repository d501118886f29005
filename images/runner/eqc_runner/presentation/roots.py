"""Where this interpreter's processes may load programs and shared objects from.

python -m eqc_runner.presentation.roots    print folders and files, one a line, as `scan` takes them

The working folder is not among them, unless ``PYTHONPATH`` names it.
"""

from __future__ import annotations

import glob
import os
import sys
import sysconfig
from typing import Iterator

LOADER_FOLDERS = (
    *("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64"),
    *("/usr/local/lib", "/usr/local/lib64"),
)
PROGRAM_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib/gcc", "/usr/libexec")
"""What a framework may start: compilers, for example."""
CONFIGURATION = "/etc/ld.so.conf"


def roots(configuration: str = CONFIGURATION) -> list[str]:
    """Folders and files that are there, each once: the interpreter, its packages, the system's.

    The folders of the standard library are not searched, but for its compiled modules: they may
    hold the packages of another environment.
    """
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    wanted = [sys.executable]
    wanted.extend(path for path in sys.path if path and path not in standard)
    # Libraries that lie beside an interpreter's own, as conda's do.
    own = sysconfig.get_config_var("LIBDIR")
    if own:
        wanted.extend(sorted(glob.glob(os.path.join(glob.escape(own), "*.so*"))))  # noqa: PTH118, PTH207
    wanted.extend(LOADER_FOLDERS)
    wanted.extend(_configured(configuration))
    wanted.extend(os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    wanted.extend(os.environ.get("LD_PRELOAD", "").replace(" ", ":").split(":"))
    wanted.extend(PROGRAM_FOLDERS)
    real = (os.path.realpath(path) for path in wanted if path and os.path.exists(path))  # noqa: PTH110
    return list(dict.fromkeys(real))


def _configured(path: str, depth: int = 8) -> Iterator[str]:
    """The folders that a configuration of the dynamic loader names, and what it includes."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
            lines = [line.partition("#")[0].split() for line in file]
    except OSError:
        return
    for words in lines:
        if len(words) > 1 and words[0] == "include" and depth:
            beside = os.path.join(os.path.dirname(path), words[1])  # noqa: PTH118, PTH120
            for included in sorted(glob.glob(beside)):  # noqa: PTH207
                yield from _configured(included, depth - 1)
        elif len(words) == 1:
            yield words[0]


if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # the working folder, which `python -m` puts there
    sys.stdout.buffer.write(b"".join(os.fsencode(root) + b"\n" for root in roots()))

"""``python measure.py FRAMEWORK``: the approximate instructions that each operator executes.

Each runs in a process of its own, forked after the framework was imported, with a breakpoint on
every approximate instruction of every object that is mapped; code that was made meanwhile (JIT) is
searched afterwards. What executed some is computed once more, with each of their results changed by
about half of its error bound. Prints JSON: by operator the digest of its output, ``executed``
(instruction to number of places), ``made`` (the same of code made in memory, which may have been
executed), ``depends`` (whether the changed results changed the output). Needs capstone, cc and
x86-64; ``--plain`` sets no breakpoints and needs nothing, so it runs under QEMU.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from operators import FRAMEWORKS

CACHE = Path(tempfile.gettempdir()) / "approximate-operators"


def main(framework: str, *, plain: bool) -> None:
    operators = FRAMEWORKS[framework]()
    places = [] if plain else _places()
    report = {}
    for name, function in operators.items():
        found = report[name] = _in_child(function, places, plain=plain)
        if found.get("executed"):
            other = _in_child(function, places, change=True)
            found["depends"] = other.get("digest", other) != found["digest"]
        print(framework, name, report[name], file=sys.stderr, flush=True)
    json.dump(report, sys.stdout, indent=1)


def _in_child(function: Any, places: list[tuple[int, str]], **how: bool) -> dict[str, Any]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with os.fdopen(write, "wb") as file:
            file.write(json.dumps(_observed(function, places, **how)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        raw = pipe.read()
    _, status = os.waitpid(child, 0)
    return dict(json.loads(raw)) if raw else {"ended": status}


def _observed(
    function: Any, places: list[tuple[int, str]], *, plain: bool = False, change: bool = False
) -> dict[str, Any]:
    before = _made_regions()
    hits = ctypes.create_string_buffer(len(places) + 1)
    if not plain:
        _set(places, hits, change=change)
    try:
        output = np.ascontiguousarray(function())
    except Exception as error:  # noqa: BLE001 - an operator that a framework has not
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    found: dict[str, Any] = {"digest": hashlib.sha256(output.tobytes()).hexdigest()[:16]}
    if plain or change:
        return found
    from sites import sites  # noqa: PLC0415

    executed = Counter(name for hit, (_, name) in zip(hits.raw, places, strict=False) if hit)
    made = _made(before)
    searched = sum(map(len, made))
    names = Counter(name for code in made for _, name in sites(code, x87=False))
    return {**found, "executed": dict(executed), "made": dict(names), "made bytes": searched}


def _places() -> list[tuple[int, str]]:
    """Ascending addresses in memory, of every object that is mapped."""
    from sites import sites_of_file  # noqa: PLC0415

    CACHE.mkdir(exist_ok=True)
    bases: dict[str, int] = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and fields[2] == "00000000" and fields[5].startswith("/"):
            bases.setdefault(fields[5], int(fields[0].partition("-")[0], 16))
    found = []
    for name, base in bases.items():
        path = Path(name)
        if ".so" not in path.name:
            continue
        saved = CACHE / f"{path.name}-{path.stat().st_size}.json"
        if not saved.exists():
            saved.write_text(json.dumps(sites_of_file(path)))
        found += [(base + address, what) for address, what in json.loads(saved.read_text())]
    return sorted(found)


def _set(places: list[tuple[int, str]], hits: Any, *, change: bool) -> None:
    source = Path(__file__).with_name("breakpoints.c")
    library = CACHE / f"breakpoints-{hashlib.sha256(source.read_bytes()).hexdigest()[:8]}.so"
    if not library.exists():
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", source, "-o", library], check=True)
    addresses = (ctypes.c_uint64 * len(places))(*(address for address, _ in places))
    saved = ctypes.create_string_buffer(len(places) + 1)
    loaded = ctypes.CDLL(str(library))
    loaded.set_breakpoints.argtypes = [ctypes.c_void_p, ctypes.c_long, *[ctypes.c_void_p] * 3]
    changes = (ctypes.c_uint64 * len(places))(*(_change(name) for _, name in places))
    _set.kept = (addresses, saved, loaded, changes)  # type: ignore[attr-defined]
    failed = loaded.set_breakpoints(
        ctypes.addressof(addresses),
        len(places),
        ctypes.addressof(saved),
        ctypes.addressof(hits),
        ctypes.addressof(changes) if change else None,
    )
    if failed:
        raise OSError(f"breakpoint {failed - 1} could not be set")


def _change(name: str) -> int:
    """The bit of a result's mantissa that is half of the error bound; 0: of x87, not changed."""
    if name.startswith("f"):
        return 0
    bits = 28 if "28" in name else 14 if "14" in name else 12
    if name.endswith("d"):
        return 1 << 63 | 1 << (52 - bits - 1)
    return 1 << max(23 - bits - 1, 0) if name.endswith("s") else 0


def _made_regions() -> dict[int, bytes]:
    """Executable memory that no object backs, by address."""
    found = {}
    with Path("/proc/self/mem").open("rb") as memory:
        for line in Path("/proc/self/maps").read_text().splitlines():
            fields = line.split(maxsplit=5)
            path = fields[5] if len(fields) == 6 else ""
            made = not path.startswith("/") or path.startswith(("/memfd", "/dev"))
            if "x" in fields[1] and made and path not in ("[vdso]", "[vsyscall]"):
                first, last = (int(part, 16) for part in fields[0].split("-"))
                memory.seek(first)
                found[first] = memory.read(last - first)
    return found


def _made(before: dict[int, bytes]) -> list[bytes]:
    return [code for at, code in _made_regions().items() if before.get(at) != code]


if __name__ == "__main__":
    main(sys.argv[1], plain="--plain" in sys.argv)

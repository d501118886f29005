"""Checks a torch file before torch reads it: its kind, and whether reading it could run code.

torch writes zip archives. TorchScript is read by a restricted reader in C++ and is safe. An
exported program is JSON, but torch's reader evaluates its symbolic expressions, looks its
operators up by dotted name and unpickles some constants: the first two are checked here, and
``no_unpickling`` refuses the third. Everything else is a pickle, which can run code when it is
read, and is refused.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any, Iterator

from eqc_runner.failures import Failed

SCRIPT = "TorchScript"
EXPORTED = "exported program"

OPERATORS = ("torch.ops.", "torch.sym_", "_operator.", "math.")
"""Prefixes of operators that compute. torch's reader would look up any other name, too, such as
``torch.hub.load``."""

WORDS = frozenset(
    "Symbol Integer Add Mul Pow Max Min Mod FloorDiv CeilDiv CleanDiv PythonMod "  # noqa: SIM905
    "ModularIndexing IntTrueDiv Equality Unequality Relational Eq Ne Ge Gt Le Lt And Or Not True "
    "False true false StrictGreaterThan GreaterThan StrictLessThan LessThan positive integer "
    "nonnegative real oo int_oo Infinity".split()
)
"""The names that shape expressions may use, beside symbols such as s0 and u0."""


def kind_of(path: Path) -> str:
    """``SCRIPT`` or ``EXPORTED``. Raises ``Failed`` for anything else and for unsafe programs."""
    if not path.exists():
        raise Failed("input-missing", f"no torch file {path.name}")
    if not zipfile.is_zipfile(str(path)):
        raise _refused(path, "it is not a zip archive as torch writes it")
    with zipfile.ZipFile(str(path)) as archive:
        names = archive.namelist()
        inner = {name.partition("/")[2] for name in names}
        if any(name.startswith("models/") and name.endswith(".json") for name in inner):
            for name in names:
                if name.endswith(".json"):
                    _check(path, json.loads(archive.read(name)))
            return EXPORTED
        if any(name.startswith("code/") for name in inner) and "constants.pkl" in inner:
            return SCRIPT
    if "serialized_exported_program.json" in names:
        raise Failed("exception", f"{path.name}: exported by torch before 2.8; export it again")
    raise _refused(path, "it is a pickle")


@contextlib.contextmanager
def no_unpickling(torch: Any) -> Iterator[None]:
    """In the ``with`` block ``torch.load`` reads only tensors and ``pickle.loads`` raises."""
    load, loads = torch.load, pickle.loads

    def tensors_only(*args: Any, **settings: Any) -> Any:
        settings["weights_only"] = True
        return load(*args, **settings)

    def refuse(*_args: Any, **_settings: Any) -> Any:
        raise Failed("exception", "the program holds pickled objects, which are not read")

    torch.load, pickle.loads = tensors_only, refuse
    try:
        yield
    finally:
        torch.load, pickle.loads = load, loads


def _check(path: Path, value: Any) -> None:
    """Check a program's JSON recursively: operators by prefix, shape expressions by word."""
    if isinstance(value, list):
        for item in value:
            _check(path, item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "target" and isinstance(item, str) and "inputs" in value:
            if not item.startswith(OPERATORS):
                raise _refused(path, f"{item!r} is not an operator")
        elif key == "expr_str":
            names = re.findall(r"[^\W\d]\w*", str(item))
            strange = [n for n in names if n not in WORDS and not re.fullmatch(r"[suz]+\d+", n)]
            if strange:
                raise _refused(path, f"{strange[0]!r} is not allowed in a shape expression")
        else:
            _check(path, item)


def _refused(path: Path, why: str) -> Failed:
    return Failed(
        "exception",
        f"{path.name} is refused: {why}, and reading it could run any code. Save the model with "
        "torch.export.save (.pt2) or torch.jit.save (.pt)",
    )

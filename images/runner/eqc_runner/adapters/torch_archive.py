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
import pickletools
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

SAVE = "Save the model with torch.export.save (.pt2) or torch.jit.save (.pt)"

_OTHERS = {
    b"\x89HDF": "an HDF5 file, as Keras writes it",
    b'{"': "a safetensors file, which holds weights alone",
    b"TFL3": "a TFLite model",
}
"""Other files by what they have at byte 0, 4 (TFLite) or 8 (safetensors)."""

_OF_TENSORS = re.compile(
    r"collections\.OrderedDict|torch\._utils\._rebuild_\w+|torch\.\w*Storage|torch\.Size"
    r"|torch\.storage\.\w+|torch\.serialization\._get_layout|torch\.[a-z]+\d\w*|torch\.device"
    r"|torch\._tensor\._rebuild_\w+|_codecs\.encode"
)
"""What pickles of tensors and dictionaries of them name."""

WORDS = frozenset(
    "Symbol Integer Add Mul Pow Max Min Mod FloorDiv CeilDiv CleanDiv PythonMod "  # noqa: SIM905
    "ModularIndexing IntTrueDiv Equality Unequality Relational Eq Ne Ge Gt Le Lt And Or Not True "
    "False true false StrictGreaterThan GreaterThan StrictLessThan LessThan positive integer "
    "nonnegative real oo int_oo Infinity Float Rational precision Where LShift RShift CeilToInt "
    "FloorToInt FloatTrueDiv TruncToFloat TruncToInt RoundToInt RoundDecimal ToFloat FloatPow "
    "PowByNatural Identity Abs ceiling floor IsNonOverlappingAndDenseIndicator".split()
)
"""The names that shape expressions may use, beside symbols such as s0 and u0."""


def kind_of(path: Path, name: str) -> str:
    """``SCRIPT`` or ``EXPORTED``. Raises ``Failed`` for anything else and for unsafe programs.

    ``name`` is what the experiment calls the file at ``path``.
    """
    if not path.exists():
        raise Failed("input-missing", f"no torch file {name}")
    if not zipfile.is_zipfile(str(path)):
        raise _no_archive(path, name)
    try:
        return _kind_of_archive(path, name)
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise Failed("exception", f"{name} is damaged: {error}") from error


def _kind_of_archive(path: Path, name: str) -> str:
    with zipfile.ZipFile(str(path)) as archive:
        # Programs hold archives of their own: where the end is missing, one of these is found.
        if any(archive.infolist()) and min(i.header_offset for i in archive.infolist()) > 0:
            raise _cut_short(path, name)
        members = archive.namelist()
        inner = {member.partition("/")[2] for member in members}
        if any(member.startswith("data/aotinductor/") for member in inner):
            what = "it is a package of AOTInductor, which holds compiled code"
            raise _refused(name, what)
        if any(m.startswith("models/") and m.endswith(".json") for m in inner):
            for member in members:
                if member.endswith(".json"):
                    _check(name, json.loads(archive.read(member)))
            return EXPORTED
        if any(member.startswith("code/") for member in inner) and "constants.pkl" in inner:
            return SCRIPT
        if "serialized_exported_program.json" in members:
            raise Failed("exception", f"{name}: exported by torch before 2.8; export it again")
        pickles = [member for member in members if member.endswith("/data.pkl")]
        if not pickles:
            raise Failed(
                "exception", f"{name} is a zip archive, but none that torch writes: {SAVE}"
            )
        raise _pickled(name, archive.read(pickles[0]))


def _no_archive(path: Path, name: str) -> Failed:
    """The error for a file that is no zip archive: what it is instead, as far as one can tell."""
    with path.open("rb") as file:
        begin = file.read(512)
    if not begin:
        return Failed("exception", f"{name} is empty: it has 0 bytes")
    if begin.startswith(b"PK\x03\x04"):
        return _cut_short(path, name)
    if begin.startswith(b"version https://git-lfs"):
        return Failed("exception", f"{name} is a pointer of Git LFS: run 'git lfs pull'")
    for magic, what in _OTHERS.items():
        if any(begin[start:].startswith(magic) for start in (0, 4, 8)):
            return Failed("exception", f"{name} is {what}, not a torch file: {SAVE}")
    if begin.startswith(b"\x80"):
        return _refused(name, "it is a pickle")
    return Failed("exception", f"{name} is not a zip archive as torch writes it: {SAVE}")


def _cut_short(path: Path, name: str) -> Failed:
    text = f"{name} is cut short: a zip archive begins here, but its end is missing"
    return Failed("exception", f"{text} ({path.stat().st_size} bytes); copy it again")


def _pickled(name: str, content: bytes) -> Failed:
    """The error for what ``torch.save`` wrote: weights alone, or objects with their classes.

    The names in the pickle are read, nothing is called.
    """
    strings: list[str] = []
    classes: list[str] = []
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name == "GLOBAL":
            classes.append(str(argument).replace(" ", "."))
        elif opcode.name == "STACK_GLOBAL":
            classes.append(".".join(strings[-2:]))
        if isinstance(argument, str):
            strings.append(argument)
    objects = [known for known in classes if not _OF_TENSORS.fullmatch(known)]
    if not objects:
        return Failed(
            "exception",
            f"{name} holds weights alone (a state dict), and no computation: load them into the "
            f"model's class in Python. {SAVE}",
        )
    return _refused(name, f"it is a pickle of {objects[0]}")


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


def _check(name: str, value: Any) -> None:
    """Check a program's JSON recursively: operators by prefix, shape expressions by word."""
    if isinstance(value, list):
        for item in value:
            _check(name, item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "target" and isinstance(item, str) and "inputs" in value:
            if not item.startswith(OPERATORS):
                raise _refused(name, f"{item!r} is not an operator")
        elif key == "expr_str":
            text = re.sub(r"\b\d+(\.\d*)?e[+-]?\d+\b", "0", str(item))  # its e is no name
            words = re.findall(r"[^\W\d]\w*", text)
            strange = [n for n in words if n not in WORDS and not re.fullmatch(r"[suz]+\d+", n)]
            if strange:
                raise _refused(name, f"{strange[0]!r} is not allowed in a shape expression")
        else:
            _check(name, item)


def _refused(name: str, why: str) -> Failed:
    return Failed(
        "exception", f"{name} is refused: {why}, and reading it could run any code. {SAVE}"
    )

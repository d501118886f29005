"""Whether this process sees the CPU that it was told to see. Nothing is computed otherwise.

The library is asked through the instruction: a copy of it is loaded as any other library, and its
CPUID is answered as those of frameworks are, or not at all (no glibc, a static program, an audit
library that was refused).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from eqc_runner.failures import Failed

from . import instructions
from .table import from_text

CODE = "not-presented"
_ASK_LEAF, _ANSWER = 0x45514350, 0x31435145
_METHODS = {1: "faulting", 2: "patching"}
_CORE = 0x00FFFFFF
"""The bits of leaf 1, EBX, that are not the number of the core."""
_MOST = 5


class Answer(NamedTuple):
    """What the library says of itself, and ``problem``: why this process is not presented."""

    method: str | None
    problem: str | None


def ask() -> Answer | None:
    """``None`` where no CPU is presented to this process."""
    table = os.environ.get("EQC_PRESENTED_TABLE")
    if not os.environ.get(instructions.LIBRARY_VARIABLE) or not table:
        return None
    try:
        copy = instructions.library()
    except OSError as error:
        return Answer(None, f"the library that presents the CPU cannot be loaded: {error}")
    method, signature, _, _ = instructions.cpuid(copy, _ASK_LEAF)
    if signature != _ANSWER:
        said = f": {found}" if (found := "; ".join(reports())) else ""
        return Answer(None, f"the loader of this program did not take the library (LD_AUDIT){said}")
    leaves, xcr0 = from_text(Path(table).read_text(encoding="ascii"))
    for leaf, subleaf in ((0, 0), (1, 0), (7, 0)):
        seen, wanted = instructions.cpuid(copy, leaf, subleaf), leaves.get((leaf, subleaf))
        if leaf == 1 and wanted is not None:
            seen = (seen[0], seen[1] & _CORE, *seen[2:])
            wanted = (wanted[0], wanted[1] & _CORE, *wanted[2:])
        if wanted is not None and leaf <= leaves[0, 0][0] and seen != wanted:
            return Answer(None, f"CPUID 0x{leaf:x} gives {seen}, not {wanted}")
    if leaves[1, 0][2] >> 27 & 1 and (value := instructions.xgetbv(copy)) != xcr0:
        return Answer(None, f"XGETBV gives 0x{value:x}, not 0x{xcr0:x}")
    return Answer(_METHODS.get(method), None)


def require() -> None:
    """Raise ``Failed("not-presented")`` where a CPU is presented and this process sees another."""
    answer = ask()
    if answer is not None and answer.problem is not None:
        raise Failed(CODE, f"this process does not see the presented CPU: {answer.problem}")


def require_all_objects(begin: int = 0) -> None:
    """Raise ``Failed`` where an object was mapped whose CPUID is the host's.

    ``begin``: what was reported before is left out, by ``report_size``.
    """
    found = reports(begin)
    if found:
        more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
        raise Failed(CODE, f"not all code sees the presented CPU: {'; '.join(found[:_MOST])}{more}")


def reports(begin: int = 0) -> list[str]:
    """What the library reported after the first ``begin`` bytes: ``"PATH: what is wrong"``."""
    path = os.environ.get("EQC_PRESENTED_REPORT")
    if not path or not Path(path).exists():
        return []
    text = Path(path).read_bytes()[begin:].decode("utf-8", "replace")
    fields = (line.split("\t") for line in text.splitlines())
    return list(dict.fromkeys(f"{each[2]}: {each[1]}" for each in fields if len(each) == 3))


def report_size() -> int:
    """The bytes that the library has reported so far."""
    path = os.environ.get("EQC_PRESENTED_REPORT")
    return Path(path).stat().st_size if path and Path(path).exists() else 0

"""The CPU that is presented: what CPUID and XGETBV answer, as a job has it and as C reads it.

The file that ``native/answers.h`` reads has a line for each leaf, in hexadecimal:

    # eqc cpuid 1
    xcr0 7
    <leaf> <subleaf> <eax> <ebx> <ecx> <edx>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Tuple

Registers = Tuple[int, int, int, int]
"""eax, ebx, ecx, edx."""

HEADING = "# eqc cpuid 1"
MAXIMUM_LEAVES = 1024
"""As many as ``native/answers.h`` keeps."""


@dataclass(frozen=True)
class Presented:
    """``presented`` of a job.json: a CPU by its leaves, and where library and sites lie."""

    name: str
    leaves: Mapping[tuple[int, int], Registers]
    """By leaf and subleaf."""
    xcr0: int
    library: str
    sites: str


def parse(record: Mapping[str, Any] | None) -> Presented | None:
    """``presented`` of docs/formats.md, section 2.

    Raises ``KeyError`` or ``ValueError`` where it breaks the format.
    """
    if record is None:
        return None
    leaves = {_leaf(name): _registers(name, values) for name, values in record["leaves"].items()}
    if (0, 0) not in leaves or (1, 0) not in leaves:
        raise ValueError("presented: a table needs the leaves 0x0.0 and 0x1.0")
    if len(leaves) > MAXIMUM_LEAVES:
        raise ValueError(f"presented: {len(leaves)} leaves; at most {MAXIMUM_LEAVES} fit")
    return Presented(
        name=str(record["name"]),
        leaves=leaves,
        xcr0=int(record["xcr0"], 16),
        library=str(record["library"]),
        sites=str(record["sites"]),
    )


def to_text(leaves: Mapping[tuple[int, int], Registers], xcr0: int) -> str:
    """The table as a file for the library."""
    lines = [HEADING, f"xcr0 {xcr0:x}"]
    for (leaf, subleaf), registers in sorted(leaves.items()):
        lines.append(" ".join(f"{value:08x}" for value in (leaf, subleaf, *registers)))
    return "\n".join(lines) + "\n"


def from_text(text: str) -> tuple[dict[tuple[int, int], Registers], int]:
    """Leaves and XCR0 of a file that ``to_text`` made."""
    _, xcr0, *lines = text.splitlines()
    rows = [[int(word, 16) for word in line.split()] for line in lines]
    leaves = {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in rows}
    return leaves, int(xcr0.split()[1], 16)


def named(leaves: Mapping[tuple[int, int], Registers]) -> dict[str, list[str]]:
    """The leaves as files have them: ``{"0x7.0": ["0x…", "0x…", "0x…", "0x…"]}``."""
    return {
        f"0x{leaf:x}.{subleaf:x}": [f"0x{value:08x}" for value in registers]
        for (leaf, subleaf), registers in sorted(leaves.items())
    }


def _leaf(name: str) -> tuple[int, int]:
    leaf, _, subleaf = name.partition(".")
    return int(leaf, 16), int(subleaf or "0", 16)


def _registers(name: str, values: Any) -> Registers:
    numbers = [int(value, 16) for value in values]
    if len(numbers) != 4 or any(number >> 32 for number in numbers):
        raise ValueError(f"presented: leaf {name} needs four numbers of 32 bits, not {values}")
    return numbers[0], numbers[1], numbers[2], numbers[3]

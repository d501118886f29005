"""``python -m orchestrator.cpuid.ask_qemu > orchestrator/cpuid/qemu_models.json``.

Runs CPUID on every x86-64 model of the installed ``qemu-x86_64-static`` and writes down what it
answers, and which features of the model QEMU says that it cannot emulate. Needs two minutes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping

from orchestrator.cpuid.bits import REGISTERS
from orchestrator.system.paths import runner_path

QEMU = "qemu-x86_64-static"
_NO_MODELS = frozenset({"base"})
_ANSWERS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from eqc_runner.probe.machine_code import cpuid
INDEXED = {0x4: 8, 0x7: 3, 0xB: 2, 0xD: 20, 0x14: 2, 0x8000001D: 8}
found = {}
for first in (0, 0x80000000):
    for leaf in range(first, cpuid(first)[0] + 1):
        for subleaf in range(INDEXED.get(leaf, 1)):
            registers = cpuid(leaf, subleaf)
            if any(registers) and (leaf not in (0x4, 0x8000001D) or registers[0] & 0x1F):  # a cache
                found[f"{leaf:#x}.{subleaf:x}"] = " ".join(f"{each:x}" for each in registers)
json.dump(found, sys.stdout)
"""
_LISTED = re.compile(r"^x86 (\S+)\s*(?:\(alias (?:of (\S+?)|configured by machine type)\))?")
_DROPPED = re.compile(r"CPUID\.([0-9A-F]+)H:(E[A-D]X)\.\S+ \[bit (\d+)\]")
_ONLY_32_BITS = "does not support 64 bit mode"
_SUBLEAF_ONE = frozenset({(0x7, "eax"), (0xD, "eax")})


def main() -> None:
    """Write the document to standard output."""
    models: dict[str, object] = {}
    aliases: dict[str, str] = {}
    for name, of in listed(_run(QEMU, "-cpu", "help").stdout):
        if of is not None:
            aliases[name] = of
        elif name not in _NO_MODELS:
            answers = answered(name)
            if answers is not None:
                model: dict[str, object] = {"leaves": answers}
                lost = dropped(_run(QEMU, "-cpu", name, "/bin/true").stderr)
                models[name] = {**model, "dropped": lost} if lost else model
    document = {
        "about": "What QEMU's user mode answers to CPUID for each of its x86 models that has a "
        "64-bit mode. A leaf is eax ebx ecx edx in hexadecimal; leaves that are not listed are 0. "
        "dropped: bits of the model's definition that it cannot emulate and answers with 0.",
        "made_by": "python -m orchestrator.cpuid.ask_qemu > orchestrator/cpuid/qemu_models.json",
        "qemu": _run(QEMU, "--version").stdout.splitlines()[0],
        "aliases": {name: of for name, of in sorted(aliases.items()) if of in models},
        "models": dict(sorted(models.items())),
    }
    sys.stdout.write(json.dumps(document, indent=1) + "\n")


def listed(text: str) -> Iterator[tuple[str, str | None]]:
    """(name, the model that it stands for if it is an alias) of each line of ``-cpu help``."""
    for line in text.splitlines():
        found = _LISTED.match(line)
        if found is not None:
            name, of = found.groups()
            is_alias = "(alias" in line
            yield name, (of or f"{name}-v1") if is_alias else None


def answered(model: str) -> Mapping[str, str] | None:
    """Every leaf of ``model`` that QEMU answers and is not 0; ``None``: it has no 64-bit mode."""
    program = (sys.executable, "-c", _ANSWERS, str(runner_path()))
    asked = _run(QEMU, "-cpu", f"{model},check=off", *program)
    if _ONLY_32_BITS in asked.stderr:
        return None
    return dict(json.loads(asked.stdout))


def dropped(warnings: str) -> Mapping[str, str]:
    """``{"0x7.0 ebx": "0x10000"}``: the bits that QEMU warns of."""
    masks: dict[str, int] = {}
    for leaf_text, register_text, bit in _DROPPED.findall(warnings):
        leaf, register = int(leaf_text, 16), register_text.lower()
        if register in REGISTERS:
            place = f"{leaf:#x}.{int((leaf, register) in _SUBLEAF_ONE)} {register}"
            masks[place] = masks.get(place, 0) | 1 << int(bit)
    return {place: f"{mask:#x}" for place, mask in sorted(masks.items())}


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    # Its exit code is 1 also where it did as asked: for the list, and for a CPU that it refuses.
    return subprocess.run(argv, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()

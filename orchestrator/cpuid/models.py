"""QEMU's x86-64 CPU models as tables.

``qemu_models.json`` has what QEMU's user mode answers, made by ``ask_qemu``. It emulates neither
AVX-512 nor AMX: of models that have them the answer is another CPU. Those are presented as they are
defined: the answer and the bits that QEMU says it dropped. Of models that drop nothing of that kind
the answer itself is presented, so that presented and emulated are one CPU.

``LATER`` are models of releases after that one, by what QEMU's source, ``target/i386/cpu.c``, adds
to a model that is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from orchestrator.cpuid.bits import NOTHING, REGISTERS, Registers, flags_of
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.experiment import Scalar

VECTORS = ("avx", "amx")
"""How flags begin whose loss makes another CPU of a model."""
TSX = frozenset({"hle", "rtm", "tsxldtrk"})
"""Not restored: microcode took transactions away from the processors that had them, as the models
called noTSX say; with them hardly any host would contain a model of that time."""
_HYPERVISOR = ("0x40000000", "0x40000001")


@dataclass(frozen=True)
class _Later:
    like: str
    flags: str
    without: str = ""
    values: Mapping[str, Scalar] = field(default_factory=dict)


LATER: Mapping[str, _Later] = {
    "EPYC-Genoa": _Later(
        "EPYC-Milan",
        "avx512f avx512dq avx512ifma avx512cd avx512bw avx512vl avx512vbmi avx512_vbmi2 gfni vaes"
        " vpclmulqdq avx512_vnni avx512_bitalg avx512_vpopcntdq avx512_bf16 rdseed",
        values={"family": 25, "model": 17, "stepping": 0, "l2": 1 << 20},
    ),
    "SapphireRapids": _Later(
        "Icelake-Server",
        "sha_ni avx512ifma fsrm serialize amx_bf16 amx_tile amx_int8 avx512_fp16 avx_vnni"
        " avx512_bf16 xsaves xfd",
        "intel_pt",
        {"model": 143, "stepping": 4},
    ),
}


@cache
def model_names() -> tuple[str, ...]:
    """Every name that ``model_table`` knows, aliases included, sorted without regard to case."""
    document = _document()
    return tuple(sorted((*document["models"], *document["aliases"], *LATER), key=str.casefold))


@cache
def model_table(name: str) -> CpuidTable:
    """The CPU as it is presented. ``KeyError`` for a name that is not known."""
    later = LATER.get(name)
    if later is not None:
        base = model_table(later.like).with_flags(later.flags.split())
        return base.without(later.without.split()).replaced(**later.values)
    answer = answered(name)
    lost = dropped(name)
    if not any(flag.startswith(VECTORS) for flag in lost):
        return answer
    return answer.with_flags(lost - TSX)


def is_as_answered(name: str) -> bool:
    """Whether the table is what QEMU answers; else it is the model as it is defined."""
    return name not in LATER and model_table(name) == answered(name)


@cache
def answered(name: str) -> CpuidTable:
    """What QEMU's user mode answers, but for its own name as a hypervisor."""
    leaves = CpuidTable.parse(_model(name)["leaves"]).leaves
    first = leaves["0x1.0"]
    changed = {
        leaf: registers for leaf, registers in leaves.items() if not leaf.startswith(_HYPERVISOR)
    }
    changed["0x1.0"] = (first[0], first[1], first[2] & ~(1 << 31), first[3])
    return CpuidTable.of(changed)


@cache
def dropped(name: str) -> frozenset[str]:
    """The flags of the model that QEMU cannot emulate and does not answer."""
    bits: dict[str, Registers] = {}
    for place, mask in _model(name).get("dropped", {}).items():
        leaf, register = place.split()
        registers = list(bits.get(leaf, NOTHING))
        registers[REGISTERS.index(register)] = int(mask, 16)
        bits[leaf] = (registers[0], registers[1], registers[2], registers[3])
    return flags_of(bits)


def _model(name: str) -> Mapping[str, Any]:
    document = _document()
    known: Mapping[str, Any] = document["models"][document["aliases"].get(name, name)]
    return known


@cache
def _document() -> Mapping[str, Any]:
    text = files("orchestrator.cpuid").joinpath("qemu_models.json").read_text("utf-8")
    known: Mapping[str, Any] = json.loads(text)
    return known

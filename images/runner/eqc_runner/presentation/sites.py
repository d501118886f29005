"""The instructions CPUID (0F A2) and XGETBV (0F 01 D0) of one ELF file.

Their bytes also occur within other instructions and in data, so each place where they stand in an
executable segment is a candidate, which is decided in this order:

1. Where the file lists its sections and none of code has it, it is data.
2. Where the unwinding tables name the function around it, the instructions are decoded from the
   function's start: a site if an instruction begins there, none if one goes across. That decides
   unless an impossible instruction comes before, as when there is data among the instructions.
3. Else by vote: x86 code that is decoded from a wrong offset soon falls into step. Of all starts
   in the ``WINDOW`` before the candidate but for the nearest ``NEAR``, those count that meet no
   impossible instruction: a site if at least ``AGREE`` of them come upon it and the instructions
   around it are such that programs have; none if at most ``1 - AGREE`` do, or if what follows
   cannot be executed. Where less than ``ALIVE`` of the votes count, it may be code right after data
   or data: a site only if one of the two instructions before it loads the register that says what
   is asked (EAX, for XGETBV ECX); none if no vote counts and nothing nearby writes that register.
4. Else it is undecided: no site, but never left out of what is reported.

Decoding is ``iced-x86``'s. Nothing else of a file is decoded: libraries have hundreds of megabytes.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from iced_x86 import (
    Code,
    Decoder,
    DecoderError,
    FlowControl,
    Instruction,
    Mnemonic,
    Register,
    RegisterExt,
)

from eqc_runner.presentation.elf import Elf, Segment

WINDOW = 256
"""Bytes before a candidate from each of which the vote decodes."""
NEAR = 32
"""Bytes before it that have no vote: from there, decoding may not have fallen into step."""
AGREE = 0.9
ALIVE = 0.5
"""The part of the votes that counts where there is code all around."""
BEFORE, AFTER = 24, 96
"""Bytes before and after a candidate in which nothing may stand that programs do not have."""
LONGEST = 15
"""Bytes of the longest instruction."""
_BYTES = re.compile(rb"\x0f(?:\xa2|\x01\xd0)")
_CPUID = b"\x0f\xa2"
_WANTED = (Code.CPUID, Code.XGETBV)
_ENDS = (FlowControl.RETURN, FlowControl.UNCONDITIONAL_BRANCH, FlowControl.INDIRECT_BRANCH)
"""After these there may be data."""


class Verdict(Enum):
    """What a candidate is."""

    SITE = "site"
    NONE = "none"
    UNDECIDED = "undecided"


class Sites(NamedTuple):
    """Virtual addresses, as in the program headers, ascending."""

    cpuid: tuple[int, ...]
    xgetbv: tuple[int, ...]
    undecided: tuple[int, ...]
    candidates: int
    """How many places have the bytes of either, in executable segments."""


def find_sites(elf: Elf, *, tables: bool = True) -> Sites:
    """The sites of a file; ``tables=False``: without its unwinding tables, so by vote alone."""
    found: dict[Verdict, list[int]] = {verdict: [] for verdict in Verdict}
    for segment in elf.segments:
        if segment.executable:
            for address in _candidates(elf, segment):
                found[_verdict(elf, segment, address, tables=tables)].append(address)
    sites = sorted(set(found[Verdict.SITE]))
    return Sites(
        tuple(each for each in sites if _is_cpuid(elf, each)),
        tuple(each for each in sites if not _is_cpuid(elf, each)),
        tuple(sorted(set(found[Verdict.UNDECIDED]))),
        sum(map(len, found.values())),
    )


def _candidates(elf: Elf, segment: Segment) -> list[int]:
    content = memoryview(elf.data)[segment.offset : segment.offset + segment.size]
    try:
        return [segment.address + match.start() for match in _BYTES.finditer(content)]
    finally:
        content.release()


def _is_cpuid(elf: Elf, address: int) -> bool:
    at = elf.offset(address)
    return at is not None and elf.data[at : at + 2] == _CPUID


def _verdict(elf: Elf, segment: Segment, address: int, *, tables: bool) -> Verdict:
    if not elf.is_code(address):
        return Verdict.NONE
    function = elf.function(address) if tables else None
    if function is not None and function[0] >= segment.address:
        decided = _decoded(elf, segment, function[0], address)
        if decided is not None:
            return decided
    return _vote(elf, segment, address)


def _decoded(elf: Elf, segment: Segment, start: int, address: int) -> Verdict | None:
    """Decided from the function's start; ``None``: an impossible instruction comes before."""
    for each in _decoder(elf, segment, start, address + LONGEST):
        if each.code == Code.INVALID:
            return None
        if each.next_ip > address:
            return _lands(each, address)
    return None


def _lands(instruction: Instruction, address: int) -> Verdict:
    """What the instruction that has the byte at ``address`` makes of the candidate there."""
    if instruction.code not in _WANTED:
        return Verdict.NONE
    # With a prefix before, which has no effect: nothing was seen to have one.
    return Verdict.SITE if instruction.ip == address else Verdict.UNDECIDED


def _vote(elf: Elf, segment: Segment, address: int) -> Verdict:
    first = max(segment.address, address - WINDOW)
    decoder = _decoder(elf, segment, first, address + LONGEST)
    outcome: dict[int, bool | None] = {}
    for start in range(address, first - 1, -1):
        decoder.position, decoder.ip = start - first, start
        each = decoder.decode()
        if start == address:
            outcome[start] = each.code in _WANTED
        elif each.code == Code.INVALID:
            outcome[start] = None
        else:
            outcome[start] = outcome.get(each.next_ip, False)
    if not _may_go_on(_decoder(elf, segment, address, address + AFTER)):
        return Verdict.NONE
    far = [start for start in outcome if start <= address - NEAR]
    alive = [start for start in far if outcome[start] is not None]
    arriving = [start for start in outcome if outcome[start] and start != address]
    agreeing = [start for start in arriving if start <= address - NEAR]
    if alive and len(agreeing) <= (1 - AGREE) * len(alive):
        return Verdict.NONE
    if len(alive) < ALIVE * len(far):
        near = [_decoder(elf, segment, start, address) for start in arriving[:NEAR]]
        loaded, written = _asked([list(each) for each in near], is_cpuid=_is_cpuid(elf, address))
        if not loaded:
            return Verdict.UNDECIDED if written or alive else Verdict.NONE
    if not alive:
        return Verdict.SITE
    around = _decoder(elf, segment, agreeing[-1], address)
    foreign = any(_is_foreign(each) for each in around if each.ip >= address - BEFORE)
    certain = len(agreeing) >= AGREE * len(alive) and not foreign
    return Verdict.SITE if certain else Verdict.UNDECIDED


def _asked(ways: list[list[Instruction]], *, is_cpuid: bool) -> tuple[bool, bool]:
    """Whether a way to the candidate ends with loading what says what is asked, or writes it."""
    asked = Register.RAX if is_cpuid else Register.RCX
    loaded = any(_loads(each, asked) for way in ways for each in way[-2:])
    return loaded, any(_full(each.op0_register) == asked for way in ways for each in way)


def _loads(instruction: Instruction, register: int) -> bool:
    """Whether it is how programs give the register a value: moved, or made zero."""
    if not instruction.op_count or _full(instruction.op0_register) != register:
        return False
    zeroed = instruction.op1_register == instruction.op0_register
    return instruction.mnemonic == Mnemonic.MOV or (
        instruction.mnemonic in (Mnemonic.XOR, Mnemonic.SUB) and zeroed
    )


def _full(register: int) -> int:
    return RegisterExt.full_register(register)


def _may_go_on(decoder: Decoder) -> bool:
    """Whether a program may execute what is decoded, up to where it must go elsewhere."""
    for each in decoder:
        if each.code == Code.INVALID:
            # At the end of what was taken an instruction may be cut off.
            return decoder.last_error == DecoderError.NO_MORE_BYTES
        if _is_foreign(each):
            return False
        if each.flow_control in _ENDS:
            break
    return True


def _is_foreign(instruction: Instruction) -> bool:
    """Whether programs do not have it: privileged, or ``add [rax], al``, two bytes of zero."""
    zeros = instruction.code == Code.ADD_RM8_R8 and instruction.memory_base == Register.RAX
    return zeros or (instruction.is_privileged and instruction.code != Code.HLT)


def _decoder(elf: Elf, segment: Segment, start: int, end: int) -> Decoder:
    at = segment.offset + start - segment.address
    last = min(segment.offset + segment.size, segment.offset + end - segment.address)
    return Decoder(64, elf.data[at:last], ip=start)

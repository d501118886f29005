"""Machine code of one loop for each instruction whose results its maker may choose.

A loop gets operands, room for the results and a number of turns, in the C calling convention. It
sets rounding, traps and denormals to a process's defaults, and gives back what was set.
"""

from __future__ import annotations

from typing import NamedTuple

SINGLE, DOUBLE, HALF = "single", "double", "half"
ANGLES, EXPONENTS, LOGARITHMS, NEAR_ONE, RATIOS = (
    "angles",
    "exponents",
    "logarithms",
    "near one",
    "ratios",
)
"""Sets of operands, by what is computed of them: ``approximate_operands.operands``."""


class Loop(NamedTuple):
    """A loop over one instruction, and what may execute it."""

    code: bytes
    operands: str
    """The name of its set of operands."""
    read: int
    """Bytes of operands that one turn reads."""
    written: int
    """Bytes of results that one turn writes."""
    flags: tuple[str, ...]
    """CPU flags, all of which it needs."""
    state: str | None = None
    """The register state that the system must save for it: ``avx512`` of ``xcr0``."""


def x86_loops() -> dict[str, Loop]:
    """The loops of x86-64, by instruction. The packed form stands for the scalar one."""
    loops = {}
    for name, opcode in (("rcpps", 0x53), ("rsqrtps", 0x52)):
        body = f"0f1007 0f{opcode:02x}c0 0f1106"  # movups xmm0,[rdi]; …; movups [rsi],xmm0
        loops[name] = Loop(_vector(body, 16), SINGLE, 16, 16, ("sse",))
    for name, operands, space, flag, opcode in _EVEX:
        # vmovups zmm0,[rdi]; NAME zmm0,zmm0; vmovups [rsi],zmm0
        body = f"62f17c481007 62{space}48{opcode:02x}c0 62f17c481106"
        code = _vector(body, 64, after="c5f877")  # vzeroupper
        loops[name] = Loop(code, operands, 64, 64, ("avx512f", flag), "avx512")
    for name, operands, count, opcode, results in _X87:
        pushes = "dd4708 dd07" if count == 2 else "dd07"  # fld qword [rdi+8]; fld qword [rdi]
        body = pushes + opcode + results
        written = 10 * results.count("db")
        code = _x87(body, 8 * count, written)
        loops[name] = Loop(code, operands, 8 * count, written, ("fpu",))
    return loops


def arm64_loops() -> dict[str, Loop]:
    """The loops of arm64: estimates, whose every bit the architecture defines."""
    loops = {}
    for name, opcode in (("frecpe", 0x0EA1D800), ("frsqrte", 0x2EA1D800)):
        for suffix, operands, bits, flags in (
            ("4s", SINGLE, 0x40000000, ("asimd",)),
            ("2d", DOUBLE, 0x40400000, ("asimd",)),
            ("8h", HALF, 0x40580000, ("asimd", "asimdhp")),
        ):
            loops[f"{name}_{suffix}"] = Loop(_arm64(opcode | bits), operands, 16, 16, flags)
    return loops


_EVEX = (
    # name, operands, EVEX map with W and prefix, flag, opcode
    ("vrcp14ps", SINGLE, "f27d", "avx512f", 0x4C),
    ("vrcp14pd", DOUBLE, "f2fd", "avx512f", 0x4C),
    ("vrsqrt14ps", SINGLE, "f27d", "avx512f", 0x4E),
    ("vrsqrt14pd", DOUBLE, "f2fd", "avx512f", 0x4E),
    ("vrcp28ps", SINGLE, "f27d", "avx512er", 0xCA),
    ("vrcp28pd", DOUBLE, "f2fd", "avx512er", 0xCA),
    ("vrsqrt28ps", SINGLE, "f27d", "avx512er", 0xCC),
    ("vrsqrt28pd", DOUBLE, "f2fd", "avx512er", 0xCC),
    ("vexp2ps", SINGLE, "f27d", "avx512er", 0xC8),
    ("vexp2pd", DOUBLE, "f2fd", "avx512er", 0xC8),
    ("vrcpph", HALF, "f67d", "avx512_fp16", 0x4C),
    ("vrsqrtph", HALF, "f67d", "avx512_fp16", 0x4E),
)
_ONE_RESULT = "db3e"  # fstp tbyte [rsi]
_TWO_RESULTS = "db3e db7e0a"  # fstp tbyte [rsi]; fstp tbyte [rsi+10]
_X87 = (
    # name, operands, numbers a turn, opcode, results
    ("fsin", ANGLES, 1, "d9fe", _ONE_RESULT),
    ("fcos", ANGLES, 1, "d9ff", _ONE_RESULT),
    ("fsincos", ANGLES, 1, "d9fb", _TWO_RESULTS),
    ("fptan", ANGLES, 1, "d9f2", _TWO_RESULTS),
    ("fpatan", RATIOS, 2, "d9f3", _ONE_RESULT),
    ("f2xm1", EXPONENTS, 1, "d9f0", _ONE_RESULT),
    ("fyl2x", LOGARITHMS, 2, "d9f1", _ONE_RESULT),
    ("fyl2xp1", NEAR_ONE, 2, "d9f9", _ONE_RESULT),
)


def _vector(body: str, width: int, after: str = "") -> bytes:
    before = (
        "0fae5c24f8"  # stmxcsr [rsp-8]
        "c74424fc801f0000"  # mov dword [rsp-4], 0x1f80: to nearest, no traps, denormals kept
        "0fae5424fc"  # ldmxcsr [rsp-4]
    )
    return _loop(before, body, width, width, after + "0fae5424f8")  # ldmxcsr [rsp-8]


def _x87(body: str, read: int, written: int) -> bytes:
    before = (
        "d97c24f8"  # fnstcw [rsp-8]
        "dbe3"  # fninit: 64 bits of mantissa, to nearest, no traps
    )
    return _loop(before, body, read, written, "d96c24f8")  # fldcw [rsp-8]


def _loop(before: str, body: str, read: int, written: int, after: str) -> bytes:
    """Operands at rdi, results at rsi, turns in rdx."""
    step = bytes.fromhex(
        body
        + f"4883c7{read:02x}"  # add rdi, read
        # add rsi, written; dec rdx
        + f"4883c6{written:02x} 48ffca"
    )
    jump = bytes((0x75, 0x100 - len(step) - 2))  # jnz to the start of the step
    start = bytes.fromhex("f30f1efa" + before)  # endbr64
    return start + step + jump + bytes.fromhex(after + "c3")


def _arm64(instruction: int) -> bytes:
    """Operands at x0, results at x1, turns in x2; ``instruction`` is on v0."""
    words = (
        0xD503245F,  # bti c
        0xD53B4403,  # mrs x3, fpcr
        0xD51B441F,  # msr fpcr, xzr
        0x3CC10400,  # ldr q0, [x0], #16
        instruction,
        0x3C810420,  # str q0, [x1], #16
        0xF1000442,  # subs x2, x2, #1
        0x54FFFF81,  # b.ne to the load
        0xD51B4403,  # msr fpcr, x3
        0xD65F03C0,  # ret
    )
    return b"".join(word.to_bytes(4, "little") for word in words)

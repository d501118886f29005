"""Instructions whose results differ between makers: a digest of each over fixed operands.

Reciprocals and their square roots to 12, 14 and 28 bits, and x87's transcendental functions, are
defined by an error bound only, so no CPUID table and no switch says what they give, and an emulator
computes them its own way. Two machines with equal digests compute them alike. Arm's estimates are
defined bit by bit: every processor has the same digests there, or is wrong.
"""

from __future__ import annotations

import ctypes
from typing import Any, Iterable, Mapping

from . import machine_code
from .approximate_code import Loop, arm64_loops, x86_loops
from .approximate_operands import operands
from .leaves import on_one_core

try:
    from blake3 import blake3
except ImportError:  # the probe also runs where the runner is not installed
    blake3 = None

NAME = "approximation"


def describe_approximation(cpu: Mapping[str, Any]) -> tuple[dict[str, str] | None, dict[str, str]]:
    """``"blake3:<64 hex digits>"`` by instruction, and why others have none, by dotted path.

    ``cpu`` is this process's processor as ``describe_processor`` has it. An instruction is executed
    only where its flags, and the state that the system saves, permit it. ``None``: none could be.
    """
    loops = _loops(cpu)
    if not loops:
        return None, {NAME: "no such instructions are known of {}".format(cpu["architecture"])}
    if cpu["flags"] is None:
        return None, {NAME: "not executed: the CPU's flags are not known"}
    if blake3 is None:
        return None, {NAME: "not digested: the package blake3 is not installed"}
    reasons = {name: lacking(loop, cpu) for name, loop in loops.items()}
    missing = {f"{NAME}.{name}": reason for name, reason in reasons.items() if reason}
    try:
        with on_one_core():
            found = {
                name: "blake3:" + str(blake3(results(loop)).hexdigest())
                for name, loop in loops.items()
                if reasons[name] is None
            }
    except machine_code.CannotExecute as error:
        return None, {NAME: f"not executed: {error.strerror}"}
    return found, missing


def results(loop: Loop) -> bytes:
    """What a loop's instruction gives for its operands, little-endian.

    Raises ``CannotExecute``. Ask ``lacking`` first: what the CPU has not ends the process (SIGILL).
    """
    data = operands(loop.operands)
    turns = len(data) // loop.read
    room = ctypes.create_string_buffer(turns * loop.written)
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint64)
    with machine_code.ExecutablePage(loop.code) as page:
        page.function(prototype)(data, ctypes.addressof(room), turns)
    return room.raw


def lacking(loop: Loop, cpu: Mapping[str, Any]) -> str | None:
    """Why ``cpu`` cannot execute a loop; ``None`` where it can."""
    absent = _absent(loop.flags, cpu["flags"])
    if absent:
        return "the CPU has no {}".format(" and no ".join(absent))
    saved = cpu["xcr0"] or {}
    if loop.state is not None and not saved.get(loop.state):
        return f"the system does not save the state {loop.state}"
    return None


def _loops(cpu: Mapping[str, Any]) -> dict[str, Loop]:
    if cpu["architecture"] in ("x86_64", "AMD64"):
        return x86_loops()
    if cpu["architecture"] in ("aarch64", "arm64"):
        return arm64_loops()
    return {}


def _absent(needed: Iterable[str], flags: Iterable[str]) -> list[str]:
    return [flag for flag in dict.fromkeys(needed) if flag not in flags]

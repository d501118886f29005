"""CPUID and XGETBV as the library executes them, where another CPU is presented to this process.

``ctypes`` loads a copy of it as any other library, so that its instructions are answered in the way
of those of frameworks: a page of code that no loader knows is not answered by patching.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

LIBRARY_VARIABLE = "EQC_PRESENTED_LIBRARY"
"""Environment variable: the library that presents another CPU to this process."""


def library() -> Any:
    """The copy; ``None``: no CPU is presented. Raises ``OSError`` where it cannot be loaded."""
    path = os.environ.get(LIBRARY_VARIABLE)
    return ctypes.CDLL(path) if path else None


def cpuid(copy: Any, leaf: int, subleaf: int = 0) -> tuple[int, int, int, int]:
    """Eax, ebx, ecx and edx of CPUID."""
    registers = (ctypes.c_uint32 * 4)()
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)
    execute = ctypes.cast(copy.eqc_presented_cpuid, prototype)
    execute(leaf, subleaf, ctypes.addressof(registers))
    return registers[0], registers[1], registers[2], registers[3]


def xgetbv(copy: Any) -> int:
    """XCR0. Check OSXSAVE in CPUID first: without it SIGILL ends the process."""
    execute = ctypes.cast(copy.eqc_presented_xgetbv, ctypes.CFUNCTYPE(ctypes.c_uint64))
    return int(execute())

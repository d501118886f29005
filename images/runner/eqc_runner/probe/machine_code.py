"""Execute single instructions from Python: a page of machine code, called through ctypes.

No compiler is needed. The page is written first and made executable afterwards (W^X); only where
the system refuses that change, a page that is writable and executable at once is mapped.

Where another CPU is presented, its library executes CPUID and XGETBV: as a shared object it is
answered like every framework, which a page that no loader knows would not be.
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

from eqc_runner.presentation import instructions

CPUID = bytes.fromhex(
    "f30f1efa"  # endbr64: a valid target where indirect branches are tracked
    "53"  # push rbx, which cpuid overwrites and the caller owns
    "4989d0"  # mov r8, rdx: the third argument, where the four registers go
    "89f8"  # mov eax, edi: the leaf
    "89f1"  # mov ecx, esi: the subleaf
    "0fa2"  # cpuid
    "418900"  # mov [r8], eax
    "41895804"  # mov [r8+4], ebx
    "41894808"  # mov [r8+8], ecx
    "4189500c"  # mov [r8+12], edx
    "5b"  # pop rbx
    "c3"  # ret
)
XGETBV = bytes.fromhex(
    "f30f1efa"  # endbr64
    "31c9"  # xor ecx, ecx: XCR0
    "0f01d0"  # xgetbv
    "48c1e220"  # shl rdx, 32
    "4809d0"  # or rax, rdx
    "c3"  # ret
)
MIDR = bytes.fromhex(
    "000038d5"  # mrs x0, midr_el1
    "c0035fd6"  # ret
)

_PRIVATE_ANONYMOUS = 0x02 | 0x20
_FAILED = ctypes.c_void_p(-1).value


class CannotExecute(OSError):  # noqa: N818 - plain without the suffix Error
    """The system does not let this process map an executable page."""


class ExecutablePage:
    """A page with ``code``, callable until the ``with`` block ends."""

    def __init__(self, code: bytes) -> None:
        self._code = code
        self._size = mmap.PAGESIZE
        self._libc: Any = ctypes.CDLL(None, use_errno=True)
        self._libc.mmap.restype = ctypes.c_void_p
        self._libc.mmap.argtypes = [
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_long,
        ]
        self._libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self._libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self._address = 0

    def __enter__(self) -> ExecutablePage:
        readable, writable, executable = mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC
        self._address = self._map(readable | writable)
        ctypes.memmove(self._address, self._code, len(self._code))
        if self._libc.mprotect(self._address, self._size, readable | executable) != 0:
            self.__exit__()
            self._address = self._map(readable | writable | executable)
            ctypes.memmove(self._address, self._code, len(self._code))
        return self

    def __exit__(self, *_: object) -> None:
        self._libc.munmap(self._address, self._size)

    def function(self, prototype: Any) -> Any:
        """The page's code as a function of the ctypes ``prototype``."""
        return prototype(self._address)

    def _map(self, protection: int) -> int:
        address = self._libc.mmap(None, self._size, protection, _PRIVATE_ANONYMOUS, -1, 0)
        if address is None or address == _FAILED:
            raise CannotExecute(ctypes.get_errno(), "no executable memory: mmap was refused")
        return int(address)


def cpuid(leaf: int, subleaf: int = 0) -> tuple[int, int, int, int]:
    """Execute CPUID, on x86-64 only: eax, ebx, ecx, edx. Raises ``CannotExecute``.

    Where a CPU is presented whose library cannot be loaded: ``OSError``.
    """
    copy = instructions.library()
    if copy is not None:
        return instructions.cpuid(copy, leaf, subleaf)
    registers = (ctypes.c_uint32 * 4)()
    prototype = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)
    with ExecutablePage(CPUID) as page:
        page.function(prototype)(leaf, subleaf, ctypes.addressof(registers))
    return registers[0], registers[1], registers[2], registers[3]


def xgetbv() -> int:
    """Execute XGETBV: XCR0. Check OSXSAVE in CPUID first: without it SIGILL ends the process."""
    copy = instructions.library()
    if copy is not None:
        return instructions.xgetbv(copy)
    with ExecutablePage(XGETBV) as page:
        return int(page.function(ctypes.CFUNCTYPE(ctypes.c_uint64))())


def midr() -> int:
    """Read MIDR_EL1, on arm64. Check ``cpuid`` in AT_HWCAP first: else SIGILL ends the process."""
    with ExecutablePage(MIDR) as page:
        return int(page.function(ctypes.CFUNCTYPE(ctypes.c_uint64))())

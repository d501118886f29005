"""Encoded instructions for tests."""

from __future__ import annotations

CPUID, XGETBV = b"\x0f\xa2", b"\x0f\x01\xd0"
LEAF_1 = b"\xb8\x01\0\0\0"  # mov eax, 1
RETURN = b"\xc3"
ORDINARY = tuple(
    bytes.fromhex(text)
    for text in (
        *("55", "53", "5b", "5d", "90"),  # push rbp, push rbx, pop rbx, pop rbp, nop
        *("4889e5", "4801d8", "31c9", "4885c0"),  # mov rbp, rsp; add rax, rbx; xor ecx, ecx; test
        *("8b442410", "48894c2418", "488d7c2420"),  # loads, stores and addresses on the stack
        *("4883ec28", "4883c428", "c1e81a", "83e01f"),  # with small constants
        *("b9785634af", "81fb47656e75", "488b057f3d0000"),  # with constants of 4 bytes
        *("7405", "0f8510010000", "e8a1b2c3ff"),  # jumps and calls
        *("f20f58c1", "c5fc58c1", "62f17c4858c1", "c4e27db8c1"),  # SSE2, AVX, AVX-512, FMA
    )
)
HIDING = tuple(
    bytes.fromhex(text)
    for text in (
        *("b80fa20000", "810d0fa20000ffffff7f"),  # mov eax, 0xa20f; or dword [rip+0xa20f], …
        *("8b050fa20000", "488b840fa2000000"),  # mov eax, [rip+0xa20f]; mov rax, [rdi+rcx+0xa2]
        *("c4627d18150fa20600", "48b80fa20fa20fa20fa2"),  # vbroadcastss ymm10, […]; movabs
        *("b80f01d000", "e80f01d000"),  # the bytes of XGETBV in a constant, in a displacement
    )
)
"""Instructions that have the bytes of CPUID or XGETBV within them."""

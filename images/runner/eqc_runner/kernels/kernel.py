"""What is known of one kernel that ran, and how those of a run are gathered."""

from __future__ import annotations

from typing import Any, Iterable, NamedTuple

MOST = 5000
"""Different kernels of one session that are recorded."""
_CHARACTERS = 400
"""A longer name is cut: names of kernels on GPUs hold their template's arguments."""


class Kernel(NamedTuple):
    """A kernel as its source names it; texts are ``None`` where the source does not say."""

    kernel: str
    """``jit:avx512_core``, ``aten::_slow_conv2d_forward``, ``gemm_api``."""
    operation: str | None
    """What the framework calls what it computes: ``convolution``, ``_FusedConv2D``."""
    sizes: str | None
    """The problem's, as the source writes it: ``192x288:288x48``."""
    source: str
    """Who says so: ``onednn``, ``torch.profiler``."""
    layer: str | None = None
    """The layer, by the name that its output has in the record."""


class Told(NamedTuple):
    """What an adapter found in a run of its own, which is not the session's."""

    finals: list[Any]
    """The final outputs of that run, as ``Loaded.run`` gives them."""
    kernels: list[Kernel]
    """In order of computation, as often as they ran."""
    reason: str | None = None
    """Why there are none, or not all."""


def records(kernels: Iterable[Kernel]) -> tuple[list[dict[str, Any]], str | None]:
    """The records of ``kernels``, equal ones counted, in the order in which they first ran.

    Also why some are left out, or ``None``.
    """
    calls: dict[Kernel, int] = {}
    for kernel in kernels:
        cut = kernel._replace(
            kernel=_cut(kernel.kernel),
            operation=kernel.operation and _cut(kernel.operation),
            sizes=kernel.sizes and _cut(kernel.sizes),
        )
        calls[cut] = calls.get(cut, 0) + 1
    found = [
        {
            "layer": kernel.layer,
            "operation": kernel.operation,
            "kernel": kernel.kernel,
            "sizes": kernel.sizes,
            "source": kernel.source,
            "calls": number,
        }
        for kernel, number in calls.items()
    ]
    left_out = len(found) - MOST
    return found[:MOST], f"{left_out} more kernels are not recorded" if left_out > 0 else None


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"

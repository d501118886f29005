"""Operators that ``torch.profiler`` saw, together with what oneDNN and MKL printed.

The part about GPUs is written from torch's documentation and has not been run on a GPU.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence

from eqc_runner.kernels.kernel import Kernel
from eqc_runner.kernels.onednn import MKL, Ran, ran
from eqc_runner.kernels.trace import Trace

SOURCE = "torch.profiler"
_MARK = "eqc-layer:"
_BOOKKEEPING = frozenset(
    f"aten::{name}"
    for name in (
        "_nnpack_available", "_reshape_alias", "_to_copy", "_unsafe_view", "alias", "as_strided",
        "as_strided_", "chunk", "clone", "contiguous", "copy_", "detach", "detach_", "empty",
        "empty_like", "empty_strided", "expand", "fill_", "flatten", "is_nonzero", "item",
        "lift_fresh", "narrow", "permute", "reshape", "resize_", "resolve_conj", "resolve_neg",
        "result_type", "select", "set_", "slice", "split", "squeeze", "squeeze_", "t", "to",
        "transpose", "unflatten", "unsafe_split", "unsqueeze", "unsqueeze_", "view", "zero_",
        "zeros", "zeros_like",
    )
)  # fmt: skip
"""Operators that compute nothing: they allocate, move or look at the same numbers otherwise."""
_BY_ONEDNN = ("mkldnn", "onednn")
"""Parts of the names of operators whose kernel is oneDNN's."""
_BY_MKL = frozenset(f"aten::{name}" for name in ("addmm", "mm", "mv", "addmv", "bmm", "baddbmm"))


class Event(NamedTuple):
    """One operator: when it ran (in any unit) and on which thread."""

    name: str
    start: float
    end: float
    thread: int
    on_gpu: tuple[str, ...] = ()
    """The names of the kernels that it started on a GPU."""


@contextmanager
def profiled(torch: Any, device: str) -> Iterator[Any]:
    """``torch.profiler.profile`` of this process, and of the GPU where ``device`` is one."""
    kinds = torch.profiler.ProfilerActivity
    activities = [kinds.CPU, *([kinds.CUDA] if device != "cpu" else [])]
    with torch.profiler.profile(activities=activities) as profile:
        yield profile


def marker(torch: Any, trace: Trace) -> Callable[[str, str | None], None]:
    """What a model calls after each layer: a mark in both logs."""

    def mark(layer: str, operation: str | None) -> None:
        with torch.profiler.record_function(_MARK + layer):
            trace.mark(layer, operation)

    return mark


def events(profile: Any) -> list[Event]:
    """The operators that ran on the CPU, in the order in which they began."""
    found = []
    for each in profile.events():
        if "CPU" not in str(each.device_type):
            continue
        gpu = tuple(kernel.name for kernel in getattr(each, "kernels", ()) or ())
        time = each.time_range
        found.append(Event(each.name, float(time.start), float(time.end), int(each.thread), gpu))
    return sorted(found, key=lambda event: (event.start, -event.end))


def kernels(seen: Sequence[Event], printed: Sequence[Ran]) -> list[Kernel]:
    """The kernels of a run: what the libraries printed, and the operators that printed nothing.

    Layers stand in the order of the marks. Where a layer printed kernels of oneDNN or MKL, its
    operators that only call these are left out.
    """
    by_layer: dict[str | None, list[Kernel]] = {}
    for one in printed:
        by_layer.setdefault(one.kernel.layer, []).append(one.kernel)
    found: list[Kernel] = []
    names = [event.name[len(_MARK) :] for event in seen if event.name.startswith(_MARK)]
    operators = _by_layer(seen)
    for layer in [*names, None]:
        of_libraries = by_layer.get(layer, [])
        hidden = _hidden(of_libraries)
        calls: dict[str, str] = {}
        for event in operators.get(layer, []):
            if hidden(event.name):
                calls.setdefault("", event.name)
                continue
            if event.on_gpu:
                found += [Kernel(name, event.name, None, SOURCE, layer) for name in event.on_gpu]
            else:
                found.append(Kernel(event.name, event.name, None, SOURCE, layer))
        for kernel in of_libraries:
            found.append(kernel._replace(operation=kernel.operation or calls.get("")))
    return found


def told(profile: Any, trace: Trace) -> list[Kernel]:
    """``kernels`` of a run that has ended."""
    return kernels(events(profile), list(ran(trace.lines())))


def _hidden(of_libraries: Sequence[Kernel]) -> Callable[[str], bool]:
    by_onednn = any(kernel.source != MKL for kernel in of_libraries)
    by_mkl = any(kernel.source == MKL for kernel in of_libraries)

    def hidden(name: str) -> bool:
        if by_onednn and any(word in name for word in _BY_ONEDNN):
            return True
        return (by_mkl or by_onednn) and name in _BY_MKL

    return hidden


def _by_layer(seen: Sequence[Event]) -> Mapping[str | None, list[Event]]:
    """The innermost operators that compute, under the layer whose mark comes next."""
    found: dict[str | None, list[Event]] = {}
    waiting: list[Event] = []
    computing = [event for event in seen if event.name.startswith("aten::")]
    innermost = set(_innermost(computing))
    for event in seen:
        if event.name.startswith(_MARK):
            found.setdefault(event.name[len(_MARK) :], []).extend(waiting)
            waiting = []
        elif event in innermost:
            waiting.append(event)
    found.setdefault(None, []).extend(waiting)
    return found


def _innermost(seen: Sequence[Event]) -> Iterator[Event]:
    """Operators that compute and call none that does, by thread."""
    by_thread: dict[int, list[Event]] = {}
    for event in seen:
        if event.name not in _BOOKKEEPING:
            by_thread.setdefault(event.thread, []).append(event)
    for own in by_thread.values():
        # Sorted by start: the next one begins inside of this one, or after it.
        for event, after in zip(own, [*own[1:], None]):
            if after is None or after.start >= event.end:
                yield event

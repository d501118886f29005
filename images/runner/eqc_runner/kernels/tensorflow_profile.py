"""Operations that TensorFlow's profiler saw, together with what oneDNN printed meanwhile.

The part about GPUs is written from TensorFlow's documentation and has not been run on a GPU.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple, Sequence

from eqc_runner.kernels.kernel import Kernel
from eqc_runner.kernels.onednn import Ran

SOURCE = "tensorflow.profiler"
_OPERATION = re.compile(r"^(?P<path>[\w./-]+):(?P<type>_?[A-Z]\w*)$")
_BOOKKEEPING = frozenset(
    (
        "Const", "ConstantFolding", "ExpandDims", "Identity", "IdentityN", "NoOp", "Pack",
        "PartitionedCall", "Placeholder", "ReadVariableOp", "Reshape", "Shape", "Squeeze",
        "StatefulPartitionedCall", "StridedSlice", "VarHandleOp", "VarIsInitializedOp",
        "_Arg", "_Retval",
    )
)  # fmt: skip
"""Operations that compute nothing."""
_CONTRACTIONS = {"Conv2D": "conv2d", "MatMul": "dense"}
"""What a fused operation of a layer with weights has in its name, and the layer's operation."""
_SUFFIX = re.compile(r"_\d+$")
MILLION = 1e6


class Operation(NamedTuple):
    """One operation that ran, from ``start`` to ``end`` (milliseconds since 1970)."""

    path: str
    """``functional/conv2d_1/BiasAdd``."""
    kind: str
    """``_FusedConv2D``."""
    start: float
    end: float
    on_gpu: str | None = None
    """The name of the GPU's kernel, where this is one."""


class Layer(NamedTuple):
    """A layer of the model, in order of computation."""

    name: str
    operation: str | None


def start(tf: Any, folder: Path) -> None:
    """Begin to profile, without the calls of Python."""
    experimental = tf.profiler.experimental
    options = experimental.ProfilerOptions(host_tracer_level=2, python_tracer_level=0)
    experimental.start(str(folder), options)


def stop(tf: Any, folder: Path) -> list[Operation]:
    """End it; the operations in the order in which they began."""
    tf.profiler.experimental.stop()
    protocol: Any = importlib.import_module("tensorflow.tsl.profiler.protobuf.xplane_pb2")
    found: list[Operation] = []
    for path in sorted(folder.rglob("*.xplane.pb")):
        space = protocol.XSpace()
        space.ParseFromString(path.read_bytes())
        found += operations(space)
    return sorted(found, key=lambda one: (one.start, -one.end))


def operations(space: Any) -> Iterator[Operation]:
    """The operations of an ``XSpace``; of a GPU its kernels, each with the operation it is of.

    Times count from the start of the profile where it says when that was, else from 1970.
    """
    since = _profile_start(space)
    for plane in space.planes:
        on_gpu = plane.name.startswith("/device:GPU")
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                begin = since + line.timestamp_ns / MILLION + event.offset_ps / MILLION / 1e3
                end = begin + event.duration_ps / MILLION / 1e3
                of = _operation_of_kernel(plane, event) if on_gpu else name
                match = _OPERATION.match(of or "")
                if match is not None:
                    gpu = name if on_gpu else None
                    yield Operation(match["path"], match["type"], begin, end, gpu)


def _profile_start(space: Any) -> float:
    """Milliseconds since 1970; 0 where the profile does not say."""
    for plane in space.planes:
        for stat in plane.stats:
            if plane.stat_metadata[stat.metadata_id].name == "profile_start_time":
                return float(stat.uint64_value) / MILLION
    return 0.0


def _operation_of_kernel(plane: Any, event: Any) -> str | None:
    for stat in event.stats:
        if plane.stat_metadata[stat.metadata_id].name == "tf_op":
            return str(stat.str_value or plane.stat_metadata[stat.ref_value].name)
    return None


def kernels(
    seen: Sequence[Operation], printed: Iterable[Ran], layers: Sequence[Layer]
) -> list[Kernel]:
    """The kernels of a run: each operation with what oneDNN printed while it ran.

    An operation during which oneDNN printed nothing is its own kernel (Eigen's, or a loop of
    TensorFlow). What oneDNN printed outside of any operation has no layer.
    """
    computing = [one for one in seen if one.kind not in _BOOKKEEPING and not _is_source(one)]
    of = _layers(computing, layers)
    inside: dict[int, list[Kernel]] = {}
    outside: list[Kernel] = []
    for each in printed:
        place = _place(computing, each.milliseconds)
        if place is None:
            outside.append(each.kernel)
        else:
            inside.setdefault(place, []).append(each.kernel)
    found: list[Kernel] = []
    on_gpu = any(one.on_gpu for one in computing)
    for place, one in enumerate(computing):
        layer = of[place]
        if place in inside:
            found += [
                each._replace(layer=layer, operation=one.kind)
                # Threads print the blocks in any order.
                for each in sorted(inside[place], key=lambda kernel: kernel.sizes or "")
            ]
        elif one.on_gpu is not None or not on_gpu:
            found.append(Kernel(one.on_gpu or one.kind, one.kind, None, SOURCE, layer))
    # Operations that do not wait for each other run in any order: by layer, as in the model.
    order = {layer.name: number for number, layer in enumerate(layers)}
    found.sort(key=lambda kernel: order.get(kernel.layer or "", len(order)))
    return [*found, *outside]


def _is_source(one: Operation) -> bool:
    return one.path.endswith("ReadVariableOp")


def _place(seen: Sequence[Operation], when: float | None) -> int | None:
    """The operation that ran at ``when``, the one that began last."""
    if when is None:
        return None
    there = [place for place, one in enumerate(seen) if one.start <= when <= one.end]
    return there[-1] if there else None


def _layers(seen: Sequence[Operation], layers: Sequence[Layer]) -> list[str | None]:
    """The layer of each operation.

    A path has the layer's name, with a number where Keras had used the name before. An operation
    that computes several layers is called after the last one of them: where it is a convolution or
    a product, it belongs to the nearest layer before that is one.
    """
    by_scope = _scopes({part for one in seen for part in one.path.split("/")[:-1]}, layers)
    order = {layer.name: place for place, layer in enumerate(layers)}
    found: list[str | None] = []
    for one in seen:
        parts = [by_scope[part] for part in one.path.split("/") if part in by_scope]
        name = parts[-1] if parts else None
        wanted = next((kind for word, kind in _CONTRACTIONS.items() if word in one.kind), None)
        if name is not None and wanted is not None:
            before = [
                layer.name for layer in layers[: order[name] + 1] if layer.operation == wanted
            ]
            name = before[-1] if before else name
        found.append(name)
    return found


def _scopes(scopes: set[str], layers: Sequence[Layer]) -> dict[str, str]:
    """The layer that each scope is of; ``conv2d_1_2`` may be ``conv2d_1``, ``conv2d_1`` either.

    Each layer has one scope: those that can be of one layer only are given first.
    """
    names = {layer.name for layer in layers}
    can = {scope: [n for n in _candidates(scope) if n in names] for scope in scopes}
    found: dict[str, str] = {}
    while True:
        taken = set(found.values())
        left = {s: [n for n in ns if n not in taken] for s, ns in can.items() if s not in found}
        left = {scope: free for scope, free in left.items() if free}
        if not left:
            return found
        # The longest of those with the fewest choices.
        scope = min(left, key=lambda each: (len(left[each]), -len(each), each))
        found[scope] = left[scope][0]


def _candidates(scope: str) -> list[str]:
    shorter = _SUFFIX.sub("", scope)
    return [scope, shorter] if shorter != scope else [scope]

"""The core types that the stages hand to each other: frozen, standard library only.

Identity. Whatever is *asked for* (platform, workload, input, variant) has an ``id`` derived
from its content alone: the first 16 hex digits of BLAKE2b over canonical JSON. Names, labels
and the order of lists never enter an id, so renaming a file moves no result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

Scalar = str | int | float | bool | None
Json = Scalar | list["Json"] | dict[str, "Json"]
Pairs = tuple[tuple[str, Scalar], ...]
"""A small frozen mapping: pairs sorted by key."""


def content_id(content: Json) -> str:
    """16 hex digits that depend on ``content`` only (canonical JSON, BLAKE2b)."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def pairs(mapping: Mapping[str, Scalar]) -> Pairs:
    """Freeze a mapping: its items, sorted by key."""
    return tuple(sorted(mapping.items()))


class Status(StrEnum):
    """What became of one session. Only ``OK`` enters a partition."""

    OK = "ok"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    MISMATCH = "mismatch"
    SKIPPED = "skipped"


class Isolation(StrEnum):
    """How the runner is kept apart from the machine it runs on."""

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


class Keep(StrEnum):
    """Which output tensors a run stores, beside the digests that it always stores."""

    NONE = "none"
    FINAL = "final"
    CLASSES = "classes"
    ALL = "all"


@dataclass(frozen=True)
class Workload:
    """What is computed: a model with its weights. ``sha256`` stands for the file's content."""

    source: str
    """``builtin``, ``onnx``, ``keras``, ``savedmodel``, ``torch``, ``tflite`` or ``python``."""
    name: str
    """The builtin's name, the file's path as written, or ``package.module:function``."""
    label: str
    """What tables show; unique within an experiment."""
    path: str | None = None
    """Absolute path of the model file or folder; ``None`` for builtins."""
    sha256: str | None = None
    weights: str | None = None
    """``seed:N``, ``trained``, or ``sha256:…`` of a weights file."""
    weights_path: str | None = None
    arguments: Pairs = ()

    @cached_property
    def id(self) -> str:
        """Content-derived id: neither label nor path enters, the file's hash does."""
        name = self.name if self.sha256 is None else None
        return content_id(
            ["workload", self.source, name, self.sha256, self.weights, dict(self.arguments)]
        )


@dataclass(frozen=True)
class Input:
    """Named tensors given to a workload, already materialised as ``.npy`` bytes."""

    label: str
    tensors: tuple[tuple[str, str, str], ...]
    """(tensor name, sha256 of the .npy file, absolute path of it), sorted by name."""

    @cached_property
    def id(self) -> str:
        """Content-derived id: tensor names and the hashes of their bytes."""
        return content_id(["input", [[name, digest] for name, digest, _ in self.tensors]])


@dataclass(frozen=True)
class Variant:
    """Settings of a computation; the image it runs in is named by its framework."""

    framework: str
    precision: str = "float32"
    threads: int | None = None
    """``None``: the framework's own choice, as a user would get it."""
    batch: int | None = None
    device: str = "cpu"
    environment: Pairs = ()
    flags: Pairs = ()

    @cached_property
    def id(self) -> str:
        """Content-derived id of every setting."""
        return content_id(
            [
                "variant",
                self.framework,
                self.precision,
                self.threads,
                self.batch,
                self.device,
                dict(self.environment),
                dict(self.flags),
            ]
        )

    @cached_property
    def label(self) -> str:
        """What tables show: the framework, then every setting that is not the default."""
        words = [self.framework, self.precision]
        words += [f"threads={self.threads}"] if self.threads is not None else []
        words += [f"batch={self.batch}"] if self.batch is not None else []
        words += [self.device] if self.device != "cpu" else []
        words += [f"{key}={value}" for key, value in (*self.environment, *self.flags)]
        return " ".join(words)


@dataclass(frozen=True)
class PlatformPlacement:
    """Where and how a platform may be had: ``model.machine`` has one class for each way."""


@dataclass(frozen=True)
class Platform:
    """Hardware that is asked for: a provider and what it needs to make it."""

    provider: str
    """The name of a registered provider: ``local``, ``ssh``, ``aws``, …"""
    name: str
    """What tables show, e.g. ``emulated/Haswell``; unique within an experiment."""
    parameters: Pairs = ()
    """What the provider needs; for ``emulated`` ``cpu`` and ``arch``, for ``mask`` ``level``."""
    placement: PlatformPlacement | None = None
    """Not the hardware, so not in the id; ``None``: there is nothing to say."""

    @cached_property
    def id(self) -> str:
        """Content-derived id: the provider and what it needs."""
        return content_id(["platform", self.provider, dict(self.parameters)])

    def get(self, key: str) -> Scalar:
        """One parameter; ``None`` where it is not given."""
        return dict(self.parameters).get(key)


@dataclass(frozen=True)
class Observe:
    """What is recorded of each session, and how many sessions there are."""

    layers: bool = False
    kernels: bool = False
    sessions: int = 3
    mode: str = "fork"
    """``fork`` where it is safe, or ``cold``: one process per session."""
    keep: Keep = Keep.FINAL


@dataclass(frozen=True)
class Cell:
    """Platform x workload x input x variant: the unit that is computed and resumed."""

    platform: Platform
    workload: Workload
    input: Input
    variant: Variant
    observe: Observe

    @cached_property
    def id(self) -> str:
        """Depends on what is computed and where, not on how often it is observed."""
        ids = (self.platform.id, self.workload.id, self.input.id, self.variant.id)
        return hashlib.blake2b("/".join(ids).encode(), digest_size=8).hexdigest()


Pending = tuple[tuple[Cell, tuple[int, ...]], ...]
"""Cells with the numbers of their sessions that the store has not."""


@dataclass(frozen=True)
class Limits:
    """What a run may spend. Money in US dollars; ``None`` means no limit."""

    cost: float | None = None
    cost_per_hour: float | None = None
    hours: float | None = None
    machines: int | None = None
    """At once, as are those of one region."""
    machines_per_region: int | None = None
    attempts: int = 3
    """Machines tried for one platform that die, never come up, or are not as asked."""
    memory_bytes: int | None = None
    """Of one container or worker process."""
    session_seconds: float = 600.0


@dataclass(frozen=True)
class Experiment:
    """One YAML file, parsed, checked and resolved; nothing in it refers to the file again."""

    name: str
    workloads: tuple[tuple[Workload, tuple[str, ...]], ...]
    """Each with the frameworks (images) it runs on."""
    inputs: tuple[tuple[Input, frozenset[str] | None], ...]
    """Each with the labels of the workloads it is for; ``None``: all."""
    platforms: tuple[Platform, ...]
    variants: tuple[Variant, ...]
    """Every combination of ``vary``, without its framework (``framework == ""``)."""
    include: tuple[Filter, ...]
    exclude: tuple[Filter, ...]
    observe_cpu: Observe
    observe_gpu: Observe
    limits: Limits
    isolation: Isolation = Isolation.AUTO
    source: str = ""
    """The text of the file, stored with the results."""


@dataclass(frozen=True)
class Filter:
    """One ``include`` or ``exclude`` entry: a cell matches if every given field matches."""

    fields: tuple[tuple[str, frozenset[Scalar]], ...]
    """E.g. ``(("provider", {"aws"}), ("families", {"c4"}), ("on", {"torch"}))``."""


@dataclass(frozen=True)
class Plan:
    """All cells of an experiment, in the experiment's order, each id once."""

    experiment: Experiment
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Reason:
    """Why there is no observation, for people and for tables."""

    code: str
    """``signal``, ``exception``, ``timeout``, ``out-of-memory``, ``not-installed``, …"""
    message: str
    stderr: str = ""
    """The last lines the session wrote."""

"""The types of an experiment and its plan: frozen, standard library only.

Each platform, workload, input and variant has an ``id`` derived from its content alone: 16 hex
digits of BLAKE2b over canonical JSON. Names, labels and the order of lists are not part of an id,
so results still belong to a file after it was renamed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

Scalar = str | int | float | bool | None
Json = Scalar | list["Json"] | dict[str, "Json"]
Pairs = tuple[tuple[str, Scalar], ...]
"""A small immutable mapping: (key, value) sorted by key."""


STORED = "stored"
"""The precision of a model file that computes as it is: nothing of it is cast."""
FILES = frozenset({"keras", "onnx", "savedmodel", "tflite", "torch"})
"""The sources of workloads whose file says in which types it computes."""


def content_id(content: Json) -> str:
    """16 hex digits that depend on ``content`` only (canonical JSON, BLAKE2b)."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def pairs(mapping: Mapping[str, Scalar]) -> Pairs:
    """A mapping as ``Pairs``."""
    return tuple(sorted(mapping.items()))


class Status(StrEnum):
    """The result of one session. Only sessions with ``OK`` are in a partition."""

    OK = "ok"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    MISMATCH = "mismatch"
    SKIPPED = "skipped"
    NOT_AVAILABLE = "not-available"
    """Known before it is tried: the platform has not what the cell asks for."""


class Isolation(StrEnum):
    """How the runner is isolated from the machine: in a container or as a plain process."""

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


class Keep(StrEnum):
    """Which output tensors a run stores. Their digests are always stored."""

    NONE = "none"
    FINAL = "final"
    CLASSES = "classes"
    ALL = "all"


class Companion(NamedTuple):
    """A file that a model's own file refers to."""

    name: str
    """As the model calls it: its path relative to the model's folder, with ``/``."""
    sha256: str
    path: str
    """Absolute."""


@dataclass(frozen=True)
class Workload:
    """What is computed: a model with its weights."""

    source: str
    """``builtin``, ``onnx``, ``keras``, ``savedmodel``, ``torch``, ``tflite`` or ``python``."""
    name: str
    """The builtin's name, the file's path as written, or ``package.module:function``."""
    label: str
    """What tables show; unique within an experiment."""
    path: str | None = None
    """Absolute path of the model file or folder; ``None`` for builtins."""
    sha256: str | None = None
    """Of the model file's content, its companions' included; ``None`` where there is no file."""
    companions: tuple[Companion, ...] = ()
    """The other files of the model, sorted by name."""
    weights: str | None = None
    """``seed:N``, ``trained``, or ``sha256:…`` of a weights file."""
    weights_path: str | None = None
    arguments: Pairs = ()
    """Of a builtin, of a function, or of what a model file computes beside its tensors."""
    signature: str | None = None
    """Which of a file's signatures is called; ``None``: its default one."""
    group: str | None = None
    """The label of the computation that this and other model files are forms of (``models:``)."""

    @cached_property
    def id(self) -> str:
        """Content-derived id: from the file's hash, not from its label or path."""
        name = self.name if self.sha256 is None else None
        later: list[Json] = [] if self.signature is None else [{"signature": self.signature}]
        return content_id(
            ["workload", self.source, name, self.sha256, self.weights, dict(self.arguments), *later]
        )

    @property
    def is_file(self) -> bool:
        """Whether a model file says in which types it computes."""
        return self.source in FILES


@dataclass(frozen=True)
class Input:
    """Named tensors given to a workload, already written as ``.npy`` files."""

    label: str
    tensors: tuple[tuple[str, str, str], ...]
    """(tensor name, SHA-256 of the .npy file, its absolute path), sorted by name."""
    cast: bool = False
    """Whether the runner may round it to the model's type where that loses bits."""

    @cached_property
    def id(self) -> str:
        """Content-derived id: tensor names and the hashes of their bytes; and ``cast``."""
        tensors: Json = [[name, digest] for name, digest, _ in self.tensors]
        return content_id(["input", tensors, *(["cast"] if self.cast else [])])


class Installation(NamedTuple):
    """The packages that compute: one image, or one environment of a process."""

    framework: str
    pin: str | None = None
    """A PEP 440 specifier in its normal form, ``==1.20.1``; ``None``: what the lock has."""
    requires: tuple[str, ...] = ()
    """Further packages (PEP 508), sorted."""

    @property
    def label(self) -> str:
        """``onnxruntime==1.20.1``, as ``on`` says it."""
        return f"{self.framework}{self.pin or ''}"

    @property
    def title(self) -> str:
        """The label and all further packages: other installations have another title."""
        return " + ".join([self.label, *self.requires])


@dataclass(frozen=True)
class Variant:
    """Settings of a computation; the image it runs in is named by its framework."""

    framework: str
    precision: str = "float32"
    """``STORED``: as the model's file is. In an experiment's variants also where nothing is said:
    what has no file computes in float32 then (``for_workload``)."""
    threads: int | None = None
    """``None``: the framework's own default."""
    batch: int | None = None
    device: str = "cpu"
    environment: Pairs = ()
    flags: Pairs = ()
    pin: str | None = None
    """See ``Installation``."""
    requires: tuple[str, ...] = ()
    row: str | None = None
    """The part of each batched output that is compared: ``0``, or a slice such as ``0:2``."""
    stated: bool = False
    """Whether a model file is asked for float32: what is ``STORED`` has the id that float32 had."""

    @cached_property
    def id(self) -> str:
        """Content-derived id of every setting.

        Those of later schemas count where they are set, so ids of older results stay.
        """
        later: dict[str, Json] = {
            "pin": self.pin,
            "requires": list(self.requires) or None,
            "row": self.row,
            "stated": self.stated or None,
        }
        given: Json = {name: value for name, value in later.items() if value is not None}
        return content_id(
            [
                "variant",
                self.framework,
                "float32" if self.precision == STORED else self.precision,
                self.threads,
                self.batch,
                self.device,
                dict(self.environment),
                dict(self.flags),
                *([given] if given else []),
            ]
        )

    @property
    def installation(self) -> Installation:
        """The packages it needs."""
        return Installation(self.framework, self.pin, self.requires)

    def for_workload(self, workload: Workload) -> Variant:
        """Its precision for ``workload``: only a model file computes as it is stored."""
        if not workload.is_file:
            return replace(self, precision="float32") if self.precision == STORED else self
        return replace(self, stated=True) if self.precision == "float32" else self

    @cached_property
    def label(self) -> str:
        """What tables show: the framework, then every setting that is not the default."""
        words = [self.installation.label, precision_words(self.precision)]
        words += [f"threads={self.threads}"] if self.threads is not None else []
        words += [f"batch={self.batch}"] if self.batch is not None else []
        words += [self.device] if self.device != "cpu" else []
        words += [f"row={self.row}"] if self.row is not None else []
        words += [f"{key}={value}" for key, value in (*self.environment, *self.flags)]
        return " ".join(words)


def precision_words(precision: str) -> str:
    """A precision as tables show it: ``float16``, ``as stored``."""
    return f"as {STORED}" if precision == STORED else precision


@dataclass(frozen=True)
class PlatformPlacement:
    """Where and how a platform may be had: ``model.machine`` has one class for each way."""


@dataclass(frozen=True)
class Platform:
    """Hardware that is asked for: a provider and the parameters it needs."""

    provider: str
    """The name of a registered provider: ``local``, ``ssh``, ``aws``, …"""
    name: str
    """What tables show, e.g. ``emulated/Haswell``; unique within an experiment."""
    parameters: Pairs = ()
    """Which hardware: for ``emulated`` ``cpu`` and ``arch``, for ``mask`` ``level``, and so on."""
    placement: PlatformPlacement | None = None
    """Where to get it. Not the hardware, so not part of the id; ``None``: nothing to say."""

    @cached_property
    def id(self) -> str:
        """Content-derived id of the provider and the parameters."""
        return content_id(["platform", self.provider, dict(self.parameters)])

    def get(self, key: str) -> Scalar:
        """One parameter; ``None`` where it is not set."""
        return dict(self.parameters).get(key)


@dataclass(frozen=True)
class Observe:
    """What is recorded in each session, and how many sessions a cell has."""

    layers: bool = False
    kernels: bool = False
    sessions: int = 3
    """With the one that is timed, if one is."""
    mode: str = "fork"
    """``fork`` where it is safe, or ``cold``: one process per session."""
    keep: Keep = Keep.FINAL
    time: int = 0
    """Warm runs in the last session, which is then a process of its own; 0: none is timed."""


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
        """Content-derived id of platform, workload, input and variant, not of ``observe``."""
        ids = (self.platform.id, self.workload.id, self.input.id, self.variant.id)
        return hashlib.blake2b("/".join(ids).encode(), digest_size=8).hexdigest()


Pending = tuple[tuple[Cell, tuple[int, ...]], ...]
"""Cells, each with the numbers of its sessions that are not in the store."""


@dataclass(frozen=True)
class Limits:
    """Limits of a run. Money in US dollars; ``None`` means no limit."""

    cost: float | None = None
    cost_per_hour: float | None = None
    hours: float | None = None
    machines: int | None = None
    """Up at the same time, like ``machines_per_region``."""
    machines_per_region: int | None = None
    attempts: int = 3
    """Machines tried for one platform: those that died, never came up, or were other hardware."""
    memory_bytes: int | None = None
    """For one container or worker process."""
    session_seconds: float = 600.0


COMPARABLE = (
    "platform",
    "on",
    "threads",
    "batch",
    "flags",
    "environment",
    "precision",
    "device",
    "workload",
    "input",
)
"""The axes that ``compare`` may name."""
IGNORABLE = (*COMPARABLE, "software")
"""What two results may differ in and still be compared."""


@dataclass(frozen=True)
class Experiment:
    """One YAML file, parsed, checked and resolved: the file itself is not needed any more."""

    name: str
    workloads: tuple[tuple[Workload, tuple[Installation, ...]], ...]
    """(workload, the installations it runs on)."""
    inputs: tuple[tuple[Input, frozenset[str] | None], ...]
    """(input, labels of the workloads that get it; ``None``: all)."""
    platforms: tuple[Platform, ...]
    variants: tuple[Variant, ...]
    """Every combination of ``vary``, without its installation (``framework == ""``)."""
    include: tuple[Filter, ...]
    exclude: tuple[Filter, ...]
    observe_cpu: Observe
    observe_gpu: Observe
    limits: Limits
    isolation: Isolation = Isolation.AUTO
    compare: tuple[str, ...] = ("platform",)
    """The axes whose combinations are the members of a partition; see ``COMPARABLE``."""
    outputs: Pairs = ()
    """Names of outputs that are one: (in some members, in the others)."""
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
    """Why a session has no output: a code for tables, a message for people."""

    code: str
    """``signal``, ``exception``, ``timeout``, ``out-of-memory``, ``not-installed``, …"""
    message: str
    stderr: str = ""
    """The last lines that the session's process wrote to stderr."""

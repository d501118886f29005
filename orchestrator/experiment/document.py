"""Schema 1 of an experiment file as pydantic models; names and paths are not looked up here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal, Union

from annotated_types import MinLen
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)

from orchestrator.experiment.fields import (
    Argument,
    Count,
    FlagSet,
    Frameworks,
    Requirements,
    Setting,
    VariableSet,
)
from orchestrator.experiment.input_entry import InputEntry
from orchestrator.experiment.platforms import KnownProvider
from orchestrator.experiment.weights import WeightsEntry
from orchestrator.model.experiment import COMPARABLE
from orchestrator.yaml_files.fields import (
    Levels,
    Strict,
    Words,
    dollars,
    many,
    size_in_bytes,
    word,
)

Precision = Literal["float16", "bfloat16", "float32", "float64", "stored"]
"""``stored``: as the model's file is, which is the default; what has no file: float32."""
Device = Literal["cpu", "gpu"]
Precisions = Annotated[
    list[Precision],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=Precision | list[Precision]),
]
Devices = Annotated[
    list[Device], MinLen(1), BeforeValidator(many, json_schema_input_type=Device | list[Device])
]
Counts = Annotated[
    list[Count | None],
    MinLen(1),
    BeforeValidator(many, json_schema_input_type=int | None | list[int | None]),
]
"""``null`` stands for the framework's own choice."""
Axis = Annotated[
    str,
    AfterValidator(lambda name: word(name, COMPARABLE, "axis")),
    WithJsonSchema({"enum": list(COMPARABLE), "type": "string"}),
]
Axes = Annotated[
    list[Axis], MinLen(1), BeforeValidator(many, json_schema_input_type=Axis | list[Axis])
]
Positive = Annotated[float, Field(gt=0)]
Money = Annotated[Positive, BeforeValidator(dollars, json_schema_input_type=float | str)]


def _by_device(value: Any) -> Any:
    return {"cpu": value, "gpu": value} if isinstance(value, int) else value


_ROWS = re.compile(r"([0-9]{1,9})(?::([0-9]{1,9}))?")


def _rows(value: Any) -> Any:
    """``0``, ``"0"``, ``"0:2"`` or ``[0, 2]`` as text; rows ``i:i+1`` as ``i``."""
    text = ":".join(str(part) for part in value) if isinstance(value, list) else str(value)
    found = _ROWS.fullmatch(text)
    start = int(found[1]) if found else 0
    stop = int(found[2] or start + 1) if found else 0
    if isinstance(value, bool) or not start < stop:
        raise ValueError("a row is written like 0, and rows 0 and 1 like 0:2")
    return str(start) if stop == start + 1 else f"{start}:{stop}"


class WorkloadEntry(Strict):
    """A model and the frameworks that run it."""

    model: str | None = None
    """``builtin:name``, ``onnx:path``, …; a path may be ``package:name/path/in/package``."""
    models: Words | None = None
    """Several forms of one computation, in place of ``model``."""
    on: Frameworks | None = None
    requires: Requirements | None = None
    """Further packages that it needs, beside the framework."""
    weights: str | WeightsEntry | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    arguments: dict[str, Argument] = Field(default_factory=dict)
    """Of a builtin or function; of a file, constants for parameters that are no tensors. Several
    values make a workload each."""
    signature: Annotated[str, MinLen(1)] | None = None
    """Which signature of a SavedModel or TFLite file is called."""
    label: str | None = None


class Vary(Strict):
    """Every combination of these is a variant; what is not given stays at its default."""

    threads: Counts | None = None
    precision: Precisions | None = None
    batch: Counts | None = None
    device: Devices | None = None
    environment: Annotated[list[VariableSet], MinLen(1)] | None = None
    flags: Annotated[list[FlagSet], MinLen(1)] | None = None


class Sessions(Strict):
    """How many sessions a cell has, by device."""

    cpu: Count = 3
    gpu: Count = 3


class ObserveEntry(Strict):
    """What is recorded of each session."""

    layers: bool = False
    kernels: bool = False
    sessions: Annotated[
        Sessions, BeforeValidator(_by_device, json_schema_input_type=int | Sessions)
    ] = Sessions()
    mode: Literal["fork", "cold"] = "fork"
    keep: Literal["none", "final", "classes", "all"] = "final"
    row: (
        Annotated[str, BeforeValidator(_rows, json_schema_input_type=int | str | list[int])] | None
    ) = None
    """The part of axis 0 of every output that is compared: a row, or rows like ``0:2``."""


class LimitsEntry(Strict):
    """What a run may spend; a plan over its limit does not start."""

    cost: Money | None = None
    cost_per_hour: Money | None = None
    hours: Positive | None = None
    machines: Count | None = None
    machines_per_region: Count | None = None
    attempts: Count = 3
    memory: (
        Annotated[Count, BeforeValidator(size_in_bytes, json_schema_input_type=int | str)] | None
    ) = None
    session_seconds: Positive = 600.0


class FilterEntry(Strict):
    """Cells that match every field given; a field matches if any of its values does."""

    provider: Words | None = None
    """One of the providers there are: see ``document_model``."""
    platform: Words | None = None
    cpu: Words | None = None
    arch: Words | None = None
    levels: Levels | None = None
    families: Words | None = None
    sizes: Words | None = None
    machine_types: Words | None = None
    cpu_platforms: Words | None = None
    microarchitectures: Words | None = None
    gpus: Words | None = None
    hosts: Words | None = None
    on: Frameworks | None = None
    model: Words | None = None
    """A workload's label, or its model as written."""
    input: Words | None = None
    threads: Counts | None = None
    precision: Precisions | None = None
    batch: Counts | None = None
    device: Devices | None = None
    environment: dict[str, Setting] | None = None
    flags: dict[str, Setting] | None = None


_NOT_EMPTY = Field(json_schema_extra={"minItems": 1})


class Document(Strict):
    """A whole experiment file."""

    model_config = ConfigDict(title="eqc experiment, schema 1")
    schema_: Literal[1] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    # validation.py checks that these are not empty: a list whose every entry was left out for a
    # mistake of its own must not be reported as empty, too.
    workloads: list[WorkloadEntry] = _NOT_EMPTY
    inputs: list[InputEntry] = _NOT_EMPTY
    platforms: list[Any] = _NOT_EMPTY
    """Entries of the providers there are: see ``document_model``."""
    include: list[FilterEntry] = Field(default_factory=list)
    exclude: list[FilterEntry] = Field(default_factory=list)
    vary: Vary = Vary()
    observe: ObserveEntry = ObserveEntry()
    limits: LimitsEntry = LimitsEntry()
    isolation: Literal["auto", "docker", "process"] = "auto"
    compare: Axes = Field(default=["platform"])
    """The axes whose combinations are the members of a partition; all else is held fixed."""
    outputs: dict[str, str] = Field(default_factory=dict)
    """Names of outputs that are one: in some members, in the others."""


def document_model(providers: Sequence[KnownProvider]) -> type[Document]:
    """``Document`` with the entries of ``providers``, and their names as filters may say them."""
    return _document_model(tuple(each for each in providers if each.entry is not None))


@cache
def _document_model(providers: tuple[KnownProvider, ...]) -> type[Document]:
    entries: Any = Union[tuple(each.entry for each in providers)]  # noqa: UP007 - made at run time
    # What is there anyway before what has to be rented.
    name: Any = Literal[tuple(each.name for each in sorted(providers, key=lambda p: p.rented))]
    names: Any = Annotated[
        list[name], MinLen(1), BeforeValidator(many, json_schema_input_type=name | list[name])
    ]
    filters: Any = create_model(
        FilterEntry.__name__,
        __base__=FilterEntry,
        __doc__=FilterEntry.__doc__,
        provider=(names | None, None),
    )
    return create_model(
        Document.__name__,
        __base__=Document,
        __doc__=Document.__doc__,
        platforms=(list[Annotated[entries, Field(discriminator="provider")]], _NOT_EMPTY),
        include=(list[filters], Field(default_factory=list)),
        exclude=(list[filters], Field(default_factory=list)),
    )

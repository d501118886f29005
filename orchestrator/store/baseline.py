"""A stored baseline: the JSON report of an earlier analysis, read back and replaced whole.

``eqc report --format json`` of any version of this schema can be a baseline, as can a store: a
folder is read and analysed like any other. The JSON holds what a comparison needs (class ids
and who is in them; since schema 2 also chains, settings and software), can be reviewed in a pull
request, and needs no tensor.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from orchestrator.errors import UsageError
from orchestrator.model.experiment import Scalar
from orchestrator.results.outputs import links_of
from orchestrator.results.partitions import EqClass, Missing, Partition
from orchestrator.results.record import SoftwareRecord, VariantRecord
from orchestrator.system.files import write_whole
from orchestrator.yaml_files.wording import shown, wrong_value

Name = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]


class Baseline(NamedTuple):
    """A JSON report, read back."""

    partitions: tuple[Partition, ...]
    """Without dendrograms and mantissa bits, which are not in it."""
    compare: tuple[str, ...] = ()
    """The axes of its members, and these; it says neither of platforms."""
    members: tuple[str, ...] = ()


def read_baseline(path: Path) -> Baseline:
    """Raises ``UsageError`` that names the file, the place in it and what is wrong."""
    if path.is_dir():
        raise UsageError(f"{path}: a folder; read it as a store, or name a JSON report")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    return _parsed(path, content)


def write_baseline(path: Path, report: Mapping[str, Any]) -> Baseline:
    """Make ``report`` (the current JSON report) the baseline: written whole or not at all.

    Checked as strictly as on reading and before the old file is touched; returns what it says.
    """
    if path.is_dir():
        raise UsageError(f"{path}: a folder; a baseline that is accepted into is a JSON file")
    content = (json.dumps(report, indent=2) + "\n").encode()
    found = _parsed(path, content)
    write_whole(path, content)
    return found


class _Part(BaseModel):
    # Unknown keys are from a later version of the contract, which only ever adds.
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Class(_Part):
    id: Name
    number: Annotated[int, Field(ge=1)]
    platforms: Annotated[list[Name], Field(min_length=1)]
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    type: str | None = None
    chain: list[Annotated[str, Field(pattern="^[0-9a-f]{16}$")]] | None = None


class _Settings(_Part):
    framework: str | None
    pin: str | None = None
    requires: list[str] = []
    precision: str | None
    threads: int | None
    batch: int | None
    device: str | None
    environment: dict[str, Scalar]
    flags: dict[str, Scalar] | None
    row: str | None = None
    stated: bool = False


class _Software(_Part):
    id: str | None = None
    framework: str | None = None
    version: str | None = None
    packages: dict[str, str] = {}
    python: str | None = None
    runner: str | None = None


class _Missing(_Part):
    platform: Name
    status: str
    reason: str


class _Partition(_Part):
    workload: str
    input: str
    variant: str
    output: str
    computed_by: str | None = None
    sessions: Count
    remaining_precision: Count | None
    classes: list[_Class]
    nondeterministic: list[Name]
    missing: list[_Missing]
    not_available: list[_Missing] = []
    settings: _Settings | None = None
    software: list[_Software] = []


class _Report(_Part):
    schema_: Annotated[Literal[1, 2], Field(alias="schema")]
    partitions: list[_Partition]
    compare: list[Name] = []
    members: list[Name] = []


def _parsed(path: Path, content: bytes) -> Baseline:
    try:
        report = _Report.model_validate_json(content)
    except ValidationError as error:
        raise UsageError(f"{path}: not a JSON report of eqc\n{_mistakes(error)}") from error
    partitions = tuple(_partition(path, parsed) for parsed in report.partitions)
    keys = [partition.key for partition in partitions]
    _refuse(path, "partition", "the report", (" · ".join(key) for key in keys))
    return Baseline(partitions, tuple(report.compare), tuple(report.members))


def _mistakes(error: ValidationError) -> str:
    found = error.errors(include_url=False)
    lines = [f"  {_mistake(mistake)}" for mistake in found[:5]]
    if len(found) > len(lines):
        lines.append(f"  and {len(found) - len(lines)} more")
    return "\n".join(lines)


def _mistake(error: ErrorDetails) -> str:
    place = ".".join(str(part) for part in error["loc"]) or "file"
    if error["type"] == "json_invalid":
        return f"{place}: no JSON, or not all of it"
    if error["type"] == "missing":
        return f"{place}: is missing"
    if error["type"] == "literal_error":
        expected = str(error.get("ctx", {}).get("expected"))
        return f"{place}: should be {expected}, not {shown(error['input'])}"
    return wrong_value(place, [error], None)


def _partition(path: Path, parsed: _Partition) -> Partition:
    key = (parsed.workload, parsed.input, parsed.variant, parsed.output)
    where = " · ".join(key)
    placed = [name for group in parsed.classes for name in group.platforms]
    lacking = (absent.platform for absent in (*parsed.missing, *parsed.not_available))
    _refuse(path, "platform", where, [*placed, *lacking])
    _refuse(path, "class id", where, (group.id for group in parsed.classes))
    _refuse(path, "class number", where, (str(group.number) for group in parsed.classes))
    strange = sorted(set(parsed.nondeterministic) - set(placed))
    if strange:
        raise UsageError(f"{path}: {where}: {strange[0]!r} is non-deterministic but in no class")
    return Partition(
        *key,
        sessions=parsed.sessions,
        remaining_precision=parsed.remaining_precision,
        mantissa_bits=None,
        classes=tuple(
            EqClass(
                group.id,
                group.number,
                tuple(sorted(group.platforms)),
                (group.digest,) if group.digest else (),
                group.type,
                links_of(group.chain),
            )
            for group in sorted(parsed.classes, key=lambda group: group.number)
        ),
        nondeterministic=tuple(sorted(parsed.nondeterministic)),
        missing=_lacking(parsed.missing),
        dendrogram=None,
        settings=_settings(parsed),
        software=tuple(SoftwareRecord(**one.model_dump()) for one in parsed.software),
        computed_by=parsed.computed_by,
        not_available=_lacking(parsed.not_available),
    )


def _lacking(parsed: Iterable[_Missing]) -> tuple[Missing, ...]:
    return tuple(
        Missing(absent.platform, absent.status, absent.reason)
        for absent in sorted(parsed, key=lambda absent: absent.platform)
    )


def _settings(parsed: _Partition) -> VariantRecord | None:
    if parsed.settings is None:
        return None
    known = parsed.settings.model_dump()
    return VariantRecord(
        parsed.variant, parsed.variant, **{**known, "requires": tuple(known["requires"])}
    )


def _refuse(path: Path, what: str, where: str, values: Iterable[str]) -> None:
    """Raise for the first value that comes twice."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise UsageError(f"{path}: {where}: {what} {value!r} is there twice")
        seen.add(value)

"""``eqc cpus``: which CPUs an experiment may name, and which of them this computer contains."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.table import Table

from orchestrator.cli.terminal import console
from orchestrator.cpuid.containment import lacking
from orchestrator.cpuid.from_fingerprint import Described, NoTable, described
from orchestrator.cpuid.models import is_as_answered, model_names, model_table
from orchestrator.cpuid.platforms import THIS
from orchestrator.cpuid.stores import fingerprints_in, read_json, store_in
from orchestrator.cpuid.table import CpuidTable
from orchestrator.errors import UsageError
from orchestrator.executors.process import probe
from orchestrator.model.experiment import Json

_WIDEST = ("amx_tile", "avx512f", "avx2", "avx", "sse4_2", "sse2")


@dataclass(frozen=True)
class _Cpu:
    name: str
    source: str
    cpu: Described | None
    why_not: str | None = None
    """Why it is none, where it is none."""


def cpus(store: Path | None, *, here: bool, as_json: bool) -> None:
    """Carry out ``eqc cpus``."""
    host = _host()
    found = _models(host) if store is None else _stored(store)
    rows = [(each, _lacking(each, host)) for each in found]
    if here:
        rows = [(each, lacks) for each, lacks in rows if each.cpu is not None and lacks == ()]
    if as_json:
        click.echo(json.dumps({"schema": 1, "cpus": [_json(each, lacks) for each, lacks in rows]}))
        return
    contained = sum(each.cpu is not None and lacks == () for each, lacks in rows)
    table = Table(title=f"{contained} of {len(rows)} names can be presented here")
    for heading in ("cpu", "vendor", "family/model", "widest", "caches", "from", "here"):
        table.add_column(heading, overflow="fold")
    for each, lacks in _joined(rows) if store is None else rows:
        table.add_row(*_row(each, lacks))
    console().print(table)


_Rows = list[tuple[_Cpu, tuple[str, ...]]]


def _joined(rows: _Rows) -> _Rows:
    """Names of one table in one row: QEMU's versions and aliases."""
    names: dict[str, list[str]] = {}
    first: dict[str, tuple[_Cpu, tuple[str, ...]]] = {}
    for each, lacks in rows:
        key = each.name if each.cpu is None else each.cpu.table.digest
        names.setdefault(key, []).append(each.name)
        first.setdefault(key, (each, lacks))
    return [
        (replace(each, name=", ".join(names[key])), lacks) for key, (each, lacks) in first.items()
    ]


def _host() -> CpuidTable | None:
    try:
        return described(probe()).table
    except NoTable:
        return None


def _models(host: CpuidTable | None) -> list[_Cpu]:
    own = [] if host is None else [_Cpu(THIS, "this computer", Described(host))]
    return own + [
        _Cpu(
            name,
            "QEMU's answer" if is_as_answered(name) else "QEMU's definition",
            Described(model_table(name)),
        )
        for name in model_names()
    ]


def _stored(path: Path) -> list[_Cpu]:
    folder = store_in(path)
    if folder is None:
        raise UsageError(f"{path} is no store: it has no folder observations")
    return [_of_file(f"{path}:{name}", file) for name, file in fingerprints_in(folder).items()]


def _of_file(name: str, file: Path) -> _Cpu:
    try:
        return _Cpu(name, "its fingerprint", described(read_json(file)))
    except (NoTable, OSError, ValueError) as error:
        return _Cpu(name, "its fingerprint", None, str(error))


def _lacking(each: _Cpu, host: CpuidTable | None) -> tuple[str, ...]:
    return () if host is None or each.cpu is None else lacking(each.cpu.table, host)


def _here(each: _Cpu, lacks: tuple[str, ...]) -> str:
    if each.why_not is not None:
        return f"no: {each.why_not}"
    return f"lacks {', '.join(lacks)}" if lacks else "yes"


def _row(each: _Cpu, lacks: tuple[str, ...]) -> tuple[str, ...]:
    here = _here(each, lacks)
    if each.cpu is None:
        return (each.name, "", "", "", "", each.source, here)
    table = each.cpu.table
    known = table.signature
    sizes = ", ".join(f"{name} {_size(size)}" for name, size in table.caches.items())
    return (
        each.name,
        table.vendor,
        f"{known['family']}/{known['model']}",
        next((flag for flag in _WIDEST if flag in table.flags), ""),
        sizes + (" (assumed)" if each.cpu.assumed else ""),
        each.source,
        here,
    )


def _size(size: int) -> str:
    return f"{size >> 20} MiB" if size % (1 << 20) == 0 else f"{size >> 10} KiB"


def _json(each: _Cpu, lacks: tuple[str, ...]) -> Json:
    table = None if each.cpu is None else each.cpu.table
    caches: Mapping[str, int] = {} if table is None else table.caches
    flags: list[Json] = [] if table is None else [*sorted(table.flags)]
    return {
        "name": each.name,
        "from": each.source,
        "vendor": None if table is None else table.vendor,
        **({} if table is None else dict(table.signature)),
        "caches": dict(caches),
        "flags": flags,
        "assumed": [] if each.cpu is None else list(each.cpu.assumed),
        "lacking": list(lacks),
        "here": each.cpu is not None and not lacks,
        "why_not": each.why_not,
    }

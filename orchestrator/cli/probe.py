"""Commands about this computer: ``probe`` and ``images``."""

from __future__ import annotations

import json
import platform

import click
from rich.table import Table

from orchestrator import catalog
from orchestrator.catalog.approximate_units import NONE, approximation_units
from orchestrator.cli.terminal import console
from orchestrator.executors.process import probe as probe_computer
from orchestrator.images import ImageBuilder, connect
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.store.parse_fingerprint import parse_fingerprint


def probe(*, as_json: bool) -> None:
    """Carry out ``eqc probe``."""
    document = probe_computer()
    if as_json:
        click.echo(json.dumps(document, indent=1, sort_keys=True))
        return
    fingerprint = parse_fingerprint(document)
    cpu = fingerprint.cpu
    caches = [f"L{c.level} {c.type} {(c.bytes or 0) // 1024} KiB" for c in cpu.caches or ()]
    rows = {
        "host": platform.node(),
        "architecture": cpu.architecture,
        "vendor": cpu.vendor,
        "brand": cpu.brand,
        "microarchitecture": cpu.microarchitecture,
        "family/model/stepping": f"{cpu.family}/{cpu.model}/{cpu.stepping}",
        "microcode": cpu.microcode,
        "logical CPUs": fingerprint.logical_cpus,
        "memory": f"{(fingerprint.memory_bytes or 0) / 2**30:.1f} GiB",
        "hypervisor": cpu.hypervisor,
        "caches": ", ".join(caches),
        "GPUs": ", ".join(gpu.name or "?" for gpu in fingerprint.gpus or ()) or "none",
        "flags": " ".join(cpu.flags or ()),
        **_units(fingerprint),
        "only by executing CPUID": " ".join(cpu.disagreement.only_cpuid) or "none",
        "only by the kernel": " ".join(cpu.disagreement.only_kernel) or "none",
    }
    table = Table(show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, "unknown" if value is None else str(value))
    for path, reason in fingerprint.unread.items():
        table.add_row(f"missing {path}", reason)
    console().print(table)


def _units(fingerprint: Fingerprint) -> dict[str, str]:
    """Who made what computes approximate instructions, by group, where the CPU has any of it."""
    units = approximation_units(fingerprint.approximation or {})
    return {group: unit for group, unit in units.items() if unit != NONE}


def images(names: tuple[str, ...], arch: str) -> None:
    """Carry out ``eqc images``."""
    builder = ImageBuilder(connect(), lambda text: click.echo(text, err=True))
    for name in names or sorted(catalog.frameworks()):
        image = builder.ensure(name, arch)
        click.echo(f"{image.reference} {image.digest}")

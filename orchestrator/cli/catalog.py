"""``eqc catalog``: search machine types and prices, or renew them from the providers' APIs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table

from orchestrator import catalog as known
from orchestrator.cli.terminal import console
from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.model.experiment import Json
from orchestrator.model.machine import ProviderError
from orchestrator.plan.cost import dollars
from orchestrator.system.files import write_whole

COLUMNS = (
    "type",
    "vCPUs",
    "GiB",
    "arch",
    "vendor",
    "microarchitectures",
    "GPU",
    "USD/h",
    "spot",
    "in",
)


@click.pass_context
def catalog(
    context: click.Context,
    providers: tuple[str, ...],
    families: tuple[str, ...],
    sizes: tuple[str, ...],
    microarchitectures: tuple[str, ...],
    vendors: tuple[str, ...],
    gpus: tuple[str, ...],
    architectures: tuple[str, ...],
    max_price: float | None,
    regions: tuple[str, ...],
    format_: str,
) -> None:
    """Carry out ``eqc catalog``."""
    if context.invoked_subcommand is not None:
        return
    found = known.select(
        (t for p in providers or known.PROVIDERS for t in known.machine_types(p).values()),
        families=families,
        sizes=sizes,
        microarchitectures=microarchitectures,
        vendors=vendors,
        gpus=gpus,
        architectures=architectures,
        regions=regions,
        max_price=max_price,
    )
    if format_ == "json":
        click.echo(json.dumps({"schema": 1, "types": [_json(each, regions) for each in found]}))
    elif format_ == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("provider", *COLUMNS))
        writer.writerows((each.provider, *_row(each, regions)) for each in found)
    else:
        _print(found, regions)


def refresh(
    provider: str, regions: tuple[str, ...], project: str | None, folder: Path | None
) -> None:
    """Carry out ``eqc catalog refresh``."""
    folder = folder or known.refreshed_folder()
    documents = _aws(regions) if provider == "aws" else _gcp(regions, project)
    for name, document in documents.items():
        path = folder / f"{provider}_{name}.json"
        write_whole(path, known.list_text(document).encode())
        click.echo(path)


def _aws(regions: Sequence[str]) -> dict[str, dict[str, Json]]:
    try:
        # Imported here: the SDK is an optional dependency, and a search does not need it.
        from orchestrator.providers.aws import catalog as aws_catalog  # noqa: PLC0415
        from orchestrator.providers.aws.clients import Clients  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _lacking("aws", error) from error
    clients = Clients()
    today = datetime.now(UTC).date().isoformat()
    try:
        wanted = regions or clients.enabled_regions()
        return {
            "machine_types": aws_catalog.machine_types_document(clients.reading, wanted),
            "prices": aws_catalog.prices_document(clients.reading, wanted, today),
        }
    except ProviderError as error:
        raise EnvironmentNotReady(str(error)) from error


def _gcp(regions: Sequence[str], project: str | None) -> dict[str, dict[str, Json]]:
    try:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
        from google.cloud import compute_v1  # noqa: PLC0415

        from orchestrator.providers.gcp import catalog as gcp_catalog  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _lacking("gcp", error) from error
    if not project:
        raise UsageError("name the project: --project, or GOOGLE_CLOUD_PROJECT")
    try:
        client = compute_v1.MachineTypesClient()
        return {"machine_types": gcp_catalog.machine_types_document(client, project, regions)}
    except (GoogleAuthError, ProviderError) as error:
        raise EnvironmentNotReady(str(error)) from error


def _lacking(extra: str, error: ModuleNotFoundError) -> EnvironmentNotReady:
    return EnvironmentNotReady(
        f"{error.name} is not installed: pip install 'eqc-orchestrator[{extra}]'"
    )


def _print(found: Sequence[known.MachineType], regions: Sequence[str]) -> None:
    table = Table(title=f"{len(found)} machine types")
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in ("vCPUs", "GiB", "USD/h") else "left")
    for each in found:
        table.add_row(*_row(each, regions))
    screen = console()
    screen.print(table)
    dates = sorted({each.price_date for each in found if each.price_date})
    unpriced = sum(not each.prices for each in found)
    if dates:
        screen.print(f"lowest price on demand; prices of {', '.join(dates)}; {unpriced} have none")


def _row(each: known.MachineType, regions: Sequence[str]) -> tuple[str, ...]:
    best = _best(each, regions)
    return (
        each.name,
        str(each.vcpus),
        f"{each.memory_bytes / 2**30:g}",
        each.architecture,
        " or ".join(each.vendors) or "unknown",
        ", ".join(each.microarchitectures) or "unknown",
        f"{each.gpus} {each.gpu}" if each.gpu else "",
        "unknown" if best is None or best.on_demand is None else dollars(best.on_demand),
        "unknown" if best is None or best.spot is None else dollars(best.spot),
        "" if best is None else best.region,
    )


def _best(each: known.MachineType, regions: Sequence[str]) -> known.Price | None:
    offers = [p for p in each.prices if not regions or p.region in regions]
    return min(offers, key=lambda p: p.on_demand or float("inf"), default=None)


def _json(each: known.MachineType, regions: Sequence[str]) -> Json:
    return {
        "provider": each.provider,
        "name": each.name,
        "family": each.family,
        "size": each.size,
        "vcpus": each.vcpus,
        "memory_bytes": each.memory_bytes,
        "architecture": each.architecture,
        "vendors": list(each.vendors),
        "microarchitectures": list(each.microarchitectures),
        "gpu": each.gpu,
        "gpus": each.gpus,
        "quota": each.quota.code if each.quota else None,
        "spot_quota": each.spot_quota.code if each.spot_quota else None,
        "source": each.source,
        "prices": [
            {"region": p.region, "on_demand": p.on_demand, "spot": p.spot, "date": p.date}
            for p in each.prices
            if not regions or p.region in regions
        ],
    }

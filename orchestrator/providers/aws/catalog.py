"""EC2's machine types and prices from its own APIs, as files of the catalogue.

Run against moto for the calls and their paging; the price list of the Pricing API, which moto does
not have, was never read from AWS itself: its shape is the documented one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from orchestrator import catalog
from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.experiment import Json
from orchestrator.model.machine import ProviderError
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import translated

SOURCE = "EC2 DescribeInstanceTypes"
PRICE_SOURCE = "AWS Pricing GetProducts, EC2 DescribeSpotPriceHistory"
_VENDORS = {"Intel": "Intel", "AMD": "AMD", "AWS": "Arm", "Ampere": "Arm"}
_NO_USE = ("InferenceAcceleratorInfo", "FpgaInfo", "MediaAcceleratorInfo", "NeuronInfo")
"""Types rented for what no framework here computes on."""

Client = Callable[[str, str], Any]
"""(service, region) → a boto3 client."""


def refreshed(regions: Sequence[str], _project: str | None) -> dict[str, Json]:
    """Both lists anew, by kind. Raises ``EnvironmentNotReady`` where AWS cannot be asked."""
    clients = Clients()
    today = datetime.now(UTC).date().isoformat()
    try:
        wanted = regions or clients.enabled_regions()
        return {
            "machine_types": machine_types_document(clients.reading, wanted),
            "prices": prices_document(clients.reading, wanted, today),
        }
    except ProviderError as error:
        raise EnvironmentNotReady(str(error)) from error


def machine_types_document(client: Client, regions: Sequence[str]) -> dict[str, Json]:
    """All types that ``regions`` offer, in the format of ``aws_machine_types.json``.

    Raises ``ProviderError``, as ``prices_document`` does.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for region in regions:
        with translated(f"ec2:DescribeInstanceTypes in {region}"):
            pages = client("ec2", region).get_paginator("describe_instance_types").paginate()
            for page in pages:
                found.update({each["InstanceType"]: each for each in page["InstanceTypes"]})
    return types_document({SOURCE: found.values()})


def types_document(descriptions: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, Json]:
    """Descriptions as EC2 gives them, by their source, in the format of the catalogue."""
    rows: dict[str, Json] = {}
    families: dict[str, Json] = {}
    for source, given in descriptions.items():
        usable = sorted((each for each in given if _usable(each)), key=lambda e: e["InstanceType"])
        rows[source] = [_row(each) for each in usable]
        for each in usable:
            name = each["InstanceType"].partition(".")[0]
            if name not in catalog.families("aws"):
                families[name] = _unknown_family(each)
    return {"schema": 1, "families": families, "types": rows}


def prices_document(client: Client, regions: Sequence[str], date: str) -> dict[str, Json]:
    """On-demand and spot prices of Linux in ``regions``, as ``aws_prices.json`` has them."""
    on_demand: dict[str, dict[str, float]] = {}
    spot: dict[str, dict[str, float]] = {}
    # The Pricing API answers for all regions in a few of them; us-east-1 is the documented one.
    pricing = client("pricing", "us-east-1")
    for region in regions:
        with translated(f"pricing:GetProducts of {region}"):
            for name, price in _on_demand(pricing, region):
                on_demand.setdefault(name, {})[region] = price
        with translated(f"ec2:DescribeSpotPriceHistory in {region}"):
            for name, price in _spot(client("ec2", region)):
                known = spot.setdefault(name, {})
                known[region] = min(price, known.get(region, price))
    return catalog.price_document(PRICE_SOURCE, date, regions, on_demand, spot)


def _usable(description: Mapping[str, Any]) -> bool:
    architectures = description["ProcessorInfo"]["SupportedArchitectures"]
    # A Mac is had as a dedicated host for a day at least.
    return not any(key in description for key in _NO_USE) and bool(
        {"x86_64", "arm64"} & set(architectures)
    )


def _row(description: Mapping[str, Any]) -> Json:
    row: list[Json] = [
        description["InstanceType"],
        description["VCpuInfo"]["DefaultVCpus"],
        description["MemoryInfo"]["SizeInMiB"],
    ]
    gpus = description.get("GpuInfo", {}).get("Gpus", ())
    if gpus:
        name = gpus[0]["Name"]
        # A part of a GPU counts as 0 there.
        count = sum(gpu["Count"] for gpu in gpus) or 1
        row += [catalog.gpu_name("aws", name), count]
    return row


def _unknown_family(description: Mapping[str, Any]) -> Json:
    """A family that is newer than the catalogue: what it may get is not known."""
    processor = description["ProcessorInfo"]
    vendor = _VENDORS.get(processor.get("Manufacturer", ""))
    return {
        "architecture": "arm64" if "arm64" in processor["SupportedArchitectures"] else "x86_64",
        "vendors": [vendor] if vendor else [],
        "microarchitectures": [],
        "quota": None,
    }


def _on_demand(pricing: Any, region: str) -> Iterator[tuple[str, float]]:
    wanted = {
        "regionCode": region,
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "tenancy": "Shared",
        "capacitystatus": "Used",
    }
    filters = [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in wanted.items()]
    pages = pricing.get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=filters)
    for page in pages:
        for text in page["PriceList"]:
            product = json.loads(text)
            name = product["product"]["attributes"].get("instanceType")
            for term in product.get("terms", {}).get("OnDemand", {}).values():
                for dimension in term["priceDimensions"].values():
                    price = float(dimension["pricePerUnit"].get("USD", 0))
                    if name and dimension["unit"] == "Hrs" and price > 0:
                        yield name, price


def _spot(ec2: Any) -> Iterator[tuple[str, float]]:
    """The newest price of each type in each zone: from now on, which gives the current ones."""
    pages = ec2.get_paginator("describe_spot_price_history").paginate(
        ProductDescriptions=["Linux/UNIX"], StartTime=datetime.now(UTC)
    )
    for page in pages:
        for entry in page["SpotPriceHistory"]:
            price = float(entry["SpotPrice"])
            if price > 0:
                yield entry["InstanceType"], price

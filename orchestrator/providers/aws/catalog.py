"""EC2's machine types and prices from its own APIs, in the format of the catalogue's files.

Calls and paging were tested against moto. The price list of the Pricing API, which moto does not
have, was never read from AWS itself: its format is from the documentation.
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
"""Keys of types with accelerators that no framework here computes on."""

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
    """All types in ``regions``, in the format of ``aws_machine_types.json``.

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
    """EC2's descriptions of types (source → descriptions), in the format of the catalogue."""
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
    """On-demand and spot prices of Linux in ``regions``, in the format of ``aws_prices.json``.

    ``date``: of the prices, ``YYYY-MM-DD``. Raises ``ProviderError``.
    """
    on_demand: dict[str, dict[str, float]] = {}
    spot: dict[str, dict[str, float]] = {}
    # The Pricing API is in a few regions only and has the prices of all; us-east-1 is documented.
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
    # Macs, which have neither architecture, are rented by the day as dedicated hosts only.
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
        # EC2 gives the count 0 for a part of a GPU.
        count = sum(gpu["Count"] for gpu in gpus) or 1
        row += [catalog.gpu_name("aws", name), count]
    return row


def _unknown_family(description: Mapping[str, Any]) -> Json:
    """A family that is newer than the catalogue: its microarchitectures are not known."""
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
    """The current price of each type in each zone: all that EC2 returns for a start time of now."""
    pages = ec2.get_paginator("describe_spot_price_history").paginate(
        ProductDescriptions=["Linux/UNIX"], StartTime=datetime.now(UTC)
    )
    for page in pages:
        for entry in page["SpotPriceHistory"]:
            price = float(entry["SpotPrice"])
            if price > 0:
                yield entry["InstanceType"], price

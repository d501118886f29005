"""Machine types of EC2 and Compute Engine: size, possible CPUs, GPUs, quota and prices."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from orchestrator.catalog.lists import PROVIDERS, lists, read, refreshed_folder
from orchestrator.catalog.prices import Price, prices
from orchestrator.model.machine import Unavailable
from orchestrator.model.selection import family_and_size

_CUSTOM = re.compile(r"(?:([a-z0-9]+)-)?custom-(\d+)-(\d+)(?:-ext)?")


@dataclass(frozen=True)
class Quota:
    """A provider's limit on machines that run at once in a region; ``code`` is the provider's."""

    code: str
    name: str
    unit: str
    """``vCPUs`` or ``GPUs``: what the limit counts."""


@dataclass(frozen=True)
class MachineType:
    """One row of the catalogue."""

    provider: str
    name: str
    family: str
    size: str
    vcpus: int
    memory_bytes: int
    architecture: str
    """``x86_64`` or ``arm64``."""
    vendors: tuple[str, ...]
    """Possible vendors of its CPU: ``Intel``, ``AMD``, ``Arm``."""
    microarchitectures: tuple[str, ...]
    """Possible microarchitectures, named as in fingerprints; empty: not known."""
    gpu: str | None
    gpus: int
    quota: Quota | None
    spot_quota: Quota | None
    source: str
    """The document or API that the row is from."""
    prices: tuple[Price, ...]

    @property
    def vendor(self) -> str | None:
        """The vendor of its CPU; ``None`` where there are several possible ones."""
        return self.vendors[0] if len(self.vendors) == 1 else None

    @property
    def price_date(self) -> str | None:
        """The date of the oldest price; ``None``: no price is known."""
        return min((price.date for price in self.prices), default=None)


def machine_types(provider: str) -> Mapping[str, MachineType]:
    """All of a provider's types by name; ``provider`` is one of ``lists.PROVIDERS``."""
    return _types(provider, refreshed_folder())


def machine_type(provider: str, name: str) -> MachineType:
    """A type by name, also a custom one where there are such. Raises ``Unavailable``."""
    known = machine_types(provider).get(name)
    if known is None:
        known = _custom(provider, name)
    if known is None:
        raise Unavailable(
            "unknown-machine-type",
            f"the catalogue has no {provider} machine type {name}: see eqc catalog, or renew it "
            f"with eqc catalog refresh --provider {provider}",
        )
    return known


def families(provider: str) -> Mapping[str, Any]:
    """By family, what the providers' APIs do not say (``<provider>_families.json``)."""
    return MappingProxyType(read(f"{provider}_families.json")["families"])


def custom_family(provider: str) -> str | None:
    """The family of a custom type whose name has none; ``None``: there are no custom types."""
    family: str | None = read(f"{provider}_families.json").get("custom_family")
    return family


def gpu_name(provider: str, name: str) -> str:
    """The catalogue's name of the GPU that ``provider`` calls ``name``; ``name`` if none."""
    return str(read(f"{provider}_families.json")["gpu_names"].get(name, name))


def attachable(provider: str, gpu: str) -> Mapping[str, Any] | None:
    """How a GPU is attached to machines that have none: ``accelerator``, ``families``, ``quota``.

    ``None`` where it is not: Compute Engine alone does that.
    """
    found = read(f"{provider}_families.json").get("attachable", {}).get(gpu)
    return None if found is None else MappingProxyType(found)


def cpu_platforms() -> Mapping[str, str]:
    """Compute Engine's names of CPU platforms, to names of microarchitectures."""
    known: dict[str, str] = {}
    for provider in PROVIDERS:
        known |= read(f"{provider}_families.json").get("cpu_platforms", {})
    return MappingProxyType(known)


def quota_of(provider: str, key: str | None, *, spot: bool) -> Quota | None:
    """The quota called ``key`` in the families' file; ``None``: not known, or not for sale."""
    entry = read(f"{provider}_families.json")["quotas"].get(key)
    code = entry and entry["spot" if spot else "on_demand"]
    if not code:
        return None
    return Quota(code, f"{entry['name']}, spot" if spot else entry["name"], entry["unit"])


def select(
    types: Iterable[MachineType],
    *,
    families: Container[str] = (),
    sizes: Container[str] = (),
    microarchitectures: Iterable[str] = (),
    vendors: Iterable[str] = (),
    gpus: Container[str] = (),
    architectures: Container[str] = (),
    regions: Container[str] = (),
    max_price: float | None = None,
) -> tuple[MachineType, ...]:
    """The types that match one value of every argument given; an empty argument matches all.

    ``max_price`` (US dollars per hour, on demand): a type needs a known price, in one of
    ``regions``, that is not above it.
    """
    marches, cores = set(microarchitectures), set(vendors)

    def fits(each: MachineType) -> bool:
        offers = [p for p in each.prices if not regions or p.region in regions]
        return (
            (not families or each.family in families)
            and (not sizes or each.size in sizes)
            and (not marches or bool(marches & set(each.microarchitectures)))
            and (not cores or bool(cores & set(each.vendors)))
            and (not gpus or each.gpu in gpus)
            and (not architectures or each.architecture in architectures)
            and (not regions or bool(offers))
            and (max_price is None or any((p.on_demand or 9e9) <= max_price for p in offers))
        )

    return tuple(each for each in types if fits(each))


@cache
def _types(provider: str, folder: Path) -> Mapping[str, MachineType]:
    found: dict[str, MachineType] = {}
    for document in lists(provider, "machine_types", folder):
        known = {**document["families"], **families(provider)}
        for source, rows in document["types"].items():
            for row in rows:
                if row[0] not in found:
                    found[row[0]] = _machine_type(provider, known, source, row)
    return MappingProxyType(found)


def _machine_type(
    provider: str, known: Mapping[str, Any], source: str, row: list[Any]
) -> MachineType:
    name, vcpus, mebibytes, gpu, gpus = row if len(row) == 5 else (*row, None, 0)
    family, size = family_and_size(name)
    about = known[family]
    quota = about.get("size_quotas", {}).get(size, about["quota"])
    return MachineType(
        provider=provider,
        name=name,
        family=family,
        size=size,
        vcpus=vcpus,
        memory_bytes=int(mebibytes * 2**20),
        architecture=about["architecture"],
        vendors=tuple(about["vendors"]),
        microarchitectures=tuple(
            about.get("sizes", {}).get(size, about["microarchitectures"]),
        ),
        gpu=gpu,
        gpus=gpus,
        quota=quota_of(provider, quota, spot=False),
        spot_quota=quota_of(provider, quota, spot=True),
        source=source,
        prices=prices(provider, name),
    )


def _custom(provider: str, name: str) -> MachineType | None:
    """``custom-2-8192``, ``n2-custom-4-16384``: vCPUs and MiB are in the name; no price."""
    match, usual = _CUSTOM.fullmatch(name), custom_family(provider)
    if match is None or usual is None or (match[1] or usual) not in families(provider):
        return None
    about = {**families(provider), "custom": families(provider)[usual]}
    return _machine_type(provider, about, "its name", [name, int(match[2]), int(match[3])])

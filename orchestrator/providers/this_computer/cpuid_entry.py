"""``provider: cpuid`` in an experiment file."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import MinLen
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from orchestrator.cpuid.bits import flag_bits
from orchestrator.cpuid.encoding import CACHE_UNIT, LARGEST_CACHE
from orchestrator.cpuid.from_fingerprint import Described, NoTable, described
from orchestrator.cpuid.models import model_names
from orchestrator.cpuid.platforms import THIS, cpuid_platform
from orchestrator.cpuid.stores import fingerprints_in, read_json, store_in
from orchestrator.cpuid.table import CACHES
from orchestrator.model.experiment import Platform, Scalar
from orchestrator.yaml_files.entry import EntryPlace
from orchestrator.yaml_files.fields import Strict, Words, many, size_in_bytes, word
from orchestrator.yaml_files.mistakes import nearest

VENDORS = ("GenuineIntel", "AuthenticAMD", "HygonGenuine", "CentaurHauls")
"""What processors of x86-64 call their makers."""

Vendor = Annotated[
    str,
    AfterValidator(lambda value: word(value, VENDORS, "vendor")),
    WithJsonSchema({"enum": list(VENDORS), "type": "string"}),
]
Flag = Annotated[str, MinLen(1), AfterValidator(lambda value: word(value, flag_bits(), "flag"))]
Flags = Annotated[
    list[Flag], MinLen(1), BeforeValidator(many, json_schema_input_type=str | list[str])
]
Size = Annotated[int, Field(gt=0), BeforeValidator(size_in_bytes, json_schema_input_type=int | str)]


class Replaced(Strict):
    """What is told of the CPU instead of its own."""

    vendor: Vendor | None = None
    l1d: Size | None = None
    l2: Size | None = None
    l3: Size | None = None
    family: Annotated[int, Field(ge=0, le=270)] | None = None
    model: Annotated[int, Field(ge=0, le=255)] | None = None
    stepping: Annotated[int, Field(ge=0, le=15)] | None = None


class Cpuid(Strict):
    """This computer with CPUID answered as another CPU would: its code at this one's speed."""

    provider: Literal["cpuid"]
    cpu: Words = Field(default=[THIS])
    without: Flags | None = None
    with_: Replaced | None = Field(default=None, alias="with")


def resolve(entry: Cpuid, place: EntryPlace) -> Sequence[Platform]:
    """A platform for each CPU, all with the same changes."""
    values = _values(entry, place)
    without = tuple(entry.without or ())
    platforms = []
    for index, cpu in enumerate(entry.cpu):
        for name, recorded in _cpus(cpu, index, place):
            platforms.append(cpuid_platform(name, without, values, recorded=recorded))
    return platforms


def _values(entry: Cpuid, place: EntryPlace) -> dict[str, Scalar]:
    replaced = entry.with_
    if replaced is None:
        return {}
    values: dict[str, Scalar] = {
        key: value for key, value in replaced.model_dump().items() if value is not None
    }
    for name in CACHES:
        size = values.get(name)
        unit, most = CACHE_UNIT[name], LARGEST_CACHE[name]
        if isinstance(size, int) and (size % unit or size > most):
            text = (
                f"with.{name}: CPUID tells it in steps of {unit >> 10} KiB up to {most >> 10} KiB"
            )
            place.mistake(text, "with", name)
    if not values:
        place.mistake("with: nothing is given; like {vendor: GenuineIntel, l1d: 32 KiB}", "with")
    family, model = values.get("family"), values.get("model")
    if isinstance(family, int) and family < 6 and isinstance(model, int) and model > 15:
        place.mistake(f"with.model: family {family} has models up to 15", "with", "model")
    return values


def _cpus(cpu: str, index: int, place: EntryPlace) -> Sequence[tuple[str, Described | None]]:
    """(name, what was recorded of it): one, or of a store's platforms all that match."""
    if cpu == THIS or cpu in model_names():
        return [(cpu, None)]
    path = place.folder / Path(cpu).expanduser()
    if path.is_file():
        return _recorded(cpu, path, index, place)
    store, colon, platform = cpu.rpartition(":")
    if colon:
        return _of_store(store, platform, index, place)
    if cpu.endswith(".json") or "/" in cpu:
        place.mistake(f"there is no fingerprint {cpu}", "cpu", index)
    else:
        hint = nearest(cpu, (THIS, *model_names()))
        text = f"there is no CPU '{cpu}'{hint}"
        place.mistake(f"{text}; eqc cpus lists what may be named", "cpu", index)
    return ()


def _of_store(
    store: str, platform: str, index: int, place: EntryPlace
) -> Sequence[tuple[str, Described | None]]:
    folder = store_in(place.folder / Path(store).expanduser())
    if folder is None:
        place.mistake(f"{store} is no store: it has no folder observations", "cpu", index)
        return ()
    try:
        known = fingerprints_in(folder)
    except OSError as error:
        place.mistake(f"{store} cannot be read: {error.strerror}", "cpu", index)
        return ()
    chosen = [name for name in known if name == platform or fnmatchcase(name, platform)]
    if not chosen:
        hint = nearest(platform, known) or "; no machine described itself there"
        place.mistake(f"store {store} has no platform '{platform}'{hint}", "cpu", index)
    found: list[tuple[str, Described | None]] = []
    for name in chosen:
        found += _recorded(f"{store}:{name}", known[name], index, place)
    return found


def _recorded(
    name: str, path: Path, index: int, place: EntryPlace
) -> Sequence[tuple[str, Described | None]]:
    try:
        return [(name, described(read_json(path)))]
    except OSError as error:
        place.mistake(f"{name} cannot be read: {error.strerror}", "cpu", index)
    except NoTable as error:
        place.mistake(f"{name}: {error}", "cpu", index)
    except ValueError:
        place.mistake(f"{name}: it is no JSON", "cpu", index)
    return ()

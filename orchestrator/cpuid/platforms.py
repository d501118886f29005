"""Platforms of provider ``cpuid``: a CPU by name, and what is changed of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.cpuid.from_fingerprint import Described
from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.table import CACHES, SIGNATURE, CpuidTable
from orchestrator.model.experiment import Platform, Scalar, pairs
from orchestrator.model.machine import Presented, RecordedCpu

PROVIDER = "cpuid"
THIS = "this"
"""The name of this computer's own CPU."""
REPLACEABLE = ("vendor", *CACHES, *SIGNATURE)
_NOTHING: Mapping[str, Scalar] = {}


def cpuid_platform(
    cpu: str = THIS,
    without: Iterable[str] = (),
    replaced: Mapping[str, Scalar] = _NOTHING,
    *,
    recorded: Described | None = None,
) -> Platform:
    """This computer presented as ``cpu``: a QEMU model, ``this``, or what was ``recorded``.

    ``without``: flags that it has not, with all that need them. ``replaced``: other values by
    ``vendor``, ``l1d``, ``l2``, ``l3`` (bytes), ``family``, ``model``, ``stepping``.
    """
    flags = tuple(sorted(set(without)))
    values = {key: replaced[key] for key in REPLACEABLE if replaced.get(key) is not None}
    shown = [f"{key}={_shown(key, value)}" for key, value in values.items()]
    name = ",".join((cpu, *(f"-{flag}" for flag in flags), *shown))
    parameters: dict[str, Scalar] = {"cpu": cpu, **values}
    if flags:
        parameters["without"] = ",".join(flags)
    placement = None
    if recorded is not None:
        parameters["table"] = recorded.table.digest
        placement = RecordedCpu(recorded.table.presented(cpu, recorded.assumed))
    return Platform(PROVIDER, f"{PROVIDER}/{name}", pairs(parameters), placement)


def presented_cpu(platform: Platform, host: CpuidTable) -> Presented:
    """What this computer, whose own answers are ``host``, is to answer for ``platform``.

    ``KeyError`` where the platform names a CPU that is not known.
    """
    cpu = str(platform.get("cpu"))
    recorded = platform.placement
    assumed: tuple[str, ...] = ()
    if isinstance(recorded, RecordedCpu):
        table, assumed = CpuidTable.of_presented(recorded.presented), recorded.presented.assumed
    else:
        table = host if cpu == THIS else model_table(cpu)
    without = str(platform.get("without") or "")
    table = table.without(without.split(",") if without else ())
    values = {key: platform.get(key) for key in REPLACEABLE if platform.get(key) is not None}
    name = platform.name.partition("/")[2]
    return table.replaced(**values).presented(name, _still(assumed, values))


def _still(assumed: tuple[str, ...], values: Mapping[str, Scalar]) -> tuple[str, ...]:
    """Of what was assumed that which the platform does not say itself."""
    return tuple(each for each in assumed if each.split(" ")[0] not in values)


def _shown(key: str, value: Scalar) -> str:
    """``32 KiB``, where it is a size."""
    if key not in CACHES or not isinstance(value, int):
        return str(value)
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value % size == 0:
            return f"{value // size} {unit}"
    return f"{value} B"

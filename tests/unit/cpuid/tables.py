"""Tables that tests of this folder share."""

from __future__ import annotations

import json
from pathlib import Path

from eqc_runner.probe.decoding import decode
from orchestrator.cpuid.table import CpuidTable

RECORDED = Path(__file__).parents[2] / "data" / "cpuid"
HOSTS = {
    "zen4": "AuthenticAMD--zen-4--native",
    "haswell": "GenuineIntel--haswell--qemu-Haswell",
    "milan": "AuthenticAMD--zen-3--qemu-EPYC-Milan",
    "nehalem": "GenuineIntel--nehalem--qemu-Nehalem",
}


def recorded(name: str) -> CpuidTable:
    document = json.loads((RECORDED / f"{HOSTS[name]}.json").read_text())
    return CpuidTable.parse(document["leaves"], document["xcr0"])


def decoded(table: CpuidTable) -> dict:
    """What the probe says of a machine that answers so."""
    return decode({name: list(four) for name, four in table.presented("x").leaves})


def sizes(table: CpuidTable) -> dict:
    """The probe's caches, by the names of a table."""
    names = {(1, "data"): "l1d", (2, "unified"): "l2", (3, "unified"): "l3"}
    found: dict = {}
    for cache in decoded(table)["caches"] or ():
        name = names.get((cache["level"], cache["type"]))
        if name:
            found.setdefault(name, cache["bytes"])
    return found

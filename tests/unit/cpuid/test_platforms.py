from __future__ import annotations

import pytest

from orchestrator.cpuid.models import model_table
from orchestrator.cpuid.platforms import cpuid_platform, presented_cpu
from orchestrator.cpuid.table import CpuidTable


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (cpuid_platform(), "cpuid/this"),
        (cpuid_platform("Haswell"), "cpuid/Haswell"),
        (cpuid_platform(without=["fma", "avx512f"]), "cpuid/this,-avx512f,-fma"),
        (
            cpuid_platform(replaced={"l1d": 32 << 10, "vendor": "GenuineIntel"}),
            "cpuid/this,vendor=GenuineIntel,l1d=32 KiB",
        ),
        (cpuid_platform(replaced={"l3": 32 << 20, "l2": 512}), "cpuid/this,l2=512 B,l3=32 MiB"),
    ],
)
def test_a_platform_is_called_what_it_is(asked, name: str) -> None:
    assert asked.name == name


def test_this_is_the_host_and_a_model_is_not() -> None:
    host = model_table("EPYC-Milan")
    assert CpuidTable.of_presented(presented_cpu(cpuid_platform(), host)) == host
    other = presented_cpu(cpuid_platform("Nehalem"), host)
    assert CpuidTable.of_presented(other) == model_table("Nehalem")
    assert other.name == "Nehalem"


def test_flags_that_need_one_that_is_gone_go_too() -> None:
    less = presented_cpu(cpuid_platform(without=["avx"]), model_table("Haswell"))
    flags = CpuidTable.of_presented(less).flags
    assert flags.isdisjoint({"avx", "avx2", "fma", "f16c"})
    assert "sse4_2" in flags


def test_an_unknown_cpu_is_named() -> None:
    with pytest.raises(KeyError, match="Haswel"):
        presented_cpu(cpuid_platform("Haswel"), model_table("Haswell"))

"""Decoding of recorded machines. To add a machine, add a file: its name is what is expected.

Files are ``tests/data/cpuid/<vendor>--<microarchitecture>--<where>.json``, made by
``python -m eqc_runner.probe --cpuid``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from eqc_runner.probe.arm import decode_arm
from eqc_runner.probe.decoding import can_read_xcr0, decode, decode_xcr0
from eqc_runner.probe.flags import disagreement
from eqc_runner.probe.leaves import collect
from eqc_runner.probe.tables import table

RECORDED = sorted((Path(__file__).parents[3] / "data" / "cpuid").glob("*.json"))
X86 = [path for path in RECORDED if "HWCAP" not in path.read_text()]
ARM = [path for path in RECORDED if path not in X86]

# QEMU leaves out the flags of a model that it cannot emulate: fma4, sha_ni, rdseed, vaes.
KEY_FLAGS = {
    "nehalem": ("ssse3 sse4_2 popcnt", "avx aes"),
    "westmere": ("sse4_2 aes pclmulqdq", "avx"),
    "sandy-bridge": ("avx aes xsave", "avx2 f16c fma"),
    "ivy-bridge": ("avx f16c rdrand", "avx2 fma"),
    "haswell": ("avx2 fma bmi2 movbe abm", "avx512f adx"),
    "broadwell": ("avx2 fma adx smap", "avx512f xgetbv1"),
    "skylake-client": ("avx2 fma adx xgetbv1", "avx512f sse4a"),
    "piledriver": ("avx fma f16c sse4a pdpe1gb", "avx2 bmi1"),
    "zen": ("avx2 fma sse4a clflushopt mmxext", "avx512f fma4 clwb"),
    "zen-2": ("avx2 fma clwb sse4a umip", "avx512f erms"),
    "zen-3": ("avx2 fma clwb sse4a erms pku", "avx512f"),
    "zen-4": (
        "avx512f avx512_bf16 avx512_vnni avx512vbmi gfni pni lahf_lm",
        "avx512_fp16 amx_tile",
    ),
    "dhyana": ("avx2 fma sse4a", "avx512f"),
    "k8": ("sse4a 3dnow avx2", "avx512f"),
    "neoverse-n1": ("asimd asimddp fphp atomics", "sve i8mm"),
    "a64fx": ("asimd sve fcma", "sve2 asimddp"),
    "cortex-a72": ("asimd crc32", "atomics asimddp"),
}


def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def expectation(path: Path) -> tuple[str, str]:
    vendor, microarchitecture, _ = path.stem.split("--")
    return vendor, microarchitecture


def slug(name: str | None) -> str:
    return "unknown" if name is None else re.sub(r"[^a-z0-9]+", "-", name.lower())


def decoded(path: Path) -> dict[str, Any]:
    leaves = load(path)["leaves"]
    return decode_arm(leaves) if path in ARM else decode(leaves)


def test_the_recorded_machines_are_there() -> None:
    assert len(X86) >= 17
    assert len(ARM) >= 4


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_vendor_and_microarchitecture_are_those_of_the_file_name(path: Path) -> None:
    vendor, microarchitecture = expectation(path)
    cpu = decoded(path)
    assert (cpu["vendor"] or "unknown") == vendor
    assert slug(cpu["microarchitecture"]) == microarchitecture
    assert ("microarchitecture" in cpu["missing"]) == (microarchitecture == "unknown")


@pytest.mark.parametrize(
    "path", [path for path in RECORDED if expectation(path)[1] in KEY_FLAGS], ids=lambda p: p.stem
)
def test_key_flags(path: Path) -> None:
    present, absent = KEY_FLAGS[expectation(path)[1]]
    flags = decoded(path)["flags"]
    assert set(present.split()) <= set(flags)
    assert not set(absent.split()) & set(flags)
    assert flags == sorted(set(flags))


@pytest.mark.parametrize("path", X86, ids=lambda path: path.stem)
def test_every_x86_machine_has_caches_and_a_brand(path: Path) -> None:
    cpu = decoded(path)
    assert [(cache["level"], cache["type"]) for cache in cpu["caches"]] == [
        (1, "data"),
        (1, "instruction"),
        (2, "unified"),
        (3, "unified"),
    ]
    sizes = [cache["bytes"] for cache in cpu["caches"]]
    assert 16 * 1024 <= sizes[0] < sizes[2] < sizes[3]
    assert cpu["brand"]
    assert cpu["brand"] == cpu["brand"].strip()


@pytest.mark.parametrize("path", X86, ids=lambda path: path.stem)
def test_the_hypervisor_tells_emulation_from_silicon(path: Path) -> None:
    native = path.stem.endswith("--native")
    assert decoded(path)["hypervisor"] == ("KVMKVMKVM" if native else "TCGTCGTCGTCG")


@pytest.mark.parametrize("path", X86, ids=lambda path: path.stem)
def test_collecting_from_a_replay_gives_the_record(path: Path) -> None:
    """The recorded leaves contain all that ``collect`` needs to choose the leaves."""
    recorded = load(path)["leaves"]

    def execute(leaf: int, subleaf: int) -> tuple[int, int, int, int]:
        values = recorded.get(f"0x{leaf:x}.{subleaf}", ["0x0"] * 4)
        eax, ebx, ecx, edx = (int(value, 16) for value in values)
        return eax, ebx, ecx, edx

    assert collect(execute) == recorded


@pytest.mark.parametrize("path", X86, ids=lambda path: path.stem)
def test_xcr0_enables_the_registers_of_the_machines_instructions(path: Path) -> None:
    record = load(path)
    assert can_read_xcr0(record["leaves"]) == (record["xcr0"] is not None)
    flags = decoded(path)["flags"]
    if record["xcr0"] is not None:
        states = decode_xcr0(int(record["xcr0"], 16))
        assert (states["avx"], states["avx512"]) == ("avx" in flags, "avx512f" in flags)


@pytest.mark.parametrize("path", X86, ids=lambda path: path.stem)
def test_only_emulation_disagrees_with_the_kernel(path: Path) -> None:
    record = load(path)
    found = disagreement(
        decoded(path)["flags"], record["flags_kernel"].split(), table("x86_flags")["compared"]
    )
    native = path.stem.endswith("--native")
    assert (found == {"only_cpuid": [], "only_kernel": []}) == native
    assert native or "avx512f" in found["only_kernel"]


def test_the_native_record_decodes_to_what_the_kernel_prints() -> None:
    """All flags are compared with those that the recorded machine's kernel had decoded."""
    (path,) = [path for path in X86 if path.stem.endswith("--native")]
    shown = {name for row in table("x86_flags")["registers"] for name in row["shown"].values()}
    kernel = set(load(path)["flags_kernel"].split())
    assert set(decoded(path)["flags"]) & shown == kernel & shown
    assert kernel - shown == {
        "arat", "constant_tsc", "cpuid", "extd_apicid", "nopl", "rep_good", "tsc_known_freq",
        "vmmcall", "xtopology",
    }  # fmt: skip

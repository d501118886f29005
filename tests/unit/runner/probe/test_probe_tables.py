"""The probe's tables, also for processors of which no machine was recorded."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eqc_runner.probe
from eqc_runner.probe.arm import decode_arm, decode_hwcaps, midrs_in_cpuinfo
from eqc_runner.probe.decoding import decode, microarchitecture_name
from eqc_runner.probe.flags import decode_flags, disagreement
from eqc_runner.probe.tables import in_ranges, table

REGISTERS = table("x86_flags")["registers"]

INTEL, AMD = "GenuineIntel", "AuthenticAMD"
KNOWN = [
    (INTEL, 6, 46, 6, "Nehalem"),
    (INTEL, 6, 45, 7, "Sandy Bridge"),
    (INTEL, 6, 63, 2, "Haswell"),
    (INTEL, 6, 79, 1, "Broadwell"),
    (INTEL, 6, 85, 4, "Skylake server"),
    (INTEL, 6, 85, 5, "Cascade Lake"),
    (INTEL, 6, 85, 7, "Cascade Lake"),
    (INTEL, 6, 85, 11, "Cooper Lake"),
    (INTEL, 6, 106, 6, "Ice Lake server"),
    (INTEL, 6, 126, 5, "Ice Lake client"),
    (INTEL, 6, 140, 1, "Tiger Lake"),
    (INTEL, 6, 167, 1, "Rocket Lake"),
    (INTEL, 6, 143, 8, "Sapphire Rapids"),
    (INTEL, 6, 207, 2, "Emerald Rapids"),
    (INTEL, 6, 173, 1, "Granite Rapids"),
    (INTEL, 6, 175, 3, "Sierra Forest"),
    (INTEL, 6, 151, 2, "Alder Lake"),
    (INTEL, 6, 183, 1, "Raptor Lake"),
    (INTEL, 6, 170, 4, "Meteor Lake"),
    (INTEL, 6, 198, 2, "Arrow Lake"),
    (INTEL, 6, 189, 1, "Lunar Lake"),
    (INTEL, 6, 142, 9, "Kaby Lake"),
    (INTEL, 6, 158, 9, "Kaby Lake"),
    (INTEL, 6, 158, 10, "Coffee Lake"),
    (INTEL, 6, 142, 12, "Comet Lake"),
    (INTEL, 6, 165, 5, "Comet Lake"),
    (INTEL, 6, 55, 8, "Silvermont"),
    (INTEL, 6, 190, 0, "Gracemont"),
    (INTEL, 6, 87, 1, "Knights Landing"),
    (INTEL, 6, 133, 0, "Knights Mill"),
    (AMD, 16, 9, 1, "K10"),
    (AMD, 21, 1, 2, "Bulldozer"),
    (AMD, 21, 16, 1, "Piledriver"),
    (AMD, 21, 48, 1, "Steamroller"),
    (AMD, 21, 101, 1, "Excavator"),
    (AMD, 23, 1, 2, "Zen"),
    (AMD, 23, 8, 2, "Zen+"),
    (AMD, 23, 49, 0, "Zen 2"),
    (AMD, 23, 113, 0, "Zen 2"),
    (AMD, 25, 1, 1, "Zen 3"),
    (AMD, 25, 33, 0, "Zen 3"),
    (AMD, 25, 68, 1, "Zen 3+"),
    (AMD, 25, 97, 2, "Zen 4"),
    (AMD, 25, 160, 2, "Zen 4c"),
    (AMD, 26, 2, 1, "Zen 5"),
    (AMD, 26, 17, 0, "Zen 5c"),
    (AMD, 26, 0x44, 0, "Zen 5"),
    (AMD, 26, 0x50, 0, "Zen 6"),
    (AMD, 26, 0x80, 0, "Zen 6"),
    (AMD, 26, 0xCF, 0, "Zen 6"),
    (INTEL, 6, 0xDD, 0, "Clearwater Forest"),
    (INTEL, 6, 0xCC, 0, "Panther Lake"),
    (INTEL, 6, 0xE5, 0, "Panther Lake"),
    (INTEL, 18, 1, 0, "Nova Lake"),
    (INTEL, 18, 3, 0, "Nova Lake"),
    (INTEL, 19, 1, 0, "Diamond Rapids"),
    ("HygonGenuine", 24, 1, 1, "Dhyana"),
    ("CentaurHauls", 7, 59, 0, "LuJiaZui"),
    ("  Shanghai  ", 7, 91, 0, "YongFeng"),
    (INTEL, 6, 85, 15, None),
    (AMD, 6, 60, 4, None),
    (AMD, 99, 0, 0, None),
    ("GenuineNobody", 6, 60, 4, None),
]


@pytest.mark.parametrize(("vendor", "family", "model", "stepping", "name"), KNOWN)
def test_microarchitecture(
    vendor: str, family: int, model: int, stepping: int, name: str | None
) -> None:
    assert microarchitecture_name(vendor, family, model, stepping) == name


@pytest.mark.parametrize("name", ["x86_microarchitectures", "arm_cores"])
def test_the_tables_name_their_sources_and_when_these_were_read(name: str) -> None:
    sources = table(name)["sources"]
    assert sources
    for source in sources:
        assert source["what"]
        date.fromisoformat(source["read"])


def test_parts_of_arm_cores_are_of_named_implementers() -> None:
    cores = table("arm_cores")
    assert cores["parts"].keys() <= cores["implementers"].keys()
    for parts in cores["parts"].values():
        assert all(len(part) == 3 and 0 <= int(part, 16) < 4096 for part in parts)


def test_no_two_rows_name_the_same_processor() -> None:
    """The first row that matches is used, so a second one would be without effect."""
    seen: dict[tuple[str, int, int, int], str] = {}
    for row in table("x86_microarchitectures")["rows"]:
        for model in (m for m in range(256) if in_ranges(m, row["models"])):
            for stepping in (s for s in range(16) if in_ranges(s, row.get("steppings", "0-f"))):
                key = (row["vendor"], row["family"], model, stepping)
                assert seen.setdefault(key, row["name"]) == row["name"], key


def test_a_flag_name_stands_for_one_bit() -> None:
    names = [
        name for row in REGISTERS for kind in ("shown", "hidden") for name in row[kind].values()
    ]
    assert len(names) == len(set(names))
    bits = [
        (row["leaf"], row["register"], bit)
        for row in REGISTERS
        for kind in ("shown", "hidden")
        for bit in row[kind]
    ]
    assert len(bits) == len(set(bits))
    assert all(0 <= int(bit) < 32 for _, _, bit in bits)


def test_what_is_compared_can_be_decoded_and_is_printed() -> None:
    shown = {name for row in REGISTERS for name in row["shown"].values()}
    compared = table("x86_flags")["compared"]
    assert set(compared) < shown
    assert {"avx", "avx2", "fma", "avx512f", "amx_tile", "sse4_2", "pni"} <= set(compared)
    assert not {"constant_tsc", "rep_good", "svm", "pku", "osxsave"} & set(compared)


@pytest.mark.parametrize(
    ("leaf", "register", "bit", "name"),
    [
        ("0x1.0", "ecx", 0, "pni"),
        ("0x1.0", "ecx", 12, "fma"),
        ("0x1.0", "edx", 26, "sse2"),
        ("0x7.0", "ebx", 5, "avx2"),
        ("0x7.0", "ecx", 1, "avx512vbmi"),
        ("0x7.0", "ecx", 11, "avx512_vnni"),
        ("0x7.0", "edx", 23, "avx512_fp16"),
        ("0x7.1", "eax", 4, "avx_vnni"),
        ("0x7.1", "edx", 19, "avx10"),
        ("0xd.1", "eax", 1, "xsavec"),
        ("0x80000001.0", "ecx", 0, "lahf_lm"),
        ("0x80000001.0", "ecx", 16, "fma4"),
        ("0x80000008.0", "ebx", 0, "clzero"),
    ],
)
def test_one_bit_is_one_name(leaf: str, register: str, bit: int, name: str) -> None:
    values = dict.fromkeys(("eax", "ebx", "ecx", "edx"), "0x0")
    values[register] = hex(1 << bit)
    assert decode_flags({leaf: list(values.values())}) == [name]


@given(st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4))
def test_family_and_model_survive_any_signature(values: list[int]) -> None:
    """Any values of the registers can be decoded, also of unknown processors."""
    leaves = {"0x0.0": [hex(v) for v in values], "0x1.0": [hex(v) for v in values]}
    cpu = decode(leaves)
    assert 0 <= cpu["family"] <= 15 + 255
    assert 0 <= cpu["model"] <= 255
    assert cpu["stepping"] == values[0] & 15
    assert {"brand", "caches", "hypervisor"} <= set(cpu["missing"])


def test_a_record_without_leaf_zero_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0x0\.0 is missing"):
        decode({})


def test_old_amd_leaves_describe_caches() -> None:
    signature = ["0x0"] * 4
    leaves = {
        "0x0.0": signature,
        "0x1.0": signature,
        "0x80000005.0": ["0x0", "0x0", hex(16 << 24), hex(64 << 24)],
        "0x80000006.0": ["0x0", "0x0", hex(2048 << 16), hex(12 << 18)],
    }
    assert decode(leaves)["caches"] == [
        {"level": 1, "type": "data", "bytes": 16 * 1024},
        {"level": 1, "type": "instruction", "bytes": 64 * 1024},
        {"level": 2, "type": "unified", "bytes": 2 * 1024**2},
        {"level": 3, "type": "unified", "bytes": 6 * 1024**2},
    ]


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_disagreement_is_the_symmetric_difference_of_what_is_compared(
    executed: set[str], kernel: set[str]
) -> None:
    found = disagreement(executed, kernel, "abcd")
    both = {*found["only_cpuid"], *found["only_kernel"]}
    assert both == (executed ^ kernel) & set("abcd")
    assert set(found["only_cpuid"]) <= executed


GRAVITON2 = """processor\t: 0
BogoMIPS\t: 243.75
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1

processor\t: 1
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1
"""


def test_midr_of_every_processor_from_cpuinfo() -> None:
    assert midrs_in_cpuinfo(GRAVITON2) == [0x413FD0C1] * 2
    assert midrs_in_cpuinfo("processor : 0\nvendor_id : GenuineIntel\n") == []


@pytest.mark.parametrize(
    ("midr", "vendor", "core", "brand"),
    [
        (0x413FD0C1, "Amazon EC2", "Neoverse N1", "AWS Graviton2"),
        (0x411FD401, "Amazon EC2", "Neoverse V1", "AWS Graviton3"),
        (0x410FD4F1, "Amazon EC2", "Neoverse V2", "AWS Graviton4"),
        (0x410FD083, "Amazon EC2", "Cortex-A72", "AWS Graviton"),
        (0x413FD0C1, "Google", "Neoverse N1", "Ampere Altra"),
        (0x413FD0C1, None, "Neoverse N1", None),
        (0x413FD0C1, "QEMU", "Neoverse N1", None),
        (0xC00FAC30, None, "AmpereOne (Ampere-1)", None),
        (0x610F0230, None, "Apple M1 (Firestorm)", None),
        (0x481FD010, None, "Kunpeng 920 (TaiShan v110)", None),
        (0x431F0AF1, None, "ThunderX2", None),
        (0x410FD840, None, "Neoverse V3", None),
        (0x410FD8E0, None, "Neoverse N3", None),
        (0x410FD8A0, None, "C1-Nano", None),
        (0x410FD8B0, None, "C1-Pro", None),
        (0x410FD8C0, None, "C1-Ultra", None),
        (0x410FD900, None, "C1-Premium", None),
        (0x410FD850, None, "Cortex-X925", None),
        (0x410FD870, None, "Cortex-A725", None),
        (0xC00FAC50, None, "AmpereOne (Ampere-1B)", None),
        (0x430F0A00, None, "ThunderX", None),
        (0x430F0B80, None, "ThunderX3", None),
        (0x700F8620, None, "FTC862", None),
        (0x480FD060, None, "Kunpeng (HIP12)", None),
        (0x460F0030, None, "Monaka", None),
        (0x510F0010, None, "Oryon", None),
        (0x4E0F0100, None, "Olympus", None),
        (0x410FD4F0, None, "Neoverse V2", None),
        (0x610F0430, None, "Apple M3 (Everest)", None),
        (0x610F0630, None, "Apple M5 (P core)", None),
        (0x530F0010, None, "Exynos M1", None),
        (0x410FFFF0, None, None, None),
    ],
)
def test_arm_products_need_evidence(
    midr: int, vendor: str | None, core: str | None, brand: str | None
) -> None:
    leaves = {"HWCAP": ["0x0"], "HWCAP2": ["0x0"], "MIDR_EL1": [hex(midr)]}
    cpu = decode_arm(leaves, vendor)
    assert (cpu["microarchitecture"], cpu["brand"]) == (core, brand)
    assert ("brand" in cpu["missing"]) == (brand is None)


def test_without_midr_the_flags_remain() -> None:
    cpu = decode_arm({"HWCAP": ["0x3"], "HWCAP2": ["0x2"]})
    assert cpu["flags"] == ["asimd", "fp", "sve2"]
    assert "MIDR_EL1" in cpu["missing"]["microarchitecture"]


@pytest.mark.parametrize(
    ("hwcap", "hwcap2", "name"),
    [
        (1 << 22, 0, "sve"),
        (1 << 20, 0, "asimddp"),
        (0, 1 << 13, "i8mm"),
        (0, 1 << 14, "bf16"),
        (0, 1 << 37, "sme2"),
        (0, 1 << 63, "poe"),
        (1 << 32, 0, "gcs"),
        (1 << 39, 0, "sveaes2"),
    ],
)
def test_hwcap_bits(hwcap: int, hwcap2: int, name: str) -> None:
    assert decode_hwcaps(hwcap, hwcap2) == [name]


def test_the_probe_is_written_in_python_3_8() -> None:
    """Images may carry an old Python with an old framework."""
    for path in Path(eqc_runner.probe.__file__).parent.glob("*.py"):
        ast.parse(path.read_text(), str(path), feature_version=(3, 8))

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from orchestrator.cpuid.ask_qemu import QEMU, listed
from orchestrator.cpuid.ask_qemu import answered as ask
from orchestrator.cpuid.ask_qemu import dropped as warned_of
from orchestrator.cpuid.models import (
    LATER,
    TSX,
    answered,
    dropped,
    is_as_answered,
    model_names,
    model_table,
)
from orchestrator.cpuid.states import saved_states
from orchestrator.cpuid.table import CpuidTable

from .tables import RECORDED, decoded, sizes


@pytest.mark.parametrize("name", model_names())
def test_a_model_is_what_the_probe_reads_of_it(name: str) -> None:
    table = model_table(name)
    seen = decoded(table)
    assert set(seen["flags"]) == table.flags
    assert "lm" in table.flags
    assert seen["vendor"] == table.vendor
    assert {key: seen[key] for key in table.signature} == dict(table.signature)
    assert sizes(table) == dict(table.caches)
    assert table.xcr0 == saved_states(table.flags)
    assert seen["hypervisor"] is None
    assert CpuidTable.of_presented(table.presented(name)) == table


@pytest.mark.parametrize("name", ["Haswell", "SandyBridge", "EPYC-Milan", "Nehalem"])
def test_models_without_avx512_are_what_qemu_answers(name: str) -> None:
    (path,) = RECORDED.glob(f"*--qemu-{name}.json")
    document = json.loads(path.read_text())
    recorded = CpuidTable.parse(document["leaves"], document["xcr0"])
    assert is_as_answered(name)
    assert model_table(name).flags == recorded.flags - {"hypervisor"}
    assert model_table(name).xcr0 == recorded.xcr0
    assert dict(model_table(name).caches) == dict(recorded.caches)


def test_models_with_avx512_are_as_defined() -> None:
    for name in ("Skylake-Server", "Cascadelake-Server", "Icelake-Server"):
        table = model_table(name)
        assert not is_as_answered(name)
        assert {"avx512f", "avx512bw", "avx512vl"} <= table.flags - answered(name).flags
        assert table.flags - answered(name).flags == dropped(name) - TSX
        assert table.xcr0 & 0xE6 == 0xE6
    assert "avx512vbmi" in model_table("Icelake-Server").flags
    assert "avx512vbmi" not in model_table("Cascadelake-Server").flags


def test_later_models_have_what_their_source_adds() -> None:
    sapphire, genoa = (model_table(name) for name in ("SapphireRapids", "EPYC-Genoa"))
    assert {"amx_tile", "amx_bf16", "avx512_fp16", "avx_vnni"} <= sapphire.flags
    assert sapphire.xcr0 & 0x60000 == 0x60000
    assert sapphire.leaves["0x1d.1"] == (0x04002000, 0x00080040, 0x10, 0)
    assert decoded(sapphire)["microarchitecture"] == "Sapphire Rapids"
    assert "avx512_bf16" in genoa.flags
    assert "amx_tile" not in genoa.flags
    assert decoded(genoa)["microarchitecture"] == "Zen 4"
    assert genoa.caches["l2"] == 1 << 20
    assert set(LATER) <= set(model_names())


def test_the_list_of_qemu_and_its_warnings_are_read() -> None:
    text = (
        "Available CPUs:\n"
        "x86 Haswell               (alias configured by machine type)\n"
        "x86 Haswell-IBRS          (alias of Haswell-v3)\n"
        "x86 Haswell-v1            Intel Core Processor (Haswell)\n"
        "\nRecognized CPUID flags:\n  3dnow abm\n"
    )
    assert list(listed(text)) == [
        ("Haswell", "Haswell-v1"),
        ("Haswell-IBRS", "Haswell-v3"),
        ("Haswell-v1", None),
    ]
    said = "warning: TCG doesn't support requested feature: CPUID.{}H:{}.x [bit {}]\n"
    warnings = said.format("07", "EBX", 16) + said.format("07", "EBX", 17)
    warnings += said.format("0D", "EAX", 1) + said.format("07", "EAX", 5)
    assert warned_of(warnings) == {
        "0x7.0 ebx": "0x30000",
        "0x7.1 eax": "0x20",
        "0xd.1 eax": "0x2",
    }


@pytest.mark.emulated
@pytest.mark.skipif(shutil.which(QEMU) is None, reason="no qemu-x86_64-static")
def test_the_stored_answers_are_those_of_qemu() -> None:
    version = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True)
    if "version 7.2" not in version.stdout:
        pytest.skip("another QEMU than the one that the answers are of")
    assert sys.executable
    asked = ask("Haswell-v1")
    assert asked is not None
    found = CpuidTable.parse(asked)
    assert found.flags - {"hypervisor"} == answered("Haswell").flags
    assert found.leaves["0x4.0"] == answered("Haswell").leaves["0x4.0"]

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cpuid.bits import hidden_flags
from orchestrator.cpuid.from_fingerprint import NoTable, described
from orchestrator.cpuid.models import model_names, model_table

from .tables import RECORDED, decoded, recorded


def fingerprint(**cpu: object) -> dict:
    return {"schema": 1, "cpu": {"architecture": "x86_64", **cpu}}


def test_leaves_that_were_recorded_are_the_table() -> None:
    document = json.loads((RECORDED / "AuthenticAMD--zen-4--native.json").read_text())
    known = fingerprint(leaves=document["leaves"], xcr0={"value": document["xcr0"]})
    found = described(known)
    assert found.table == recorded("zen4")
    assert found.assumed == ()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([n for n in model_names() if n.startswith(("EPYC", "Sky", "Ice", "Has"))]))
def test_flags_vendor_and_signature_make_a_table(name: str) -> None:
    table = model_table(name)
    seen = decoded(table)
    printed = [flag for flag in seen["flags"] if flag not in hidden_flags()]
    found = described(
        fingerprint(
            vendor=table.vendor,
            flags=sorted([*printed, "constant_tsc", "rep_good"]),
            caches=seen["caches"],
            **table.signature,
        )
    )
    hidden = {"osxsave"} & table.flags
    assert found.table.flags == set(printed) | hidden
    assert dict(found.table.signature) == dict(table.signature)
    assert dict(found.table.caches) == dict(table.caches)
    assert found.table.xcr0 == table.xcr0
    assert found.assumed == ()


def test_what_is_not_known_is_the_templates_and_said() -> None:
    found = described(fingerprint(vendor="AuthenticAMD", flags=["lm", "sse2", "avx", "xsave"]))
    template = model_table("EPYC")
    assert dict(found.table.caches) == dict(template.caches)
    assert found.assumed == (
        f"family {template.signature['family']} as QEMU's EPYC",
        f"model {template.signature['model']} as QEMU's EPYC",
        f"stepping {template.signature['stepping']} as QEMU's EPYC",
        "l1d 32 KiB as QEMU's EPYC",
        "l2 512 KiB as QEMU's EPYC",
        "l3 8192 KiB as QEMU's EPYC",
    )
    assert found.table.flags == {"lm", "sse2", "avx", "xsave", "osxsave"}
    assert found.table.xcr0 == 0x7


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "it has no 'cpu'"),
        ({"cpu": {"architecture": "aarch64"}}, "of an aarch64 processor"),
        (fingerprint(flags=["lm"]), "neither CPUID's leaves nor the processor's vendor"),
        (fingerprint(vendor="GenuineIntel"), "nor the processor's flags"),
        (fingerprint(vendor="GenuineIntel", flags=["sse2"]), "no 64-bit mode"),
        (fingerprint(vendor="CentaurHauls", flags=["lm"]), "of CentaurHauls only"),
        (fingerprint(leaves={"0x0.0": ["x"], "0x1.0": []}), "its leaves cannot be read"),
    ],
)
def test_what_cannot_be_a_table_is_said(document: object, said: str) -> None:
    with pytest.raises(NoTable, match=said.replace("(", r"\(")):
        described(document)

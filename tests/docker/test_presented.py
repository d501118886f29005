"""This computer presented as another CPU gives the bits that QEMU gives for that CPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cpuid.containment import lacking
from orchestrator.cpuid.from_fingerprint import described
from orchestrator.cpuid.models import model_table
from orchestrator.executors.process import probe
from orchestrator.store.read import read
from tests.docker.test_same_bits import outputs
from tests.e2e.running import eqc, written

pytestmark = [pytest.mark.docker, pytest.mark.emulated]

MODELS = ("Haswell", "SandyBridge")
SPEC = """\
schema: 1
name: presented
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - images: [digits:0]
platforms:
  - provider: local
  - provider: cpuid
    cpu: [this, Haswell, SandyBridge]
  - provider: emulated
    cpu: [Haswell, SandyBridge]
vary:
  threads: [1, 2]
observe: {sessions: 2, layers: true}
"""


def test_presented_is_emulated_bit_for_bit_in_every_layer(tmp_path: Path) -> None:
    host = described(probe()).table
    if any(lacking(model_table(name), host) for name in MODELS):
        pytest.skip("this CPU has not all that a Haswell has")
    spec = written(tmp_path, SPEC)
    done = eqc("run", spec, "--isolation", "docker", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    store = tmp_path / "results"
    found = outputs(store)
    compared = 0
    for (platform, variant, output), digest in found.items():
        provider, _, cpu = platform.partition("/")
        if provider == "cpuid":
            other = "local" if cpu == "this" else f"emulated/{cpu}"
            assert digest == found[other, variant, output], (platform, variant, output)
            compared += 1
    assert compared >= 2 * 3 * 8
    finals = {digest for (_, _, output), digest in found.items() if output == "output"}
    assert len(finals) >= 2, "CPUs that do not differ would show nothing"
    records = read(store)
    for record in records.records:
        fingerprint = records.fingerprints[str(record.fingerprint)]
        presented = record.platform.provider == "cpuid"
        assert (fingerprint.presented is not None) == presented
        if presented and record.machine.presented in MODELS:
            table = model_table(record.machine.presented)
            assert frozenset(fingerprint.cpu.flags or ()) == table.flags
            assert fingerprint.presented is not None
            assert fingerprint.presented.host.vendor == host.vendor

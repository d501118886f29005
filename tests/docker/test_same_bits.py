"""Ways of running that must give the same bits: mask and emulation, container and process."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.store.read import read
from tests.e2e.running import eqc, written

pytestmark = [pytest.mark.docker, pytest.mark.emulated, pytest.mark.frameworks]

MASKED_AND_EMULATED = """\
schema: 1
name: masked-and-emulated
workloads:
  - model: builtin:cifar10-small
    on: [tensorflow, numpy]
inputs:
  - images: [digits:0]
platforms:
  - provider: mask
    levels: [avx, avx2]
  - provider: emulated
    cpu: [SandyBridge, Haswell, EPYC-Milan]
vary:
  threads: [1]
  environment:
    - {on: [numpy]}
    - {on: [tensorflow], TF_ENABLE_ONEDNN_OPTS: 0}
observe: {sessions: 1, layers: true}
"""

TWO_WAYS = """\
schema: 1
name: two-ways
workloads:
  - model: builtin:cifar10-small
    on: [numpy, onnxruntime, tensorflow, torch]
inputs:
  - images: [digits:0]
platforms:
  - provider: local
  - provider: mask
    levels: [avx2]
  - provider: emulated
    cpu: [SandyBridge]
exclude:
  - {provider: emulated, on: [tensorflow, torch]}
  - {provider: mask, on: [onnxruntime]}
observe: {sessions: 2, layers: true}
"""


def first_cache(store: Path) -> dict[str, int]:
    """Size in bytes of each platform's first data cache, from executed CPUID."""
    found = read(store)
    caches = {
        record.platform.name: found.fingerprints[str(record.fingerprint)].cpu.caches or ()
        for record in found.records
    }
    return {
        name: next(c.bytes or 0 for c in each if (c.level, c.type) == (1, "data"))
        for name, each in caches.items()
    }


def outputs(store: Path) -> dict[tuple[str, str, str], str]:
    """Digests by (platform, variant, output) of a store; fails unless all sessions are ok."""
    records = read(store).records
    assert {(r.platform.name, r.status, r.reason) for r in records} == {
        (r.platform.name, "ok", None) for r in records
    }
    return {
        (r.platform.name, r.variant.label, o.name): o.digest for r in records for o in r.outputs
    }


def test_masked_is_emulated_bit_for_bit(tmp_path: Path) -> None:
    """A mask changes only the instructions. TensorFlow also cuts convolutions into blocks that fit
    the first data cache, so it is compared only where the emulated CPU has the host's size."""
    spec = written(tmp_path, MASKED_AND_EMULATED)
    done = eqc("run", spec, "--isolation", "docker", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found, cache = outputs(tmp_path / "results"), first_cache(tmp_path / "results")
    compared = 0
    for masked, emulated in (
        ("mask/avx", "emulated/SandyBridge"),
        ("mask/avx2", "emulated/Haswell"),
        ("mask/avx2", "emulated/EPYC-Milan"),
    ):
        for (platform, variant, output), digest in found.items():
            same = cache[masked] == cache[emulated] or not variant.startswith("tensorflow")
            if platform == masked and same:
                compared += 1
                assert digest == found[emulated, variant, output], (masked, emulated, variant)
    assert compared > 6
    for (platform, variant, output), digest in found.items():
        if platform == "emulated/Haswell":
            assert digest == found["emulated/EPYC-Milan", variant, output], variant
    finals = {digest for (_, _, output), digest in found.items() if output == "output"}
    assert len(finals) >= 3, "levels that do not differ would show nothing"


def test_containers_and_processes_give_the_same_classes(tmp_path: Path) -> None:
    spec = written(tmp_path, TWO_WAYS)
    found = {}
    for isolation in ("docker", "process"):
        done = eqc("run", spec, "--isolation", isolation, "--results", isolation, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found[isolation] = outputs(tmp_path / isolation)
        isolations = {r.machine.isolation for r in read(tmp_path / isolation).records}
        assert isolations == {isolation}
    assert found["docker"] == found["process"]
    images = [r.machine.image for r in read(tmp_path / "docker").records]
    assert all(str(image.digest).startswith("sha256:") for image in images)

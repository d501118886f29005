"""A store of many sessions, each described as fully as ``eqc run`` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

CLASSES = 16
SESSIONS = 10
WORKLOADS, VARIANTS = 5, 5
EACH = WORKLOADS * VARIANTS * SESSIONS
"""Observations of one platform."""


def written(run: Path, observations: int, outputs: int) -> None:
    """Write a run of about that many observations, ``EACH`` in the file of each machine."""
    (run / "observations").mkdir(parents=True)
    (run / "fingerprints").mkdir()
    document = {"schema": 1, "run": run.name, "experiment": "bench", "invocations": []}
    (run / "run.json").write_text(json.dumps(document))
    random = Random(5)
    for place in range(observations // EACH):
        name = f"p{place:04}"
        (run / "fingerprints" / f"{place:032x}.json").write_text(json.dumps(_fingerprint(place)))
        lines = (
            json.dumps(record, sort_keys=True) + "\n"
            for record in _records(run.name, place, name, outputs, random)
        )
        (run / "observations" / f"{name}.jsonl").write_text("".join(lines))


def _records(
    run: str, place: int, name: str, outputs: int, random: Random
) -> Iterator[dict[str, Any]]:
    for workload, variant in product(range(WORKLOADS), range(VARIANTS)):
        which = random.randrange(CLASSES)
        computed = [_output(workload, variant, index, which) for index in range(outputs)]
        cell = f"{place:08x}{workload:04x}{variant:04x}"
        for session in range(SESSIONS):
            yield {
                "schema": 1,
                "cell": cell,
                "session": session,
                "status": "ok",
                "reason": None,
                "framework": _framework(variant),
                "model": {
                    "parameters": 59354,
                    "multiplications": 1000000 * (workload + 1),
                    "weights": f"{workload:064x}",
                },
                "outputs": computed,
                "perturbed": False if outputs > 1 else None,
                "kernels": None,
                "mode": "fork",
                "started": f"2026-01-01T00:{session:02}:{variant:02}Z",
                "seconds": round(random.random(), 6),
                "experiment": "bench",
                "run": run,
                "attempt": 0,
                "platform": _platform(place, name),
                "machine": _machine(place),
                "workload": _workload(workload),
                "input": {
                    "id": f"{0xD161:016x}",
                    "label": "digits:0",
                    "tensors": {"input": f"{7:064x}"},
                },
                "variant": _variant(variant),
                "fingerprint": f"{place:032x}",
                "recorded": f"2026-01-01T01:{session:02}:{variant:02}Z",
            }


def _platform(place: int, name: str) -> dict[str, Any]:
    return {
        "id": f"{place:016x}",
        "provider": "aws",
        "name": name,
        "parameters": {"machine_type": f"c5.{place}xlarge"},
    }


def _machine(place: int) -> dict[str, Any]:
    return {
        "id": f"i-{place:017x}",
        "isolation": "docker",
        "emulated": None,
        "masked": None,
        "rehearsal": False,
        "image": {"name": "eqc/tensorflow", "digest": f"sha256:{1:064x}"},
        "place": {
            "type": f"c5.{place}xlarge",
            "region": "eu-central-1",
            "zone": "eu-central-1a",
            "spot": True,
        },
    }


def _framework(variant: int) -> dict[str, Any]:
    return {
        "name": "tensorflow",
        "version": "2.21.0",
        "device": "cpu",
        "isa": {"onednn": "avx512_core_vnni", "eigen": "AVX512F"},
        "threads": {"intra_op": variant + 1, "inter_op": 2},
        "libraries": {"onednn": "3.7", "openblas": "0.3.29"},
    }


def _workload(number: int) -> dict[str, Any]:
    return {
        "id": f"{number:016x}",
        "label": f"cifar10-small size={number}",
        "source": "builtin",
        "name": "cifar10-small",
        "sha256": None,
        "weights": "seed:1",
        "arguments": {"size": number},
    }


def _variant(number: int) -> dict[str, Any]:
    return {
        "id": f"{number:016x}",
        "label": f"tensorflow float32 threads={number + 1}",
        "framework": "tensorflow",
        "precision": "float32",
        "threads": number + 1,
        "batch": None,
        "device": "cpu",
        "environment": {"TF_ENABLE_ONEDNN_OPTS": "1"},
        "flags": {},
    }


def _output(workload: int, variant: int, index: int, which: int) -> dict[str, Any]:
    """Classes part at one of the first 16 links of the chain, all layers alike."""
    seed = (workload << 16) | (variant << 8) | index
    final = index == 0
    return {
        "name": "output" if final else f"layer_{index}",
        "role": "final" if final else "layer",
        "index": 0 if final else index - 1,
        "operation": None if final else "conv2d",
        "dtype": "float32",
        "shape": [1, 10] if final else [1, 16, 16, 64],
        "digest": f"{seed:032x}{which:032x}",
        "chain": [f"{seed:08x}{0 if link < which else which:08x}" for link in range(24)],
        "tensor": final,
    }


def _fingerprint(place: int) -> dict[str, Any]:
    flags = ["aes", "avx", "avx2", "f16c", "fma", "fpu", "sse4_2"] + ["avx512f"] * (place % 2)
    return {
        "schema": 1,
        "emulated": None,
        "cpu": {
            "architecture": "x86_64",
            "vendor": "GenuineIntel",
            "brand": "Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz",
            "family": 6,
            "model": 85,
            "stepping": 4,
            "microarchitecture": "Skylake-SP",
            "microcode": "0x2007006",
            "flags": flags,
            "flags_kernel": flags,
            "disagreement": {"only_cpuid": [], "only_kernel": []},
            "caches": [{"level": 1, "type": "data", "bytes": 32768}],
            "hypervisor": "KVMKVMKVM",
            "xcr0": {"value": "0xe7", "sse": True, "avx": True, "avx512": True, "amx": False},
            "leaves": {"0x1.0": ["0x50654", "0x100800", "0xfffa3203", "0x1f8bfbff"]},
        },
        "logical_cpus": 2 ** (place % 7),
        "affinity": list(range(2 ** (place % 7))),
        "cgroup": {"cpus": None, "memory_bytes": None},
        "memory_bytes": 25000000000,
        "gpus": [],
        "system": {
            "kernel": "6.8",
            "os": "Ubuntu 24.04",
            "libc": "glibc 2.39",
            "python": "3.11.9",
            "numpy": "2.4.0",
            "cuda": None,
            "cudnn": None,
        },
        "environment": {"OMP_NUM_THREADS": "2"},
        "missing": {},
    }

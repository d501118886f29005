"""A presented CPU in a container without any right, by both methods: no capability is needed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.cpuid.from_fingerprint import described
from orchestrator.executors.process import probe
from orchestrator.images import ImageBuilder, connect
from orchestrator.run.job import IN_IMAGE

pytestmark = pytest.mark.docker

CELL = {
    "cell": "0" * 16,
    "framework": "numpy",
    "environment": {},
    "workload": {
        "source": "builtin",
        "name": "cifar10-small",
        "path": None,
        "sha256": None,
        "weights": "seed:1",
        "arguments": {},
    },
    "input": {"tensors": {"input": "inputs/x.npy"}},
    "precision": "float32",
    "threads": 1,
    "sessions": [0],
    "mode": "fork",
    "layers": True,
}


def test_no_right_is_needed_and_the_bits_are_the_plain_ones(tmp_path: Path) -> None:
    table = described(probe()).table
    presented = {
        "name": "this",
        "leaves": {name: [f"0x{v:08x}" for v in values] for name, values in table.leaves.items()},
        "xcr0": f"0x{table.xcr0:x}",
        "library": str(IN_IMAGE.library),
        "sites": str(IN_IMAGE.sites),
    }
    client = connect()
    image = ImageBuilder(client).ensure("numpy")
    digests = {}
    for way in ("plain", "faulting", "patching"):
        job, out = tmp_path / way / "job", tmp_path / way / "out"
        (job / "inputs").mkdir(parents=True)
        out.mkdir()
        out.chmod(0o777)
        np.save(job / "inputs" / "x.npy", np.full((1, 32, 32, 3), 0.3, np.float32))
        asked = None if way == "plain" else presented
        content = {"schema": 1, "presented": asked, "cells": [CELL]}
        (job / "job.json").write_text(json.dumps(content))
        client.containers.run(
            image.digest,
            ["run", "/job", "/out"],
            environment={"EQC_PRESENTED_METHOD": way},
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            tmpfs={"/tmp": "rw,mode=1777,size=1g"},
            user="65534:65534",
            volumes={
                str(job): {"bind": "/job", "mode": "ro"},
                str(out): {"bind": "/out", "mode": "rw"},
            },
            remove=True,
        )
        record = json.loads((out / "observations.jsonl").read_text())
        if way == "faulting" and "no CPUID faulting" in str(record["reason"]):
            continue
        assert record["status"] == "ok", record["reason"]
        told = json.loads((out / "fingerprint.json").read_text())["presented"]
        assert (told and told["method"]) == (None if way == "plain" else way)
        digests[way] = [output["digest"] for output in record["outputs"]]
    client.close()
    assert digests["patching"] == digests["plain"]
    assert digests.get("faulting", digests["plain"]) == digests["plain"]

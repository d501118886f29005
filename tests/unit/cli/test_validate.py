"""``eqc validate`` and ``eqc plan`` know all providers, and import the SDK of none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXPERIMENT = """\
schema: 1
name: all
workloads:
  - {model: "builtin:cifar10-small", on: [numpy]}
inputs:
  - images: [digits:0]
platforms:
  - provider: local
  - {provider: mask, levels: avx2}
  - {provider: emulated, cpu: Haswell}
  - {provider: aws, families: c5, sizes: large}
  - {provider: gcp, families: n2, sizes: standard-2}
  - {provider: ssh, hosts: [alpha]}
"""
SLOW = ("boto3", "botocore", "google", "paramiko", "cryptography", "docker", "requests", "invoke")


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_no_sdk_is_imported(tmp_path: Path, command: str) -> None:
    (tmp_path / "x.yaml").write_text(EXPERIMENT)
    code = (
        "import json, sys\n"
        "from orchestrator.cli.main import cli\n"
        f"cli([{command!r}, 'x.yaml'], standalone_mode=False)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    imported = json.loads(done.stdout.splitlines()[-1])
    assert "pydantic" in imported
    assert set(imported) & set(SLOW) == set()

"""What a real run writes is read whole: no value of a record or a fingerprint is left out."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.store.parse import parse_observation
from orchestrator.store.parse_fingerprint import parse_fingerprint
from tests.e2e.running import eqc, written
from tests.unit.store.leaves import lost
from tests.unit.store.records import stored

SPEC = """\
schema: 1
name: tiny
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
platforms:
  - provider: local
  - provider: mask
    levels: [sse4]
observe: {sessions: 1, layers: true}
"""


def test_no_value_of_a_run_is_lost(tmp_path: Path) -> None:
    done = eqc("run", written(tmp_path, SPEC), "--isolation", "process", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = stored(tmp_path / "results")
    assert [line["status"] for line in found] == ["ok", "ok"]
    for line in found:
        # A record of 20 layers has a thousand values, most of them links of chains.
        line["outputs"] = [{**each, "chain": each["chain"][:2]} for each in line["outputs"][:3]]
        assert lost(line, parse_observation) == {"schema"}
    documents = [json.loads(path.read_bytes()) for path in tmp_path.rglob("fingerprints/*.json")]
    assert documents
    for document in documents:
        assert lost(document, parse_fingerprint) == {"schema"}

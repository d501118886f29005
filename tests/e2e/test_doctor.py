"""`eqc doctor` names what is missing and what to do about it, before anything costs money."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from tests.e2e.running import SMALL, eqc, written


def findings(folder: Path, *words: object, **variables: str) -> tuple[int, dict[str, str]]:
    done = eqc("doctor", *words, "--json", cwd=folder, **variables)
    assert done.stdout, done.stderr
    found = {f["subject"]: f"{f['level']}: {f['message']}" for f in json.loads(done.stdout)}
    return done.returncode, found


def test_without_an_engine_it_is_not_ready_and_says_so(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/docker.sock"
    code, found = findings(tmp_path, DOCKER_HOST=nowhere)
    assert code == 8
    assert found["Docker engine"].startswith("error: no Docker engine answers here")
    assert found["disk"].partition(":")[0] in ("ok", "warning")


def test_a_registry_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    code, found = findings(tmp_path, "--registry", f"{place}/eqc")
    assert code == 8
    assert found[f"registry {place}"].startswith("error: does not answer")


def test_every_host_of_a_file_is_looked_at(tmp_path: Path) -> None:
    hosts = SMALL.replace(
        "  - provider: mask\n    levels: [sse4, avx]",
        "  - provider: ssh\n    hosts: [nobody@127.0.0.1:9]",
    )
    code, found = findings(tmp_path, written(tmp_path, hosts))
    assert code == 8
    assert any(
        "127.0.0.1" in subject and said.startswith("error") for subject, said in found.items()
    )

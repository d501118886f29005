from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import cpus as module
from orchestrator.cli.main import cli
from orchestrator.cpuid.models import model_names, model_table
from orchestrator.errors import UsageError


def fingerprint(model: str) -> dict:
    table = model_table(model)
    leaves = {name: list(four) for name, four in table.presented(model).leaves}
    cpu = {"architecture": "x86_64", "leaves": leaves, "xcr0": {"value": f"{table.xcr0:#x}"}}
    return {"schema": 1, "cpu": cpu}


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same computer wherever this runs; to ask the real one starts a process."""
    monkeypatch.setattr(module, "probe", lambda: fingerprint("Haswell"))


def listed(*words: str) -> list[dict]:
    done = CliRunner().invoke(cli, ["cpus", "--json", *words], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)["cpus"]


def test_every_name_is_listed_with_what_is_lacking_here() -> None:
    found = {each["name"]: each for each in listed()}
    assert list(found) == ["this", *model_names()]
    assert found["this"]["here"]
    assert found["SandyBridge"]["here"]
    assert found["SandyBridge"]["lacking"] == []
    assert not found["Skylake-Server"]["here"]
    assert "avx512f" in found["Skylake-Server"]["lacking"]
    assert found["Skylake-Server"]["from"] == "QEMU's definition"
    assert found["EPYC-Milan"]["vendor"] == "AuthenticAMD"


def test_only_those_of_here() -> None:
    names = {each["name"] for each in listed("--here")}
    assert {"this", "Haswell", "Nehalem"} <= names
    assert "Skylake-Server" not in names


def test_the_cpus_of_a_store(tmp_path: Path) -> None:
    (tmp_path / "observations").mkdir()
    (tmp_path / "fingerprints").mkdir()
    rows = []
    for name, document in (("nehalem", fingerprint("Nehalem")), ("arm", {"cpu": {}})):
        (tmp_path / "fingerprints" / f"{name}.json").write_text(json.dumps(document))
        rows.append(json.dumps({"platform": {"name": name}, "fingerprint": name}) + "\n")
    (tmp_path / "observations" / "m.jsonl").write_text("".join(rows))
    arm, nehalem = listed(str(tmp_path))
    assert (nehalem["name"], nehalem["here"]) == (f"{tmp_path}:nehalem", True)
    assert not arm["here"]
    assert "neither CPUID's leaves" in arm["why_not"]
    with pytest.raises(UsageError, match="is no store"):
        CliRunner().invoke(cli, ["cpus", str(tmp_path / "none")], catch_exceptions=False)


def test_the_table_joins_the_names_of_one_cpu() -> None:
    done = CliRunner().invoke(cli, ["cpus"], env={"COLUMNS": "300"}, catch_exceptions=False)
    assert "this, Haswell" not in done.stdout
    assert "Haswell, Haswell-v1" in done.stdout
    assert "names can be presented here" in done.stdout
    assert "SandyBridge, SandyBridge-v1" in done.stdout

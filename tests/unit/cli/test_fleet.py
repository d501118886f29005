from __future__ import annotations

import json
from pathlib import Path

from orchestrator.errors import Exit
from tests.e2e.running import eqc


def _without_credentials(folder: Path) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_CONFIG_FILE": str(folder / "none"),
        "NO_GCE_CHECK": "true",
    }


def test_not_known_is_not_none(tmp_path: Path) -> None:
    said = eqc("status", cwd=tmp_path, **_without_credentials(tmp_path))
    assert said.returncode == Exit.NOT_READY
    assert said.stdout == "whether machines of ours are up is not known\n"
    assert "aws could not be asked" in said.stderr


def test_programs_learn_who_could_not_be_asked(tmp_path: Path) -> None:
    said = eqc("status", "--json", cwd=tmp_path, **_without_credentials(tmp_path))
    found = json.loads(said.stdout)
    assert found["machines"] == []
    assert {each["provider"] for each in found["not_seen"]} == {"aws", "gcp"}

"""known_hosts files as OpenSSH reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.model.machine import Address
from orchestrator.ssh.known_hosts import known_as, known_keys, parse_key, search
from orchestrator.ssh.login_keys import new_host_key

KEY, OTHER = (parse_key(new_host_key().public) for _ in range(2))
WRITTEN = " ".join(KEY)


@pytest.mark.parametrize(
    ("names", "name", "known"),
    [
        ("alpha", "alpha", True),
        ("alpha", "beta", False),
        ("beta,alpha", "alpha", True),
        ("ALPHA", "alpha", True),
        ("[alpha]:2222", "[alpha]:2222", True),
        ("alpha", "[alpha]:2222", False),
        ("[alpha]:2222", "alpha", False),
        ("*.lab,!x.lab", "y.lab", True),
        ("*.lab,!x.lab", "x.lab", False),
        ("!*", "alpha", False),
        ("10.0.0.?", "10.0.0.7", True),
        ("[a-z]*", "alpha", False),
        ("|1|broken", "alpha", False),
        ("|1|!!|!!", "alpha", False),
    ],
)
def test_a_line_is_about_these_names(names: str, name: str, known: bool) -> None:
    assert (KEY in search([f"{names} {WRITTEN} a comment"], name)) is known


@pytest.mark.parametrize(
    "line", ["", "# alpha ssh-ed25519 AAAA", "alpha", "alpha ssh-ed25519 ???", "alpha rsa AAAA"]
)
def test_invalid_lines_are_ignored(line: str) -> None:
    found = search([line, f"alpha {WRITTEN}"], "alpha")
    assert found.accepted == {KEY}


def test_revoked_wins_and_authorities_do_not_count() -> None:
    lines = [f"alpha {WRITTEN}", f"alpha {' '.join(OTHER)}", f"@revoked * {WRITTEN}"]
    found = search(lines, "alpha")
    assert KEY not in found
    assert OTHER in found
    assert search([f"@cert-authority * {WRITTEN}"], "alpha").accepted == frozenset()


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_names_that_ssh_keygen_hashed_are_found(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"alpha {WRITTEN}\n[beta]:2222 {' '.join(OTHER)}\n")
    subprocess.run(["ssh-keygen", "-H", "-f", path], check=True, capture_output=True)
    assert "alpha" not in path.read_text()
    found = known_keys(Address("alpha", known_hosts=(str(path),)))
    assert (KEY in found, OTHER in found) == (True, False)
    assert OTHER in known_keys(Address("beta", 2222, known_hosts=(str(path),)))


def test_a_given_key_is_the_only_one(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"alpha {' '.join(OTHER)}\n")
    found = known_keys(Address("alpha", host_key=f"{WRITTEN} comment", known_hosts=(str(path),)))
    assert found.accepted == {KEY}
    with pytest.raises(ValueError, match="written like"):
        known_keys(Address("alpha", host_key="nonsense"))
    assert (
        known_keys(Address("alpha", known_hosts=(str(tmp_path / "none"),))).accepted == frozenset()
    )
    assert known_as(Address("alpha", 2222)) == "[alpha]:2222"

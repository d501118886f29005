"""A hostile machine in a real run: it changes only its own rows and does not stop the run.

Its Docker command is replaced by a script that returns false data; another, honest machine must
finish. Hostile content of records is tested in ``tests/unit/run/test_hostile_output.py``.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
from pathlib import Path

import pytest

from orchestrator import experiment as spec
from orchestrator.plan.cells import make_plan
from orchestrator.providers import registry
from tests.cloud.faults.conftest import _cache, _ec2, _engine, _machines, lab
from tests.cloud.faults.lab import FAULTY, SOUND, Lab, Ran
from tests.unit.run.test_hostile_output import ESCAPES, everything_said, steering

__all__ = ["_cache", "_ec2", "_engine", "_machines", "lab"]
pytestmark = [pytest.mark.docker, pytest.mark.cloud_fake]

LIAR = """\
#!/bin/sh
case " $* " in
  {lie}
esac
exec /usr/bin/docker "$@"
"""
CODES = "\\033[2J\\033]0;owned\\007\\r\\010"
"""The ASCII part of ``ESCAPES``, as an argument of printf."""


def archive(*entries: tuple[str, bytes, bytes, str]) -> str:
    """Shell code that prints a tar archive of (name, type, content, link target)."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, content, target in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.size, entry.linkname = kind, len(content), target
            tar.addfile(entry, io.BytesIO(content))
    return f"base64 -d <<X\n{base64.encodebytes(written.getvalue()).decode()}X\n"


def lied(lab: Lab, lie: str) -> Ran:
    """A run in which one machine executes ``lie``; checks that the other one's rows are ok."""
    lab.machines.flaw(FAULTY, docker=LIAR.format(lie=lie))
    experiment = lab.experiment(attempts=1)
    before = outside(lab)
    ran = lab.run(experiment)
    assert ran.status(SOUND) == {"ok"}, ran.shown
    assert ran.code == 4, ran.shown
    assert "bug" not in ran.shown
    assert outside(lab) == before
    assert lab.left() == []
    nothing_steers(lab, ran)
    return ran


def outside(lab: Lab) -> set[Path]:
    """Files that a path leading out of the run's folder could have written."""
    near = {path for path in lab.folder.iterdir() if not path.name.startswith("call-")}
    return {*near, *Path("/tmp").glob("eqc-evil*")} - {lab.results}


def nothing_steers(lab: Lab, ran: Ran) -> None:
    """Check that neither the run's output nor any of its reports has raw escape sequences."""
    assert steering(ran.shown) == set()
    for call in lab.folder.glob("call-*"):
        assert steering(call.read_text()) == set()
    assert steering(everything_said(lab.results)) == set()
    (page,) = lab.results.glob("*/*/report/index.html")
    assert not any(code in page.read_text() for code in ("\x1b[2J", "\x1b]0;", "\u202e"))


def test_an_archive_with_outside_paths_and_text_with_escape_sequences(lab: Lab) -> None:
    evil = b"evil"
    entries = [
        ("files/../../../../eqc-evil", tarfile.REGTYPE, evil, ""),
        ("/tmp/eqc-evil", tarfile.REGTYPE, evil, ""),
        ("files/observations.jsonl", tarfile.SYMTYPE, b"", "/etc/passwd"),
        ("files/tensors", tarfile.SYMTYPE, b"", "/tmp"),
        (f"files/tensors/{'a' * 64}", tarfile.LNKTYPE, b"", "/etc/passwd"),
        ("files/fingerprint.json", tarfile.CHRTYPE, b"", ""),
        (f"files/{ESCAPES}", tarfile.REGTYPE, evil, ""),
        ("files/" + "long/" * 60, tarfile.REGTYPE, evil, ""),
    ]
    lie = (
        f'*" logs --follow "*) printf "{CODES} hello\\n"; exit ;;\n'
        f'  *" logs --tail "*) printf "{CODES} dying\\n" >&2; exit ;;\n'
        '  *" wait "*) echo 3; exit ;;\n'
        f'  *" cp "*" - ") {archive(*entries)}exit ;;'
    )
    ran = lied(lab, lie)
    assert ran.status(FAULTY) == {"failed"}
    assert {code for code, _ in ran.reasons(FAULTY)} == {"runner-died"}
    (row,) = (row for row in ran.rows if row.status == "failed")
    assert row.reason is not None
    assert "\\x1b[2J" in row.reason.stderr
    assert "\\x1b[2J\\x1b]0;owned\\x07\\r\\x08 hello" in ran.shown
    stored = [p for p in lab.results.rglob("*") if p.is_file()]
    assert not any(b"root:x:0" in p.read_bytes() for p in stored)


@pytest.mark.slow
def test_an_error_message_with_escape_sequences(lab: Lab) -> None:
    ran = lied(lab, f'*" cp "*" - ") printf "{CODES} no\\n" >&2; exit 1 ;;')
    ((_, message),) = ran.reasons(FAULTY)
    assert "\\x1b[2J" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ('*" logs --follow "*) yes "$(printf "%0999d" 0)"; exit ;;', "damaged-output"),
        ('*" logs --follow "*) tr "\\0" x < /dev/zero; exit ;;', "damaged-output"),
        ('*" logs --follow "*) yes complaint >&2; exit ;;', "damaged-output"),
        ('*" cp "*" - ") cat /dev/zero | tr "\\0" x; exit ;;', "damaged-output"),
        ('*" cp "*" - ") head -c 100 /dev/urandom; exit ;;', "damaged-output"),
        ('*" run "*" probe "*) yes "["; exit ;;', "lost"),
        ('*" run "*" probe "*) head -c 100000 /dev/zero | tr "\\0" "["; exit ;;', "lost"),
        ('*" run "*" probe "*) echo \'{"schema": 1, "cpu": "none"}\'; exit ;;', "mismatch"),
        ('*" run "*" probe "*) echo \'{"cpu": {"flags": 5}, "gpus": [1]}\'; exit ;;', "mismatch"),
        ('*" ps "*) yes eqc-there-is-no-end; exit ;;', "lost"),
        ('*" ps "*) echo "-v /:/host"; exit ;;', "lost"),
        ('*" image inspect "*) yes; exit ;;', "lost"),
        ('*" wait "*) echo 99999999999999999999; exit ;;', None),
    ],
)
def test_false_answers_of_docker(lab: Lab, lie: str, code: str | None) -> None:
    ran = lied(lab, lie) if code is not None else None
    if ran is None:
        # Only the exit code is false: the results are complete, so they count.
        lab.machines.flaw(FAULTY, docker=LIAR.format(lie=lie))
        ran = lab.run(lab.experiment(attempts=1))
        assert (ran.code, ran.status(FAULTY)) == (0, {"ok"}), ran.shown
        return
    assert {found for found, _ in ran.reasons(FAULTY)} == {code}, ran.reasons(FAULTY)


@pytest.mark.slow
def test_rows_of_another_machine_and_bombs(lab: Lab) -> None:
    cells = [
        cell.id
        for cell in make_plan(spec.load(lab.experiment(attempts=1), registry.providers())).cells
    ]
    output = {
        "name": ESCAPES,
        "role": "final",
        "index": 0,
        "operation": ESCAPES,
        "dtype": "float32",
        "shape": [1],
        "digest": "f" * 64,
        "chain": None,
        "tensor": False,
    }
    claims = [
        {"schema": 1, "cell": cell, "session": session, "status": "ok", "reason": None}
        | {"framework": {"name": ESCAPES}, "outputs": [output]}
        for cell in cells
        for session in (0, 1, 10**6)
    ]
    lines = b"".join(json.dumps(claim).encode() + b"\n" for claim in claims)
    lines = b"[" * 200_000 + b"\n" + b'{"a":' * 90_000 + b"\n" + lines + b"torn"
    print_it = archive(
        ("files/observations.jsonl", tarfile.REGTYPE, lines, ""),
        ("files/fingerprint.json", tarfile.REGTYPE, b'{"cpu": ' + b"[" * 90_000, ""),
    )
    lab.machines.flaw(FAULTY, docker=LIAR.format(lie=f'*" cp "*" - ") {print_it}exit ;;'))
    ran = lab.run(lab.experiment(attempts=1))
    # A machine can report any output for its own cell: that is an observation of another class.
    digests = {
        row.platform.parameters["machine_type"]: {o.digest for o in row.outputs} for row in ran.rows
    }
    assert digests[FAULTY] == {"f" * 64}
    assert "f" * 64 not in digests[SOUND]
    assert ran.status(SOUND) == {"ok"}
    assert len(ran.rows) == 2

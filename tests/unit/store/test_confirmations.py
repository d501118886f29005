from pathlib import Path

import pytest

from orchestrator.errors import StoreError
from orchestrator.results.confirmation import (
    AttributeVerdict,
    Confirmation,
    ConfirmedPartition,
    Elsewhere,
    FoundCause,
    Trial,
    Verdict,
)
from orchestrator.results.explanation import Kind
from orchestrator.store.confirmations import append_confirmation, read_confirmations
from orchestrator.store.run_folder import CONFIRM, run_folders

CONFIRMATION = Confirmation(
    (ConfirmedPartition("net", "digits:0", "torch", "output", ((1, "0" * 12), (2, "1" * 12))),),
    (
        AttributeVerdict(
            "vendor", Kind.VENDOR, Verdict.CONFIRMED, "vendor: a → b", ("fma",), trial=0
        ),
        AttributeVerdict(
            "sse4a",
            Kind.FLAG,
            Verdict.UNTESTABLE,
            "this CPU lacks it",
            elsewhere=Elsewhere("aws", "c5a.large", "Zen 2", None),
        ),
    ),
    (
        Trial(
            "p1",
            "p2",
            1,
            2,
            ("vendor", "fma", "cores"),
            "1",
            "2",
            (True, True),
            (
                FoundCause(
                    ("vendor", "fma", "cores"),
                    (("a", "b"), (True, False), (4, None)),
                    ("avx2",),
                    (),
                    "1",
                    "2",
                ),
            ),
            7,
        ),
    ),
    "some CPU",
    5,
    12.5,
    "2026-11-27T03:00:00Z",
    ("a note",),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_confirmations(tmp_path) == ()
    append_confirmation(tmp_path, CONFIRMATION)
    append_confirmation(tmp_path, CONFIRMATION)
    assert read_confirmations(tmp_path) == (CONFIRMATION, CONFIRMATION)


def test_a_torn_last_line_was_never_acknowledged_and_is_replaced(tmp_path: Path) -> None:
    append_confirmation(tmp_path, CONFIRMATION)
    path = tmp_path / CONFIRM / "confirmations.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert read_confirmations(tmp_path) == (CONFIRMATION,)
    append_confirmation(tmp_path, CONFIRMATION)
    assert path.read_bytes() == whole * 2


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    append_confirmation(tmp_path, CONFIRMATION)
    path = tmp_path / CONFIRM / "confirmations.jsonl"
    path.write_bytes(path.read_bytes() + b'{"schema": 1}\n')
    with pytest.raises(StoreError, match=r"confirmations\.jsonl:2: is no confirmation"):
        read_confirmations(tmp_path)


def test_runs_of_stand_ins_are_no_runs_of_the_store(tmp_path: Path) -> None:
    for name in (f"{CONFIRM}/some/20261127", "some/20261127"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").write_text("{}")
    assert list(run_folders(tmp_path)) == [tmp_path / "some" / "20261127"]
    stand_ins = tmp_path / CONFIRM
    assert list(run_folders(stand_ins)) == [stand_ins / "some" / "20261127"]

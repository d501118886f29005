from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.errors import ConflictError, UsageError
from orchestrator.store.innfrastructure.importing import import_study
from orchestrator.store.read import read
from orchestrator.store.schema import problem_with_stored
from tests.unit.store.records import stored as lines_of


@pytest.fixture
def some(study_data: Path, tmp_path: Path) -> Path:
    """A new folder with three machines' files of one model and sample."""
    source = study_data / "equivalence_classes" / "gcloud" / "cpu"
    folder = tmp_path / "gcloud" / "cpu"
    folder.mkdir(parents=True)
    for path in sorted(source.glob("*cifar10_small-i0.json"))[:3]:
        shutil.copy(path, folder)
    return tmp_path / "gcloud"


def test_an_import_is_a_store_and_a_second_one_adds_nothing(some: Path, tmp_path: Path) -> None:
    first = import_study(some, tmp_path / "store")
    assert (first.files, first.added, first.rejected) == (3, 3, ())
    assert import_study(some, tmp_path / "store").added == 0
    stored = read(tmp_path / "store")
    assert [problem_with_stored(line) for line in lines_of(tmp_path / "store")] == [None] * 3
    assert {record.fingerprint for record in stored.records} <= set(stored.fingerprints)


def test_damaged_and_foreign_files_are_named_and_the_rest_is_taken(
    some: Path, tmp_path: Path
) -> None:
    whole = next(some.rglob("*.json"))
    (some / "cpu" / "cut-off-x-i0.json").write_bytes(whole.read_bytes()[:500])
    (some / "cpu" / "foreign.json").write_text("[1, 2]")
    (some / "cpu" / "pointer.json").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    )
    taken = import_study(some, tmp_path / "store")
    assert taken.files == 3
    reasons = {bad.path.name: bad.reason for bad in taken.rejected}
    assert "cut off" in reasons["cut-off-x-i0.json"]
    assert "foreign" in reasons["foreign.json"]
    assert "LFS" in reasons["pointer.json"]


def test_conflicting_duplicates_name_both_and_nothing_is_written(
    some: Path, tmp_path: Path
) -> None:
    first, second, *_ = sorted(some.rglob("*.json"))
    other = tmp_path / "again" / "gcloud" / "cpu"
    other.mkdir(parents=True)
    text = first.read_text()
    bits = text.split('"bytes": "')[1].split('"')[0]
    shutil.copy(first, tmp_path / "again")
    (other / first.name).write_text(text.replace(bits, "AAAA" + bits[4:]))
    (tmp_path / "again" / first.name).unlink()
    shutil.copytree(some, tmp_path / "again" / "x" / "gcloud")
    with pytest.raises(ConflictError, match=first.name):
        import_study(tmp_path / "again", tmp_path / "store")
    assert not (tmp_path / "store").exists()
    assert second.exists()


def test_a_folder_without_result_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UsageError, match="no result file"):
        import_study(tmp_path, tmp_path / "store")

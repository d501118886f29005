from __future__ import annotations

from pathlib import Path

import pytest
from blake3 import blake3

from orchestrator.errors import ConflictError, StoreError, TornLine, UsageError
from orchestrator.store.merge import merge
from orchestrator.store.read import read
from orchestrator.store.run_folder import RunFolder
from tests.unit.store.records import cell, observed, plan
from tests.unit.store.test_run_folder import ORIGIN, ingest, opened, write_out


def store(
    folder: Path, *, session: int, digest: str = "a" * 64, machine: str = "m", **more: object
) -> Path:
    """A store with one run, ``run-1``, that has one session."""
    c = cell()
    run = opened(folder, c)
    run.path.rename(run.path.with_name("run-1"))
    document = (run.path.with_name("run-1") / "run.json").read_text().replace(run.name, "run-1")
    (run.path.with_name("run-1") / "run.json").write_text(document)
    with RunFolder(run.path.with_name("run-1")) as run:
        run.write_plan(plan(c), ["eqc"])
        out = write_out(folder / "out", observed(c.id, session, digest, **more))
        from dataclasses import replace

        ingest(run, out, {c.id: (c, (session,))}, replace(ORIGIN, machine=machine), None)
    return folder


def test_a_merge_is_the_union_and_merging_again_adds_nothing(tmp_path: Path) -> None:
    a, b = store(tmp_path / "a", session=0), store(tmp_path / "b", session=1)
    done = merge([a, b], tmp_path / "c")
    assert (done.runs, done.added) == (1, 2)
    assert [r.session for r in read(tmp_path / "c").records] == [0, 1]
    assert merge([a, b], tmp_path / "c").added == 0
    assert len(read(tmp_path / "c").planned) == 1


def test_a_merge_keeps_what_could_not_be_recorded(tmp_path: Path) -> None:
    said = {"name": "lstm", "role": "layer", "index": 3, "operation": None, "reason": "a handle"}
    a = store(tmp_path / "a", session=0, unrecorded=[said])
    b = store(tmp_path / "b", session=1)
    merge([a, b], tmp_path / "c")
    assert [len(record.unrecorded) for record in read(tmp_path / "c").records] == [1, 0]


def test_the_order_of_sources_does_not_matter(tmp_path: Path) -> None:
    a, b = store(tmp_path / "a", session=0), store(tmp_path / "b", session=1)
    merge([a, b], tmp_path / "ab")
    merge([b, a], tmp_path / "ba")

    def sessions(path: Path) -> list[int]:
        return sorted(r.session for r in read(path).records)

    assert sessions(tmp_path / "ab") == sessions(tmp_path / "ba")


def test_other_bits_for_one_session_name_both_files_and_write_nothing(tmp_path: Path) -> None:
    a = store(tmp_path / "a", session=0)
    b = store(tmp_path / "b", session=0, digest="b" * 64, machine="other")
    with pytest.raises(ConflictError) as raised:
        merge([a, b], tmp_path / "c")
    assert "/a/" in str(raised.value)
    assert "/b/" in str(raised.value)
    assert not (tmp_path / "c").exists()


def test_a_tensor_that_is_not_what_its_name_says_is_named(tmp_path: Path) -> None:
    right, wrong = b"right", b"wrong"
    name = blake3(right).hexdigest()
    for store_name, content in (("a", right), ("b", wrong)):
        folder = store(tmp_path / store_name, session=0) / "trial" / "run-1" / "tensors"
        folder.mkdir()
        (folder / name).write_bytes(content)
    for sources in ("ab", "ba"):
        with pytest.raises(StoreError, match=f"/b/trial/run-1/tensors/{name}: its content"):
            merge([tmp_path / each for each in sources], tmp_path / "c")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}
    merge([tmp_path / "a"], tmp_path / "c")
    assert (tmp_path / "c/trial/run-1/tensors" / name).read_bytes() == right


def test_what_is_no_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        merge([tmp_path], tmp_path / "c")


def test_closed_files_are_united_in_the_machines_open_one(tmp_path: Path) -> None:
    a, b = store(tmp_path / "a", session=0), store(tmp_path / "b", session=1)
    for source in (a, b):
        with RunFolder(source / "trial" / "run-1") as run:
            run.seal()
    assert merge([a, b], tmp_path / "c").added == 2
    files = list((tmp_path / "c").glob("**/*.jsonl"))
    assert [path.name for path in files] == ["m.jsonl"]
    assert merge([a, b], tmp_path / "c").added == 0


def test_what_a_closed_file_of_the_target_has_is_not_added_again(tmp_path: Path) -> None:
    a = store(tmp_path / "a", session=0)
    merge([a], tmp_path / "c")
    with RunFolder(tmp_path / "c" / "trial" / "run-1") as run:
        run.seal()
    assert merge([a], tmp_path / "c").added == 0
    assert len(list((tmp_path / "c").glob("**/*.jsonl"))) == 1


def test_a_torn_line_of_the_target_is_not_glued_to_the_next(tmp_path: Path) -> None:
    a, b = store(tmp_path / "a", session=0), store(tmp_path / "b", session=1)
    merge([a], tmp_path / "c")
    into = next((tmp_path / "c").glob("**/*.jsonl"))
    into.write_bytes(into.read_bytes() + b'{"torn')
    with pytest.warns(TornLine):
        merge([b], tmp_path / "c")
    assert [r.session for r in read(tmp_path / "c").records] == [0, 1]

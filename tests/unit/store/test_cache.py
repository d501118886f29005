"""The cache of a run never changes a result: every store reads the same with it, without it, and
after it was damaged; appended, torn and conflicting lines are noticed every time."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import ConflictError, EqcError, StoreError
from orchestrator.store import read as reading
from orchestrator.store.read import read
from tests.unit.analysis.records import A, B, C, lacking, line, output
from tests.unit.analysis.summarised import summarise

NEVER, ALWAYS = sys.maxsize, 0
BROKEN = {**output(A), "chain": ["0" * 16, *output(A)["chain"][1:-1], "f" * 16]}
OUTPUTS = (
    [],
    [output(A)],
    [output(B)],
    [output(A), output(C, "conv", 0), output(B, "conv", 1)],
    [output(A.astype("float64"))],
    [output(A.astype("int8"))],
    [{**output(A), "chain": None}],
    [BROKEN],
)
FAILED = {"code": "signal", "message": "ended by SIGILL", "stderr": "ümlaut \ud800"}

rows = st.builds(
    lambda platform, outputs, session, ok, run, attempt, extra: {
        **line(
            platform,
            OUTPUTS[outputs] if ok else [],
            session=session,
            status="ok" if ok else "failed",
            reason=None if ok else FAILED,
            run=run,
            attempt=attempt,
        ),
        **extra,
    },
    platform=st.sampled_from("abc"),
    outputs=st.integers(0, len(OUTPUTS) - 1),
    session=st.integers(0, 3),
    ok=st.sampled_from([True, True, False]),
    run=st.sampled_from(["r", "r", "s"]),
    attempt=st.integers(0, 2),
    extra=st.sampled_from(
        [
            {},
            {"seconds": 0.1},
            {"new key": [1, {"ü": None}]},
            {"mode": None},
            {"unrecorded": [lacking("output:x"), lacking("lstm", 3)]},
        ]
    ),
)
contents = st.tuples(
    st.lists(rows, max_size=5), st.sampled_from(["", "", "", '{"schema": 1, "torn', "\n", "{}\n"])
)
stores = st.dictionaries(
    st.tuples(st.sampled_from(["x", "y"]), st.sampled_from(["m", "n"])), contents, max_size=4
)


@settings(max_examples=60, deadline=None)
@given(store=stores, later=stores)
def test_every_store_reads_the_same_with_and_without_a_cache(store: Any, later: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for files in (store, later):
            append(path, files)
            expected = seen(path, NEVER)
            assert seen(path, ALWAYS) == expected  # Writes the cache.
            assert seen(path, ALWAYS) == expected  # Reads the cache, if there is one.


def append(store: Path, files: Any) -> None:
    for run in ("x", "y"):
        (store / run).mkdir(exist_ok=True)
        (store / run / "run.json").write_text("{}")
    for (run, name), (records, end) in files.items():
        folder = store / run / "observations"
        folder.mkdir(exist_ok=True)
        with (folder / f"{name}.jsonl").open("a") as file:
            file.write("".join(json.dumps(each) + "\n" for each in records) + end)


def seen(store: Path, cached_from: int) -> Any:
    """Everything a user sees of a store: records, the summary, warnings, or the error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = read(store, cached_from=cached_from)
            result: Any = (found.records, summarise(found.records))
        except EqcError as error:
            result = type(error), str(error)
    return result, [str(warning.message) for warning in caught]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    records = [line("a", [A], session=n) for n in range(3)] + [line("b", OUTPUTS[3])]
    append(tmp_path, {("x", "m"): (records, ""), ("y", "m"): ([line("c", [B], run="s")], "")})
    read(tmp_path, cached_from=ALWAYS)
    return tmp_path


def unparsed(store: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether ``store`` is read without parsing a line."""

    def refuse(*_: object) -> None:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(reading, "columns_of", refuse)
        try:
            read(store, cached_from=ALWAYS)
        except AssertionError:
            return False
    return True


def test_what_was_read_is_not_parsed_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unparsed(store, monkeypatch)
    shutil.rmtree(store / "x" / "cache")
    assert not unparsed(store, monkeypatch)
    read(store, cached_from=ALWAYS)
    assert unparsed(store, monkeypatch)


def test_a_small_run_has_no_cache(tmp_path: Path) -> None:
    append(tmp_path, {("x", "m"): ([line("a", [A])], "")})
    read(tmp_path)
    assert not (tmp_path / "x" / "cache").exists()


@pytest.mark.parametrize("name", ["key.json", "rows.parquet", "contents.parquet"])
@pytest.mark.parametrize("how", ["gone", "empty", "cut", "flipped"])
def test_a_damaged_cache_is_not_used_and_written_anew(
    store: Path, name: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = seen(store, NEVER)
    file = store / "x" / "cache" / name
    content = file.read_bytes()
    # In key.json: a digit of the digest of a column file, which is checked last.
    middle = content.rindex(b'"') - 1 if name == "key.json" else len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    file.unlink()
    if how != "gone":
        file.write_bytes({"empty": b"", "cut": content[:middle], "flipped": flipped}[how])
    assert not unparsed(store, monkeypatch)
    assert seen(store, ALWAYS) == expected
    assert file.read_bytes() == content


def test_another_format_is_not_used(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = store / "x" / "cache" / "key.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 0}))
    assert not unparsed(store, monkeypatch)


def test_same_size_and_same_time_but_other_bits(store: Path) -> None:
    file = store / "y" / "observations" / "m.jsonl"
    before = file.stat()
    digest = output(B)["digest"]
    file.write_text(file.read_text().replace(digest, "0" * 64))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    found = read(store, cached_from=ALWAYS).records
    assert found[-1].outputs[0].digest == "0" * 64


def test_an_appended_conflict_is_found(store: Path) -> None:
    append(store, {("y", "n"): ([line("a", [B], session=1)], "")})
    for _ in range(2):
        with pytest.raises(ConflictError, match=r"x/observations/m\.jsonl:2 and .*y/.*n\.jsonl:1"):
            read(store, cached_from=ALWAYS)


def test_a_torn_line_is_named_every_time(store: Path) -> None:
    append(store, {("x", "m"): ([], '{"schema": 1')})
    for _ in range(3):
        with pytest.warns(UserWarning, match=r"m\.jsonl:5: torn last line"):
            read(store, cached_from=ALWAYS)


def test_a_folder_that_cannot_be_written_to_is_read_all_the_same(store: Path) -> None:
    expected = seen(store, NEVER)
    shutil.rmtree(store / "x" / "cache")
    # Even root cannot make a folder where a file is.
    (store / "x" / "cache").write_text("in the way")
    assert seen(store, ALWAYS) == expected


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"platform": "a"}, "platform is 'a', no object"),
        ({"session": "0"}, "session or attempt is no number"),
        ({"status": None}, "status is None, no text"),
        ({"machine": "m"}, "machine is 'm', no object"),
        ({"outputs": {}}, "outputs are no list"),
        ({"unrecorded": [{"name": "x"}]}, "has no 'role'"),
        ({"unrecorded": [{**lacking("x"), "index": -1}]}, "index -1"),
        ({"outputs": [{"name": "output"}]}, "has no 'role'"),
        ({"outputs": [{**output(A), "chain": ["0"]}]}, "fromhex"),
        ({"outputs": [{**output(A), "chain": ["00"]}]}, "1 links has 1 bytes"),
        ({"outputs": [{**output(A), "shape": ["3"]}]}, "no list of sizes"),
        ({"outputs": [{**output(A), "index": -1}]}, "index -1"),
        ({"outputs": [{**output(A), "name": []}]}, "unhashable"),
    ],
)
def test_a_line_that_is_no_observation_is_named(
    store: Path, change: dict[str, Any], what: str
) -> None:
    append(store, {("x", "m"): ([line("d", [A]) | change], "")})
    with pytest.raises(StoreError, match=r"x/observations/m\.jsonl:5: .*damaged") as caught:
        read(store, cached_from=ALWAYS)
    assert what in str(caught.value)


def test_a_record_without_a_part_is_named(store: Path) -> None:
    short = line("d", [A])
    del short["variant"]
    append(store, {("x", "m"): ([short], "")})
    with pytest.raises(StoreError, match=r"m\.jsonl:5: not an observation \(has no 'variant'\)"):
        read(store, cached_from=ALWAYS)

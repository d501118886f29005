"""Unpacking archives from machines that are not trusted."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import EnvironmentNotReady, OutputRefused
from orchestrator.ssh.archive import EXPECTED, UnpackLimits, unpack

DIGEST = "ab" * 32
TYPES = [
    *(tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE),
    *(tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE, b"S", b"Z"),
]
NAMES = st.sampled_from(
    [
        *("fingerprint.json", "observations.jsonl", f"tensors/{DIGEST}", "tensors", "tensors/.."),
        *("../escaped", "/tmp/eqc-escaped", "./fingerprint.json", "tensors/../../escaped", "."),
        *(f"tensors/{DIGEST}/x", f"tensors/{DIGEST.upper()}", "fingerprint.json\n", "\x1b[31m", ""),
    ]
) | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=120)


def archive(*entries: tuple[str, bytes, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar of (name, type, content); a link points to its content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for name, kind, content in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.size = kind, len(content)
            if kind in (tarfile.LNKTYPE, tarfile.SYMTYPE):
                entry.linkname, entry.size = content.decode(errors="replace"), 0
            tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def files(folder: Path) -> dict[str, bytes]:
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_a_runners_files_are_unpacked(tmp_path: Path, form: int) -> None:
    sent = {
        "fingerprint.json": b"{}",
        "observations.jsonl": b"",
        f"tensors/{DIGEST}": bytes(3 << 20),
    }
    entries = [(f"out/{name}", tarfile.REGTYPE, content) for name, content in sent.items()]
    folders = [("out", tarfile.DIRTYPE, b""), ("out/tensors", tarfile.DIRTYPE, b"")]
    done = unpack(io.BytesIO(archive(*folders, *entries, form=form)), tmp_path / "a", prefix="out/")
    assert files(tmp_path / "a") == sent
    assert (done.files, done.total_bytes, done.ignored) == (3, (3 << 20) + 2, 0)


@settings(max_examples=150, deadline=None)
@given(
    entries=st.lists(st.tuples(NAMES, st.sampled_from(TYPES), st.binary(max_size=700)), max_size=8),
    form=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    cut=st.integers(0, 10000) | st.none(),
)
def test_nothing_but_expected_files_ever_appears(
    entries: list[tuple[str, bytes, bytes]], form: int, cut: int | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder, "into")
        # The connection ends after `cut` bytes.
        stream = io.BytesIO(archive(*entries, form=form)[:cut])
        try:
            unpack(stream, into, limits=UnpackLimits(1 << 20, 1 << 19, 100))
        except OutputRefused:
            pass
        except EnvironmentNotReady as error:
            pytest.fail(f"taken for a trouble of this disk: {error}")
        assert [path.name for path in Path(folder).iterdir()] == ["into"]
        assert all(EXPECTED.fullmatch(name) for name in files(into))
        sent = [content for _, _, content in entries]
        assert all(content in sent for content in files(into).values())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000) | st.binary(min_size=512, max_size=512).map(lambda b: b * 3))
def test_bytes_that_are_no_archive_are_refused_or_nothing(garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = unpack(io.BytesIO(garbage), Path(folder, "into"))
        except OutputRefused:
            pass
        else:
            assert done.files == 0
        assert files(Path(folder)) == {}


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.type = size, kind
    return entry.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.REGTYPE]
)
def test_a_giant_entry_is_refused_by_its_claim(tmp_path: Path, kind: bytes) -> None:
    stream = io.BytesIO(header("fingerprint.json", 1 << 40, kind))
    with pytest.raises(OutputRefused, match=f"has {1 << 40} bytes"):
        unpack(stream, tmp_path / "into")


def test_a_negative_size_is_refused(tmp_path: Path) -> None:
    block = bytearray(header("fingerprint.json", 0))
    block[124:136] = b"\xff" * 12
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with pytest.raises(OutputRefused, match="negative size"):
        unpack(io.BytesIO(bytes(block)), tmp_path / "into")


def test_too_many_files_and_too_many_bytes_are_refused(tmp_path: Path) -> None:
    many = archive(*[(f"junk{i}", tarfile.FIFOTYPE, b"") for i in range(20)])
    with pytest.raises(OutputRefused, match="more than 10 entries"):
        unpack(io.BytesIO(many), tmp_path / "a", limits=UnpackLimits(entries=10))
    large = archive(*[(f"tensors/{i:064x}", tarfile.REGTYPE, bytes(600)) for i in range(4)])
    with pytest.raises(OutputRefused, match="or 2000 bytes"):
        unpack(io.BytesIO(large), tmp_path / "b", limits=UnpackLimits(total_bytes=2000))


def test_a_cut_archive_leaves_no_half_file(tmp_path: Path) -> None:
    whole = archive(
        ("fingerprint.json", tarfile.REGTYPE, b"{}"),
        ("observations.jsonl", tarfile.REGTYPE, bytes(5000)),
    )
    with pytest.raises(OutputRefused, match="ends too early"):
        unpack(io.BytesIO(whole[:3000]), tmp_path)
    assert files(tmp_path) == {"fingerprint.json": b"{}"}


def test_what_is_ignored_is_named_without_its_escape_sequences(tmp_path: Path) -> None:
    sent = archive(("a\x1b[31mb", tarfile.SYMTYPE, b"/etc"), ("../../x", tarfile.REGTYPE, b"y"))
    done = unpack(io.BytesIO(sent), tmp_path)
    assert done.named == ("a\\x1b[31mb", "../../x")
    assert done.ignored == 2


def test_a_link_that_stands_in_the_way_here_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    into = tmp_path / "into"
    into.mkdir()
    (into / "tensors").symlink_to(elsewhere)
    sent = archive((f"tensors/{DIGEST}", tarfile.REGTYPE, b"x"))
    with pytest.raises(EnvironmentNotReady, match="link"):
        unpack(io.BytesIO(sent), into)
    assert list(elsewhere.iterdir()) == []

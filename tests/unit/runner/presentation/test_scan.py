from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from elf_maker import ADDRESS, shared_object
from instructions import CPUID, LEAF_1, ORDINARY, RETURN, XGETBV

from eqc_runner.presentation import scan as scanner
from eqc_runner.presentation.scan import main, scan

if platform.machine() != "x86_64":
    pytest.skip("CPUID is an instruction of x86-64", allow_module_level=True)

CODE = LEAF_1 + CPUID + b"\x31\xc9" + XGETBV + LEAF_1 + CPUID + RETURN
FILE = shared_object(CODE, ((0, len(CODE)),), build_id=b"\x01" * 20)
UNDECIDED = b"\x90\x48" + CPUID + RETURN


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "has.so").write_bytes(FILE)
    (root / "none.so").write_bytes(shared_object(b"".join(ORDINARY)))
    (root / "undecided.so").write_bytes(shared_object(UNDECIDED, ((0, len(UNDECIDED)),)))
    (root / "arm.so").write_bytes(shared_object(CODE, machine=183))
    (root / "damaged.so").write_bytes(FILE[:80])
    return root


def test_the_index_lists_every_object_and_says_what_it_leaves_out(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "sites.tsv"
    assert main(["--out", str(out), str(root)]) == 0
    real, size = root.resolve(), len(FILE)
    assert out.read_text() == (
        "# eqc sites 1\n"
        f"{real}/has.so\t{size}\t{ADDRESS + 5:x},{ADDRESS + 17:x}\t{ADDRESS + 9:x}\n"
        f"{real}/none.so\t{(root / 'none.so').stat().st_size}\t\t\n"
        f"{real}/undecided.so\t{(root / 'undecided.so').stat().st_size}\t\t\n"
        f"# undecided\t{real}/undecided.so\t{ADDRESS + 2:x}\n"
    )
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"{real}/arm.so: skipped: of another architecture (ELF machine 183)",
        f"{real}/damaged.so: skipped: damaged: its program headers are not in the file",
        f"{real}/undecided.so: not decided, so left as they are: {ADDRESS + 2:x}",
        "5 files: 2 CPUID, 1 XGETBV, 1 not decided, of 4 candidates",
    ]


def test_a_copy_is_not_decoded_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = scan([str(root)], cache)
    other = tmp_path / "other"
    other.mkdir()
    (other / "copy.so").write_bytes(FILE)
    (other / "none.so").write_bytes((root / "none.so").read_bytes())
    monkeypatch.setitem(sys.modules, "eqc_runner.presentation.sites", None)
    copied = {Path(file.path).name: found for file, found in scan([str(other)], cache).items()}
    original = {Path(file.path).name: found for file, found in first.items()}
    assert copied == {"copy.so": original["has.so"], "none.so": original["none.so"]}


def test_what_has_not_changed_is_not_read_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = scan([str(root)], cache)
    monkeypatch.setattr(scanner, "_found", lambda *_: pytest.fail("read again"))
    assert scan([str(root)], cache) == first


def test_a_changed_file_is_searched_again(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    scan([str(root)], cache)
    longer = CPUID + RETURN + CODE
    (root / "has.so").write_bytes(shared_object(longer, ((0, len(longer)),), build_id=b"\x01" * 20))
    again = {Path(file.path).name: found for file, found in scan([str(root)], cache).items()}
    assert again["has.so"].cpuid == f"{ADDRESS:x},{ADDRESS + 8:x},{ADDRESS + 20:x}"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"version": 0, "found": ["1"]}'])
def test_a_damaged_cache_or_one_of_another_version_is_made_again(
    root: Path, tmp_path: Path, damage: bytes
) -> None:
    cache = tmp_path / "cache"
    first = scan([str(root)], cache)
    kept = [path for path in cache.rglob("*") if path.is_file()]
    assert len(kept) == 4
    for path in kept:
        path.write_bytes(damage)
    assert scan([str(root)], cache) == first
    assert all(json.loads(path.read_bytes())["version"] == scanner.VERSION for path in kept)


def test_an_index_that_stays_the_same_is_not_written(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "sites.tsv"
    main(["--out", str(out), str(root)])
    before = out.stat()
    main(["--out", str(out), str(root)])
    assert out.stat() == before or out.stat().st_ino == before.st_ino


def test_paths_are_bytes(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strange = Path(os.fsdecode(bytes(tmp_path / "root") + b"/\xff.so"))
    strange.write_bytes(FILE)
    (root / "tab\t.so").write_bytes(FILE)
    out = tmp_path / "sites.tsv"
    assert main(["--out", str(out), "--cache", str(tmp_path / "cache"), str(root)]) == 0
    assert b"/\xff.so\t" in out.read_bytes()
    assert b"tab" not in out.read_bytes()
    assert "a tab or a line break in its path" in capsys.readouterr().err


def test_it_is_a_program_that_needs_no_framework_and_no_other_package(
    root: Path, tmp_path: Path
) -> None:
    runner = Path(scanner.__file__).parents[2]
    cache = ["--cache", str(tmp_path / "cache")]
    first, second = tmp_path / "first.tsv", tmp_path / "second.tsv"
    main(["--out", str(first), *cache, str(root)])
    program = [sys.executable, "-S", "-m", "eqc_runner.presentation.scan"]
    done = subprocess.run(
        [*program, "--out", str(second), *cache, str(root)],
        env={"PYTHONPATH": str(runner)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert second.read_bytes() == first.read_bytes()

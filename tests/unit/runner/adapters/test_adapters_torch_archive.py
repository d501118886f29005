"""What is no torch model that can be read safely: what it is instead, and what to do."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from torch_zoo import Exported, export, ones, torch

from eqc_runner.adapters.torch_archive import kind_of
from eqc_runner.failures import Failed

pytestmark = pytest.mark.frameworks


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    torch().save(value, buffer)
    return buffer.getvalue()


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in names:
            made.writestr(name, b"{")
    return buffer.getvalue()


def program(folder: Path) -> bytes:
    name = export(folder, Exported(lambda self, x: x + 1, (ones(2),)))
    return (folder / name).read_bytes()


def old_pickle() -> bytes:
    buffer = io.BytesIO()
    torch().save({}, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


CASES = {
    "empty": (lambda _: b"", "is empty: it has 0 bytes"),
    "cut at its end": (lambda folder: program(folder)[:-200], "is cut short: a zip archive begins"),
    "cut early": (lambda folder: program(folder)[:99], "is cut short: .*missing .99 bytes"),
    "state dict": (
        lambda _: saved({"w": torch().ones(2), "n": torch().ones(1).half(), "epoch": 3}),
        "holds weights alone .a state dict.*load them into the model's class",
    ),
    "module": (
        lambda _: saved(torch().nn.Linear(2, 2)),
        r"is refused: it is a pickle of torch\.nn\.modules\.linear\.Linear, and reading",
    ),
    "old pickle": (lambda _: old_pickle(), "is refused: it is a pickle, and reading"),
    "lfs": (
        lambda _: b"version https://git-lfs.github.com/spec/v1\n",
        "is a pointer of Git LFS: run 'git lfs pull'",
    ),
    "keras": (lambda _: b"\x89HDF\r\n\x1a\n" + bytes(99), "is an HDF5 file, as Keras"),
    "safetensors": (lambda _: struct.pack("<Q", 2) + b'{"a":1}', "is a safetensors file, which"),
    "tflite": (lambda _: b"\x1c\0\0\0TFL3", "is a TFLite model, not a torch file"),
    "text": (lambda _: b"hello", "is not a zip archive as torch writes it"),
    "other zip": (lambda _: archive("a.txt"), "is a zip archive, but none that torch writes"),
    "damaged": (lambda _: archive("m/models/model.json"), "is damaged: Expecting"),
    "compiled": (
        lambda _: archive("m/data/aotinductor/model/a.so"),
        "is refused: .*holds compiled code",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_is_called_what_it_is(tmp_path: Path, case: str) -> None:
    make, said = CASES[case]
    path = tmp_path / "0123.pt"
    path.write_bytes(make(tmp_path))
    with pytest.raises(Failed, match=f"nets/my.pt {said}") as raised:
        kind_of(path, "nets/my.pt")
    assert raised.value.code == "exception"

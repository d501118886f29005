from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3

from eqc_runner.digest import digest
from eqc_runner.tensor import CARRIERS, NARROW, Tensor


@pytest.mark.parametrize("dtype", CARRIERS)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (5,), (2, 3, 4)])
def test_round_trip_and_digest_is_that_of_the_file(
    dtype: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    random = np.random.Generator(np.random.Philox(3))
    count = int(np.prod(shape, dtype=int))
    carrier = np.dtype(CARRIERS[dtype])
    raw = random.integers(0, 2 if dtype == "bool" else 256, count * carrier.itemsize, np.uint8)
    if dtype in NARROW:
        low, high = NARROW[dtype]
        raw = random.integers(low, high + 1, count, carrier).view(np.uint8)
    tensor = Tensor(dtype, raw.view(carrier).reshape(shape))
    path = tmp_path / "t"
    tensor.write(path)
    content = path.read_bytes()
    header, _, body = content.partition(b"\n")
    assert json.loads(header) == {"dtype": dtype, "shape": list(shape)}
    assert b" " not in header
    assert body == raw.tobytes()
    assert digest(tensor) == blake3(content).hexdigest()
    back = Tensor.read(path)
    assert (back.dtype, back.shape) == (dtype, shape)
    assert digest(back) == digest(tensor)
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_bits_count_not_numbers() -> None:
    zeros = {digest(Tensor.of(np.array([z], dtype=np.float32))) for z in (0.0, -0.0)}
    nans = np.array([0x7FC00000, 0x7FC00001, 0xFFC00000, 0x7F800001], dtype=np.uint32)
    payloads = {digest(Tensor.of(nans[i : i + 1].view(np.float32))) for i in range(4)}
    assert (len(zeros), len(payloads)) == (2, 4)


def test_layout_and_byte_order_do_not_enter() -> None:
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    same = [array, array.astype(">f4"), np.asfortranarray(array), array[::-1][::-1]]
    assert len({digest(Tensor.of(a)) for a in same}) == 1
    scalar = np.array(2.5, dtype=">f8")
    assert digest(Tensor.of(scalar)) == digest(Tensor.of(np.array(2.5)))
    assert Tensor.of(scalar).compact().shape == ()


def test_digest_is_a_constant_of_the_format() -> None:
    assert digest(Tensor.of(np.zeros((1, 10), dtype=np.float32))) == (
        blake3(b'{"dtype":"float32","shape":[1,10]}\n' + bytes(40)).hexdigest()
    )


@pytest.mark.parametrize(
    ("dtype", "array", "error"),
    [
        ("float128", np.zeros(1), ValueError),
        ("bfloat16", np.zeros(1, dtype=np.float32), TypeError),
        ("float32", np.zeros(1, dtype=np.float64), TypeError),
        ("float8_e5m2", np.zeros(1, dtype=np.int8), TypeError),
        ("int4", np.array([15], dtype=np.int8), ValueError),
        ("int4", np.array([-9], dtype=np.int8), ValueError),
        ("uint4", np.array([16], dtype=np.uint8), ValueError),
    ],
)
def test_wrong_carriers_are_refused(dtype: str, array: np.ndarray, error: type) -> None:
    with pytest.raises(error):
        Tensor(dtype, array)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json\n",
        b'{"dtype":"float32"}\n',
        b'{"dtype":"float32","shape":[2]}\n1234567',
        b'{"dtype":"float32","shape":[3]}\n12345678',
        b'{"dtype":"complex256","shape":[1]}\n12345678',
        b'{"dtype":"int4","shape":[1]}\n\x0f',
    ],
)
def test_damaged_files_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(ValueError, match="is not a tensor file"):
        Tensor.read(tmp_path / "t")


def test_full_disk_leaves_no_file(tmp_path: Path) -> None:
    # The temporary file's name is a link to /dev/full, which is always full.
    (tmp_path / f".t.{os.getpid()}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        Tensor.of(np.zeros(100000)).write(tmp_path / "t")
    assert list(tmp_path.iterdir()) == []

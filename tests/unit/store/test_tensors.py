from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3

from eqc_runner.tensor import Tensor
from orchestrator.errors import StoreError
from orchestrator.store.tensors import StoredTensors, read_tensor


def stored(run: Path, content: bytes) -> Path:
    path = run / "tensors" / blake3(content).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("dtype", "array"),
    [
        ("float32", np.arange(6, dtype=np.float32).reshape(1, 2, 3)),
        ("float16", np.array([np.nan, -0.0], dtype=np.float16)),
        ("float64", np.array(1.5)),
        ("bfloat16", np.array([0x3F80, 0x8000], dtype=np.uint16)),
        ("float8_e4m3fn", np.array([[0x7F], [0x80]], dtype=np.uint8)),
        ("float8_e8m0fnu", np.array([0xFF], dtype=np.uint8)),
        ("complex64", np.array([1 - 2j], dtype=np.complex64)),
        ("complex128", np.array(complex(np.nan, -0.0))),
        ("int4", np.array([-8, 7], dtype=np.int8)),
        ("uint4", np.array([15], dtype=np.uint8)),
        ("int8", np.array([-1], dtype=np.int8)),
        ("bool", np.array([True, False])),
        ("float32", np.empty((0, 3), dtype=np.float32)),
    ],
)
def test_what_the_runner_writes_is_read(tmp_path: Path, dtype: str, array: np.ndarray) -> None:
    written = tmp_path / "written"
    Tensor(dtype, array).write(written)
    path = stored(tmp_path, written.read_bytes())
    found, shape, values = read_tensor(path)
    assert (found, shape) == (dtype, array.shape)
    assert values.dtype == array.dtype
    assert values.tobytes() == array.tobytes()


def test_the_first_run_that_has_it_counts(tmp_path: Path) -> None:
    content = b'{"dtype":"int8","shape":[1]}\n\x05'
    path = stored(tmp_path / "b", content)
    tensors = StoredTensors([tmp_path / "a", tmp_path / "b"])
    found = tensors(path.name)
    assert found is not None
    assert found[2].tolist() == [5]
    assert tensors("0" * 64) is None


@pytest.mark.parametrize("digest", ["", "../run.json", "/etc/passwd", "A" * 64, "0" * 63])
def test_a_digest_is_no_path(tmp_path: Path, digest: str) -> None:
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "tensors").mkdir()
    assert StoredTensors([tmp_path])(digest) is None


def test_other_content_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = stored(tmp_path, b'{"dtype":"int8","shape":[1]}\n\x05')
    path.write_bytes(b'{"dtype":"int8","shape":[1]}\n\x06')
    with pytest.raises(StoreError, match=f"{path.name}.*damaged"):
        StoredTensors([tmp_path])(path.name)


@pytest.mark.parametrize(
    "content",
    [
        b"no header",
        b"{}\n",
        b"[]\n",
        b'{"dtype":"float8","shape":[1]}\n\x00',
        b'{"dtype":"float32","shape":[2]}\n\x00\x00\x00\x00',
        b'{"dtype":"int8","shape":[-1]}\n\x00',
        b'{"dtype":"int8","shape":["1"]}\n\x00',
    ],
)
def test_what_is_no_tensor_file_says_so(tmp_path: Path, content: bytes) -> None:
    path = stored(tmp_path, content)
    with pytest.raises(StoreError, match="not a tensor file"):
        read_tensor(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_tensor(tmp_path / ("0" * 64))

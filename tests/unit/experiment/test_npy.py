from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from orchestrator.experiment.tensors import npy_bytes, store_npy

DTYPES = st.sampled_from(["<f2", "<f4", ">f4", "<f8", "<i1", ">i8", "<u2", "?"])


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
def test_what_is_written_is_read_back_bit_for_bit(array: np.ndarray) -> None:
    read = np.load(io.BytesIO(npy_bytes(array)), allow_pickle=False)
    plain = array.astype(array.dtype.newbyteorder("<"))
    assert read.shape == array.shape
    assert read.dtype == plain.dtype
    assert read.tobytes() == plain.tobytes()


def test_order_in_memory_does_not_matter() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert npy_bytes(np.asfortranarray(array)) == npy_bytes(array)


def test_the_bytes_are_these_whatever_numpy_writes() -> None:
    content = npy_bytes(np.zeros((1, 2), np.float32))
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
    assert content == b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117) + b"\n" + bytes(8)


def test_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="object"):
        npy_bytes(np.array([{}]))


def test_a_tensor_is_stored_under_its_hash(tmp_path: Path) -> None:
    digest, path = store_npy(np.ones(3, np.float32), tmp_path / "new")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert [p.name for p in path.parent.iterdir()] == [f"{digest}.npy"]

from __future__ import annotations

import itertools
import os
import threading
from typing import Any

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from eqc_runner import chain as chain_module
from eqc_runner.chain import MANTISSA_BITS, TILE, chain, digest_and_chain
from eqc_runner.digest import digest
from eqc_runner.tensor import CARRIERS, NARROW, Tensor

FLOATS = sorted(MANTISSA_BITS)


def part_size(dtype: str) -> int:
    """Bytes of an element, of a complex one of either part."""
    carrier = np.dtype(CARRIERS[dtype])
    return carrier.itemsize // (2 if carrier.kind == "c" else 1)


def words(tensor: Tensor) -> list[int]:
    size = part_size(tensor.dtype)
    return [int(w) for w in np.ascontiguousarray(tensor.array).reshape(-1).view(f"u{size}")]


def agreeing_bits(tensors: list[Tensor]) -> int | None:
    """Remaining precision by definition, over all pairs; ``None``: D0 would differ."""
    mantissa = MANTISSA_BITS[tensors[0].dtype]
    least = mantissa
    for one, other in itertools.combinations(tensors, 2):
        for a, b in zip(words(one), words(other), strict=True):
            if a >> mantissa != b >> mantissa:
                return None
            while a >> (mantissa - least) != b >> (mantissa - least):
                least -= 1
    return least


def agreeing_links(tensors: list[Tensor]) -> int | None:
    """Remaining precision from the chains; ``None``: D0 differs."""
    links = [chain(tensor) for tensor in tensors]
    common = [len(set(level)) == 1 for level in zip(*links, strict=True)]
    return max((p for p, equal in enumerate(common) if equal), default=None)


def reference_chain(tensor: Tensor, tile: int) -> list[str]:
    """The chain as the module's docstring defines it, bit by bit in plain Python."""
    mantissa = MANTISSA_BITS[tensor.dtype]
    width = 8 * part_size(tensor.dtype)
    elements = words(tensor)

    def plane(bit: int) -> bytes:
        out = b""
        for start in range(0, len(elements), tile):
            piece = elements[start : start + tile]
            row = -(-len(piece) // 8)
            block = bytearray(row)
            for index, word in enumerate(piece):
                block[index % row] |= (word >> bit & 1) << (index // row)
            out += bytes(block)
        return out

    exponent = b""
    bit = width - 1
    if width - mantissa > 8:
        exponent = bytes(word >> (width - 8) for word in elements)
        bit -= 8
    exponent += b"".join(plane(b) for b in range(bit, mantissa - 1, -1))
    link = blake3(tensor.header() + exponent).digest()
    links = [link]
    for b in range(mantissa - 1, -1, -1):
        link = blake3(link + plane(b)).digest()
        links.append(link)
    return [link[:8].hex() for link in links]


@st.composite
def related(draw: Any) -> list[Tensor]:
    """A few tensors that share leading bits, of any bits: NaNs, infinities, subnormals, -0.0."""
    dtype = draw(st.sampled_from(FLOATS))
    size = part_size(dtype)
    width, mantissa = 8 * size, MANTISSA_BITS[dtype]
    exponent = (1 << (width - 1 - mantissa)) - 1
    special = st.sampled_from(
        [
            0,
            1 << (width - 1),
            exponent << mantissa,
            (exponent << mantissa) | 1,
            (exponent << mantissa) | (1 << mantissa >> 1),
            1,
            (1 << mantissa) - 1,
        ]
    )
    shape = draw(st.sampled_from([(), (0,), (1,), (3, 0), (2, 3), (7,), (8,), (9,), (64,), (65,)]))
    count = int(np.prod(shape, dtype=int)) * np.dtype(CARRIERS[dtype]).itemsize // size
    element = st.one_of(special, st.integers(0, (1 << width) - 1))
    base = draw(st.lists(element, min_size=count, max_size=count))
    tensors = []
    for _ in range(draw(st.integers(2, 4))):
        changed = list(base)
        for _ in range(draw(st.integers(0, 2)) if count else 0):
            changed[draw(st.integers(0, count - 1))] ^= 1 << draw(st.integers(0, width - 1))
        array = np.array(changed, dtype=f"u{size}").view(CARRIERS[dtype]).reshape(shape)
        tensors.append(Tensor(dtype, array))
    return tensors


@settings(max_examples=200, deadline=None)
@given(related())
def test_remaining_precision_of_chains_is_that_of_all_pairs(tensors: list[Tensor]) -> None:
    assert agreeing_links(tensors) == agreeing_bits(tensors)


@settings(max_examples=40, deadline=None)
@given(related())
def test_chain_is_what_the_docstring_defines(tensors: list[Tensor]) -> None:
    assert chain(tensors[0]) == reference_chain(tensors[0], TILE)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 128, 129, 200, 256])
def test_tiles_follow_each_other(dtype: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Small tiles, so that plain Python can check several of them and a rest.
    monkeypatch.setattr(chain_module, "TILE", 64)
    random = np.random.Generator(np.random.Philox(count))
    size = np.dtype(CARRIERS[dtype]).itemsize
    array = random.integers(0, 256, count * size, dtype=np.uint8).view(CARRIERS[dtype])
    assert chain(Tensor(dtype, array)) == reference_chain(Tensor(dtype, array), 64)


@pytest.mark.parametrize("dtype", FLOATS)
def test_whole_tiles_and_rest_at_the_real_size(dtype: str) -> None:
    count = 2 * TILE + 12346
    random = np.random.Generator(np.random.Philox(5))
    size = part_size(dtype)
    array = random.integers(0, 256, count * size, dtype=np.uint8).view(f"u{size}")
    mantissa = MANTISSA_BITS[dtype]
    first = chain(Tensor(dtype, array.view(CARRIERS[dtype])))
    assert first is not None
    for place in (0, TILE - 1, TILE, 2 * TILE + 12344):
        for bit in (0, mantissa // 2, max(mantissa - 1, 0), mantissa, 8 * size - 1):
            changed = array.copy()
            changed[place] ^= changed.dtype.type(1 << bit)
            second = chain(Tensor(dtype, changed.view(CARRIERS[dtype])))
            assert second is not None
            agree = sum(a == b for a, b in zip(first, second, strict=True))
            assert agree == max(0, mantissa - bit)


def test_a_complex_tensor_agrees_as_far_as_its_worse_part() -> None:
    one = np.array([1 + 1j, 2 - 3j], dtype=np.complex64)
    other = one.copy()
    other.view(np.uint32)[3] ^= 1 << 5
    first, second = chain(Tensor.of(one)), chain(Tensor.of(other))
    assert first is not None
    assert second is not None
    assert len(first) == 24
    assert sum(a == b for a, b in zip(first, second, strict=True)) == 23 - 5


def test_a_float_of_exponents_alone_has_one_link() -> None:
    tensor = Tensor("float8_e8m0fnu", np.array([0, 127, 255], dtype=np.uint8))
    assert chain(tensor) == reference_chain(tensor, TILE)
    assert len(reference_chain(tensor, TILE)) == 1


def test_chains_are_constants_of_the_format() -> None:
    array = np.array([[1.0, -0.0, np.inf], [1e-40, 3.14159, -2.5]], dtype=np.float32)
    links = chain(Tensor.of(array))
    assert links is not None
    assert (len(links), links[0], links[-1]) == (24, "bc983e9acca38f35", "fc6c395113c15fff")


@pytest.mark.parametrize("dtype", ["int4", "uint4", "int8", "int64", "uint16", "bool"])
def test_no_chain_without_mantissa(dtype: str) -> None:
    assert chain(Tensor(dtype, np.zeros(3, dtype=CARRIERS[dtype]))) is None


def test_layout_and_byte_order_do_not_enter() -> None:
    array = np.arange(24, dtype=np.float64).reshape(2, 3, 4)
    swapped = Tensor.of(array.astype(">f8"))
    strided = Tensor.of(np.repeat(array, 2, axis=2)[:, :, ::2])
    assert chain(Tensor.of(array)) == chain(swapped) == chain(strided)
    assert chain(Tensor.of(array)) != chain(Tensor.of(np.asfortranarray(array).T))


def test_dtype_and_shape_enter() -> None:
    array = np.zeros((2, 3), dtype=np.uint16)
    chains = [
        chain(Tensor("bfloat16", array)),
        chain(Tensor("bfloat16", array.reshape(3, 2))),
        chain(Tensor("float16", array.view(np.float16))),
    ]
    assert len({links[0] for links in chains if links}) == 3


def test_reused_scratch_leaves_no_trace() -> None:
    small = Tensor.of(np.arange(1000, dtype=np.float32))
    before = chain(small)
    chain(Tensor.of(np.full(3 * TILE + 5, np.nan, dtype=np.float64)))
    assert chain(small) == before


@st.composite
def arrays(draw: Any) -> Tensor:
    """A tensor of any dtype, layout and byte order, of up to a few small tiles."""
    # The narrow integers do not have all values of their carriers.
    dtype = draw(st.sampled_from(sorted(CARRIERS.keys() - NARROW.keys())))
    carrier = np.dtype(CARRIERS[dtype]).newbyteorder(draw(st.sampled_from("<>")))
    shape = draw(st.sampled_from([(), (0,), (1,), (63,), (64,), (65,), (3, 0), (5, 7), (3, 70)]))
    size = int(np.prod(shape, dtype=int)) * carrier.itemsize
    random = np.random.Generator(np.random.Philox(draw(st.integers(0, 1 << 32))))
    most = 1 if dtype == "bool" else 255
    content = random.integers(0, most, size, dtype=np.uint8, endpoint=True)
    array = content.view(carrier).reshape(shape)
    return Tensor(dtype, array.T if draw(st.booleans()) else array)


@settings(max_examples=200, deadline=None)
@given(arrays())
def test_one_pass_gives_what_digest_and_chain_give(tensor: Tensor) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chain_module, "TILE", 64)
        for threads in (1, 2):
            assert digest_and_chain(tensor, threads) == (digest(tensor), chain(tensor))


@pytest.mark.parametrize("dtype", [*FLOATS, "int64"])
@pytest.mark.parametrize("count", [TILE - 1, TILE, 2 * TILE + 12345])
def test_one_pass_at_the_real_size(dtype: str, count: int) -> None:
    random = np.random.Generator(np.random.Philox(count))
    size = np.dtype(CARRIERS[dtype]).itemsize
    array = random.integers(0, 256, count * size, dtype=np.uint8).view(CARRIERS[dtype])
    tensor = Tensor(dtype, array)
    for threads in (1, 2):
        assert digest_and_chain(tensor, threads) == (digest(tensor), chain(tensor))


def test_no_thread_is_left_that_a_fork_would_lack() -> None:
    before = threading.enumerate()
    digest_and_chain(Tensor.of(np.ones(4 * TILE, dtype=np.float32)), 2)
    assert threading.enumerate() == before


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_process_of_one_processor_has_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(chain_module, "_by_two_threads", seen.append)
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        digest_and_chain(Tensor.of(np.ones(1 << 21, dtype=np.float32)))
    finally:
        os.sched_setaffinity(0, cores)
    assert seen == []


def test_a_small_tensor_has_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(chain_module, "_by_two_threads", seen.append)
    digest_and_chain(Tensor.of(np.ones(1 << 18, dtype=np.float32)))
    assert seen == []


def test_what_the_other_thread_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Tensor) -> str:
        raise MemoryError("of the other thread")

    monkeypatch.setattr(chain_module, "digest", fail)
    with pytest.raises(MemoryError, match="of the other thread"):
        digest_and_chain(Tensor.of(np.ones(4 * TILE, dtype=np.float32)), 2)


def test_buffers_of_numpy_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    before, seen = np.getbufsize(), []

    def fail(*_: object) -> None:
        seen.append(np.getbufsize())
        raise MemoryError

    monkeypatch.setattr(chain_module._Words, "_transpose_tile", fail)
    with pytest.raises(MemoryError):
        chain(Tensor.of(np.ones(3, dtype=np.float32)))
    assert np.getbufsize() == before
    assert seen != [before]


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_shorter_tile_has_nothing_of_the_one_before(dtype: str) -> None:
    size = np.dtype(CARRIERS[dtype]).itemsize
    set_bits = np.full(64 * size, 255, dtype=np.uint8).view(CARRIERS[dtype])
    for count in (64, 57):  # both of rows of 8 elements
        tensor = Tensor(dtype, set_bits[:count])
        assert digest_and_chain(tensor) == (digest(tensor), reference_chain(tensor, TILE))

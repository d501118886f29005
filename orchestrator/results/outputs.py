"""The outputs of many sessions in little memory, readable as the objects of a record.

Thousands of sessions of one model have the same list of layers (the layout), and each layer has few
distinct contents. Layouts and contents are therefore kept once, in a pool for all sessions of a
run; a session has the index of its layout and the indices of its contents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from orchestrator.model.experiment import Json

Codes = npt.NDArray[np.int32]

Description = tuple[str, str, int, str | None, bool]
"""An output without its bits: the values of the keys in ``DESCRIPTION``."""

DESCRIPTION = ("name", "role", "index", "operation", "tensor")


class Content(NamedTuple):
    """The bits of an output, by digest; ``links`` is its chain, 8 bytes per link, or ``None``."""

    digest: str
    dtype: str
    shape: tuple[int, ...]
    links: bytes | None


@dataclass(frozen=True, slots=True)
class UnrecordedOutput:
    """An output that was computed but cannot be held by a record; it has no bits and no class."""

    name: str
    role: str
    """``final`` or ``layer``."""
    index: int
    operation: str | None
    reason: str
    """In plain words: ``strings are not recorded``."""


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """One output of a session: a named tensor, final or of a layer."""

    name: str
    role: str
    """``final`` or ``layer``."""
    index: int
    operation: str | None
    tensor: bool
    """Whether the tensor itself was kept."""
    content: Content

    @property
    def digest(self) -> str:
        """64 hex digits."""
        return self.content.digest

    @property
    def dtype(self) -> str:
        """The type of its elements, ``float32``."""
        return self.content.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""
        return self.content.shape

    @property
    def chain(self) -> tuple[str, ...] | None:
        """Its precision chain, 16 hex digits a link."""
        links = self.content.links
        return None if links is None else _texts(links)


_DESCRIPTION = itemgetter(*DESCRIPTION)
_DIGEST, _BITS = itemgetter("digest"), itemgetter("dtype", "shape", "chain")


class OutputPool:
    """Distinct layouts and contents, in the order in which they were added.

    A digest has several contents if records contradict each other, so that this remains visible.
    """

    def __init__(
        self,
        layouts: Iterable[tuple[Description, ...]] = (),
        contents: Iterable[Content] = (),
    ) -> None:
        self.layouts = list(layouts)
        self.contents = list(contents)
        self._layouts: dict[tuple[Any, ...], int] = {}
        self._bits: dict[str, list[tuple[Any, int]]] = {}

    def add(self, outputs: Sequence[Mapping[str, Json]]) -> Outputs:
        """Add the ``outputs`` of a record (docs/formats.md, section 3).

        Keys that are not in the format are dropped. Raises ``KeyError``, ``TypeError`` or
        ``ValueError`` where an element is not an output of the format.
        """
        layout = tuple(map(_DESCRIPTION, outputs))
        number = self._layouts.get(layout)
        if number is None:
            self.layouts.append(tuple(_description(*values) for values in layout))
            number = self._layouts[layout] = len(self.layouts) - 1
        codes = [self._code(output) for output in outputs]
        return Outputs(self, number, np.array(codes, dtype=np.int32))

    def _code(self, output: Mapping[str, Json]) -> int:
        digest, bits = _DIGEST(output), _BITS(output)
        variants = self._bits.setdefault(digest, [])
        for known, code in variants:
            if known == bits:
                return code
        self.contents.append(_content(digest, *bits))
        variants.append((bits, len(self.contents) - 1))
        return len(self.contents) - 1


@dataclass(frozen=True, eq=False, slots=True)
class Outputs(Sequence[OutputRecord]):
    """The outputs of one session."""

    pool: OutputPool
    layout: int
    """Index into ``pool.layouts``."""
    contents: Codes
    """Shape (outputs,), indices into ``pool.contents``."""

    @overload
    def __getitem__(self, place: int) -> OutputRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[OutputRecord]: ...
    def __getitem__(self, place: int | slice) -> OutputRecord | list[OutputRecord]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        described = self.pool.layouts[self.layout][place]
        return OutputRecord(*described, self.pool.contents[self.contents[place]])

    def __len__(self) -> int:
        return len(self.contents)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | tuple | Outputs):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def links_of(chain: Sequence[str] | None) -> bytes | None:
    """A chain of links (16 hex digits each) as bytes, 8 per link; ``None`` without a chain.

    Raises ``ValueError`` for a link of another length or of other characters.
    """
    if chain is None:
        return None
    links = bytes.fromhex("".join(chain))
    if len(links) != 8 * len(chain):
        raise ValueError(f"a chain of {len(chain)} links has {len(links)} bytes, not 8 each")
    return links


def _texts(links: bytes) -> tuple[str, ...]:
    return tuple(links[start : start + 8].hex() for start in range(0, len(links), 8))


def _description(
    name: object, role: object, index: object, operation: object, tensor: object
) -> Description:
    if not isinstance(name, str) or not isinstance(role, str):
        raise TypeError(f"name {name!r} or role {role!r} is no text")
    if not isinstance(index, int) or not 0 <= index < 1 << 31:
        raise ValueError(f"index {index!r} of {name!r} is none")
    if not isinstance(operation, str | None) or not isinstance(tensor, bool):
        raise TypeError(f"operation {operation!r} or tensor {tensor!r} of {name!r} is none")
    return name, role, index, operation, tensor


def _content(digest: object, dtype: object, shape: object, chain: object) -> Content:
    if not isinstance(digest, str) or not isinstance(dtype, str):
        raise TypeError(f"digest {digest!r} or dtype {dtype!r} is no text")
    if not isinstance(shape, list | tuple) or not all(isinstance(size, int) for size in shape):
        raise TypeError(f"shape {shape!r} is no list of sizes")
    if not isinstance(chain, list | tuple | None):
        raise TypeError(f"chain {chain!r} is no list")
    return Content(digest, dtype, tuple(shape), links_of(chain))

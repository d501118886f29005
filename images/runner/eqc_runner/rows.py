"""The rows of a batch that a cell observes: ``"0"``, ``"0:2"``, or all of it."""

from __future__ import annotations

from typing import NamedTuple

from eqc_runner.failures import Failed
from eqc_runner.tensor import Tensor, Unrecorded


class Rows(NamedTuple):
    """Rows ``start`` to ``stop`` (exclusive) of axis 0; ``stop`` 0 stands for the whole tensor.

    The axis stays: row 0 of an output of shape (8, 10) has the shape (1, 10).
    """

    start: int = 0
    stop: int = 0

    @classmethod
    def parse(cls, text: str | None) -> Rows:
        """A cell's ``row``; ``None`` is all rows. Raises ``Failed`` for another text."""
        if text is None:
            return cls()
        first, colon, last = str(text).partition(":")
        if first.isdigit() and (last.isdigit() or not colon):
            rows = cls(int(first), int(last) if colon else int(first) + 1)
            if rows.start < rows.stop:
                return rows
        raise Failed("exception", f"row {text!r} of the cell is neither like '0' nor like '0:2'")

    def of_finals(
        self, finals: list[tuple[str, Tensor | Unrecorded]]
    ) -> list[tuple[str, Tensor | Unrecorded]]:
        """These rows of all final outputs. Raises ``Failed`` (``wrong-shape``) if none has them."""
        cut = [(name, self.of_final(tensor)) for name, tensor in finals]
        lacking = [
            (name, part.reason)
            for (name, part), (_, whole) in zip(cut, finals)
            if isinstance(part, Unrecorded) and part is not whole
        ]
        if lacking and not any(isinstance(part, Tensor) for _, part in cut):
            name, reason = lacking[0]
            raise Failed("wrong-shape", f"output {name!r} {reason}")
        return cut

    def of_final(self, tensor: Tensor | Unrecorded) -> Tensor | Unrecorded:
        """These rows of a final output; one that lacks them, as a loss, has no record."""
        if not self.stop or isinstance(tensor, Unrecorded):
            return tensor
        if not tensor.shape or tensor.shape[0] < self.stop:
            return Unrecorded(
                f"of shape {tensor.shape} has no row {self.stop - 1}: observe fewer rows, give a "
                "larger batch, or leave 'row' out where axis 0 is no batch"
            )
        return self._part(tensor)

    def of_layer(self, tensor: Tensor, batch: int | None) -> Tensor:
        """These rows of a layer whose axis 0 is as long as the batch; any other layer as it is."""
        if not self.stop or not tensor.shape or tensor.shape[0] != batch or batch < self.stop:
            return tensor
        return self._part(tensor)

    def _part(self, tensor: Tensor) -> Tensor:
        return Tensor(tensor.dtype, tensor.array[self.start : self.stop])

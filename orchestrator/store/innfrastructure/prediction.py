"""The predictions in a result file of the study: one, one per session, or one per layer."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.results.tensor_file import WIDTH, chain, digest, tensor_file
from orchestrator.store.parse import JsonObject


class ForeignFileError(ValueError):
    """JSON, but not a result file of the study."""


@dataclass(frozen=True)
class Prediction:
    """The outputs of one session."""

    outputs: tuple[JsonObject, ...]
    """As in an observation's ``outputs``."""
    tensors: tuple[tuple[str, bytes], ...]
    """(digest, tensor file), by output."""


@dataclass(frozen=True)
class _Array:
    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, value: Any, where: str) -> _Array:
        if not isinstance(value, Mapping):
            raise ForeignFileError(f"foreign: {where} is not an object with bytes, dtype and shape")
        dtype, shape = value.get("dtype"), value.get("shape")
        if not isinstance(dtype, str) or dtype not in WIDTH:
            raise ValueError(f"{where} has the unknown dtype {dtype!r}")
        if not isinstance(shape, list) or not all(
            isinstance(size, int) and size >= 0 for size in shape
        ):
            raise ValueError(f"{where} has no usable shape: {shape!r}")
        try:
            data = base64.b64decode(value.get("bytes") or "", validate=True)
            tensor_file(dtype, tuple(shape), data)
        except (TypeError, binascii.Error, ValueError) as error:
            raise ValueError(f"{where} is damaged: {error}") from error
        return cls(dtype, tuple(shape), data)

    def rows(self) -> list[_Array]:
        """The array cut along its first axis."""
        count, shape = self.shape[0], self.shape[1:]
        size = len(self.data) // count
        return [
            _Array(self.dtype, shape, self.data[row * size : (row + 1) * size])
            for row in range(count)
        ]


def predictions_of(document: Mapping[str, Any]) -> tuple[Prediction, ...]:
    """One prediction per session, at least one.

    ``all_predictions`` has those of several sessions, stacked in one array or as a list of arrays.
    ``prediction`` is then the most frequent one and the number ``count`` says how many equal it;
    a list ``count`` says how often each was seen. Without ``all_predictions``, ``prediction`` is
    the only one, or a list with one entry per layer, the last being the final output. Raises
    ``ValueError`` saying what is wrong.
    """
    prediction = document.get("prediction")
    if document.get("all_predictions") is not None:
        return _sessions(document)
    if prediction is None:
        raise ForeignFileError("foreign: no prediction")
    layers = prediction if isinstance(prediction, list) else [prediction]
    if not layers:
        raise ValueError("prediction is an empty list")
    arrays = [_Array.of(layer, f"prediction[{row}]") for row, layer in enumerate(layers)]
    return (_prediction(arrays),)


def _sessions(document: Mapping[str, Any]) -> tuple[Prediction, ...]:
    value, count = document["all_predictions"], document.get("count")
    if isinstance(value, list):
        rows = [_Array.of(each, f"all_predictions[{row}]") for row, each in enumerate(value)]
    else:
        stacked = _Array.of(value, "all_predictions")
        rows = stacked.rows() if stacked.shape and stacked.shape[0] else []
    if not rows:
        raise ValueError("all_predictions holds no prediction")
    often = [1] * len(rows)
    if isinstance(count, list):
        if len(count) != len(rows) or not all(_is_number(each) and each > 0 for each in count):
            raise ValueError(f"count {count!r} does not fit the {len(rows)} of all_predictions")
        often = count
    elif count is not None:
        _verify_count(rows, count, document.get("prediction"))
    return tuple(
        _prediction([row]) for row, times in zip(rows, often, strict=True) for _ in range(times)
    )


def _verify_count(rows: Sequence[_Array], count: Any, prediction: Any) -> None:
    """Raises ``ValueError`` unless ``count`` sessions gave the prediction that stands for all."""
    seen = Counter(row.data for row in rows)
    most = max(seen.values())
    if prediction is not None:
        stands = _Array.of(prediction, "prediction")
        if seen[stands.data] < most or stands.dtype != rows[0].dtype:
            raise ValueError("prediction is not the most frequent one of all_predictions")
    if not _is_number(count) or count != most:
        raise ValueError(
            f"count {count!r} does not fit: the most frequent of the {len(rows)} predictions "
            f"occurs {most} times"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _prediction(arrays: Sequence[_Array]) -> Prediction:
    outputs: list[JsonObject] = []
    tensors = []
    for row, array in enumerate(arrays):
        file = tensor_file(array.dtype, array.shape, array.data)
        identity = digest(file)
        links = chain(array.dtype, array.shape, array.data)
        final = row == len(arrays) - 1
        outputs.append(
            {
                "name": "output" if final else f"layer {row}",
                "role": "final" if final else "layer",
                "index": 0 if final else row,
                "operation": None,
                "dtype": array.dtype,
                "shape": list(array.shape),
                "digest": identity,
                "chain": None if links is None else [*links],
                "tensor": True,
            }
        )
        tensors.append((identity, file))
    return Prediction(tuple(outputs), tuple(tensors))

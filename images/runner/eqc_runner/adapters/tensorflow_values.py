"""What TensorFlow returns as tensors of the file format, and the floating-point types of a model.

A ragged tensor is recorded as its ``values`` and ``row_splits``, a sparse one as its ``indices``,
``values`` and ``dense_shape``: nothing is padded or made dense.
"""

from __future__ import annotations

from typing import Any, Iterable, List, Mapping, Sequence, Tuple, Union

import numpy as np

from eqc_runner.adapters.binding import TEXT, InputSpec, bind, fit
from eqc_runner.adapters.model_file import first_line
from eqc_runner.adapters.nested import leaves
from eqc_runner.adapters.protocol import Settings
from eqc_runner.failures import Failed, Unsupported
from eqc_runner.tensor import CARRIERS, Tensor, Unrecorded

Recorded = Union[Tensor, Unrecorded]
Named = List[Tuple[str, Recorded]]


def recorded(value: Any) -> Recorded:
    """The tensor of one dense value, or why a record cannot hold it; nothing is raised."""
    # TensorFlow gives its quantised types as plain integers.
    kind = str(getattr(value.dtype, "name", "")) if hasattr(value, "dtype") else ""
    if kind.startswith("q"):
        return Unrecorded(f"a record has no dtype {kind}")
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except Exception as error:  # noqa: BLE001 - TensorFlow has many; one value costs no other
        return Unrecorded(f"TensorFlow gives no array: {first_line(error)}")
    dtype = array.dtype.name
    if array.dtype.kind in "OSU":
        return Unrecorded("strings are not recorded")
    if dtype not in CARRIERS:
        return Unrecorded(f"a record has no dtype {dtype}")
    carrier = np.dtype(CARRIERS[dtype])
    if array.dtype.newbyteorder("=") == carrier:
        return Tensor(dtype, array)
    # The types of ml_dtypes: those of four bits are held one a byte, the others by their bits.
    bits = array.astype(carrier) if dtype.endswith("int4") else array.view(carrier)
    return Tensor(dtype, bits)


def tensors(values: Iterable[Any]) -> list[Tensor]:
    """Those of ``values`` (variables, arrays) that a record can hold, in order."""
    return [each for each in map(recorded, values) if isinstance(each, Tensor)]


def outputs(tf: Any, value: Any, *, by_name: bool = False) -> Named:
    """What a model returned, leaf by leaf; a lone tensor is called ``output``.

    ``by_name``: mappings are sorted, as those of a SavedModel come in any order.
    """
    dense = _plain(tf, value, by_name=by_name)
    return [(path or "output", leaf) for path, leaf in leaves(dense, recorded)]


def _plain(tf: Any, value: Any, *, by_name: bool) -> Any:
    """``value`` with its ragged and sparse tensors as mappings of dense ones."""
    if isinstance(value, tf.RaggedTensor):
        splits = list(value.nested_row_splits)
        return {"values": value.flat_values, "row_splits": splits if splits[1:] else splits[0]}
    if isinstance(value, tf.sparse.SparseTensor):
        return {
            "indices": value.indices,
            "values": value.values,
            "dense_shape": value.dense_shape,
        }
    if isinstance(value, Mapping):
        items = sorted(value.items()) if by_name else value.items()
        return {key: _plain(tf, item, by_name=by_name) for key, item in items}
    if isinstance(value, (list, tuple)):
        return [_plain(tf, item, by_name=by_name) for item in value]
    return value


class Given:
    """The inputs and the constants of a cell, bound to what a model takes."""

    def __init__(
        self, settings: Settings, arguments: Mapping[str, Any], others: Sequence[str] = ()
    ) -> None:
        """``arguments``: constants by the names of inputs, each one for a whole input.

        ``others``: parameters that are no inputs, for messages.
        """
        self._others = others
        self._settings = settings
        self._arguments = arguments
        self.converted: tuple[str, ...] = ()

    def bind(
        self, inputs: Mapping[str, np.ndarray], specs: Sequence[InputSpec]
    ) -> dict[str, np.ndarray]:
        """Every input's array by its name. Raises ``Failed`` as ``binding.bind`` does."""
        names = [spec.name for spec in specs]
        unknown = sorted(set(self._arguments) - set(names))
        if unknown:
            takes = ", ".join([*names, *self._others]) or "none"
            text = f"the model has no argument {', '.join(unknown)}; it takes {takes}"
            raise Failed("input-missing", text)
        twice = sorted(set(self._arguments) & set(inputs))
        if twice:
            raise Failed("input-missing", f"{', '.join(twice)}: given as input and as argument")
        rest = [spec for spec in specs if spec.name not in self._arguments]
        arrays, self.converted = bind(inputs, rest, self._settings)
        for spec in specs:
            if spec.name in self._arguments:
                arrays[spec.name] = self._constant(spec)
        return arrays

    def _constant(self, spec: InputSpec) -> np.ndarray:
        value = self._arguments[spec.name]
        if spec.shape:
            raise Failed("wrong-shape", f"argument {spec.name!r} is one value, the model's is more")
        if spec.dtype == TEXT and isinstance(value, str):
            return np.array(value)
        if value is None or isinstance(value, str):
            raise Failed("inexact-input", f"argument {spec.name!r} is {value!r}, not {spec.dtype}")
        made, _ = fit(spec.name, np.asarray(value), spec.dtype, self._settings)
        return made


def dimensions(shape: Any) -> tuple[int | None, ...] | None:
    """Axes of any length (-1 or ``None``) become ``None``; so does a shape of unknown rank."""
    if shape is None or getattr(shape, "rank", 0) is None:
        return None
    return tuple(None if length is None or int(length) < 0 else int(length) for length in shape)


def floats(dtypes: Iterable[str]) -> tuple[str, ...]:
    """Those of ``dtypes`` that are floating point or complex, each once and sorted."""
    return tuple(sorted({name for name in dtypes if "float" in name or "complex" in name}))


def check_stored(precision: str, found: Sequence[str], what: str) -> None:
    """Raises ``Unsupported`` unless a model of a file computes in ``precision`` as it is.

    ``found`` are the floating-point types of the file: TensorFlow's graphs have their types
    written into every operation, so none is cast.
    """
    if precision == "stored" or not found or tuple(found) == (precision,):
        return
    raise Unsupported(
        "unsupported-precision",
        f"{what} computes in {' and '.join(found)} as it is, and is not cast to {precision}: "
        "leave 'precision' out to have it computed so",
    )

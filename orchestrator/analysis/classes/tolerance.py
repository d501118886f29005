"""Whether what moved is within a tolerance. What cannot be judged never is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.classes.consequences import Tensor, absolute_errors
from orchestrator.analysis.classes.distance import Comparison
from orchestrator.results.floats import FORMATS, as_values, bits_of, ulp_distance
from orchestrator.results.tensor_file import COMPLEX
from orchestrator.results.tolerance import Tolerance
from orchestrator.system.counted import counted


def beyond(tolerances: Iterable[Tolerance], found: Comparison) -> tuple[str, ...]:
    """Why the two outputs are not within ``tolerances``, of which all must hold; empty: they are.

    Where one output has an infinity or a NaN the other must have the same bits. Chains alone show
    that but for the payloads of NaNs beyond the bits that are asked for.
    """
    return tuple(f"{one.text}: {why}" for one in tolerances for why in _beyond(one, found))


def _beyond(tolerance: Tolerance, found: Comparison) -> Iterator[str]:
    distance = found.distance
    if found.tensors is not None and (odd := _unequal_specials(*found.tensors)):
        elements = counted(odd, "element is", "elements are")
        yield f"{elements} infinite or NaN, with other bits on the other side"
        return
    if tolerance.bits is not None:
        if found.agreed is None:
            yield _cannot(distance.unknown or ("the outputs are not floats",))
        elif found.agreed < 0 and not (found.tensors and found.tensors[0][0] in FORMATS):
            yield "sign, exponent, type or shape differ"
        elif found.agreed < 0:
            yield "sign or exponent differ"
        elif found.agreed < tolerance.bits:
            yield counted(found.agreed, "bit")
    elif found.tensors is None:
        yield _cannot(distance.unknown)
    elif tolerance.ulps is not None:
        if distance.largest_ulps is None:
            yield _cannot(distance.unknown or ("the outputs are not floats",))
        elif (furthest := _finite_ulps(*found.tensors)) > tolerance.ulps:
            yield f"{furthest} ulp"
    elif far := int((~_is_close(tolerance, *found.tensors)).sum()):
        elements = counted(found.tensors[0][2].size, "element")
        yield f"{far} of {elements} {'is' if far == 1 else 'are'} further"


def _cannot(unknown: Iterable[str]) -> str:
    return f"cannot be judged: {'; '.join(unknown)}"


def _unequal_specials(first: Tensor, second: Tensor) -> int:
    """Elements of which one is infinite or a NaN and the other has other bits."""
    if first[0] not in FORMATS:
        return 0
    x, y = as_values(first[0], first[2]), as_values(second[0], second[2])
    special = ~(np.isfinite(x) & np.isfinite(y))
    if first[0] == second[0]:
        same = bits_of(first[0], first[2]) == bits_of(second[0], second[2])
    else:
        same = bits_of("float64", x) == bits_of("float64", y)
    return int((special & ~same).sum())


def _finite_ulps(first: Tensor, second: Tensor) -> int:
    """The largest distance of finite elements; the others are equal here."""
    finite = np.isfinite(as_values(first[0], first[2]))
    left, right = bits_of(first[0], first[2]), bits_of(second[0], second[2])
    return int(ulp_distance(first[0], left, right)[finite].max(initial=0))


def _is_close(tolerance: Tolerance, first: Tensor, second: Tensor) -> npt.NDArray[np.bool_]:
    """By element, of complex ones both parts; NaNs and infinities are equal here."""
    reference = np.abs(as_values(first[0], first[2]))
    finite = np.isfinite(reference)
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = (tolerance.atol or 0.0) + (tolerance.rtol or 0.0) * reference
        near: npt.NDArray[np.bool_] = absolute_errors(first, second) <= allowed
    near |= ~finite
    return np.asarray(near.all(axis=-1)) if first[0] in COMPLEX else near

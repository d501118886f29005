"""oneDNN's and MKL's own logs: ``ONEDNN_VERBOSE=1``, ``MKL_VERBOSE=1``.

A line of oneDNN is ``onednn_verbose,v1,TIME,primitive,exec,ENGINE,PRIMITIVE,IMPLEMENTATION,
PROP_KIND,MEMORY,ATTRIBUTES,AUXILIARY,PROBLEM,MILLISECONDS``. Versions differ in what stands before
``exec`` (https://uxlfoundation.github.io/oneDNN/dev_guide_verbose.html).
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, NamedTuple

from eqc_runner.kernels.kernel import Kernel
from eqc_runner.kernels.trace import Line, Mark

SOURCE, MKL = "onednn", "mkl"
GEMM = "gemm_api"
"""A matrix product that the framework itself calls oneDNN for, with blocks of its own choice."""
_BEGINS = ("onednn_verbose,", "dnnl_verbose,", "mkldnn_verbose,")
_AFTER_EXEC = 9
"""Fields after ``exec``: engine, primitive, implementation, kind, memory, attributes, auxiliary,
problem, milliseconds."""
_BEFORE_PROBLEM = 2
_TIME = re.compile(r"^\d+\.\d+$")
_MKL = re.compile(r"^MKL_VERBOSE (?P<function>[A-Z0-9_]+)\((?P<arguments>[^)]*)\)")
_MKL_ISA = re.compile(r"^MKL_VERBOSE oneMKL .*? 64 architecture (?P<isa>.*), Lnx")
_ISAS = {"AVX-512": "avx512", "AVX2": "avx2", "AVX": "avx", "SSE4.2": "sse42"}
_GEMMS = {"GEMM": 3, "GEMV": 2}
"""Sizes that a function of MKL takes, after one letter for each transposition."""


class Ran(NamedTuple):
    """A kernel that ran."""

    kernel: Kernel
    milliseconds: float | None
    """Since 1970, where the library says it."""
    mark: Mark | None


def ran(lines: Iterable[Line]) -> Iterator[Ran]:
    """What the log says was computed, in order; reorders of data are left out."""
    isa = ""
    for text, mark in lines:
        if text.startswith(_BEGINS):
            found = _primitive(text, mark)
            if found is not None:
                yield found
        elif text.startswith("MKL_VERBOSE "):
            header = _MKL_ISA.match(text)
            isa = _short(header["isa"]) if header else isa
            call = _MKL.match(text)
            if call is not None:
                yield Ran(_call(call["function"], call["arguments"], isa, mark), None, mark)


def _primitive(text: str, mark: Mark | None) -> Ran | None:
    fields = text.split(",")
    if "exec" not in fields:
        return None
    place = fields.index("exec")
    before, after = fields[1:place], fields[place + 1 :]
    if len(after) < _AFTER_EXEC or "graph" in before or after[1] == "reorder":
        return None
    # What stands in the middle may hold commas; the problem is counted from the end.
    primitive, implementation, problem = after[1], after[2], after[-_BEFORE_PROBLEM]
    stamp = next((field for field in before if _TIME.match(field)), None)
    layer = mark.layer if mark else None
    name = implementation or primitive
    return Ran(
        Kernel(name, primitive, problem or None, SOURCE, layer),
        float(stamp) if stamp else None,
        mark,
    )


def _call(function: str, arguments: str, isa: str, mark: Mark | None) -> Kernel:
    """``SGEMM`` on m by k and k by n is ``MxK:KxN``; other functions have no sizes."""
    parts = arguments.split(",")
    sizes = None
    kind = next((each for each in _GEMMS if function.endswith(each)), None)
    if kind is not None:
        letters = sum(1 for part in parts if part.isalpha())
        numbers = parts[letters : letters + _GEMMS[kind]]
        if kind == "GEMM" and len(numbers) == _GEMMS[kind]:
            m, n, k = numbers
            sizes = f"{m}x{k}:{k}x{n}"
        else:
            sizes = "x".join(numbers)
    operation = mark.operation if mark else None
    name = f"mkl:{function.lower()}{':' + isa if isa else ''}"
    return Kernel(name, operation, sizes, MKL, mark.layer if mark else None)


def _short(words: str) -> str:
    """``avx512`` for "Intel(R) Advanced Vector Extensions 512 (Intel(R) AVX-512) …".

    Of the code that runs on every processor it says "Intel(R) Architecture processors".
    """
    found = re.search(r"AVX-512|AVX2|AVX|SSE4\.2", words)
    return _ISAS[found[0]] if found else "compatible"

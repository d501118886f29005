"""The operators of a TFLite interpreter; a delegate computes some of them in its own way."""

from __future__ import annotations

from typing import Any, Mapping

from eqc_runner.kernels.kernel import Kernel

SOURCE = "tflite.interpreter"
_DELEGATE = "DELEGATE"


def kernels(
    interpreter: Any, names: Mapping[int, str], *, reference: bool
) -> tuple[list[Kernel], str | None]:
    """The kernels of an interpreter that has run, and why some are not known.

    ``names``: of the tensors, by number. Operators of which a delegate computes some are listed
    as ``xnnpack``: it does not say how, and the interpreter does not say which are its own.
    """
    listed = getattr(interpreter, "_get_ops_details", None)
    if listed is None:
        return [], "this version's interpreter does not list its operators"
    operators = listed()
    delegated = any(operator["op_name"] == _DELEGATE for operator in operators)
    kind = "xnnpack" if delegated else "reference" if reference else "builtin"
    found = [
        Kernel(
            f"{kind}:{operator['op_name'].lower()}",
            operator["op_name"],
            None,
            SOURCE,
            next((names[int(n)] for n in operator["outputs"] if int(n) in names), None),
        )
        for operator in operators
        if operator["op_name"] != _DELEGATE
    ]
    reason = "XNNPACK computes operators together and does not say how" if delegated else None
    return found, reason

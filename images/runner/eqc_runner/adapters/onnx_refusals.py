"""What ONNX Runtime says when it refuses a model, as a reason with its remedy."""

from __future__ import annotations

import re
from typing import Any, Sequence

from eqc_runner.adapters.onnx_options import CPU
from eqc_runner.failures import Failed, SessionError, Unsupported

_UNSUPPORTED = (
    (
        r"Unsupported model IR version: (\d+), max supported IR version: (\d+)",
        (
            "{name} has ONNX's IR version {0}, and {version} reads up to {1}: run it on a newer "
            "onnxruntime, or save it with an older onnx"
        ),
    ),
    (
        r"(?s)Opset (\d+) is under development.*support for domain (\S+) is till opset (\d+)",
        (
            "{name} has opset {0} of {1}, and {version} computes up to {2}: run it on a newer "
            "onnxruntime, or convert it with onnx.version_converter"
        ),
    ),
    (
        r"(?:Fatal error: )?(\S+?)\(-?\d+\) is not a registered function/op",
        (
            "{name} needs the operator {0}, which {version} has not: it is a custom operator, or "
            "of another version of its opset"
        ),
    ),
    (
        r"No [Oo]p registered for (\S+) with domain_version of (\d+)",
        "{name} needs the operator {0} of opset {1}, which {version} has not",
    ),
    (
        r"Could not find an implementation for (\S+)\((\d+)\) node with name '(.*?)'",
        (
            "{name} needs {0} of opset {1} (node '{2}'): {version} has no kernel in {providers} "
            "for that version and these types"
        ),
    ),
    (
        r"MLDataType for: (\S+) is not currently registered",
        "{name} has values of type {0}, which {version} does not compute",
    ),
    (
        r"disable_cpu_ep_fallback|explicitly disabled by the user",
        (
            "{providers} cannot compute all of {name}, and nothing is computed on the CPU "
            f"unnoticed: add {CPU} to 'provider' to allow it"
        ),
    ),
)
"""What its messages say (in 1.32, most in 1.18 too), and what is said of that."""
_PLACE = re.compile(r"(?s)^.*?/onnxruntime_src/\S+:\d+ .*?\) (?=[A-Z])")
"""A place in its sources, and the function there."""


def refusal(ort: Any, providers: Sequence[str], name: str, error: Exception) -> Exception:
    """The error to raise in place of one of ONNX Runtime's; itself where its text says enough.

    Its exception classes are in a private module, so they are recognised by their names, which are
    stable.
    """
    if isinstance(error, SessionError):
        return error
    text, kind = str(error), type(error).__name__
    known = {
        "name": name or "the model",
        "version": f"onnxruntime {ort.__version__}",
        "providers": ", ".join(providers),
    }
    for pattern, said in _UNSUPPORTED:
        found = re.search(pattern, text)
        if found is not None:
            return Unsupported("unsupported-operator", said.format(*found.groups(), **known))
    if kind == "NotImplemented":
        return Unsupported("unsupported-operator", _PLACE.sub("", text))
    if kind in ("InvalidProtobuf", "InvalidGraph"):
        text = f"{known['name']} is not a valid ONNX model: {_PLACE.sub('', text)}"
        return Failed("exception", text)
    return error

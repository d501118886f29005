"""What ONNX Runtime says when it refuses a model, as a reason with its remedy."""

from __future__ import annotations

import re
from typing import Any, Sequence

from eqc_runner.adapters.onnx_options import CPU
from eqc_runner.failures import Failed, SessionError, Unsupported

_IR = re.compile(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)")
_OPSET = re.compile(
    r"Opset (\d+) is under development.*support for domain (\S+) is till opset (\d+)", re.DOTALL
)
_OPERATOR = re.compile(r"(?:Fatal error: )?(\S+?)\((-?\d+)\) is not a registered function/op")
_UNKNOWN = re.compile(r"No [Oo]p registered for (\S+) with domain_version of (\d+)")
_PLACE = re.compile(r"^.*?/onnxruntime_src/\S+:\d+ .*?\) (?=[A-Z])", re.DOTALL)


def refusal(ort: Any, providers: Sequence[str], name: str, error: Exception) -> Exception:
    """The error to raise in place of one of ONNX Runtime's; itself where its text says enough.

    Its exception classes are in a private module, so they are recognised by their names, which are
    stable.
    """
    if isinstance(error, SessionError):
        return error
    text, kind = str(error), type(error).__name__
    version = f"onnxruntime {ort.__version__}"
    said = _IR.search(text)
    if said is not None:
        return Unsupported(
            "unsupported-operator",
            f"{name} has ONNX's IR version {said[1]}, and {version} reads up to {said[2]}: run it "
            "on a newer onnxruntime, or save it with an older onnx",
        )
    said = _OPSET.search(text)
    if said is not None:
        return Unsupported(
            "unsupported-operator",
            f"{name} has opset {said[1]} of {said[2]}, and {version} computes up to {said[3]}: run "
            "it on a newer onnxruntime, or convert it with onnx.version_converter",
        )
    said = _OPERATOR.search(text) or _UNKNOWN.search(text)
    if said is not None:
        return Unsupported(
            "unsupported-operator",
            f"{name} needs the operator {said[1]}, which {version} has not: it is a custom "
            "operator, or of another version of its opset",
        )
    if "disable_cpu_ep_fallback" in text or "explicitly disabled by the user" in text:
        return Unsupported(
            "unsupported-operator",
            f"{', '.join(providers)} cannot compute all of {name or 'the model'}, and nothing is "
            f"computed on the CPU unnoticed: add {CPU} to 'provider' to allow it",
        )
    if kind == "NotImplemented":
        return Unsupported("unsupported-operator", _PLACE.sub("", text))
    if kind in ("InvalidProtobuf", "InvalidGraph", "InvalidArgument"):
        return Failed("exception", f"{name} is not a valid ONNX model: {_PLACE.sub('', text)}")
    return error

"""The first operator that parts two platforms, as a sentence."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.results.parting import Parting, Side, Unparted
from orchestrator.system.counted import counted

BEFORE_AND_AFTER = ("before", "now")
"""What to call the sides where both are one platform."""


def parting_sentence(found: Parting | Unparted, called: tuple[str, str] | None = None) -> str:
    """``classes 1 and 2 part at layer conv2d_3 (conv2d), …; 20 of 23 bits are left; a: …; b: …``.

    ``called``: names of the sides, instead of those of their platforms.
    """
    one, two = found.sides
    if called is not None:
        one, two = replace(one, platform=called[0]), replace(two, platform=called[1])
    if isinstance(found, Unparted):
        return f"{_pair(one, two)}: where they part is not known: {found.reason}"
    operation = f" ({found.operation})" if found.operation else ""
    parts = [f"{_pair(one, two)} part at layer {found.layer}{operation}, whose inputs are equal"]
    if found.bits is not None:
        parts.append(f"{found.bits} of {found.of_bits} bits are left")
    if found.unknown_before:
        layers = counted(found.unknown_before, "layer")
        parts.append(f"{layers} before it only one of them recorded, so it may be earlier")
    if found.cut:
        parts.append(
            "as parts of the model that end there compute it: what the whole model fuses with the "
            "next operator stands alone in them"
        )
    parts += _kernels(one, two)
    return "; ".join(parts)


def _pair(one: Side, two: Side) -> str:
    if one.class_number is None or two.class_number is None:
        return f"{one.platform} and {two.platform}"
    return f"classes {one.class_number} and {two.class_number}"


def _kernels(one: Side, two: Side) -> list[str]:
    if not one.kernels and not two.kernels:
        return ["observe: {kernels: true} would tell the kernels"]
    shown = [" + ".join(side.kernels) or "a kernel that is not known" for side in (one, two)]
    if shown[0] == shown[1]:
        return [f"the kernel has one name on both: {shown[0]}"]
    return [f"{side.platform}: {words}" for side, words in zip((one, two), shown, strict=True)]

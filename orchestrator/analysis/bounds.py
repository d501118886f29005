"""Where the work for a report ends: what a page or a terminal has room and patience for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from orchestrator.analysis.explain.explain import Limits


@dataclass(frozen=True)
class Bounds:
    """Where the work ends. By default nothing is bounded but the search for minimal sets."""

    search: Limits = field(default_factory=Limits)
    """Of a request for explanations."""
    tensor_bytes: float = math.inf
    """Read for the layers, and as much again for the final outputs."""
    tensors: float = math.inf
    """Their number, read likewise."""
    margins: bool = True
    """Whether final outputs of partitions with one class are read, too."""


UNBOUNDED = Bounds()
TERMINAL = Bounds(tensor_bytes=2**26, tensors=1000, margins=False)
"""Of a report without ``--show``: a fraction of a second for how far classes are apart."""
PAGE = Bounds(Limits(sets=10, seconds=20.0, explanations=12), tensor_bytes=2**30)
"""What a page has room and patience for; its parts say what they left out."""

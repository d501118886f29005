"""The one time limit of a request, handed down through all of its searches."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """When a search has to end, by a clock that nobody sets."""

    end: float
    """In seconds of ``time.monotonic``; infinity: never."""

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds, at least 0."""
        return max(self.end - time.monotonic(), 0.0)

    @property
    def passed(self) -> bool:
        """Whether nothing is left."""
        return time.monotonic() >= self.end

    def share(self, part: float) -> Deadline:
        """The deadline for a search that may take this part (0 to 1) of what is left."""
        return Deadline.after(part * self.left)

"""The images of one run: each found or built once, by whichever thread asks for it first."""

from __future__ import annotations

import threading
from collections import defaultdict

from orchestrator.errors import EnvironmentNotReady
from orchestrator.images import Image, ImageBuilder
from orchestrator.model.experiment import Reason

Key = tuple[str, str]
"""(framework, architecture)."""


class ImageShelf:
    """Thread-safe. What could not be built stays a reason: it is not tried for every cell again."""

    def __init__(self, builder: ImageBuilder) -> None:
        self._builder = builder
        self._found: dict[Key, Image | Reason] = {}
        self._locks: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()

    def get(self, framework: str, architecture: str) -> Image | Reason:
        """The image, or why there is none."""
        key = framework, architecture
        with self._guard:
            lock = self._locks[key]
        with lock:
            if key not in self._found:
                self._found[key] = self._make(framework, architecture)
            return self._found[key]

    def _make(self, framework: str, architecture: str) -> Image | Reason:
        try:
            return self._builder.ensure(framework, architecture)
        except EnvironmentNotReady as error:
            return Reason("no-image", str(error))

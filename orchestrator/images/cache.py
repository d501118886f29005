"""The images of one run: each found or built once, by whichever thread asks for it first."""

from __future__ import annotations

from orchestrator.errors import EnvironmentNotReady
from orchestrator.images import Image, ImageBuilder
from orchestrator.model.experiment import Reason
from orchestrator.system.once import Once


class ImageCache:
    """Thread-safe. What could not be built stays a reason: it is not tried for every cell again."""

    def __init__(self, builder: ImageBuilder) -> None:
        self._builder = builder
        self._images: Once[Image | Reason] = Once()

    def get(self, framework: str, architecture: str) -> Image | Reason:
        """The image, or why there is none."""
        return self._images.get(
            (framework, architecture), lambda: self._make(framework, architecture)
        )

    def _make(self, framework: str, architecture: str) -> Image | Reason:
        try:
            return self._builder.ensure(framework, architecture)
        except EnvironmentNotReady as error:
            return Reason("no-image", str(error))

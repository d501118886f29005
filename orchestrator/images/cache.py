"""The images of one run: each is looked up or built once, by the first thread that needs it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.errors import EnvironmentNotReady
from orchestrator.images import Image, ImageBuilder
from orchestrator.model.experiment import Reason
from orchestrator.results.record import SoftwareRecord
from orchestrator.system.once import Once


class ImageCache:
    """Thread-safe. A failed build is remembered as its reason, not tried again for each cell."""

    def __init__(self, builder: ImageBuilder) -> None:
        self._builder = builder
        self._images: Once[Image | Reason] = Once()

    def get(self, framework: str, architecture: str) -> Image | Reason:
        """The image, or the reason (``no-image``) why it could not be built."""
        return self._images.get(
            (framework, architecture), lambda: self._make(framework, architecture)
        )

    def software(
        self, framework: str, architecture: str, requires: Sequence[str] = ()
    ) -> SoftwareRecord | Reason:
        """What computes in that image; or the reason why there is none."""
        image = self.get(framework, architecture)
        if isinstance(image, Reason):
            return image
        try:
            return self._builder.software(image, requires)
        except EnvironmentNotReady as error:
            return Reason("no-image", str(error))

    def _make(self, framework: str, architecture: str) -> Image | Reason:
        try:
            return self._builder.ensure(framework, architecture)
        except EnvironmentNotReady as error:
            return Reason("no-image", str(error))

"""The images of one run: each is looked up or built once, by the first thread that needs it."""

from __future__ import annotations

from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.images import Image, ImageBuilder
from orchestrator.model.experiment import Installation, Reason
from orchestrator.results.record import SoftwareRecord
from orchestrator.system.once import Once


class ImageCache:
    """Thread-safe. A failed build is remembered as its reason, not tried again for each cell."""

    def __init__(self, builder: ImageBuilder) -> None:
        self._builder = builder
        self._images: Once[Image | Reason] = Once()

    def get(self, installation: Installation, architecture: str) -> Image | Reason:
        """The image, or the reason (``no-image``) why it could not be built."""
        return self._images.get(
            (installation.title, architecture), lambda: self._make(installation, architecture)
        )

    def software(self, installation: Installation, architecture: str) -> SoftwareRecord | Reason:
        """What computes in that image; or the reason why there is none."""
        image = self.get(installation, architecture)
        if isinstance(image, Reason):
            return image
        try:
            return self._builder.software(image, installation)
        except EnvironmentNotReady as error:
            return Reason("no-image", str(error))

    def _make(self, installation: Installation, architecture: str) -> Image | Reason:
        try:
            return self._builder.ensure(installation, architecture)
        except (EnvironmentNotReady, UsageError) as error:
            return Reason("no-image", str(error))

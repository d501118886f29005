"""What has an installation's packages: an image, or the interpreter of an environment."""

from __future__ import annotations

from pathlib import Path

from orchestrator.images import Image
from orchestrator.images.cache import ImageCache
from orchestrator.model.experiment import Installation, Reason
from orchestrator.packages.environments import EnvironmentCache


class Installed:
    """The installations of one run on this computer. Thread-safe; each is made once.

    ``images``: ``None`` where jobs are processes.
    """

    def __init__(self, images: ImageCache | None, environments: EnvironmentCache) -> None:
        self._images = images
        self._environments = environments

    def get(self, installation: Installation, architecture: str) -> Image | Path | Reason:
        """Its image; the path of its interpreter, for processes; or the reason why neither is."""
        if self._images is not None:
            return self._images.get(installation, architecture)
        return self._environments.get(installation)

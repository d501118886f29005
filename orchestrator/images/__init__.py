"""Docker images of the frameworks: built on this computer, delivered to machines."""

from orchestrator.images.build import BASES, ImageBuilder
from orchestrator.images.engine import Image, connect

__all__ = ["BASES", "Image", "ImageBuilder", "connect"]

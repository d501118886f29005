"""Images for remote machines: built and pushed once, or sent to each machine by SSH."""

from __future__ import annotations

import threading
from collections.abc import Callable

from orchestrator import catalog
from orchestrator.errors import DeliveryFailed, EnvironmentNotReady
from orchestrator.images import Image
from orchestrator.images.cache import ImageCache
from orchestrator.images.delivery import deliver
from orchestrator.images.registry import Login, Pushed, login_for, push
from orchestrator.model.experiment import Installation, Pending, Reason
from orchestrator.model.machine import Unavailable
from orchestrator.results.record import SoftwareRecord
from orchestrator.ssh.client import SshClient


class ImageDistributor:
    """Builds, pushes and delivers the images of a run's remote machines. Thread-safe.

    Without an ``image_cache`` (no Docker engine on this computer) there are no images; without a
    ``registry`` (``host/path``) they are sent by SSH. ``note`` gets lines about progress.
    """

    def __init__(
        self, image_cache: ImageCache | None, registry: str | None, note: Callable[[str], None]
    ) -> None:
        self._image_cache = image_cache
        self._registry = registry
        self._note = note
        self._pushing = threading.Lock()
        self._pushed: dict[str, Pushed | None] = {}

    def prepare(self, pending: Pending) -> Reason | None:
        """Build and push the images of one platform before its machine is rented and paid for.

        Returns the reason if no image at all could be built: then renting is no use. Else ``None``.
        """
        found = [self.get(*wanted) for wanted in sorted(_wanted(pending), key=str)]
        reasons = [image for image in found if isinstance(image, Reason)]
        return reasons[0] if found and len(reasons) == len(found) else None

    def get(self, installation: Installation, architecture: str) -> Image | Reason:
        """The image, pushed to the registry if there is one; or the reason why there is none."""
        if self._image_cache is None:
            return Reason("no-engine", "images are built on this computer: start a Docker engine")
        image = self._image_cache.get(installation, architecture)
        if isinstance(image, Reason) or self._registry is None:
            return image
        with self._pushing:
            if image.digest not in self._pushed:
                self._pushed[image.digest] = self._push(image, self._registry)
        return image

    def software(self, installation: Installation, architecture: str) -> SoftwareRecord | Reason:
        """What computes in that image; or the reason why there is none."""
        if self._image_cache is None:
            return Reason("no-engine", "images are built on this computer: start a Docker engine")
        return self._image_cache.software(installation, architecture)

    def deliver(self, shell: SshClient, image: Image) -> None:
        """Put the image on a machine. Raises ``DeliveryFailed``."""
        pushed = self._pushed.get(image.digest)
        login: Login | None = None
        if pushed is not None and self._registry is not None:
            try:
                # A new login for each machine: the clouds' tokens expire after hours.
                login = login_for(self._registry)
            except EnvironmentNotReady as error:
                raise DeliveryFailed("no-login", str(error)) from error
        deliver(shell, image, pushed, login)

    def _push(self, image: Image, registry: str) -> Pushed | None:
        """The pushed image; ``None`` if the push failed: then the same image is sent by SSH."""
        try:
            self._note(f"pushing {image.reference} to {registry}")
            return push(image, registry)
        except EnvironmentNotReady as error:
            self._note(f"{error}; {image.reference} is sent to each machine by SSH instead")
            return None


def _wanted(pending: Pending) -> set[tuple[Installation, str]]:
    """(installation, architecture) of the images that a rented machine of the platform needs.

    Empty where the architecture is not known before the machine is there.
    """
    platform = pending[0][0].platform
    if platform.provider not in catalog.PROVIDERS:
        return set()  # its architecture, and whether it has Docker, is known when it is asked
    try:
        architecture = catalog.architecture(platform)
    except Unavailable:
        return set()  # no offer either: the fleet reports the reason for this platform
    if architecture is None:
        return set()
    return {(cell.variant.installation, architecture) for cell, _ in pending}

"""Images on their way to machines far away: built here once, pushed once, or sent by SSH."""

from __future__ import annotations

import threading
from collections.abc import Callable

from orchestrator import catalog
from orchestrator.errors import DeliveryFailed, EnvironmentNotReady
from orchestrator.images import Image
from orchestrator.images.cache import ImageCache
from orchestrator.images.delivery import deliver
from orchestrator.images.registry import Login, Pushed, login_for, push
from orchestrator.model.experiment import Pending, Reason
from orchestrator.model.machine import Unavailable
from orchestrator.ssh.client import SshClient


class ImageDistributor:
    """What machines far away run. Thread-safe."""

    def __init__(
        self, image_cache: ImageCache | None, registry: str | None, note: Callable[[str], None]
    ) -> None:
        self._image_cache = image_cache
        self._registry = registry
        self._note = note
        self._pushing = threading.Lock()
        self._pushed: dict[str, Pushed | None] = {}

    def prepare(self, pending: Pending) -> Reason | None:
        """Build and push for one platform before its machine is rented: that should not wait.

        Returns why no machine is worth renting: it would have no image at all to run.
        """
        found = [self.get(*wanted) for wanted in sorted(_wanted(pending))]
        reasons = [image for image in found if isinstance(image, Reason)]
        return reasons[0] if found and len(reasons) == len(found) else None

    def get(self, framework: str, architecture: str) -> Image | Reason:
        """The image, pushed where there is a registry that takes it; or why there is none."""
        if self._image_cache is None:
            return Reason("no-engine", "images are built on this computer: start a Docker engine")
        image = self._image_cache.get(framework, architecture)
        if isinstance(image, Reason) or self._registry is None:
            return image
        with self._pushing:
            if image.digest not in self._pushed:
                self._pushed[image.digest] = self._push(image, self._registry)
        return image

    def deliver(self, shell: SshClient, image: Image) -> None:
        """Make the image be on a machine. Raises ``DeliveryFailed``."""
        pushed = self._pushed.get(image.digest)
        login: Login | None = None
        if pushed is not None and self._registry is not None:
            try:
                # Asked for anew each time: what clouds give out lives for hours only.
                login = login_for(self._registry)
            except EnvironmentNotReady as error:
                raise DeliveryFailed("no-login", str(error)) from error
        deliver(shell, image, pushed, login)

    def _push(self, image: Image, registry: str) -> Pushed | None:
        """``None`` where the registry does not take it: then it goes by SSH, and is the same."""
        try:
            self._note(f"pushing {image.reference} to {registry}")
            return push(image, registry)
        except EnvironmentNotReady as error:
            self._note(f"{error}; {image.reference} is sent to each machine by SSH instead")
            return None


def _wanted(pending: Pending) -> set[tuple[str, str]]:
    """(framework, architecture) of what a rented machine of the platform will run."""
    platform = pending[0][0].platform
    if platform.provider not in catalog.PROVIDERS:
        return set()  # its architecture, and whether it has Docker, is known when it is asked
    try:
        architecture = catalog.architecture(platform)
    except Unavailable:
        return set()  # the fleet will say why
    if architecture is None:
        return set()
    return {(cell.variant.framework, architecture) for cell, _ in pending}

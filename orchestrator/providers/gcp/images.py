"""Which machine image an instance boots: by image family, architecture and GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.errors import translated
from orchestrator.system.once import Once


@dataclass(frozen=True)
class Family:
    """An image family, of which the newest image is used."""

    project: str
    name: str
    disk_gb: int
    """Size of the boot disk in GB, for system, framework images (large with CUDA) and results."""


FAMILIES: Mapping[tuple[str, bool], Family] = {
    ("x86_64", False): Family("cos-cloud", "cos-stable", 30),
    ("arm64", False): Family("cos-cloud", "cos-arm64-stable", 30),
    # `docker run --gpus` needs NVIDIA's container runtime, which cannot be installed on
    # Container-Optimized OS. This image has the driver; it was never booted.
    ("x86_64", True): Family(
        "deeplearning-platform-release", "common-cu128-ubuntu-2204-nvidia-570", 80
    ),
}
"""(architecture, has a GPU) → image family with Docker."""


@dataclass(frozen=True)
class Image:
    """A machine image."""

    link: str
    """``projects/cos-cloud/global/images/cos-…``: this one, even if its family gets a newer one."""
    disk_gb: int


class Images:
    """Looks images up once per architecture and GPU: all machines of a run boot the same one."""

    def __init__(
        self, clients: Clients, families: Mapping[tuple[str, bool], Family] = FAMILIES
    ) -> None:
        self._clients = clients
        self._families = families
        self._known: Once[Image] = Once()

    def find(self, architecture: str, *, gpu: bool) -> Image:
        """The image for ``x86_64`` or ``arm64``. Raises ``ProviderError``."""
        kind = f"{architecture} with GPU" if gpu else architecture
        family = self._families.get((architecture, gpu))
        if family is None:
            raise ProviderError(ProviderErrorKind.INVALID, f"no machine image is known for {kind}")
        return self._known.get((kind,), lambda: self._look_up(family, architecture))

    def _look_up(self, family: Family, architecture: str) -> Image:
        with translated(f"compute.images.getFromFamily {family.project}/{family.name}"):
            found = self._clients.images.get_from_family(
                project=family.project, family=family.name, **self._clients.looking
            )
        # Older images for x86 have no architecture.
        if (found.architecture == "ARM64") != (architecture == "arm64"):
            raise ProviderError(
                ProviderErrorKind.INVALID,
                f"image family {family.project}/{family.name} is for "
                f"{found.architecture or 'X86_64'}, not {architecture}",
            )
        link = f"projects/{family.project}/global/images/{found.name}"
        return Image(link, max(family.disk_gb, found.disk_size_gb))

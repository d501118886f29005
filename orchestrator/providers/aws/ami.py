"""Which machine image an instance boots: by SSM parameter, architecture and GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.model.machine import ProviderError, ProviderErrorKind
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.errors import translated
from orchestrator.system.once import Once

_ECS = "/aws/service/ecs/optimized-ami/amazon-linux-2023"
PARAMETERS: Mapping[tuple[str, bool], str] = {
    # Amazon Linux 2023 with Docker in it, and for GPUs the driver and NVIDIA's runtime.
    ("x86_64", False): f"{_ECS}/recommended/image_id",
    ("arm64", False): f"{_ECS}/arm64/recommended/image_id",
    ("x86_64", True): f"{_ECS}/gpu/recommended/image_id",
}
"""(architecture, has a GPU) → public SSM parameter that holds an AMI's id."""
USER = "ec2-user"
"""Who logs in, on these images."""
SMALLEST_GB = {False: 30, True: 80}
"""Has a GPU → size of the root volume: system, framework images (large with CUDA), results."""


@dataclass(frozen=True)
class Ami:
    """A machine image as one region has it."""

    id: str
    root_device: str
    """E.g. ``/dev/xvda``: what a block device mapping must name to mean the root volume."""
    root_gb: int


class Amis:
    """Images looked up once per region and kind."""

    def __init__(
        self, clients: Clients, parameters: Mapping[tuple[str, bool], str] = PARAMETERS
    ) -> None:
        self._clients = clients
        self._parameters = parameters
        self._known: Once[Ami] = Once()

    def find(self, region: str, architecture: str, *, gpu: bool) -> Ami:
        """The image for ``x86_64`` or ``arm64``. Raises ``ProviderError``."""
        kind = f"{architecture} with GPU" if gpu else architecture
        parameter = self._parameters.get((architecture, gpu))
        if parameter is None:
            raise ProviderError(ProviderErrorKind.INVALID, f"no machine image is known for {kind}")
        return self._known.get(
            (region, kind), lambda: self._look_up(region, architecture, parameter, SMALLEST_GB[gpu])
        )

    def _look_up(self, region: str, architecture: str, parameter: str, smallest: int) -> Ami:
        with translated(f"ssm:GetParameter {parameter} in {region}"):
            reply = self._clients.reading("ssm", region).get_parameter(Name=parameter)
        image_id = str(reply["Parameter"]["Value"])
        with translated(f"ec2:DescribeImages {image_id} in {region}"):
            found = self._clients.reading("ec2", region).describe_images(ImageIds=[image_id])
        if not found["Images"]:
            raise ProviderError(
                ProviderErrorKind.INVALID, f"{parameter} names {image_id}, not to be had: {region}"
            )
        image = found["Images"][0]
        if image["Architecture"] != architecture:
            raise ProviderError(
                ProviderErrorKind.INVALID,
                f"{parameter} in {region} names {image_id}, which is for "
                f"{image['Architecture']}, not {architecture}",
            )
        root = str(image["RootDeviceName"])
        sizes = (
            device.get("Ebs", {}).get("VolumeSize", 0)
            for device in image.get("BlockDeviceMappings", ())
            if device.get("DeviceName") == root
        )
        return Ami(image_id, root, max(smallest, *sizes))

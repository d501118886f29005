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
    # Amazon Linux 2023 with Docker; for GPUs also with the driver and NVIDIA's container runtime.
    ("x86_64", False): f"{_ECS}/recommended/image_id",
    ("arm64", False): f"{_ECS}/arm64/recommended/image_id",
    ("x86_64", True): f"{_ECS}/gpu/recommended/image_id",
}
"""(architecture, has a GPU) → the public SSM parameter with an AMI's id."""
USER = "ec2-user"
"""The user for SSH on these images."""
SMALLEST_GB = {False: 30, True: 80}
"""Has a GPU → size of the root volume in GB, for system, framework images (large with CUDA) and
results."""


@dataclass(frozen=True)
class Ami:
    """A machine image in one region."""

    id: str
    root_device: str
    """The name of the root volume in block device mappings, e.g. ``/dev/xvda``."""
    root_gb: int


class Amis:
    """Looks images up, once per region, architecture and GPU."""

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

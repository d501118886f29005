"""An image has the index of the CPUID instructions in it, and not what made it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import docker
import pytest

from orchestrator.images import ImageBuilder, connect

pytestmark = pytest.mark.docker
TELL = """
import json, os, sys
from importlib.metadata import distributions
lines = open("/opt/eqc/presentation/sites.tsv").read().splitlines()
fields = [line.split("\\t") for line in lines if not line.startswith("#")]
print(json.dumps({
    "first": lines[0], "undecided": [line for line in lines[1:] if line.startswith("#")],
    "sites": {path: cpuid.count(",") + 1 for path, size, cpuid, xgetbv in fields if cpuid},
    "other": [path for path, size, *_ in fields if os.stat(path).st_size != int(size)],
    "python": os.path.realpath(sys.executable) in [path for path, *_ in fields],
    "packages": sorted(each.metadata["Name"].lower() for each in distributions()),
    "left": [path for path in ("/scanner", "/wheelhouse", "/sites.tsv") if os.path.exists(path)],
}))
"""


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    found = connect()
    yield found
    found.close()


def test_an_image_lists_where_its_programs_ask_for_the_cpu(client: docker.DockerClient) -> None:
    image = ImageBuilder(client).ensure("numpy")
    said = client.containers.run(
        image.digest, ["-c", TELL], entrypoint="python", network_mode="none", remove=True
    )
    told = json.loads(said)
    assert told["first"] == "# eqc sites 1"
    assert told["undecided"] == []
    (openblas,) = (path for path in told["sites"] if "numpy.libs/libscipy_openblas" in path)
    assert told["sites"][openblas] > 10
    assert any("/libgcc_s.so" in path for path in told["sites"])
    assert told["python"]
    assert told["other"] == []
    assert told["left"] == []
    assert "numpy" in told["packages"]
    assert "iced-x86" not in told["packages"]

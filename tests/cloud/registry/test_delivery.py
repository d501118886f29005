"""Delivery of images to a machine with a real sshd, from a real registry or through SSH."""

from __future__ import annotations

import gzip
import io
import tarfile
import threading
import time
from collections.abc import Callable

import docker
import pytest

from orchestrator.errors import DeliveryFailed, EqcError
from orchestrator.images import Image
from orchestrator.images.delivery import deliver
from orchestrator.images.registry import Login, Pushed, login_for, push
from orchestrator.ssh.client import SshClient
from tests.cloud.registry.conftest import FAR_ENGINE, SECRET, USER, forget
from tests.cloud.ssh.conftest import FakeHost
from tests.fakes.registry import Registry

pytestmark = [pytest.mark.docker, pytest.mark.registry]

Program = Callable[[str], tuple[str, ...]]
NOWHERE = Pushed("127.0.0.1:9/team/eqc-fake-image", f"sha256:{'0' * 64}")
# Records what other users of the machine could see of a login in progress.
WATCHED = """\
#!/bin/sh
case " $* " in *" login "*)
  { ps -eo args; tr '\\0' '\\n' < /proc/$$/environ; echo "$@"; } >> /home/eqc/seen ;;
esac
exec docker "$@"
"""


def says(text: str, *, to: str = "pull", code: int = 1) -> str:
    """A Docker command whose ``pull`` or ``load`` fails with a real engine's message."""
    return f"""#!/bin/sh
case " $* " in
  *" {to} "*) cat > /dev/null; echo '{text}' >&2; exit {code} ;;
  *" image inspect "*) exit 1 ;;
  *" info "*) echo '{text}'; exit 0 ;;
esac
"""


def test_it_is_pulled_by_digest(
    client: docker.DockerClient, open_registry: Registry, image: Image, shell: SshClient
) -> None:
    pushed = push(image, f"{open_registry.host}/team")
    forget(client, image)
    deliver(shell, image, pushed, None)
    assert client.images.get(image.digest).attrs["RepoDigests"] == [pushed.reference]


def test_an_image_that_the_machine_has_is_not_fetched_again(
    image: Image, shell: SshClient, fake: FakeHost
) -> None:
    before = fake.files()
    deliver(shell, image, NOWHERE, Login("127.0.0.1:9", USER, SECRET))
    assert fake.files() == before


def test_a_login_goes_by_stdin_and_is_taken_away(
    client: docker.DockerClient,
    guarded: Registry,
    image: Image,
    shell: SshClient,
    fake: FakeHost,
    program: Program,
) -> None:
    pushed = push(image, f"{guarded.host}/team")
    forget(client, image)
    watched = program(WATCHED)
    before = fake.files()
    deliver(shell, image, pushed, login_for(guarded.host), docker=watched)
    assert client.images.get(image.digest).id == image.digest
    seen = fake.sh("cat /home/eqc/seen")
    assert f"login --username {USER} --password-stdin {guarded.host}" in seen
    assert SECRET not in seen
    assert fake.files() - before == {"/home/eqc/seen"}


def test_a_connection_that_is_cut_leaves_no_login(
    guarded: Registry, image: Image, shell: SshClient, fake: FakeHost, program: Program
) -> None:
    script = FAR_ENGINE.replace("exec docker", '[ "$3" != pull ] || sleep 2\nexec docker')
    docker_there = program(script)
    pushed, login = push(image, f"{guarded.host}/team"), login_for(guarded.host)
    before = fake.files()
    failed = []

    def call() -> None:
        try:
            deliver(shell, image, pushed, login, docker=docker_there)
        except EqcError as error:
            failed.append(error)

    calling = threading.Thread(target=call)
    calling.start()
    end = time.monotonic() + 10
    while not fake.sh("pgrep -f '[ ]pull --quiet'").strip() and time.monotonic() < end:
        time.sleep(0.05)
    assert any(path.endswith("/config.json") for path in fake.files() - before)
    fake.drop()
    calling.join(10)
    assert failed
    while fake.files() - before and time.monotonic() < end:
        time.sleep(0.1)
    assert fake.files() == before


@pytest.mark.parametrize("given", [None, Login("", USER, "not the secret")])
def test_a_refused_login_is_reported_without_its_password(
    client: docker.DockerClient,
    guarded: Registry,
    image: Image,
    shell: SshClient,
    fake: FakeHost,
    given: Login | None,
) -> None:
    pushed = push(image, f"{guarded.host}/team")
    forget(client, image)
    before = fake.files()
    with_host = given and Login(guarded.host, given.user, given.secret)
    with pytest.raises(DeliveryFailed, match=pushed.repository) as caught:
        deliver(shell, image, pushed, with_host)
    assert caught.value.code == "login-refused"
    assert "not the secret" not in str(caught.value)
    assert fake.files() == before


def test_a_digest_that_the_registry_lacks_is_reported(
    client: docker.DockerClient, open_registry: Registry, image: Image, shell: SshClient
) -> None:
    pushed = push(image, f"{open_registry.host}/team")
    forget(client, image)
    wrong = Pushed(pushed.repository, f"sha256:{'0' * 64}")
    with pytest.raises(DeliveryFailed, match=f"{wrong.reference}.*free there") as caught:
        deliver(shell, image, wrong, None)
    assert caught.value.code == "no-such-digest"


def test_another_image_under_the_digest_is_refused(
    client: docker.DockerClient, open_registry: Registry, image: Image, shell: SshClient
) -> None:
    pushed = push(image, f"{open_registry.host}/team")
    forget(client, image)
    asked = Image(image.framework, image.reference, f"sha256:{'1' * 64}")
    with pytest.raises(DeliveryFailed, match="1111") as caught:
        deliver(shell, asked, pushed, None)
    assert caught.value.code == "wrong-image"


def test_without_a_registry_it_is_sent_through_ssh(
    image: Image, shell: SshClient, fake: FakeHost, far_engine: tuple[str, ...]
) -> None:
    deliver(shell, image, None, None, docker=far_engine)
    bits, _ = fake.container.get_archive("/home/eqc/arrived")
    with tarfile.open(fileobj=io.BytesIO(b"".join(bits))) as outer:
        arrived = outer.extractfile("arrived")
        assert arrived is not None
        sent = gzip.decompress(arrived.read())
    with tarfile.open(fileobj=io.BytesIO(sent)) as saved:
        assert f"{image.digest.removeprefix('sha256:')}.json" in saved.getnames()


@pytest.mark.parametrize("given", [None, Login("127.0.0.1:9", USER, SECRET)])
def test_where_the_registry_is_down_it_is_sent_through_ssh(
    image: Image, shell: SshClient, fake: FakeHost, far_engine: tuple[str, ...], given: Login | None
) -> None:
    deliver(shell, image, NOWHERE, given, docker=far_engine)
    assert fake.sh("stat -c %s /home/eqc/arrived").strip() != "0"


@pytest.mark.parametrize("way", ["pull", "load"])
def test_a_full_disk_is_named(image: Image, shell: SshClient, program: Program, way: str) -> None:
    docker_there = program(says("write /var/lib/docker/x: no space left on device", to=way))
    pushed = NOWHERE if way == "pull" else None
    with pytest.raises(DeliveryFailed, match=r"no space left.*free there: ") as caught:
        deliver(shell, image, pushed, None, docker=docker_there)
    assert caught.value.code == "disk-full"


def test_an_image_that_is_not_here_cannot_be_sent(
    client: docker.DockerClient, image: Image, shell: SshClient
) -> None:
    forget(client, image)
    with pytest.raises(DeliveryFailed, match="cannot be read from the engine here") as caught:
        deliver(shell, image, None, None)
    assert caught.value.code == "not-read"


def test_an_engine_that_counts_otherwise_is_explained(
    image: Image, shell: SshClient, program: Program
) -> None:
    store = '[["driver-type","io.containerd.snapshotter.v1"]]'
    docker_there = program(says(store, to="load", code=0))
    with pytest.raises(DeliveryFailed, match="containerd-snapshotter") as caught:
        deliver(shell, image, None, None, docker=docker_there)
    assert caught.value.code == "wrong-image"

"""Jobs in containers on a remote machine: dropped connections, stops, crashes, hostile results."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import docker
import pytest

from orchestrator.errors import ConnectionLost, EnvironmentNotReady, HostKeyRefused, OutputRefused
from orchestrator.executors.container import ContainerExecutor
from orchestrator.executors.remote_container import RemoteContainer, leftovers, remove
from orchestrator.ssh import login_keys
from orchestrator.ssh.archive import UnpackLimits
from orchestrator.ssh.client import SshClient
from orchestrator.ssh.facts import remote_facts
from tests.cloud.ssh.conftest import FakeHost, records, write_job

pytestmark = pytest.mark.docker
RUN = "tests-container"
# Five lines, a second apart, then a result: enough time for a test to interfere.
SLOW = """\
for i in 1 2 3 4 5; do echo line $i; sleep 1; done
echo last words >&2
echo '{}' > $3/fingerprint.json
"""


@pytest.fixture(autouse=True)
def _nothing_is_left(fake: FakeHost, client: docker.DockerClient) -> object:
    with SshClient(fake.address) as shell:
        shell.run(["true"])
        files, volumes = fake.files(), {v.name for v in client.volumes.list()}
        yield
        assert leftovers(shell, RUN) == ()
    assert fake.files() == files
    ours = {v.name for v in client.volumes.list()} - volumes
    # Other tests may use this engine: only volumes that no container uses are leaks.
    dangling = {v.name for v in client.volumes.list(filters={"dangling": True})}
    assert not ours & dangling


def test_a_real_job_gives_the_same_bits_as_here(
    shell: SshClient, client: docker.DockerClient, numpy_image: str, job: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    there = tmp_path / "there"
    ended = RemoteContainer(shell, numpy_image, RUN).run(
        job, there, on_line=lines.append, stop=Event()
    )
    assert (ended.code, ended.interrupted) == (0, False), ended.stderr
    assert [json.loads(line)["status"] for line in lines] == ["ok", "ok"]
    here = tmp_path / "here"
    here.mkdir()
    ContainerExecutor(client, numpy_image, RUN).run(job, here, on_line=print, stop=Event())
    digests = [[r["outputs"][0]["digest"] for r in records(out)] for out in (there, here)]
    assert digests[0] == digests[1]
    names = [sorted(p.name for p in (out / "tensors").iterdir()) for out in (there, here)]
    assert names[0] == names[1] != []
    fingerprint = json.loads((there / "fingerprint.json").read_text())
    probed = RemoteContainer(shell, numpy_image, RUN).probe()
    assert probed["cpu"]["brand"] == fingerprint["cpu"]["brand"]


def test_the_container_is_locked_up_and_labelled(
    shell: SshClient,
    client: docker.DockerClient,
    image_that: Callable[[str], str],
    job: Path,
    tmp_path: Path,
) -> None:
    seen: list[dict[str, object]] = []

    def look(_: str) -> None:
        (name,) = leftovers(shell, RUN)
        seen.append(client.containers.get(name).attrs)

    remote = RemoteContainer(
        shell,
        image_that("id -u; echo x > /x; ls /sys/class/net >&2; cat /job/job.json"),
        RUN,
        memory_bytes=1 << 28,
        deadline=4e9,
    )
    lines: list[str] = []
    ended = remote.run(
        job, tmp_path / "out", on_line=lambda line: (look(line), lines.append(line)), stop=Event()
    )
    host = seen[0]["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] == host["MemorySwap"] == 1 << 28
    assert seen[0]["Config"]["Labels"]["eqc.deadline"] == "4000000000"
    assert "Read-only file system" in ended.stderr
    assert ended.stderr.splitlines()[-1] == "lo"
    assert json.loads("".join(lines[1:]))["job"] == "test"


def test_a_drop_in_mid_run_costs_nothing(
    make: Callable[..., FakeHost], image_that: Callable[[str], str], job: Path, tmp_path: Path
) -> None:
    fake = make()
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if line in ("line 2", "line 4"):
            threading.Thread(target=fake.drop).start()

    with SshClient(fake.address) as shell:
        remote = RemoteContainer(shell, image_that(SLOW), RUN)
        ended = remote.run(job, tmp_path / "out", on_line=on_line, stop=Event())
    assert (ended.code, ended.stderr) == (0, "last words")
    assert lines == [f"line {i}" for i in range(1, 6)]
    assert (tmp_path / "out/fingerprint.json").read_text() == "{}\n"


def test_a_machine_that_comes_back_with_another_host_key_gets_nothing(
    make: Callable[..., FakeHost],
    client: docker.DockerClient,
    image_that: Callable[[str], str],
    job: Path,
    tmp_path: Path,
) -> None:
    fake = make()

    def on_line(line: str) -> None:
        if line == "line 2":
            key = login_keys.new_host_key().private
            script = (
                f"cat > /etc/ssh/ssh_host_ed25519_key <<'E'\n{key}E\nkill -HUP $(pgrep -o sshd)"
            )
            fake.sh(script)
            threading.Timer(0.5, fake.drop).start()

    with SshClient(fake.address) as shell:
        remote = RemoteContainer(shell, image_that(SLOW), "tests-other-key")
        with pytest.raises(HostKeyRefused):
            remote.run(job, tmp_path / "out", on_line=on_line, stop=Event())
    for container in client.containers.list(all=True, filters={"label": "eqc.run=tests-other-key"}):
        container.remove(force=True, v=True)


def test_a_machine_that_dies_is_given_up_after_some_patience(
    make: Callable[..., FakeHost],
    client: docker.DockerClient,
    image_that: Callable[[str], str],
    job: Path,
    tmp_path: Path,
) -> None:
    fake = make()

    def on_line(line: str) -> None:
        if line == "line 2":
            threading.Thread(target=fake.container.kill).start()

    with SshClient(fake.address, connect_seconds=2.0) as shell:
        remote = RemoteContainer(shell, image_that(SLOW), "tests-dead", reconnect_seconds=2.0)
        with pytest.raises(ConnectionLost, match="its container, if it is there yet: eqc-"):
            remote.run(job, tmp_path / "out", on_line=on_line, stop=Event())
        fake.container.start()
        with SshClient(
            FakeHost(fake.container, fake.host_key, fake.address.identities[0]).address
        ) as again:
            (left,) = leftovers(again, "tests-dead")
            remove(again, left)
            remove(again, left)
            assert leftovers(again, "tests-dead") == ()


def test_a_stop_ends_it_soon_and_fetches_what_there_is(
    shell: SshClient, numpy_image: str, tmp_path: Path
) -> None:
    job = write_job(tmp_path / "job", sessions=500)
    stop = Event()
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if len(lines) == 3:
            stop.set()

    begun = time.monotonic()
    ended = RemoteContainer(shell, numpy_image, RUN).run(
        job, tmp_path / "out", on_line=on_line, stop=stop
    )
    assert ended.interrupted
    assert time.monotonic() - begun < 30
    assert 3 <= len(records(tmp_path / "out")) < 500


def test_a_container_that_somebody_removes_is_a_runner_that_was_killed(
    shell: SshClient,
    client: docker.DockerClient,
    image_that: Callable[[str], str],
    job: Path,
    tmp_path: Path,
) -> None:
    def on_line(line: str) -> None:
        if line == "line 2":
            for name in leftovers(shell, RUN):
                client.containers.get(name).remove(force=True, v=True)

    ended = RemoteContainer(shell, image_that(SLOW), RUN).run(
        job, tmp_path / "out", on_line=on_line, stop=Event()
    )
    assert ended.code == -9


def test_too_much_memory_is_a_kill(
    shell: SshClient, image_that: Callable[[str], str], job: Path, tmp_path: Path
) -> None:
    ended = RemoteContainer(
        shell, image_that("exec tail -n 1 /dev/zero"), RUN, memory_bytes=32 << 20
    ).run(job, tmp_path / "out", on_line=print, stop=Event())
    assert ended.code == -9


def test_an_engine_that_refuses_says_why(shell: SshClient, job: Path, tmp_path: Path) -> None:
    with pytest.raises(
        EnvironmentNotReady, match=r"refuses a container of eqc-nowhere:none.*No such"
    ):
        RemoteContainer(shell, "eqc-nowhere:none", RUN).run(
            job, tmp_path / "out", on_line=print, stop=Event()
        )


HOSTILE = """\
cd $3
echo '{}' > fingerprint.json
ln -s /etc/passwd observations.jsonl
ln -s /tmp tensors
mkdir a; echo x > "a/$(printf '\\033[31mred')"
mkfifo pipe
ln fingerprint.json hard
printf '\\033]0;title\\007 on stdout\\n'
printf '\\033[2J on stderr\\n' >&2
"""


def test_hostile_results_stay_outside(
    shell: SshClient, image_that: Callable[[str], str], job: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = RemoteContainer(shell, image_that(HOSTILE), RUN).run(
        job, out, on_line=print, stop=Event()
    )
    assert ended.code == 0
    assert ended.stderr == "\\x1b[2J on stderr"
    found = sorted(p.name for p in out.rglob("*"))
    # Of hard links, the name that comes first in the archive is the file.
    assert set(found) <= {"fingerprint.json"}
    assert not any(p.is_symlink() for p in out.rglob("*"))


def test_giant_and_endless_results_are_refused(
    shell: SshClient, image_that: Callable[[str], str], job: Path, tmp_path: Path
) -> None:
    script = "cd $3; echo '{}' > fingerprint.json; truncate -s 300G observations.jsonl"
    remote = RemoteContainer(shell, image_that(script), RUN)
    with pytest.raises(OutputRefused, match="sent data after its archive"):
        remote.run(job, tmp_path / "out", on_line=print, stop=Event())
    script = "cd $3; truncate -s 7G observations.jsonl"
    remote = RemoteContainer(
        shell, image_that(script), RUN, limits=UnpackLimits(file_bytes=6 << 30)
    )
    with pytest.raises(OutputRefused, match=r"observations.jsonl has \d+ bytes"):
        remote.run(job, tmp_path / "out", on_line=print, stop=Event())
    script = "mkdir $3/t; cd $3/t; for i in $(seq 300); do echo > $i; done"
    remote = RemoteContainer(shell, image_that(script), RUN, limits=UnpackLimits(entries=200))
    with pytest.raises(OutputRefused, match="more than 200 entries"):
        remote.run(job, tmp_path / "out", on_line=print, stop=Event())


def test_a_machine_says_what_it_is(shell: SshClient, make: Callable[..., FakeHost]) -> None:
    facts = remote_facts(shell)
    assert (facts.architecture, facts.system) == ("x86_64", "Linux")
    assert facts.docker is not None
    assert facts.python is None
    assert abs(facts.clock_ahead) < 3
    bare = make(engine=False)
    with SshClient(bare.address) as other:
        facts = remote_facts(other)
        assert facts.docker is None
        assert "Cannot connect to the Docker daemon" in str(facts.why_no_docker)


@pytest.mark.arm64
@pytest.mark.slow
@pytest.mark.usefixtures("arm64_images")
def test_an_arm64_machine_is_known_as_one(make: Callable[..., FakeHost]) -> None:
    with SshClient(make(arch="arm64", cpus=1).address) as shell:
        facts = remote_facts(shell)
    assert (facts.architecture, facts.cpus) == ("arm64", 1)
    assert facts.docker is not None


def test_no_secret_is_in_any_argv(
    fake: FakeHost, shell: SshClient, image_that: Callable[[str], str], job: Path, tmp_path: Path
) -> None:
    seen: list[str] = []
    private = Path(str(fake.address.identities[0])).read_text().splitlines()[2]
    RemoteContainer(shell, image_that(SLOW), RUN).run(
        job,
        tmp_path / "out",
        on_line=lambda _: seen.append(
            fake.sh("cat /proc/*/cmdline /proc/*/environ | tr '\\0' ' '")
        ),
        stop=Event(),
    )
    assert any("docker logs" in text for text in seen)
    assert not any(private in text for text in seen)

"""What a job's container may and may not do, as the Docker engine reports it."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from docker.models.containers import Container

from orchestrator.errors import Exit
from orchestrator.executors.container import LABEL, ContainerExecutor, leftovers, remove
from orchestrator.images import ImageBuilder, connect
from orchestrator.store.read import read
from tests.e2e.running import SMALL, command, environment, eqc, written

pytestmark = pytest.mark.docker


@pytest.fixture
def caught(tmp_path: Path) -> Iterator[Container]:
    """The container of a run in progress; the run is ended afterwards."""
    client = connect()
    # Build the image first: on a new engine that takes minutes.
    ImageBuilder(client).ensure("numpy")
    text = SMALL.replace("sessions: 2", "sessions: 400") + "limits: {memory: 1 GiB}\n"
    process = subprocess.Popen(
        command("run", written(tmp_path, text), "--isolation", "docker"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 120
    found: list[Container] = []
    while not found and time.monotonic() < end:
        found = [c for c in leftovers(client) if str(tmp_path) in c.labels[LABEL]]
        found = [c for c in found if c.status == "running"]
        time.sleep(0.1)
    assert found, "no container of the run was seen"
    yield found[0]
    process.terminate()
    process.wait(60)
    client.close()


def test_a_container_is_locked_up_and_labelled(caught: Container) -> None:
    host = caught.attrs["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] == host["MemorySwap"] == 1 << 30
    assert caught.attrs["Config"]["User"] == f"{os.getuid()}:{os.getgid()}"
    modes = {mount["Destination"]: mount["RW"] for mount in caught.attrs["Mounts"]}
    assert modes == {"/job": False, "/out": True}
    deadline = int(caught.labels["eqc.deadline"])
    assert time.time() < deadline


def test_inside_there_is_no_network_and_no_way_to_write(caught: Container) -> None:
    code = "import os; print(os.listdir('/sys/class/net'))"
    assert caught.exec_run(["python", "-c", code]).output == b"['lo']\n"
    for path in ("/x", "/job/x", "/opt/eqc/x"):
        written_there = caught.exec_run(["python", "-c", f"open({path!r}, 'w')"])
        assert written_there.exit_code != 0
        assert b"Read-only file system" in written_there.output


def test_a_removed_container_gives_failed_rows_and_may_be_removed_twice(
    tmp_path: Path,
) -> None:
    """The sessions of a removed container become failed rows; a second run computes them."""
    spec = written(tmp_path, SMALL.replace("sessions: 2", "sessions: 30"))
    with closing(connect()) as client:
        ImageBuilder(client).ensure("numpy")

    def interfere() -> None:
        client = connect()
        for _ in range(1200):
            for found in leftovers(client):
                if str(tmp_path) in found.labels[LABEL] and found.status == "running":
                    remove(found)
                    remove(found)
                    client.close()
                    return
            time.sleep(0.05)

    thread = threading.Thread(target=interfere)
    thread.start()
    first = eqc("run", spec, "--isolation", "docker", cwd=tmp_path)
    thread.join()
    assert first.returncode == 4, first.stderr
    failed = [r for r in read(tmp_path / "results").records if r.status == "failed"]
    assert {r.reason and r.reason.code for r in failed} == {"runner-died"}
    second = eqc("run", spec, "--isolation", "docker", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    assert {r.status for r in read(tmp_path / "results").records} == {"ok"}


def test_an_image_is_found_by_its_content_and_built_once(tmp_path: Path) -> None:
    said: list[str] = []
    client = connect()
    first = ImageBuilder(client, said.append).ensure("numpy")
    said.clear()
    assert ImageBuilder(client, said.append).ensure("numpy") == first
    assert said == []
    client.close()


def test_the_engines_refusal_is_raised_as_our_error(tmp_path: Path) -> None:
    from orchestrator.errors import EnvironmentNotReady

    client = connect()
    shell = ContainerExecutor(client, "eqc-nowhere:none", "run")
    with pytest.raises(EnvironmentNotReady, match="eqc-nowhere"):
        shell.run(tmp_path, tmp_path, on_line=print, stop=threading.Event())
    client.close()


class Connection:
    """The way to an engine, as a socket of its own, that can be cut."""

    def __init__(self, path: Path) -> None:
        self._engine = Path("/var/run/docker.sock")
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_cut = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._engine))
            with self._lock:
                if self._is_cut:
                    near.close()
                    far.close()
                    return
                self._open += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=(a, b), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.skipif("DOCKER_HOST" in os.environ, reason="the engine is not at its usual socket")
def test_an_engine_that_stops_answering_is_no_bug_and_the_next_run_clears_up(
    tmp_path: Path,
) -> None:
    client = connect()
    ImageBuilder(client).ensure("numpy")
    path = tmp_path / "engine.sock"
    engine = Connection(path)
    file = written(tmp_path, SMALL.replace("sessions: 2", "sessions: 400"))
    process = subprocess.Popen(
        command("run", file, "--isolation", "docker"),
        cwd=tmp_path,
        env={**environment(), "DOCKER_HOST": f"unix://{path}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    end = time.monotonic() + 120
    while time.monotonic() < end:
        ours = [c for c in leftovers(client) if str(tmp_path) in c.labels[LABEL]]
        if any(c.status == "running" for c in ours):
            break
        time.sleep(0.1)
    engine.cut()
    said, _ = process.communicate(timeout=120)
    assert process.returncode == Exit.NOT_READY, said
    assert "bug" not in said
    assert "engine" in said
    assert [c for c in leftovers(client) if str(tmp_path) in c.labels[LABEL]]
    written(tmp_path, SMALL)
    done = eqc("run", file, "--isolation", "docker", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not [c for c in leftovers(client) if str(tmp_path) in c.labels[LABEL]]
    client.close()

"""Jobs as processes on a machine without Docker: the same guarantees as in containers."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from orchestrator.errors import ConnectionLost, EnvironmentNotReady
from orchestrator.executors.process import installed_software
from orchestrator.executors.remote_process import RemoteProcess, end, folders
from orchestrator.model.experiment import Installation
from orchestrator.run.remote_worker import why_not_there
from orchestrator.ssh.client import SshClient
from tests.cloud.ssh.conftest import FakeHost, records, write_job
from tests.fakes.toy_framework import toy_framework

pytestmark = pytest.mark.docker
RUN = "tests-process"
PYTHON = "/opt/eqc/bin/python"


@pytest.fixture
def bare(make: Callable[..., FakeHost], numpy_image: str) -> Iterator[FakeHost]:
    """A machine with Python and NumPy but without Docker; checks that nothing is left on it."""
    fake = make(engine=False, base=numpy_image)
    files = fake.files()
    yield fake
    with SshClient(fake.address) as shell:
        assert folders(shell, python=PYTHON) == ()
    assert fake.files() == files
    assert "eqc_runner" not in fake.sh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")


def running(fake: FakeHost) -> bool:
    return fake.sh("pgrep -f '[e]qc_runner run'").strip() != ""


def test_a_real_job(bare: FakeHost, job: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    with SshClient(bare.address) as shell:
        ended = RemoteProcess(shell, RUN, python=PYTHON).run(
            job, tmp_path / "out", on_line=lines.append, stop=Event()
        )
    assert (ended.code, ended.interrupted) == (0, False), ended.stderr
    assert [json.loads(line)["status"] for line in lines] == ["ok", "ok"]
    assert [r["status"] for r in records(tmp_path / "out")] == ["ok", "ok"]
    assert json.loads((tmp_path / "out/fingerprint.json").read_text())["cpu"]["architecture"]
    assert list((tmp_path / "out/tensors").iterdir())


def test_all_files_of_a_model_go_along(bare: FakeHost, job: Path, tmp_path: Path) -> None:
    """Those of a model with others beside it; links, as in every job, and two names of one file."""
    place = job / "models/m"
    (place / "more").mkdir(parents=True)
    (tmp_path / "weights").write_bytes(b"weights")
    for name in ("w.bin", "more/w.bin", "m.onnx"):
        (place / name).hardlink_to(tmp_path / "weights")
    one = hashlib.sha256(b"weights").hexdigest()
    lines = "".join(f"{one}  {name}\n" for name in ("", "more/w.bin", "w.bin"))
    document = json.loads((job / "job.json").read_text())
    document["cells"][0]["workload"] |= {
        "path": "models/m/m.onnx",
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
        "companions": {"more/w.bin": one, "w.bin": one},
    }
    (job / "job.json").write_text(json.dumps(document))
    with SshClient(bare.address) as shell:
        process = RemoteProcess(shell, RUN, python=PYTHON)
        process.run(job, tmp_path / "out", on_line=print, stop=Event())
    assert [r["reason"] for r in records(tmp_path / "out")] == [None, None]


def test_a_machine_says_what_is_installed_on_it(bare: FakeHost) -> None:
    asked = (("numpy",), ("numpy", "jsonschema"), ("nothing",))
    with SshClient(bare.address) as shell:
        process = RemoteProcess(shell, RUN, python=PYTHON)
        found = process.installed_software(asked, Event())
    assert found.keys() == {("numpy",), ("numpy", "jsonschema")}
    # The machine is made of the image, which is made of the lock, as this environment is.
    assert found["numpy",].id == installed_software(Installation("numpy")).id


def test_a_framework_from_outside_goes_along(
    bare: FakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQC_FRAMEWORKS", str(toy_framework(tmp_path)))
    job = write_job(tmp_path / "job", sessions=1, framework="toy")
    with SshClient(bare.address) as shell:
        ended = RemoteProcess(shell, RUN, python=PYTHON).run(
            job, tmp_path / "out", on_line=print, stop=Event()
        )
    assert ended.code == 0, ended.stderr
    (record,) = records(tmp_path / "out")
    assert (record["status"], record["framework"]["name"]) == ("ok", "toy")


def test_a_drop_in_mid_run_costs_nothing(bare: FakeHost, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", sessions=120)
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if len(lines) in (3, 9):
            bare.drop()

    with SshClient(bare.address) as shell:
        ended = RemoteProcess(shell, RUN, python=PYTHON).run(
            job, tmp_path / "out", on_line=on_line, stop=Event()
        )
    assert ended.code == 0, ended.stderr
    assert [json.loads(line)["session"] for line in lines] == list(range(120))
    assert len(records(tmp_path / "out")) == 120


def test_a_stop_ends_it_soon_and_fetches_what_there_is(bare: FakeHost, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", sessions=2000)
    stop = Event()

    def on_line(_: str) -> None:
        assert running(bare)
        stop.set()

    begun = time.monotonic()
    with SshClient(bare.address) as shell:
        ended = RemoteProcess(shell, RUN, python=PYTHON).run(
            job, tmp_path / "out", on_line=on_line, stop=stop
        )
    assert ended.interrupted
    assert time.monotonic() - begun < 30
    assert not running(bare)
    assert 1 <= len(records(tmp_path / "out")) < 2000


def test_a_machine_out_of_reach_is_given_up_and_can_be_swept_later(
    bare: FakeHost, tmp_path: Path
) -> None:
    job = write_job(tmp_path / "job", sessions=2000)

    def on_line(_: str) -> None:
        bare.sh("mv /home/eqc/.ssh/authorized_keys /home/eqc/.ssh/away; pkill -STOP -o sshd")
        threading.Thread(target=bare.drop).start()

    with SshClient(bare.address, connect_seconds=1.0) as shell:
        with pytest.raises(ConnectionLost, match="its folder there"):
            RemoteProcess(shell, RUN, python=PYTHON, reconnect_seconds=2.0).run(
                job, tmp_path / "out", on_line=on_line, stop=Event()
            )
        assert running(bare)
        bare.sh("mv /home/eqc/.ssh/away /home/eqc/.ssh/authorized_keys; pkill -CONT -o sshd")
    with SshClient(bare.address) as shell:
        assert folders(shell, "another", PYTHON) == ()
        (left,) = folders(shell, RUN, PYTHON)
        end(shell, left, PYTHON)
        end(shell, left, PYTHON)
    assert not running(bare)


def test_the_deadline_ends_it_though_nobody_is_there(bare: FakeHost, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", sessions=2000, deadline=time.time() + 4)
    with SshClient(bare.address) as shell:
        ended = RemoteProcess(shell, RUN, python=PYTHON, deadline=time.time() + 4).run(
            job, tmp_path / "out", on_line=lambda _: None, stop=Event()
        )
    assert ended.code == 0
    reasons = {r["reason"]["code"] for r in records(tmp_path / "out") if r["reason"]}
    assert reasons == {"deadline"}


def test_a_killed_runner_is_told(bare: FakeHost, tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", sessions=2000)
    with SshClient(bare.address) as shell:
        ended = RemoteProcess(shell, RUN, python=PYTHON).run(
            job,
            tmp_path / "out",
            on_line=lambda _: bare.sh("pkill -KILL -f '[e]qc_runner run'") and None,
            stop=Event(),
        )
    assert ended.code == -9
    assert records(tmp_path / "out")


def test_without_python_or_packages_it_says_what_to_install(
    fake: FakeHost, bare: FakeHost, job: Path, tmp_path: Path
) -> None:
    with SshClient(fake.address) as shell, pytest.raises(EnvironmentNotReady, match="python3"):
        RemoteProcess(shell, RUN).run(job, tmp_path / "out", on_line=print, stop=Event())
    with (
        SshClient(bare.address) as shell,
        pytest.raises(EnvironmentNotReady, match="lacks numpy blake3: install it there"),
    ):
        RemoteProcess(shell, RUN).run(job, tmp_path / "out", on_line=print, stop=Event())


def test_a_version_that_the_machine_has_not_is_told_with_the_one_it_has(bare: FakeHost) -> None:
    with SshClient(bare.address) as shell:
        assert why_not_there(shell, PYTHON, Installation("numpy")) is None
        assert why_not_there(shell, PYTHON, Installation("numpy", ">=1.22", ("blake3",))) is None
        reason = why_not_there(shell, PYTHON, Installation("numpy", "==1.0", ("mpmath",)))
    assert reason is not None
    assert reason.code == "not-installed"
    assert re.search(r"\(numpy==1\.0: it has \d.*; mpmath: not installed\)", reason.message)


def test_a_full_disk_is_told_and_cleared(
    make: Callable[..., FakeHost], numpy_image: str, job: Path, tmp_path: Path
) -> None:
    fake = make(engine=False, base=numpy_image, tmpfs={"/tmp": "size=200k,mode=1777"})
    with SshClient(fake.address) as shell:
        with pytest.raises(EnvironmentNotReady, match="No space left on device"):
            RemoteProcess(shell, RUN, python=PYTHON).run(
                job, tmp_path / "out", on_line=print, stop=Event()
            )
        assert folders(shell, python=PYTHON) == ()
        assert fake.sh("find /tmp -mindepth 1") == ""

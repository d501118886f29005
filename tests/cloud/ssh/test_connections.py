"""Host keys, logins, and connections that break: with a real sshd and real keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import ConnectionLost, HostKeyRefused, LoginRefused, OutputRefused
from orchestrator.ssh import login_keys
from orchestrator.ssh.client import SshClient
from orchestrator.ssh.known_hosts import known_as
from tests.cloud.ssh.conftest import FakeHost

pytestmark = pytest.mark.docker


def test_a_command_gives_bytes_and_its_exit_status(shell: SshClient) -> None:
    done = shell.run(["sh", "-c", "cat; printf '\\377' ; echo no >&2; exit 3"], stdin=b"\x00yes")
    assert (done.code, done.stdout, done.stderr) == (3, b"\x00yes\xff", b"no\n")


def test_another_host_key_is_refused_with_both_fingerprints(fake: FakeHost) -> None:
    other = login_keys.new_host_key().public
    with (
        SshClient(replace(fake.address, host_key=other)) as shell,
        pytest.raises(HostKeyRefused, match=r"offers .*SHA256:.*not the one given.*SHA256:"),
    ):
        shell.run(["true"])


def test_a_key_of_another_type_is_refused(fake: FakeHost) -> None:
    text = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY="
    with (
        SshClient(replace(fake.address, host_key=text)) as shell,
        pytest.raises(HostKeyRefused, match="no host key of the known type"),
    ):
        shell.run(["true"])


def test_an_unknown_host_is_refused_and_told_how_to_become_known(
    fake: FakeHost, tmp_path: Path
) -> None:
    known = tmp_path / "known_hosts"
    address = replace(fake.address, host_key=None, known_hosts=(str(known),))
    with SshClient(address) as shell:
        with pytest.raises(HostKeyRefused, match=r"not known.*SHA256:.*\[127.0.0.1\]:") as raised:
            shell.run(["true"])
        assert str(known) in str(raised.value)
        known.write_text(f"{known_as(address)} {fake.host_key}\n")
        assert shell.run(["true"]).code == 0
        shell.close()
        known.write_text(f"@revoked * {fake.host_key}\n{known_as(address)} {fake.host_key}\n")
        with pytest.raises(HostKeyRefused, match="revoked"):
            shell.run(["true"])


def test_a_key_that_may_not_log_in_is_refused(fake: FakeHost, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text(login_keys.new_host_key().private)
    with (
        SshClient(replace(fake.address, identities=(str(other),))) as shell,
        pytest.raises(LoginRefused, match=r"refuses the login with the key .*/other"),
    ):
        shell.run(["true"])
    with (
        SshClient(replace(fake.address, identities=(str(tmp_path / "none"),))) as shell,
        pytest.raises(LoginRefused, match="none"),
    ):
        shell.run(["true"])


def test_through_a_jump_host_both_keys_are_checked(
    fake: FakeHost, make: Callable[..., FakeHost]
) -> None:
    jump = make(engine=False)
    behind = replace(fake.inside(), jump=jump.address)
    with SshClient(behind) as shell:
        assert shell.run(["hostname"]).stdout.decode().strip() == fake.sh("hostname").strip()
        assert jump.sessions()
    other = login_keys.new_host_key().public
    for wrong in (
        replace(behind, host_key=other),
        replace(behind, jump=replace(jump.address, host_key=other)),
    ):
        with SshClient(wrong) as shell, pytest.raises(HostKeyRefused):
            shell.run(["true"])
    unreachable = replace(behind, port=9)
    with SshClient(unreachable) as shell, pytest.raises(ConnectionLost, match="through eqc@"):
        shell.run(["true"])


def test_a_dropped_connection_is_told_and_the_next_call_has_a_new_one(
    make: Callable[..., FakeHost],
) -> None:
    fake = make(engine=False)
    with SshClient(fake.address) as shell:
        shell.run(["true"])
        threading.Timer(0.5, fake.drop).start()
        with pytest.raises(ConnectionLost):
            shell.run(["sleep", "30"])
        assert shell.run(["echo", "back"]).stdout == b"back\n"


def test_a_host_that_dies_during_a_command_is_told(make: Callable[..., FakeHost]) -> None:
    fake = make(engine=False)
    with SshClient(fake.address, connect_seconds=2.0) as shell:
        shell.run(["true"])
        threading.Timer(0.5, fake.container.kill).start()
        with pytest.raises(ConnectionLost):
            shell.run(["sleep", "30"])
        begun = time.monotonic()
        with pytest.raises(ConnectionLost, match="is the machine up"):
            shell.wait_until_reachable(1.0, threading.Event())
        assert time.monotonic() - begun < 10


def test_a_host_that_falls_silent_is_noticed(
    make: Callable[..., FakeHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.ssh.command.SILENCE_SECONDS", 1.0)
    fake = make(engine=False)
    with SshClient(fake.address, connect_seconds=2.0) as shell:
        shell.run(["true"])
        threading.Timer(0.5, fake.container.pause).start()
        try:
            with pytest.raises(ConnectionLost):
                shell.run(["sleep", "60"])
        finally:
            fake.container.unpause()


def test_reachable_means_logged_in_and_booting_machines_get_time(
    make: Callable[..., FakeHost],
) -> None:
    fake = make(engine=False)
    fake.sh("mv /home/eqc/.ssh/authorized_keys /home/eqc/.ssh/later")
    with SshClient(fake.address) as shell:
        with pytest.raises(LoginRefused):
            shell.wait_until_reachable(30.0, threading.Event())
        back = "sleep 1; mv /home/eqc/.ssh/later /home/eqc/.ssh/authorized_keys"
        threading.Thread(target=fake.sh, args=(back,)).start()
        shell.wait_until_reachable(30.0, threading.Event(), booting=True)
        assert shell.run(["true"]).code == 0


def test_output_is_bounded_and_so_is_time(shell: SshClient) -> None:
    with pytest.raises(OutputRefused, match="more than 1000 bytes"):
        shell.run(["yes"], limit=1000)
    with pytest.raises(ConnectionLost, match=r"sleep did not end in 0.5 s"):
        shell.run(["sleep", "20"], timeout=0.5)
    assert shell.run(["echo", "usable"]).stdout == b"usable\n"


def test_lines_come_as_they_are_written_until_stopped(shell: SshClient) -> None:
    lines: list[str] = []
    stop = threading.Event()

    def on_line(line: str) -> None:
        lines.append(line)
        if len(lines) == 2:
            stop.set()

    ended = shell.stream(["sh", "-c", "echo a; echo b; sleep 20; echo c"], on_line, stop=stop)
    assert (ended, lines) == (None, ["a", "b"])
    lines.clear()
    script = "printf 'x%.0s' $(seq 100000); echo; printf end"
    done = shell.stream(["sh", "-c", script], lines.append, stop=threading.Event())
    assert done is not None
    assert done.code == 0
    assert [len(line) for line in lines] == [1 << 16, 3]


def test_a_large_stdin_arrives_whole_and_an_unread_one_does_no_harm(shell: SshClient) -> None:
    data = bytes(range(256)) * (1 << 15)
    done = shell.run(["sha256sum"], stdin=data)
    import hashlib

    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert shell.run(["true"], stdin=data).code == 0


def test_files_go_and_come(shell: SshClient, tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(bytes(range(256)) * 1000)
    shell.put(source, "/tmp/sent")
    shell.get("/tmp/sent", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == source.read_bytes()
    with pytest.raises(OutputRefused, match="over 1000 bytes"):
        shell.get("/tmp/sent", tmp_path / "c", limit=1000)
    shell.run(["rm", "/tmp/sent"])
    with pytest.raises(FileNotFoundError):
        shell.get("/tmp/sent", tmp_path / "c")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]

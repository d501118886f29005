"""The part of ``remote_process`` on the host: starts a runner without Docker, follows and ends it.

The text of this file is run by the host's own interpreter (Python 3.8 or later, Linux, standard
library only), with one of these commands:

    check | versions DISTRIBUTION... | make NAME | take FOLDER
    software FOLDER FRAMEWORK REQUIREMENTS...
    start FOLDER DEADLINE | follow FOLDER LINES | result FOLDER | stop FOLDER | send FOLDER
    end FOLDER | list PREFIX

All files of a job are in one private folder. Its keeper is a process in a session of its own: it
starts the runner, keeps the results until they are fetched, and removes the folder at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Sequence

NEEDED = ("numpy", "blake3")
PASSED_ON = (
    *("HOME", "LANG", "PATH", "CUDA_VISIBLE_DEVICES"),
    *("LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD"),
    *("PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONPLATLIBDIR", "PYTHONUSERBASE"),
)
"""What any program needs, and what says where this user's software is found."""
GRACE_SECONDS = 10
KEPT_SECONDS = 3600
"""How long results are kept after the runner's end or the deadline, whichever is later."""
TAIL_BYTES, TAIL_LINES = 1 << 16, 30


def main(command: str, *words: str) -> None:
    """Run one of the commands above; its answer goes to stdout."""
    folder = Path(words[0]) if words else Path()
    if command == "check":
        missing = [name for name in NEEDED if find_spec(name) is None]
        say(json.dumps({"python": sys.version_info[:3], "missing": missing}))
    elif command == "versions":
        say(json.dumps({name: version_of(name) for name in words}))
    elif command == "make":
        make(Path(tempfile.gettempdir(), words[0]))
    elif command == "software":
        software(folder, words[1:])
    elif command == "start":
        start(folder, float(words[1]))
    elif command == "follow":
        follow(folder, int(words[1]))
    elif command == "list":
        list_folders(words[0])
    else:
        {"take": take, "result": result, "stop": stop, "send": send, "end": end}[command](folder)


def version_of(name: str) -> str | None:
    """The version of an installed distribution; ``None``: it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def make(folder: Path) -> None:
    """Create the private folder, unless an earlier call did, and print its path."""
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            sys.exit(f"{folder} belongs to another user or is no folder")
    say(str(folder))


def take(folder: Path) -> None:
    """Unpack the archive on stdin, unless the runner was started already."""
    if (folder / "started").exists():
        return
    trusted: dict[str, Any] = {}
    if hasattr(tarfile, "fully_trusted_filter"):
        trusted["filter"] = "fully_trusted"
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
        # The archive is trusted: it comes from the orchestrator, like this program.
        tar.extractall(folder, **trusted)  # noqa: S202
    for name in ("out", "home", "tmp"):
        (folder / name).mkdir(exist_ok=True)


def software(folder: Path, words: Sequence[str]) -> None:
    """Print what would compute here, as the runner says it."""
    argv = [sys.executable, "-m", "eqc_runner", "software", *words]
    sys.exit(subprocess.run(argv, cwd=folder, env=environment(folder), check=False).returncode)


def start(folder: Path, deadline: float) -> None:
    """Start the keeper, which starts the runner, unless an earlier call did.

    ``deadline``: Unix seconds by the host's clock.
    """
    try:
        (folder / "started").touch(exist_ok=False)
    except FileExistsError:
        return
    if os.fork():
        wait_for((folder / "pids").exists)
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    keep(folder, deadline)


def keep(folder: Path, deadline: float) -> None:
    """The keeper: run the runner to its end, then keep its results until they are fetched."""
    argv = [sys.executable, "-m", "eqc_runner", "run", str(folder / "job"), str(folder / "out")]
    with (folder / "log").open("wb") as log, (folder / "err").open("wb") as err:
        runner = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=err,
            cwd=folder,
            env=environment(folder),
            start_new_session=True,
        )
    write(folder / "pids", json.dumps([os.getpid(), runner.pid]))
    code = runner.wait()
    signal_group(runner.pid, signal.SIGKILL)
    write(folder / "code", str(code))
    kept_until = max(time.time(), deadline) + KEPT_SECONDS
    while folder.is_dir() and time.time() < kept_until:
        time.sleep(1)
    shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path) -> dict[str, str]:
    """The runner's environment. Its home is in ``folder``, so that it is removed with it."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    home = Path(passed.get("HOME", "/"))
    paths = [str(folder / "images" / "runner"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        "PYTHONUSERBASE": str(home / ".local"),
        **passed,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "EQC_DIE_WITH_PARENT": "1",
    }


def follow(folder: Path, lines: int) -> None:
    """Print the runner's lines after the first ``lines`` as they come, until it has ended."""
    number, rest = 0, b""
    with (folder / "log").open("rb") as log:
        while True:
            # Checked before reading: what is written in between is read in the next round.
            ended = has_ended(folder)
            block = log.read(1 << 16)
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                number += 1
                if number > lines:
                    sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
            if not block:
                if ended:
                    return
                time.sleep(0.1)


def result(folder: Path) -> None:
    """Print the runner's exit status and the last lines of its stderr as JSON.

    The status is that of SIGKILL where the keeper ended before it could write one.
    """
    code = -int(signal.SIGKILL)
    with suppress(FileNotFoundError):
        code = int((folder / "code").read_text())
    with (folder / "err").open("rb") as err:
        err.seek(max(0, err.seek(0, os.SEEK_END) - TAIL_BYTES))
        tail = err.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
    say(json.dumps({"code": code, "stderr": "\n".join(tail)}))


def stop(folder: Path) -> None:
    """End the runner: SIGTERM, then SIGKILL."""
    keeper, runner = pids(folder)
    for number in (signal.SIGTERM, signal.SIGKILL):
        # While the keeper runs, the runner's process id cannot belong to another program.
        if not is_keeper(keeper, folder) or has_ended(folder):
            return
        signal_group(runner, number)
        wait_for(lambda: has_ended(folder))


def send(folder: Path) -> None:
    """Write an archive of the runner's output folder to stdout."""
    form = tarfile.GNU_FORMAT
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=form) as tar:
        tar.add(str(folder / "out"), "out")


def end(folder: Path) -> None:
    """End the runner and the keeper and remove the folder, if it is still there."""
    if not folder.is_dir():
        return
    stop(folder)
    keeper, _ = pids(folder)
    if is_keeper(keeper, folder):
        os.kill(keeper, signal.SIGKILL)
        wait_for(lambda: not is_keeper(keeper, folder))
    shutil.rmtree(str(folder))


def list_folders(prefix: str) -> None:
    """Print this user's folders whose names begin with ``prefix``, one a line."""
    for path in sorted(Path(tempfile.gettempdir()).glob(prefix + "*")):
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
            say(str(path))


def pids(folder: Path) -> tuple[int, int]:
    """Process ids of keeper and runner; zeros where none was started."""
    try:
        keeper, runner = json.loads((folder / "pids").read_text())
    except FileNotFoundError:
        return 0, 0
    return keeper, runner


def is_keeper(pid: int, folder: Path) -> bool:
    """Whether the process runs (is no zombie) and was started for this folder."""
    try:
        return str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def has_ended(folder: Path) -> bool:
    """Whether the runner has ended: its exit status was written, or its keeper does not run."""
    return (folder / "code").exists() or not is_keeper(pids(folder)[0], folder)


def signal_group(leader: int, number: int) -> None:
    """Send a signal to a process group; nothing happens where it has ended already."""
    with suppress(ProcessLookupError):
        os.killpg(leader, number)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until ``condition()`` holds, at most ``GRACE_SECONDS``."""
    limit = time.monotonic() + GRACE_SECONDS
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)


def write(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or nothing."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


def say(text: str) -> None:
    """Print one line of the answer."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The runner in a container of the local engine: no network, read-only root, no capabilities."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from threading import Event

import docker
import docker.errors
from docker.models.containers import Container
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from orchestrator.errors import EnvironmentNotReady, MachinesLeft
from orchestrator.executors.base import TAIL_LINES, OnLine, RunnerExit
from orchestrator.system.lines import lines_of, tail_of

LABEL = "eqc.run"
"""The label of every container of ours; its value is the run's tag."""
JOB, OUT = "/job", "/out"
DEFAULT_MEMORY = 8 << 30
"""Bytes."""
GRACE_SECONDS = 10
"""From SIGTERM to SIGKILL."""
ENGINE_ERRORS = (docker.errors.DockerException, RequestException, HTTPError)
"""All exceptions of the Docker SDK where the engine refuses or does not answer."""


class ContainerExecutor:
    """Runs the runner in one image. ``run_name`` labels its containers so that they are found.

    ``memory_bytes``: limit, ``None``: ``DEFAULT_MEMORY``. ``deadline``: Unix seconds, a label only.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        image: str,
        run_name: str,
        *,
        memory_bytes: int | None = None,
        deadline: float | None = None,
    ) -> None:
        self._client = client
        self._image = image
        self._memory = memory_bytes or DEFAULT_MEMORY
        self._labels = {LABEL: run_name, "eqc.deadline": str(int(deadline or 0))}

    def run(self, job: Path, out: Path, *, on_line: OnLine, stop: Event) -> RunnerExit:
        """See ``Executor.run``. Raises ``EnvironmentNotReady`` where the engine refuses."""
        try:
            container = self._client.containers.create(
                self._image,
                ["run", JOB, OUT],
                network_mode="none",
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                mem_limit=self._memory,
                memswap_limit=self._memory,
                pids_limit=4096,
                shm_size="256m",
                tmpfs={"/tmp": "rw,mode=1777,size=1g"},  # noqa: S108 - of the container
                user=f"{os.getuid()}:{os.getgid()}",
                labels=self._labels,
                volumes={
                    str(job.resolve()): {"bind": JOB, "mode": "ro"},
                    str(out.resolve()): {"bind": OUT, "mode": "rw"},
                },
            )
        except ENGINE_ERRORS as error:
            raise self._refused(error) from error
        try:
            try:
                container.start()
            except ENGINE_ERRORS as error:
                raise self._refused(error) from error
            return self._watch(container, on_line, stop)
        finally:
            remove(container)

    def _refused(self, error: Exception) -> EnvironmentNotReady:
        said = getattr(error, "explanation", None) or error
        return EnvironmentNotReady(
            f"the Docker engine started no container of {self._image}: {said}"
        )

    def _watch(self, container: Container, on_line: OnLine, stop: Event) -> RunnerExit:
        ended = Event()
        watch = threading.Thread(target=_end_when, args=(stop, ended, container), daemon=True)
        watch.start()
        try:
            for line in lines_of(
                container.logs(stdout=True, stderr=False, stream=True, follow=True)
            ):
                on_line(line)
            code = int(container.wait()["StatusCode"])
            said = container.logs(stdout=False, stderr=True, stream=True, tail=TAIL_LINES)
            tail = tail_of(said, TAIL_LINES)
        except ENGINE_ERRORS as error:
            # The container was removed or the engine stopped. What the runner observed until
            # then is in the output folder.
            code, tail = 128 + signal.SIGKILL, f"the engine lost the container: {error}"
        finally:
            ended.set()
            watch.join()
        # The engine reports a signal as 128 + its number, as a shell does.
        code = 128 - code if code > 128 else code
        return RunnerExit(code, tail, interrupted=stop.is_set())


def leftovers(client: docker.DockerClient, run_name: str | None = None) -> list[Container]:
    """Every container of the run (``None``: of all runs) on this engine, running or not.

    Raises ``EnvironmentNotReady`` where the engine does not say.
    """
    label = LABEL if run_name is None else f"{LABEL}={run_name}"
    try:
        found: list[Container] = client.containers.list(
            all=True, filters={"label": label}, ignore_removed=True
        )
    except ENGINE_ERRORS as error:
        raise EnvironmentNotReady(
            f"the Docker engine does not say which containers of eqc it has: {error}; the next "
            "eqc run removes them"
        ) from error
    return found


def remove(container: Container, *, seconds: float = 30.0) -> None:
    """Kill and remove a container; success where it does not exist any more.

    Raises ``MachinesLeft`` where the engine still has it after ``seconds`` seconds,
    ``EnvironmentNotReady`` where it never answered: the next run removes the container.
    """
    end = time.monotonic() + seconds
    refusal, answered = "", False
    while time.monotonic() < end:
        try:
            container.remove(force=True, v=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            # 409 means that a removal is under way. Other errors may be temporary, too.
            refusal, answered = str(error.explanation), True
        except ENGINE_ERRORS as error:
            refusal = str(error)
        time.sleep(0.1)
    if not answered:
        raise EnvironmentNotReady(
            f"the Docker engine stopped answering ({refusal}); start it and run the same command "
            f"again: it removes container {container.short_id} and goes on"
        )
    raise MachinesLeft(
        f"container {container.id} of run {container.labels.get(LABEL)} could not be removed: "
        f"{refusal}; remove it with `docker rm -f {container.short_id}`"
    )


def _end_when(stop: Event, ended: Event, container: Container) -> None:
    while not ended.wait(0.2):
        if stop.is_set():
            try:
                container.stop(timeout=GRACE_SECONDS)
            except ENGINE_ERRORS:
                # The container is gone, or `remove` will fail too and report it.
                return
            return

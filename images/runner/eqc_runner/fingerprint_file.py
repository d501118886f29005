"""``fingerprint.json``: the probe's result, or only nulls with the reason where it failed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from eqc_runner.exit_reason import exit_reason
from eqc_runner.job import SCHEMA, Job
from eqc_runner.process_group import before_exec
from eqc_runner.worker_process import worker_environment

if TYPE_CHECKING:
    from pathlib import Path

    from eqc_runner.presentation.environment import Presentation

NAME = "fingerprint.json"
PROBE_SECONDS = 120.0

_CPU = (
    "architecture",
    "vendor",
    "brand",
    "family",
    "model",
    "stepping",
    "microarchitecture",
    "microcode",
    "flags",
    "flags_kernel",
    "disagreement",
    "caches",
    "hypervisor",
    "leaves",
)
_SYSTEM = ("kernel", "os", "libc", "python", "numpy")


def write(job: Job, presentation: Presentation, out_folder: Path) -> None:
    """Probe as a worker would see it and write the result atomically. Raises ``OSError``.

    That is through the job's launcher, and where the job presents another CPU, under that.
    """
    fingerprint = _probe(job, presentation)
    fingerprint["emulated"] = job.emulated
    path = out_folder / NAME
    temporary = out_folder / f".{NAME}.{os.getpid()}"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(fingerprint, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        if temporary.exists():
            temporary.unlink()
        raise


def unknown(why: str) -> dict[str, Any]:
    """A fingerprint in which everything is null, for the reason ``why``."""
    values = ("cpu", "approximation", "logical_cpus", "affinity", "cgroup", "memory_bytes", "gpus")
    return {
        "schema": SCHEMA,
        "emulated": None,
        "presented": None,
        "cpu": dict.fromkeys(_CPU),
        "approximation": None,
        "logical_cpus": None,
        "affinity": None,
        "cgroup": {"cpus": None, "memory_bytes": None},
        "memory_bytes": None,
        "gpus": [],
        "system": dict.fromkeys(_SYSTEM),
        "environment": {},
        "missing": dict.fromkeys((*values, "system", "environment"), why),
    }


def _probe(job: Job, presentation: Presentation) -> dict[str, Any]:
    argv = [*job.launcher, sys.executable, "-m", "eqc_runner", "probe"]
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=worker_environment(os.environ, presentation.environment({})),
            preexec_fn=before_exec(None),  # noqa: PLW1509 - one thread, libc loaded
        )
    except (OSError, subprocess.SubprocessError) as error:
        return unknown(f"the probe: {argv[0]} cannot be started: {error}")
    with process:
        try:
            output, errors = process.communicate(timeout=PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            return unknown(f"the probe took longer than {PROBE_SECONDS:g} s")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
    if process.returncode != 0:
        tail = "\n".join(errors.decode("utf-8", "replace").splitlines()[-5:])
        reason = exit_reason(process.returncode, tail)
        return unknown(f"the probe: {reason.message}; {tail}")
    try:
        fingerprint = dict(json.loads(output))
        answer = fingerprint.get("presented")
        problem = "no CPU was presented to it" if answer is None else answer["problem"]
    except (ValueError, TypeError) as error:
        return unknown(f"the probe printed no fingerprint: {error}")
    if job.presented is not None and problem is not None:
        return unknown(f"the probe does not see the presented CPU: {problem}")
    fingerprint["presented"] = presentation.record(answer["method"]) if answer else None
    return fingerprint

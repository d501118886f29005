"""Observes kernels in a process of its own, forked before the session computes anything.

So the session's own bits are untouched; that the other process gave the same ones is compared and
recorded (``perturbed``).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple

from eqc_runner.digest import digest
from eqc_runner.kernels.kernel import Told, records
from eqc_runner.kernels.trace import Trace
from eqc_runner.process_group import die_with_parent
from eqc_runner.tensor import Tensor

if TYPE_CHECKING:
    from eqc_runner.rows import Rows

_RESULT = "kernels.json"
_CHARACTERS = 1000
Tell = Callable[[Trace], Told]
"""Loads the model, runs it and tells its kernels; called in the forked process."""


class Observed(NamedTuple):
    """What the forked process found."""

    rows: list[dict[str, Any]]
    reason: str | None
    finals: dict[str, str] | None
    """The digests of the final outputs by place; ``None``: there are none."""

    def record(self, finals: Mapping[int, str]) -> dict[str, Any]:
        """As an observation has it; ``finals``: the digests of the session's own outputs."""
        own = {str(place): value for place, value in finals.items()}
        perturbed = None if self.finals is None else self.finals != own
        return {"perturbed": perturbed, "reason": self.reason, "rows": self.rows}


def observe_kernels(tell: Tell, rows: Rows, variables: Mapping[str, str]) -> Observed:
    """Fork, let ``tell`` find the kernels, and wait. Nothing may have been computed before.

    ``rows``: the part of the outputs that is compared. ``variables`` are set in that process, to
    have libraries log.
    """
    folder = Path(tempfile.mkdtemp(prefix="eqc-kernels-"))
    parent = os.getpid()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _child(tell, rows, variables, folder, parent)
        _, status = os.waitpid(pid, 0)
        return _read(folder / _RESULT, status)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _child(tell: Tell, rows: Rows, variables: Mapping[str, str], folder: Path, parent: int) -> None:
    code = 70
    try:
        die_with_parent(parent)
        os.environ.update(variables)
        trace = Trace(folder)
        try:
            told = tell(trace)
            found, left_out = records(told.kernels)
            reason = told.reason or left_out
            finals = {
                str(place): digest(tensor)
                for place, (_, whole) in enumerate(told.finals)
                if isinstance(tensor := rows.of_final(whole), Tensor)
            }
            result = {"rows": found, "reason": reason, "finals": finals or None}
        except Exception as error:  # noqa: BLE001 - the session itself goes on, whatever this is
            traceback.print_exc()
            said = " ".join(f"{type(error).__name__}: {error}".split())
            reason = f"the run that observes kernels failed: {said}"
            result = {"rows": [], "reason": reason, "finals": None}
        (folder / _RESULT).write_text(json.dumps(result), "utf-8")
        code = 0
    finally:
        # Not sys.exit: frameworks' exit handlers wait for threads that a fork did not copy.
        os._exit(code)


def _read(path: Path, status: int) -> Observed:
    if not path.exists():
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"status {status >> 8}"
        return Observed([], f"the run that observes kernels ended by {how}", None)
    found = json.loads(path.read_text("utf-8"))
    reason = found["reason"]
    return Observed(found["rows"], reason and reason[:_CHARACTERS], found["finals"])

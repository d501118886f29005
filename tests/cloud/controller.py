"""One of several controllers that share two clouds: runs ``eqc`` and kills it at chosen moments."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.store.read import read
from tests.cloud.two_clouds import AWS_TYPES, GCP_TYPES, Clouds
from tests.e2e.running import command, environment, facts

SPEC = f"""\
schema: 1
name: killed
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {{shape: [1, 32, 32, 3], seed: 1, distribution: uniform}}
platforms:
  - provider: aws
    machine_types: [{AWS_TYPES[0]}]
    regions: [us-east-1]
  - provider: gcp
    machine_types: [{GCP_TYPES[0]}]
    regions: [us-central1]
    spot: true
observe: {{sessions: 3, mode: cold}}
"""
LONGEST = 150.0
"""Seconds after which a kill no longer waits for its moment and happens at once."""
WATCHED = ("intent", "order", "id", "booting", "working", "started", "session", "ended")
MOMENTS = ("any", *WATCHED, "computed", "releasing", "terminate", "tidy", "swept")
"""What a kill waits for (an event, a call or a journal entry), plus up to half a second."""
QUICK = tuple(moment for moment in MOMENTS if moment not in ("intent", "order"))
"""Without the moments after which the next call waits a minute for a machine possibly ordered."""


@dataclass(frozen=True)
class Kill:
    """One kill: the moment it waited for, and the phase that each machine was in."""

    moment: str
    phases: tuple[str, ...]


class Controller:
    """A folder to run ``eqc`` in, and an owner's name under which the clouds know its calls."""

    def __init__(self, folder: Path, name: str, clouds: Clouds) -> None:
        self.folder, self.name, self._clouds = folder, name, clouds
        folder.mkdir()
        (folder / "killed.yaml").write_text(SPEC)
        self._env = {**environment(), **clouds.owned_by(name)}

    @property
    def run_folder(self) -> Path:
        return max((self.folder / "results/killed").glob("*/run.json")).parent

    def start(self) -> subprocess.Popen[bytes]:
        """Start ``eqc run``."""
        (self.folder / "events.jsonl").unlink(missing_ok=True)
        words = ("run", "killed.yaml", "--isolation", "docker", "--events", "events.jsonl")
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(
                command(*words), cwd=self.folder, env=self._env, stdout=said, stderr=said
            )

    def finish(self) -> None:
        """Run ``eqc run`` once more, to its end."""
        process = self.start()
        try:
            code = process.wait(600)
        finally:
            process.kill()
            process.wait()
        assert code == 0, (self.folder / "said").read_text()

    def eqc(self, *words: str, cwd: Path) -> str:
        """Run another command as the same owner, in a folder without any state of the run."""
        cwd.mkdir(exist_ok=True)
        variables = {**self._env, "XDG_CACHE_HOME": str(cwd / "cache")}
        done = subprocess.run(
            command(*words), cwd=cwd, env=variables, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def beside(self, *words: str) -> None:
        """Run another command as the same owner on the same computer: it sees what runs."""
        done = subprocess.run(
            command(*words),
            cwd=self.folder,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)

    def kill_once(
        self, moments: random.Random, took: float, among: Sequence[str] = MOMENTS
    ) -> Kill | None:
        """Start ``eqc run`` and ``kill -9`` it at a random moment; ``None`` if it ended before."""
        moment = moments.choice(among)
        clouds, mine, intents = self._clouds, self.name, len(self._intents())
        before = clouds.orders(mine), clouds.ends(mine), clouds.tidied(mine)
        process = self.start()
        seen: dict[str, Callable[[], bool]] = {
            "any": lambda: True,
            "intent": lambda: len(self._intents()) > intents,
            "order": lambda: clouds.orders(mine) > before[0],
            "id": lambda: any(row["machine_id"] for row in self._intents()[intents:]),
            "computed": lambda: 3 in Counter(self._sessions()).values(),
            "terminate": lambda: clouds.ends(mine) > before[1],
            "tidy": lambda: clouds.tidied(mine) > before[2],
        }
        look = seen.get(moment, lambda: moment in self._told())
        end = time.monotonic() + LONGEST
        while process.poll() is None and time.monotonic() < end and not look():
            time.sleep(0.01)
        wait = moments.uniform(0, took if moment == "any" else 0.5)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        if process.returncode != -9:
            assert process.returncode == 0, (self.folder / "said").read_text()
            return None
        return Kill(moment, self._phases(intents))

    # -- afterwards -------------------------------------------------------------------------

    def facts(self) -> list[tuple[Any, ...]]:
        return facts(self.run_folder)

    def left(self) -> list[str]:
        return self._clouds.left(self.name)

    def check_story(self) -> None:
        """Check the files: no session twice, an end for every order, no work folder left."""
        folder = self.run_folder
        stored = [(r.cell, r.session, r.status) for r in read(folder).records]
        lines = [p.read_text().splitlines() for p in (folder / "observations").glob("*.jsonl")]
        told = [json.loads(line) for each in lines for line in each]
        ok = [(r["cell"], r["session"], r["status"]) for r in told if r["status"] == "ok"]
        assert sorted(ok) == sorted(stored), "an observation was written twice, or is not ok"
        open_intents = [row for row in self._intents() if row["ended_at"] is None]
        assert open_intents == []
        ordered = {row["token"] for row in self._intents()}
        assert self._clouds.tokens(self.name) <= ordered, "a machine was made that is not in it"
        assert list((folder / "work").glob("*")) == []

    # -- watching ---------------------------------------------------------------------------

    def _told(self) -> list[str]:
        """The events of the call, by name; those of machines by their state."""
        return [event.get("state", event["event"]) for event in self._events()]

    def _sessions(self) -> list[str]:
        """The job of each session whose end was reported."""
        return [event["job"] for event in self._events() if event["event"] == "session"]

    def _events(self) -> list[dict[str, Any]]:
        try:
            text = (self.folder / "events.jsonl").read_text()
        except OSError:
            return []
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def _intents(self) -> list[dict[str, Any]]:
        try:
            path = self.run_folder / "journal.sqlite"
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
                journal.row_factory = sqlite3.Row
                rows = journal.execute("SELECT * FROM intents ORDER BY rowid").fetchall()
        except (OSError, ValueError, sqlite3.Error):
            return []
        return [dict(row) for row in rows]

    def _phases(self, before: int) -> tuple[str, ...]:
        """The phase of the killed call for each platform, by its journal and its events."""
        told, intents = self._events(), self._intents()
        if any(event["event"] == "swept" for event in told):
            return ("after the sweep",)
        if not told:
            return ("starting, or ending what a killed call left",)
        states = {e["platform"]: e["state"] for e in told if e["event"] == "machine"}
        newest = {row["platform_name"]: row for row in intents[before:]}
        found = []
        for name, state in states.items():
            intent = newest.get(name)
            if state in ("waiting", "launching"):
                asked = intent is not None
                found.append("intent written, no answer yet" if asked else "before the intent")
            elif state == "working":
                found.append(_work_phase(name, told))
            elif state == "releasing" and intent is not None and intent["ended_at"]:
                found.append("released, sweep not done")
            else:
                found.append(state)
        return tuple(sorted(found))


def _work_phase(platform: str, told: list[dict[str, Any]]) -> str:
    mine = [event["event"] for event in told if str(event.get("job", "")).startswith(platform)]
    if "started" not in mine:
        return "connecting, delivering, verifying"
    if "ended" in mine:
        return "taken in"
    return "results coming home" if mine.count("session") == 3 else "computing"

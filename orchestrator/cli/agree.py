"""``eqc agree``: which settings make the platforms of an experiment agree, and what they cost."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import click

from orchestrator import experiment as spec
from orchestrator.agree import timing
from orchestrator.agree.agree import Searched, agreement, searched
from orchestrator.agree.observing import Observing
from orchestrator.agree.result import Agreement
from orchestrator.agree.settings import SettingSet
from orchestrator.agree.subjects import Subject, anything, subjects, without_float64
from orchestrator.agree.text import agreements_json, agreements_text
from orchestrator.cli.mirrors import shared
from orchestrator.cli.progress import progress
from orchestrator.cli.run import ended_by_signals
from orchestrator.errors import Exit, UsageError
from orchestrator.model.events import EventSink
from orchestrator.model.experiment import Experiment, Isolation, Plan
from orchestrator.plan.cells import over_limit
from orchestrator.providers.registry import providers
from orchestrator.run import pipeline
from orchestrator.store.run_folder import RunFolder, newest_run, run_folders
from orchestrator.system.files import write_whole


@click.pass_context
def agree(
    context: click.Context,
    source: Path,
    results: Path,
    *,
    seconds: float,
    size: int,
    budget: float | None,
    float64: bool,
    repetitions: int,
    fresh: bool,
    isolation: str | None,
    jobs: int | None,
    kind: str,
    output: Path | None,
    quiet: bool,
) -> None:
    """Carry out ``eqc agree``."""
    experiment = spec.load(_file_of(source), providers())
    found = subjects(experiment)
    with (
        progress(None, quiet=quiet) as tell,
        ended_by_signals() as (stop, abort),
        shared(context, results, tell) as sharing,
    ):
        calls = Calls(
            experiment,
            results,
            Isolation(isolation) if isolation else experiment.isolation,
            jobs or os.cpu_count() or 1,
            budget,
            tell,
            stop,
            abort,
            sharing.stored,
            fresh=fresh,
            anew=fresh,
        )
        observing = Observing(experiment, calls.search, calls.newest, calls.refused)
        choice = anything if float64 else without_float64
        with calls.within(seconds):
            each = list(searched(found, observing, choice, size=size))
        calls.keep_plan(observing.plan)
        agreements = [calls.agreement(one, observing, repetitions) for one in each]
    text = (
        json.dumps(agreements_json(agreements), indent=2)
        if kind == "json"
        else agreements_text(agreements)
    )
    if output is None:
        click.echo(text)
    else:
        write_whole(output, text.encode())
    context.exit(Exit.INTERRUPTED if calls.interrupted else _exit(agreements))


@dataclass
class Calls:
    """The runs that a search makes."""

    experiment: Experiment
    results: Path
    isolation: Isolation
    at_once: int
    budget: float | None
    """US dollars; ``None``: what the experiment says."""
    tell: EventSink
    stop: Event
    abort: Event
    stored: Callable[[RunFolder], None] | None = None
    """Called after every addition to the store."""
    fresh: bool = False
    """Whether the next call of ``search`` begins a new run."""
    anew: bool = False
    """Whether times that are stored do not count."""
    late: bool = False
    """Whether the time was over."""

    @property
    def interrupted(self) -> bool:
        """Whether a signal asked for the end."""
        return self.stop.is_set()

    def newest(self, name: str) -> Path | None:
        """The folder of the newest run; none that ``--fresh`` wants replaced."""
        return None if self.fresh else newest_run(self.results, name)

    def refused(self, plan: Plan) -> str | None:
        """Why nothing more may be computed of what ``plan`` has now."""
        if self.late:
            return "the time of --seconds was over"
        if self.stop.is_set():
            return "interrupted"
        limits = plan.experiment.limits
        cost = limits.cost if self.budget is None else self.budget
        limited = replace(plan.experiment, limits=replace(limits, cost=cost))
        return over_limit(replace(plan, experiment=limited), self._done(plan))

    def search(self, plan: Plan) -> Path:
        """Observe what the newest run of the search has not."""
        ran = self._run(plan, fresh=self.fresh, at_once=self.at_once)
        self.fresh = False
        return ran

    def time(self, plan: Plan) -> Path:
        """Time all of ``plan`` in a new run, and compute nothing else meanwhile."""
        return self._run(plan, fresh=True, at_once=1)

    def keep_plan(self, plan: Plan) -> None:
        """Let the run's plan be all of ``plan``: each step of the search wrote its own."""
        folder = self.newest(plan.experiment.name)
        if folder is not None and plan.cells:
            with RunFolder(folder) as run:
                run.write_plan(plan, sys.argv)
                run.finish({"seconds": 0, "sessions": {}, "interrupted": self.interrupted})

    def agreement(self, one: Searched, observing: Observing, repetitions: int) -> Agreement:
        """What was found, with what it costs, unless that is not asked for."""

        def timer(subject: Subject, sets: list[SettingSet]) -> timing.Timed:
            return timing.timed(
                subject,
                sets,
                self.experiment,
                repetitions=repetitions,
                results=None if self.anew else self.results,
                run=self.time,
            )

        folder = self.newest(observing.plan.experiment.name)
        runs = () if folder is None else (folder,)
        wanted = repetitions > 0 and not self.interrupted
        return agreement(one, observing, runs, timer if wanted else None)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """End what is computed, in order, when ``seconds`` are over."""

        def end() -> None:
            if not self.stop.is_set():
                self.late = True
                self.stop.set()

        clock = threading.Timer(seconds, end)
        clock.daemon = True
        clock.start()
        try:
            yield
        finally:
            clock.cancel()
            clock.join()
            if self.late:
                self.stop.clear()

    def _run(self, plan: Plan, *, fresh: bool, at_once: int) -> Path:
        return pipeline.run(
            plan,
            self.results,
            fresh=fresh,
            isolation=self.isolation,
            at_once=at_once,
            argv=sys.argv,
            tell=self.tell,
            stop=self.stop,
            abort=self.abort,
            stored=self.stored,
        ).folder

    def _done(self, plan: Plan) -> Counter[str]:
        folder = self.newest(plan.experiment.name)
        if folder is None:
            return Counter()
        return Counter(cell for cell, _ in RunFolder(folder).sessions_done())


def _file_of(source: Path) -> Path:
    """The experiment file: ``source``, or what the newest run of a store was made of.

    Raises ``UsageError`` where a store has runs of several experiments, or none with a file.
    """
    if source.is_file():
        return source
    runs = [run for run in run_folders(source) if (run / "experiment.yaml").is_file()]
    if not runs:
        raise UsageError(f"{source}: no run at or below it has an experiment.yaml")
    texts = {(run / "experiment.yaml").read_bytes(): run for run in runs}
    if len({run.parent for run in texts.values()}) > 1:
        names = ", ".join(sorted({run.parent.name for run in runs}))
        raise UsageError(f"{source}: has runs of several experiments ({names}): name one of them")
    return max(runs, key=lambda run: run.name) / "experiment.yaml"


def _exit(found: list[Agreement]) -> Exit:
    if not any(each.before for each in found):
        return Exit.NOTHING_OBSERVED
    lacking = (each.untried or each.without for each in found)
    return Exit.INCOMPLETE if any(lacking) else Exit.DONE

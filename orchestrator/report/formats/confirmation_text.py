"""What experiments said of an explanation, as plain text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.report.escape import plain
from orchestrator.results.confirmation import (
    AttributeVerdict,
    Confirmation,
    Elsewhere,
    Trial,
    Verdict,
)
from orchestrator.system.counted import counted

SHOWN_NAMES = 12
"""Attributes with one and the same reason that are named; JSON has all."""


def confirmation_lines(found: Confirmation) -> Iterator[str]:
    """The verdicts, those of one reason together, then what was tried."""
    yield head_text(found)
    for verdict in Verdict:
        for names, one in together(found.of(verdict)):
            yield f"  {verdict.value}: {names}: {plain(reason_text(one))}"
    for number, trial in enumerate(found.trials, start=1):
        yield f"  {number}. {plain(trial_text(trial))}"
    yield from (f"  {plain(note)}" for note in found.notes)


def head_text(found: Confirmation) -> str:
    """On what the verdicts rest."""
    made = f"{counted(found.sessions, 'session')} in {found.seconds:g} s"
    return plain(f"By experiment on {found.host} ({made}, {found.recorded}):")


def together(
    verdicts: Sequence[AttributeVerdict],
) -> Iterator[tuple[str, AttributeVerdict]]:
    """Names of the attributes that share verdict, reason and machine, and the first of them."""
    groups: dict[tuple[str, Elsewhere | None, bool], list[AttributeVerdict]] = {}
    for one in verdicts:
        groups.setdefault((one.reason, one.elsewhere, one.claimed), []).append(one)
    for members in groups.values():
        names = [one.attribute for one in members]
        rest = len(names) - SHOWN_NAMES
        shown = ", ".join(names[:SHOWN_NAMES]) + (f" and {rest} more" if rest > 0 else "")
        yield plain(shown), members[0]


def reason_text(one: AttributeVerdict) -> str:
    """The evidence, with what it needs beside it, or which machine would tell."""
    text = one.reason
    if one.together:
        text += f"; none of {' and '.join((one.attribute, *one.together))} does so alone"
    if not one.claimed:
        text += "; no minimal set names it"
    return f"{text}; {elsewhere_text(one.elsewhere)}" if one.elsewhere else text


def elsewhere_text(machine: Elsewhere) -> str:
    """``aws c5a.large (Zen 2, 0.077 USD/h) would tell``."""
    price = machine.price_per_hour
    cost = "price not known" if price is None else f"{price:g} USD/h"
    named = f"{machine.microarchitecture}, {cost}"
    return f"{machine.provider} {machine.machine_type} ({named}) would tell"


def trial_text(trial: Trial) -> str:
    """From where to where, what was found, in how many observations."""
    way = f"{trial.before} (class {trial.before_class}) → {trial.after} (class {trial.after_class})"
    changes = counted(len(trial.changes), "difference")
    found = "; ".join(" + ".join(cause.attributes) for cause in trial.causes) or "no cause"
    text = f"{way}: {found} of {changes}, {counted(trial.observations, 'observation')}"
    if not trial.sound:
        text += f"; the ends gave {trial.start} and {trial.end}, so it shows nothing"
    return f"{text}; ended before: {trial.reason}" if trial.reason else text

"""What ``eqc agree`` found, as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from orchestrator.agree.fragment import fragment
from orchestrator.agree.result import Agreement, Answer, Slowdown
from orchestrator.agree.settings import Setting, words_of
from orchestrator.model.experiment import Json
from orchestrator.results.distance import Distance
from orchestrator.system.counted import counted

_SHOWN = 8
"""Answers with all that is known of them; of the others the settings."""
WARNING = (
    "Agreement on these platforms is not agreement on all: add a platform to the file to know."
)


def agreements_text(found: Sequence[Agreement]) -> str:
    """All variants, one after the other."""
    return "\n".join([*map(_one, found), WARNING])


def agreements_json(found: Sequence[Agreement]) -> Json:
    """``docs/agree.md`` says what the keys mean."""
    return {"schema": 1, "variants": [_document(each) for each in found], "note": WARNING}


def _one(found: Agreement) -> str:
    what = ", ".join(f"{workload} on {given}" for workload, given in found.computations)
    lines = [f"{found.label}: {what}"]
    lines += _classes("without any setting", found.before)
    lines += [f"  without output, and left out: {name} ({why})" for name, why in found.without]
    lines += [f"  not available: {name} ({why})" for name, why in found.not_available]
    lines += [f"  not yet observed: {name}" for name in found.unobserved]
    if found.unobserved:
        lines.append("  nothing is known before all are: the same command goes on")
    elif found.agrees:
        lines.append("  all platforms agree: nothing need be set")
    elif len(found.platforms) < 2:
        lines.append("  nothing to compare: an output of two platforms or more is needed")
    elif not found.answers:
        lines.append(f"  no set of settings merges classes{_as_far_as(found)}")
    for answer in found.answers[:_SHOWN]:
        lines += _answer(answer, found.others)
    more = found.answers[_SHOWN:]
    if more:
        lines.append(f"  {len(more)} more sets leave as few classes:")
        lines += [f"    {words_of(each.settings)}" for each in more]
    for each in found.incomplete:
        why = "; ".join(f"{name}: {reason}" for name, reason in each.failed)
        lines.append(f"  incomplete: {words_of(each.settings)} ({why})")
    if found.idle:
        lines.append(f"  alone these change nothing here: {words_of(found.idle)}")
    lines.append(f"  {_effort(found)}")
    return "\n".join(lines) + "\n"


def _classes(when: str, classes: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"  {when}: {counted(len(classes), 'class', 'classes')}"]
    if len(classes) > 1:
        lines += [f"    {n}: {', '.join(each)}" for n, each in enumerate(classes, 1)]
    return lines


def _answer(answer: Answer, others: tuple[str, ...]) -> list[str]:
    lines = _classes(words_of(answer.settings), answer.classes)
    lines.append(f"    time: {_time(answer)}")
    lines.append(f"    outputs: {_change(answer)}")
    return lines + [f"    {line}" for line in fragment(answer.variant, others).splitlines()]


def _time(answer: Answer) -> str:
    slow = answer.slowdown
    if slow is None:
        return f"not measured ({answer.not_timed or 'not asked for'})"
    low, high = slow.quartiles
    where = f"{slow.platform}, {slow.processor}" if slow.processor else slow.platform
    return (
        f"{slow.median:.2f} times (half of {counted(slow.laps, 'lap')} within {low:.2f} to "
        f"{high:.2f}; {_milliseconds(slow)} without; measured on {where})"
    )


def _milliseconds(slow: Slowdown) -> str:
    return f"{slow.seconds * 1000:.3g} ms"


def _change(answer: Answer) -> str:
    if answer.change is None:
        return "as before on every platform"
    known = _distance(answer.change)
    if answer.flips is not None:
        flipped, rows = answer.flips
        known += f"; {flipped} of {counted(rows, 'label')} flip against before"
    return known


def _distance(change: Distance) -> str:
    words = []
    if change.largest_absolute is not None:
        words.append(f"at most {change.largest_absolute:.2g} from before")
    if change.largest_relative is not None:
        words.append(f"relative {change.largest_relative:.2g}")
    if change.largest_ulps is not None:
        words.append(f"{change.largest_ulps} ULP")
    return ", ".join(words) or "; ".join(change.unknown) or "other bits"


def _as_far_as(found: Agreement) -> str:
    return ", as far as was searched" if found.untried else ""


def _effort(found: Agreement) -> str:
    text = (
        f"{counted(found.tried, 'set')} of {counted(found.candidates, 'setting')} tried on "
        f"{counted(len(found.platforms), 'platform')} in {found.seconds:.0f} s"
    )
    if found.untried:
        text += f"; {counted(found.untried, 'set')} not tried"
        text += f": {found.stopped}" if found.stopped else ""
    return text


def _document(found: Agreement) -> Json:
    return {
        "variant": found.label,
        "computations": [{"workload": w, "input": i} for w, i in found.computations],
        "platforms": list(found.platforms),
        "before": _lists(found.before),
        "without_output": _reasons(found.without),
        "not_available": _reasons(found.not_available),
        "unobserved": list(found.unobserved),
        "agrees": found.agrees,
        "answers": [_answer_json(each, found.others) for each in found.answers],
        "incomplete": [
            {"settings": _settings(each.settings), "failed": _reasons(each.failed)}
            for each in found.incomplete
        ],
        "idle": _settings(found.idle),
        "candidates": found.candidates,
        "tried": found.tried,
        "untried": found.untried,
        "stopped": found.stopped,
        "seconds": round(found.seconds, 3),
    }


def _answer_json(answer: Answer, others: tuple[str, ...]) -> Json:
    slow, change = answer.slowdown, answer.change
    return {
        "settings": _settings(answer.settings),
        "classes": _lists(answer.classes),
        "slowdown": None if slow is None else {**asdict(slow), "quartiles": list(slow.quartiles)},
        "not_timed": answer.not_timed,
        "largest_absolute": None if change is None else _number(change.largest_absolute),
        "largest_relative": None if change is None else _number(change.largest_relative),
        "largest_ulps": None if change is None else change.largest_ulps,
        "changed": change is not None,
        "flipped": None if answer.flips is None else answer.flips[0],
        "labels": None if answer.flips is None else answer.flips[1],
        "fragment": fragment(answer.variant, others),
    }


def _number(value: float | None) -> Json:
    return str(value) if value is not None and abs(value) == float("inf") else value


def _settings(settings: Iterable[Setting]) -> list[Json]:
    return [{"kind": one.kind.value, "name": one.name, "value": one.value} for one in settings]


def _lists(classes: Sequence[Sequence[str]]) -> list[Json]:
    return [list(each) for each in classes]


def _reasons(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"platform": name, "reason": why} for name, why in pairs]

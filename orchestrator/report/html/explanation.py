"""The page's section that explains the classes by attributes of the platforms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.report.formats.confirmation_text import (
    head_text,
    reason_text,
    together,
    trial_text,
)
from orchestrator.report.formats.explanation_text import (
    basis_text,
    choice_text,
    condition_text,
    nothing_text,
    partition_names,
    size_text,
)
from orchestrator.report.html.hardware import row_name
from orchestrator.report.html.parts import Block, CellValue, Grid, Section, grid, section
from orchestrator.report.parting_words import parting_sentence
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.confirmation import Verdict
from orchestrator.results.details import Details
from orchestrator.results.explanation import Answer, Explanation, MinimalSet
from orchestrator.system.counted import counted

COMMAND = "eqc explain STORE --format json"
CONFIRM = "eqc explain STORE --confirm"


def explanation_section(details: Details, noun: Noun = PLATFORM) -> Section:
    """Minimal sets, rules, attributes that cannot be told apart, and outliers."""
    part = details.explanations
    return section(
        "explanation",
        "Explanation",
        f"The fewest attributes of the {noun.many} that determine the classes: all such sets, "
        "found exactly. Attributes that always occur together here stand as one, since any of "
        "them may be the cause. Hardware and settings are the causes; what a framework chose "
        "stands between them and the classes. It describes what was observed; a cause is proven "
        "by an experiment that varies it alone: `eqc explain STORE --confirm` makes it.",
        [
            block
            for number, one in enumerate(part.items, start=1)
            for block in _blocks(number, one, noun)
        ],
        command=COMMAND,
        notes=[part.absent, *part.notes, *_suspected(details)],
    )


def _suspected(details: Details) -> Iterator[str]:
    found = {outlier.platform for one in details.explanations.items for outlier in one.outliers}
    if found:
        names = ", ".join(sorted(found)[:10])
        yield f"{counted(len(found), 'suspect')} for a broken machine, listed below: {names}"


def _blocks(number: int, found: Explanation, noun: Noun) -> Iterator[Block]:
    """A block for each answer; contradictions and outliers are in the first."""
    platforms = sum(len(group.platforms) for group in found.classes)
    classes = counted(len(found.classes), "class", "classes")
    name = f"explanation-{number}"
    title = f"{'; '.join(partition_names(found))}: {classes} of {noun.counted(platforms)}"
    odd = (*_tried(name, found), *_odd(name, found, noun))
    down = tuple(f"Down the model: {parting_sentence(one)}." for one in found.partings)
    if not found.answers:
        yield Block(title, (*down, *found.notes), grids=_filled(odd))
    for place, answer in enumerate(found.answers):
        if place == 0:
            yield Block(
                title,
                (_size(answer, found, noun), *down, *found.notes),
                (),
                _filled((*_answer(name, answer, noun), *odd)),
            )
        else:
            why = (basis_text(answer) or "").removesuffix(":") + "."
            grids = _filled(_answer(f"{name}-{place}", answer, noun))
            yield Block(title, (why, _size(answer, found, noun)), grids=grids)


def _filled(grids: Iterable[Grid]) -> tuple[Grid, ...]:
    return tuple(one for one in grids if not one.empty)


def _size(answer: Answer, found: Explanation, noun: Noun) -> str:
    if not answer.sets[0].clusters and not answer.contradictions:
        return nothing_text(found, noun)
    return size_text(answer).removesuffix(":").removesuffix(".") + "."


def _answer(name: str, answer: Answer, noun: Noun) -> Iterator[Grid]:
    smallest = "the smallest" if answer.rules_smallest else "not proven the smallest"
    size = len(answer.sets[0].clusters)
    yield grid(
        f"{name}-sets",
        "Minimal sets, the likeliest cause first",
        ("set", *(f"cluster {place + 1}" for place in range(size))),
        (
            (f"{row}", *(row_name(cluster.members) for cluster in given.clusters))
            for row, given in enumerate(answer.sets, start=1)
            if given.clusters
        ),
        command=COMMAND,
    )
    yield grid(
        f"{name}-rules",
        f"Rules: a decision tree over set 1, {smallest}; exact on what was observed",
        (
            f"{noun.many} with",
            *(("the framework chose",) if answer.links else ()),
            "class",
            "support",
            "supporting",
            "contradicting",
        ),
        (
            (
                condition_text(rule.conditions),
                *((choice_text(rule),) if answer.links else ()),
                rule.class_number,
                len(rule.platforms),
                rule.platforms,
                rule.contradicting,
            )
            for rule in answer.rules
        ),
        command=COMMAND,
    )
    yield _cases(name, answer.sets[0], noun)
    together = {c.members[0]: c.members for s in answer.sets for c in s.clusters}
    yield grid(
        f"{name}-together",
        "Always together here, so any of them may be the cause",
        ("cluster", "attributes"),
        ((row_name(members), members) for members in together.values() if len(members) > 1),
        command=COMMAND,
    )
    yield grid(
        f"{name}-contradictions",
        "Equal in every attribute, yet in different classes",
        ("class", noun.many, "takes part"),
        (
            (f"{number}", names, "yes" if number == one.kept else "no")
            for one in answer.contradictions
            for number, names in one.groups
        ),
        command=COMMAND,
    )
    yield grid(
        f"{name}-unused",
        f"Left out, since not known of every {noun.one}",
        ("attribute", f"{noun.many} that do not know it"),
        answer.unused,
        command=COMMAND,
    )


def _cases(name: str, given: MinimalSet, noun: Noun) -> Grid:
    """Every observed combination of the minimal set, and its class."""
    rows: list[tuple[CellValue, ...]] = []
    for number, case in enumerate(given.cases, start=1):
        values = (
            cluster.combinations[row][0]
            for cluster, row in zip(given.clusters, case.combinations, strict=True)
        )
        shown = (
            {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
            for value in values
        )
        rows.append((f"{number}", *shown, case.class_number, case.platforms))
    heads = [row_name(cluster.members) for cluster in given.clusters]
    return grid(
        f"{name}-cases",
        "Set 1: every combination that was seen",
        ("case", *heads, "class", noun.many),
        rows if heads else (),
        command=COMMAND,
    )


def _tried(name: str, found: Explanation) -> Iterator[Grid]:
    confirmation = found.confirmation
    if confirmation is None:
        return
    yield grid(
        f"{name}-verdicts",
        head_text(confirmation).removesuffix(":"),
        ("attribute", "verdict", "evidence"),
        (
            (names, verdict.value, reason_text(one))
            for verdict in Verdict
            for names, one in together(confirmation.of(verdict))
        ),
        command=CONFIRM,
    )
    yield grid(
        f"{name}-trials",
        "What was tried: from one platform to the other, one change after the other",
        ("trial", "what was found"),
        ((f"{row}", trial_text(one)) for row, one in enumerate(confirmation.trials, start=1)),
        command=CONFIRM,
    )


def _odd(name: str, found: Explanation, noun: Noun) -> Iterator[Grid]:
    yield grid(
        f"{name}-suspects",
        f"Suspects, whose {noun.twins} agree on another output",
        (noun.one, "class", "class of its twins", "twins", "equal in", "differs from all in"),
        (
            (
                one.platform,
                one.class_number,
                one.expected,
                one.twins,
                tuple(f"{key} = {value}" for key, value in one.shared),
                one.differs_in,
            )
            for one in found.outliers
        ),
        command=COMMAND,
    )
    yield grid(
        f"{name}-undescribed",
        "Not described, so not explained",
        (noun.one, "class", "reason"),
        ((one.platform, one.class_number, one.reason) for one in found.undescribed),
        command=COMMAND,
    )

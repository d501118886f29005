"""An explanation, and a prediction from one, as plain text for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from orchestrator.report.escape import plain
from orchestrator.report.formats.confirmation_text import confirmation_lines
from orchestrator.report.parting_words import parting_sentence
from orchestrator.report.words import column_name
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.details import Part
from orchestrator.results.explanation import (
    CHOICES,
    Answer,
    Certainty,
    Cluster,
    Condition,
    Contradiction,
    ExplainedPartition,
    Explanation,
    Kind,
    Outlier,
    Prediction,
    Rule,
)
from orchestrator.system.counted import counted

SHOWN_SETS = 10
SHOWN_NAMES = 6
SHOWN_MEMBERS = 12
SHOWN_CHOICES = 4
"""How many are listed before "and N more"; JSON has all."""


NOT_BY_CAUSES = "hardware and settings do not determine the classes"
NAMES = "generation, model, larger caches, provider, emulated CPU, …"


def explanation_text(found: Part[Explanation], noun: Noun = PLATFORM) -> str:
    """One paragraph per explanation, or a line that says why there is none; then the notes."""
    paragraphs = ["\n".join(_lines(one, noun)) + "\n" for one in found.items]
    remarks = [*([found.absent] if found.absent else []), *found.notes]
    return "\n".join([*paragraphs, *(f"{plain(remark)}\n" for remark in remarks)])


def predictions_text(
    found: Part[tuple[ExplainedPartition, Prediction]], noun: Noun = PLATFORM
) -> str:
    """One paragraph per partition, or a line that says why there is none; then the notes."""
    paragraphs = [
        f"{plain(column_name(one.key))}: {prediction_text(predicted, noun)}"
        for one, predicted in found.items
    ]
    remarks = [*([found.absent] if found.absent else []), *found.notes]
    return "\n".join([*paragraphs, *(f"{plain(remark)}\n" for remark in remarks)])


def partition_names(explanation: Explanation) -> tuple[str, ...]:
    """The partitions in words, those that differ in the input alone taken together."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for one in explanation.partitions:
        together.setdefault((one.workload, one.variant, one.output), []).append(one.input)
    return tuple(
        column_name((workload, ", ".join(inputs), variant, output))
        for (workload, variant, output), inputs in together.items()
    )


def basis_text(answer: Answer) -> str | None:
    """What the answer uses beyond causes, and why; ``None`` where it does not."""
    if Kind.IDENTITY in answer.kinds:
        return f"Nothing but what names the platforms ({NAMES}) determines the classes:"
    if set(answer.kinds) & CHOICES:
        return f"With what the framework chose, since {NOT_BY_CAUSES}:"
    return None


def prediction_text(prediction: Prediction, noun: Noun = PLATFORM) -> str:
    """The predicted class, how certain it is, and what was never observed."""
    words = {
        Certainty.SEEN: f"a {noun.one} like this was observed",
        Certainty.AGREED: f"every minimal set has seen its part, though no {noun.one} has them all",
        Certainty.PARTIAL: "some minimal sets have not seen its combination",
        Certainty.EXTRAPOLATED: "nothing like it was observed",
        Certainty.NONE: "no class can be named",
    }[prediction.certainty]
    head = "no class" if prediction.class_number is None else f"class {prediction.class_number}"
    lines = [f"{head} ({prediction.certainty.value}: {words})"]
    if prediction.sets:
        sets = counted(prediction.sets, "minimal set")
        lines.append(f"  {prediction.agreeing} of {sets} agree")
    if prediction.support:
        lines.append(f"  like {_names(prediction.support)}")
    if len(prediction.votes) > 1:
        votes = ", ".join(f"class {number}: {sets}" for number, sets in prediction.votes)
        lines.append(f"  minimal sets disagree: {votes}")
    lines += [f"  {plain(why)}" for why in prediction.unseen]
    return "\n".join(lines) + "\n"


def condition_text(conditions: Sequence[Condition]) -> str:
    """``avx512f and cores <= 4``; ``always`` without conditions."""
    excluded: dict[str, list[str]] = {}
    for condition in conditions:
        if condition.operator == "!=":
            excluded.setdefault(condition.attribute, []).append(str(condition.value))
    words = [_condition(one) for one in conditions if one.operator != "!="]
    for name, values in excluded.items():
        one = len(values) == 1
        words.append(f"{name} != {values[0]}" if one else f"{name} none of {', '.join(values)}")
    return plain(" and ".join(words)) or "always"


def _lines(explanation: Explanation, noun: Noun) -> Iterator[str]:
    platforms = sum(len(group.platforms) for group in explanation.classes)
    classes = counted(len(explanation.classes), "class", "classes")
    names = [plain(name) for name in partition_names(explanation)]
    yield from (f"{name}," for name in names[:-1][:SHOWN_MEMBERS])
    if len(names) > SHOWN_MEMBERS + 1:
        yield f"{len(names) - SHOWN_MEMBERS - 1} more,"
    yield f"{names[-1]}: {classes} of {noun.counted(platforms)}"
    for group in explanation.classes:
        yield f"  class {group.number}: {_names(group.platforms)}"
    for answer in explanation.answers:
        yield ""
        yield from _answer(answer, explanation, noun)
    if explanation.confirmation is not None:
        head, *lines = confirmation_lines(explanation.confirmation)
        yield from _block(head, (line.removeprefix("  ") for line in lines))
    yield from _block(
        "Down the model:", (plain(parting_sentence(one)) for one in explanation.partings)
    )
    yield from _block(
        f"Suspects, whose {noun.twins} agree on another output:",
        (line for outlier in explanation.outliers for line in _suspect(outlier)),
    )
    yield from _block(
        "Not described, so not explained:",
        (
            f"{plain(one.platform)} (class {one.class_number}): {plain(one.reason)}"
            for one in explanation.undescribed
        ),
    )
    yield from _block("Notes:", (plain(note) for note in explanation.notes))


def _block(head: str, lines: Iterable[str]) -> Iterator[str]:
    for row, line in enumerate(lines):
        if row == 0:
            yield ""
            yield f"  {head}"
        yield f"    {line}"


def _answer(answer: Answer, explanation: Explanation, noun: Noun) -> Iterator[str]:
    size, alone = len(answer.sets[0].clusters), len(explanation.answers) == 1
    if not alone and (why := basis_text(answer)) is not None:
        yield f"  {why}"
    if size == 0 and not answer.contradictions:
        yield f"  {nothing_text(explanation, noun)}"
        return
    yield f"  {size_text(answer)}"
    for number, given in enumerate(answer.sets[:SHOWN_SETS], 1):
        yield f"    {number}. " + "  +  ".join(_cluster(cluster) for cluster in given.clusters)
    if len(answer.sets) > SHOWN_SETS:
        yield f"    and {len(answer.sets) - SHOWN_SETS} more"
    together = {
        cluster.members[0]: cluster
        for given in answer.sets[:SHOWN_SETS]
        for cluster in given.clusters
        if len(cluster.members) > 1
    }
    yield from _block(
        "Always together here, so any of them may be the cause:",
        (
            _cut([plain(name) for name in cluster.members], SHOWN_MEMBERS, " = ")
            for cluster in together.values()
        ),
    )
    smallest = (
        "smallest decision tree"
        if answer.rules_smallest
        else "a decision tree, not proven smallest"
    )
    yield from _block(
        f"Rules ({smallest} over set 1; exact on what was observed{_chosen(answer)}):",
        (_rule(rule, noun) for rule in answer.rules),
    )
    yield from _block(
        "Equal in every attribute, yet in different classes:",
        (_contradiction(one) for one in answer.contradictions),
    )
    yield from _block(
        f"Left out, since not known of every {noun.one}:",
        (
            _cut([f"{plain(name)} ({unknown})" for name, unknown in answer.unused], SHOWN_MEMBERS)
            for _ in answer.unused[:1]
        ),
    )


def nothing_text(explanation: Explanation, noun: Noun) -> str:
    """Why a set without clusters needs none: one class, of one platform or of several."""
    if sum(len(group.platforms) for group in explanation.classes) == 1:
        return f"One {noun.one} only: there is nothing to compare."
    return "One class: there is nothing to explain."


def size_text(answer: Answer) -> str:
    """How many clusters are needed, and whether all minimal sets were found."""
    size = len(answer.sets[0].clusters)
    of = f"{answer.attributes} attributes in {counted(answer.clusters, 'cluster')}"
    if size == 0:
        return f"What does not contradict is one class ({of})."
    if not answer.proven:
        some = counted(size, "cluster suffices", "clusters suffice")
        return f"{some}, perhaps fewer: the time ended the search ({of})."
    few = f"At least {counted(size, 'cluster')} needed to determine the classes ({of})"
    if answer.complete:
        return f"{few}; {counted(len(answer.sets), 'minimal set')}, these are all:"
    return f"{few}; the likeliest {len(answer.sets)} minimal sets, there may be more:"


def _cluster(cluster: Cluster) -> str:
    more = len(cluster.members) - 1
    return plain(cluster.members[0]) + (f" (+{more})" if more else "")


def _rule(rule: Rule, noun: Noun) -> str:
    against = f", contradicted by {_names(rule.contradicting)}" if rule.contradicting else ""
    support = noun.counted(len(rule.platforms))
    chain = [condition_text(rule.conditions), choice_text(rule), f"class {rule.class_number}"]
    return f"{' -> '.join(word for word in chain if word)} ({support}{against})"


def choice_text(rule: Rule) -> str:
    """What the framework chose: ``isa openblas = Haswell``; empty where nothing is a link."""
    made = [f"{name} = {' or '.join(map(str, values))}" for name, values in rule.choices if values]
    more = [f"{len(made) - SHOWN_CHOICES} more"] if len(made) > SHOWN_CHOICES else []
    return plain(", ".join([*made[:SHOWN_CHOICES], *more]))


def _chosen(answer: Answer) -> str:
    return "; causes -> what the framework chose -> class" if answer.links else ""


def _contradiction(one: Contradiction) -> str:
    groups = " | ".join(f"class {number}: {_names(names)}" for number, names in one.groups)
    return groups if one.kept is None else f"{groups} (class {one.kept}, the majority, takes part)"


def _suspect(outlier: Outlier) -> Iterator[str]:
    yield (
        f"{plain(outlier.platform)}: class {outlier.class_number}, but class {outlier.expected} "
        f"on {counted(len(outlier.twins), 'twin')}: {_names(outlier.twins)}"
    )
    shared = ", ".join(f"{name} = {value}" for name, value in outlier.shared)
    yield f"  equal in {plain(shared) or 'all that was compared'}"
    own = _cut([plain(name) for name in outlier.differs_in], SHOWN_MEMBERS)
    yield (
        f"  differs from all of them in {own}"
        if own
        else "  differs from none of them in anything else"
    )


def _condition(condition: Condition) -> str:
    if condition.operator == "has":
        return condition.attribute
    if condition.operator == "lacks":
        return f"no {condition.attribute}"
    return f"{condition.attribute} {condition.operator} {condition.value}"


def _names(names: Sequence[str]) -> str:
    return _cut([plain(name) for name in names], SHOWN_NAMES)


def _cut(words: Sequence[str], most: int, between: str = ", ") -> str:
    rest = len(words) - most
    return between.join(words[:most]) + (f" and {rest} more" if rest > 0 else "")

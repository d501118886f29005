"""Which class a machine should fall into, by its fingerprint and an explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.analysis.explain.decision_tree import holds
from orchestrator.analysis.hardware.fingerprint_attributes import (
    fingerprint_attributes,
    fingerprint_flags,
)
from orchestrator.analysis.hardware.record_attributes import MASKED, UNMASKED
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.details import Part
from orchestrator.results.explanation import (
    Answer,
    AttributeValue,
    Certainty,
    Cluster,
    ExplainedPartition,
    Explanation,
    Kind,
    MinimalSet,
    Prediction,
    deciding,
)
from orchestrator.results.fingerprint import Fingerprint


def predictions(
    fingerprint: Fingerprint, explanations: Part[Explanation], noun: Noun = PLATFORM
) -> Part[tuple[ExplainedPartition, Prediction]]:
    """``predict`` for each partition that was explained."""
    found = []
    for one in explanations.items:
        predicted = predict(fingerprint, one, noun=noun)
        number = predicted.class_number
        for place, partition in enumerate(one.partitions):
            identity = None if number is None else one.class_id(number, place)
            found.append((partition, replace(predicted, class_id=identity)))
    return Part(tuple(found), explanations.absent, explanations.notes)


def predict(
    fingerprint: Fingerprint,
    explanation: Explanation,
    settings: Mapping[str, AttributeValue] | None = None,
    *,
    noun: Noun = PLATFORM,
) -> Prediction:
    """The class that the minimal sets of the ``deciding`` answer name for ``fingerprint``.

    Its id is that of the first partition explained. ``settings`` gives attributes that a
    fingerprint does not have (``framework version``, ``threads intra_op``, …) by the names of the
    explanation; unless they say otherwise the machine is not masked. Where the members of a cluster
    contradict each other on this machine, or a value was never observed, the set does not vote.
    """
    if not explanation.answers or not explanation.classes:
        return Prediction(None, None, Certainty.NONE, (), 0, 0, (), ("nothing was explained",))
    values = _Values(fingerprint, settings or {})
    answer = deciding(explanation.answers)
    if not answer.sets[0].clusters:
        return _only_class(explanation, answer, noun)
    votes: dict[int, int] = {}
    support: dict[int, dict[str, None]] = {}
    unseen: dict[str, None] = {}
    for given in answer.sets:
        number, platforms, why = _vote(given, values)
        unseen.update(dict.fromkeys(why))
        if number is not None:
            votes[number] = votes.get(number, 0) + 1
            support.setdefault(number, {}).update(dict.fromkeys(platforms))
    ordered = tuple(sorted(votes.items()))
    if len(votes) == 1:
        chosen = ordered[0][0]
        certainty = Certainty.AGREED if votes[chosen] == len(answer.sets) else Certainty.PARTIAL
        if certainty is Certainty.AGREED and not unseen:
            certainty = Certainty.SEEN if _twins(answer, values) else certainty
    else:
        by_rules = None if votes else _by_rules(answer, values)
        if by_rules is None:
            return Prediction(
                None, None, Certainty.NONE, (), 0, len(answer.sets), ordered, tuple(unseen)
            )
        chosen, certainty = by_rules, Certainty.EXTRAPOLATED
    return Prediction(
        chosen,
        explanation.class_id(chosen),
        certainty,
        tuple(sorted(support.get(chosen, ()))),
        votes.get(chosen, 0),
        len(answer.sets),
        ordered,
        tuple(unseen),
    )


def _only_class(explanation: Explanation, answer: Answer, noun: Noun) -> Prediction:
    """Every platform that fits gave one output: nothing is known of what would change it."""
    case = answer.sets[0].cases
    if not case:
        return Prediction(
            None, None, Certainty.NONE, (), 0, 1, (), (f"all {noun.many} contradict each other",)
        )
    number = case[0].class_number
    return Prediction(
        number,
        explanation.class_id(number),
        Certainty.EXTRAPOLATED,
        case[0].platforms,
        1,
        1,
        ((number, 1),),
        (f"all {noun.many} observed are in one class, whatever their attributes",),
    )


class _Values:
    """The attributes of one machine; ``None`` where not known."""

    def __init__(self, fingerprint: Fingerprint, settings: Mapping[str, AttributeValue]) -> None:
        named = fingerprint_attributes(fingerprint)
        known = {name: value for name, (_, value) in named.items()}
        self._named = {MASKED: UNMASKED} | known | dict(settings)
        self._environment = fingerprint.environment
        self._flags = fingerprint_flags(fingerprint)

    def of(self, name: str, kind: Kind) -> AttributeValue:
        if name in self._named:
            return self._named[name]
        if kind is Kind.FLAG:
            return None if self._flags is None else name in self._flags
        if kind is Kind.ENVIRONMENT and name.startswith("env ") and self._environment is not None:
            value = self._environment.get(name.removeprefix("env "))
            return "unset" if value is None else str(value)
        return None


def _vote(given: MinimalSet, values: _Values) -> tuple[int | None, tuple[str, ...], list[str]]:
    unseen: list[str] = []
    wanted: list[int] = []
    for cluster in given.clusters:
        row, why = _combination(cluster, values)
        if row is None:
            unseen.append(why)
        else:
            wanted.append(row)
    if unseen:
        return None, (), unseen
    for case in given.cases:
        if case.combinations == tuple(wanted):
            return case.class_number, case.platforms, []
    words = ", ".join(
        _said(cluster.members[0], cluster.combinations[row][0])
        for cluster, row in zip(given.clusters, wanted, strict=True)
    )
    return None, (), [f"never observed together: {words}"]


def _combination(cluster: Cluster, values: _Values) -> tuple[int | None, str]:
    """The row of the cluster's combinations this machine has, or why there is none."""
    by_member: dict[str, int | None] = {}
    for place, (name, kind) in enumerate(zip(cluster.members, cluster.kinds, strict=True)):
        value = values.of(name, kind)
        if value is None:
            continue
        rows = (
            row
            for row, combination in enumerate(cluster.combinations)
            if combination[place] == value
        )
        by_member[name] = next(rows, None)
        if by_member[name] is None:
            return None, f"never observed: {_said(name, value)}"
    found = set(by_member.values())
    if not found:
        return None, f"not known of this machine: {cluster.members[0]}"
    if len(found) > 1:
        words = ", ".join(
            _said(name, values.of(name, kind))
            for name, kind in zip(cluster.members, cluster.kinds, strict=True)
            if name in by_member
        )
        return None, f"always together so far, but not here: {words}"
    return found.pop(), ""


def _twins(answer: Answer, values: _Values) -> bool:
    """Whether some platform is in the matching case of every minimal set."""
    common: set[str] | None = None
    for given in answer.sets:
        platforms = set(_vote(given, values)[1])
        common = platforms if common is None else common & platforms
    return bool(common)


def _by_rules(answer: Answer, values: _Values) -> int | None:
    """The class of the only rule that holds; values must be known, but need not be observed."""
    kinds = {
        name: kind
        for given in answer.sets[:1]
        for cluster in given.clusters
        for name, kind in zip(cluster.members, cluster.kinds, strict=True)
    }
    for rule in answer.rules:
        known = [
            (condition, values.of(condition.attribute, kinds.get(condition.attribute, Kind.CORES)))
            for condition in rule.conditions
        ]
        if all(value is not None and holds(condition, value) for condition, value in known):
            return rule.class_number
    return None


def _said(name: str, value: AttributeValue) -> str:
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"{name} = {value}"

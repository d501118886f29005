"""What trials say of each attribute that the minimal sets name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orchestrator.confirm.bisect import Bisection, Cause
from orchestrator.confirm.hypotheses import Claim, Pair
from orchestrator.confirm.interventions import Attributes, Way
from orchestrator.results.confirmation import (
    AttributeVerdict,
    Elsewhere,
    FoundCause,
    Trial,
    Verdict,
)
from orchestrator.results.explanation import AttributeValue, Kind

Transition = tuple[tuple[str, AttributeValue, AttributeValue], ...]
"""(attribute, before, after) of each attribute of a cause."""
Where = Callable[[str, Kind], Elsewhere | None]
"""The machine that would tell what an attribute does."""
OTHER = "other"
"""The first word of a group that is the class of no platform; the ids of its outputs follow."""
_RANK = {Verdict.CONFIRMED: 0, Verdict.REFUTED: 1, Verdict.UNTESTABLE: 2}


@dataclass(frozen=True)
class Tried:
    """A pair of platforms, the way between them, and what was found on it."""

    pair: Pair
    way: Way
    found: Bisection

    @property
    def trial(self) -> Trial:
        """As it is stored."""
        pair, found = self.pair, self.found
        return Trial(
            pair.before,
            pair.after,
            pair.before_class,
            pair.after_class,
            tuple(one.name for one in self.way.changes),
            found.start.group or found.start.reason,
            found.end.group or found.end.reason,
            (found.start.group == str(pair.before_class), found.end.group == str(pair.after_class)),
            tuple(self._cause(one) for one in found.causes),
            found.observations,
            found.reason,
        )

    def _cause(self, cause: Cause) -> FoundCause:
        changed = [self.way.change(name) for name in cause.changes]
        return FoundCause(
            cause.changes,
            tuple((one.before, one.after) for one in changed),
            cause.along,
            cause.after,
            cause.before_group,
            cause.after_group,
        )


def verdicts(
    claims: Sequence[Claim], tried: Sequence[Tried], where: Where = lambda *_: None
) -> tuple[AttributeVerdict, ...]:
    """One per claim and per cause that was found beside them, confirmed ones first.

    Of an attribute the best that any trial says of it counts.
    """
    named = {claim.attribute for claim in claims}
    beside = {
        name: Claim(name, trial.way.change(name).kind)
        for trial in tried
        for cause in trial.found.causes
        for name in cause.changes
        if name not in named
    }
    found = [_best(claim, tried, where) for claim in claims]
    found += [replace(_best(claim, tried, where), claimed=False) for claim in beside.values()]
    return tuple(sorted(found, key=lambda one: _RANK[one.verdict]))


def transitions(tried: Sequence[Tried]) -> tuple[Transition, ...]:
    """What sound trials found to change the class, each once."""
    found = {
        tuple((name, trial.way.change(name).before, trial.way.change(name).after) for name in names)
        for trial in tried
        if _not_reproduced(trial) is None
        for names in (cause.changes for cause in trial.found.causes)
    }
    return tuple(sorted(found, key=repr))


def covers(transition: Transition, before: Attributes, after: Attributes) -> bool:
    """Whether two platforms differ by a transition, in either direction.

    Two numbers differ by it where they lie at or beyond its ends: there is one threshold.
    """
    return any(
        all(_covers(low, high, one.get(name), other.get(name)) for name, low, high in transition)
        for one, other in ((before, after), (after, before))
    )


def _covers(
    low: AttributeValue, high: AttributeValue, one: AttributeValue, other: AttributeValue
) -> bool:
    values = low, high, one, other
    if all(isinstance(each, int) and not isinstance(each, bool) for each in values):
        ordered = [int(str(each)) for each in values]
        low_, high_, one_, other_ = ordered if ordered[0] < ordered[1] else _turned(ordered)
        return one_ <= low_ and high_ <= other_
    return (low, high) == (one, other)


def _turned(numbers: Sequence[int]) -> Sequence[int]:
    return [-number for number in numbers]


def _best(claim: Claim, tried: Sequence[Tried], where: Where) -> AttributeVerdict:
    said = [
        one
        for number, trial in enumerate(tried)
        if (one := _said(claim, trial, number)) is not None
    ]
    best = min(said, key=lambda one: _RANK[one.verdict], default=None)
    if best is None:
        reason = "no two platforms that were tried differ in it"
        best = AttributeVerdict(claim.attribute, claim.kind, Verdict.UNTESTABLE, reason)
    if best.verdict is Verdict.UNTESTABLE:
        return replace(best, elsewhere=where(claim.attribute, claim.kind))
    return best


def _said(claim: Claim, tried: Tried, number: int) -> AttributeVerdict | None:
    """What one trial says; ``None``: its platforms do not differ in the attribute."""

    def said(verdict: Verdict, reason: str, together: tuple[str, ...] = ()) -> AttributeVerdict:
        return AttributeVerdict(
            claim.attribute, claim.kind, verdict, reason, together, trial=number
        )

    found, pair = tried.found, tried.pair
    for left in tried.way.unchangeable:
        if left.attribute == claim.attribute:
            return said(Verdict.UNTESTABLE, left.reason)
    change = next((c for c in tried.way.changes if claim.attribute in c.attributes), None)
    if change is None:
        return None
    if (failed := _not_reproduced(tried)) is not None:
        return said(Verdict.UNTESTABLE, failed)
    for cause in found.causes:
        if change.name in cause.changes:
            others = tuple(name for name in cause.changes if name != change.name)
            return said(Verdict.CONFIRMED, _evidence(tried, cause), others)
    if change.name in found.idle:
        return said(
            Verdict.REFUTED,
            f"changed from {pair.before} to {pair.after}, it leaves class {pair.before_class}",
        )
    if change.name in found.bound:
        needed = sorted(
            {n for c in found.causes for n in c.changes} & tried.way.forced[change.name]
        )
        return said(
            Verdict.REFUTED,
            f"cannot be changed without {' and '.join(needed) or 'a cause'}, beyond which it "
            "changes nothing",
        )
    return said(Verdict.UNTESTABLE, f"the search ended before: {found.reason}")


def _not_reproduced(tried: Tried) -> str | None:
    """Why nothing that was computed here shows anything of these platforms."""
    found, pair = tried.found, tried.pair
    ends = (
        (found.start, pair.before, pair.before_class),
        (found.end, pair.after, pair.after_class),
    )
    for outcome, platform, number in ends:
        if outcome.group is None:
            return f"presented as {platform}, this computer gave no output: {outcome.reason}"
        if outcome.group != str(number):
            left = ", ".join(one.attribute for one in tried.way.unchangeable[:4])
            rest = f"; what cannot be changed here may be the cause: {left}" if left else ""
            return (
                f"presented as {platform}, this computer does not give its class {number} but "
                f"{shown_group(outcome.group)}{rest}"
            )
    return None


def _evidence(tried: Tried, cause: Cause) -> str:
    steps = []
    for name in cause.changes:
        one = tried.way.change(name)
        named = f"{name} " if len(cause.changes) > 1 else ""
        steps.append(f"{named}{_shown(one.before)} → {_shown(one.after)}")
    ends = shown_group(cause.before_group), shown_group(cause.after_group)
    text = f"{', '.join(steps)}: {' → '.join(ends)}"
    if cause.along:
        text += f" (with {', '.join(cause.along)}, which cannot be left; alone no change)"
    if cause.after:
        text += f", once {', '.join(cause.after)} is changed"
    return text


def shown_group(group: str) -> str:
    """``class 2``, or ``another output, 0123456789ab``."""
    name, _, ids = group.partition(" ")
    return f"another output, {ids}" if name == OTHER else f"class {group}"


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)

from dataclasses import replace

from orchestrator.report.formats.confirmation_text import confirmation_lines, trial_text
from orchestrator.results.confirmation import AttributeVerdict, Confirmation, Verdict, known_of
from orchestrator.results.explanation import ExplainedClass, ExplainedPartition, Explanation, Kind
from tests.unit.store.test_confirmations import CONFIRMATION


def verdict(name: str, kind: Verdict, reason: str) -> AttributeVerdict:
    return AttributeVerdict(name, Kind.FLAG, kind, reason)


def test_verdicts_with_one_reason_are_one_line() -> None:
    found = replace(
        CONFIRMATION,
        verdicts=(
            *CONFIRMATION.verdicts,
            *(verdict(f"f{n:02}", Verdict.REFUTED, "it leaves class 1") for n in range(15)),
        ),
    )
    assert list(confirmation_lines(found)) == [
        "By experiment on some CPU (5 sessions in 12.5 s, 2026-11-27T03:00:00Z):",
        "  confirmed: vendor: vendor: a → b; none of vendor and fma does so alone",
        "  refuted: " + ", ".join(f"f{n:02}" for n in range(12)) + " and 3 more: it leaves class 1",
        "  untestable: sse4a: this CPU lacks it; aws c5a.large (Zen 2, price not known) would tell",
        "  1. p1 (class 1) → p2 (class 2): vendor + fma + cores of 3 differences, 7 observations",
        "  a note",
    ]


def test_a_trial_that_shows_nothing_says_so() -> None:
    trial = replace(
        CONFIRMATION.trials[0], end="other 0123", reproduced=(True, False), reason="the budget"
    )
    assert trial_text(trial).endswith(
        "the ends gave 1 and other 0123, so it shows nothing; ended before: the budget"
    )


def explanation(*ids: str) -> Explanation:
    part = ExplainedPartition("net", "digits:0", "torch", "output", ids)
    classes = tuple(ExplainedClass(n, (f"p{n}",)) for n in range(1, len(ids) + 1))
    return Explanation((part,), classes, (), (), ())


def test_a_confirmation_is_known_of_the_same_classes_only() -> None:
    last: Confirmation = replace(CONFIRMATION, host="the last")
    both = (CONFIRMATION, last)
    assert known_of(explanation("0" * 12, "1" * 12), both) is last
    assert known_of(explanation("1" * 12, "0" * 12), both) is None
    assert known_of(explanation("0" * 12, "1" * 12, "2" * 12), both) is None
    assert known_of(explanation("0" * 12, "1" * 12), ()) is None

"""Partitions and determinism of small random stores against their definitions, in any order."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.classes.sessions import determinism
from orchestrator.analysis.observations.table import observations_table
from orchestrator.results.partitions import Partition
from orchestrator.results.record import Observation
from tests.unit.analysis.records import output, record

OUTPUTS = {"w": ("output",), "v": ("output:x", "output:y")}
"""Of each workload."""
BAD = ("failed", "mismatch", "skipped", "unsupported", "not-available")
Found = dict[str, tuple[set[frozenset[str]], set[str], set[str], set[str], int]]
"""By workload and output: classes, non-deterministic, missing, not available, sessions."""

session = st.tuples(
    st.sampled_from("abcde"),
    st.sampled_from(sorted(OUTPUTS)),
    st.one_of(st.integers(0, 2), st.integers(0, 2), st.sampled_from(BAD)),
)


@st.composite
def stores(draw: st.DrawFn) -> list[Observation]:
    counts: Counter[tuple[str, str]] = Counter()
    found = []
    for platform, workload, result in draw(st.lists(session, max_size=25)):
        number = counts[platform, workload]
        counts[platform, workload] += 1
        asked = {"workload": workload, "session": number}
        if isinstance(result, str):
            reason = {"code": "why", "message": f"reason {number % 3}"}
            found.append(record(platform, [], status=result, reason=reason, **asked))
        else:
            outputs = [output(np.float32([result]), name) for name in OUTPUTS[workload]]
            found.append(record(platform, outputs, **asked))
    return found


def brute_force(store: list[Observation]) -> Found:
    found: Found = {}
    for workload in {row.workload.label for row in store}:
        rows = [row for row in store if row.workload.label == workload]
        given = any(row.outputs for row in rows)
        for name in OUTPUTS[workload] if given else ("output",):
            outputs: dict[str, Counter[str]] = {}
            for row in rows:
                for one in row.outputs:
                    if one.name == name:
                        outputs.setdefault(row.platform.label, Counter())[one.digest] += 1
            classes: dict[str, set[str]] = {}
            for platform, digests in outputs.items():
                stands_by = min(digests, key=lambda digest: (-digests[digest], digest))
                classes.setdefault(stands_by, set()).add(platform)
            without = {row.platform.label for row in rows} - outputs.keys()
            known = {
                p
                for p in without
                if {row.status for row in rows if row.platform.label == p} == {"not-available"}
            }
            found[f"{workload} {name}"] = (
                {frozenset(platforms) for platforms in classes.values()},
                {platform for platform, digests in outputs.items() if len(digests) > 1},
                without - known,
                known,
                sum(sum(digests.values()) for digests in outputs.values()),
            )
    return found


def of(store: list[Observation]) -> tuple[Partition, ...]:
    return partitions(observations_table(store))


@settings(max_examples=60, deadline=None)
@given(stores())
def test_partitions_are_those_of_the_definition(store: list[Observation]) -> None:
    found = {
        f"{one.workload} {one.output}": (
            {frozenset(group.platforms) for group in one.classes},
            {*one.nondeterministic},
            {absent.platform for absent in one.missing},
            {absent.platform for absent in one.not_available},
            one.sessions,
        )
        for one in of(store)
    }
    assert found == brute_force(store)


@settings(max_examples=40, deadline=None)
@given(stores(), st.randoms(use_true_random=False))
def test_no_order_of_rows_matters(store: list[Observation], shuffler: random.Random) -> None:
    """Also not to the reasons; only numbers of classes follow the first appearance."""

    def content(rows: list[Observation]) -> set[tuple[object, ...]]:
        return {
            (
                one.key,
                frozenset((group.id, group.platforms) for group in one.classes),
                one.nondeterministic,
                one.missing,
                one.not_available,
                one.sessions,
                one.remaining_precision,
            )
            for one in of(rows)
        }

    shuffled = list(store)
    shuffler.shuffle(shuffled)
    assert content(shuffled) == content(store)


@settings(max_examples=40, deadline=None)
@given(stores())
def test_variations_are_the_platforms_with_several_outputs(store: list[Observation]) -> None:
    found = determinism(observations_table(store))
    expected = {
        (platform, *key.split(" "))
        for key, (_, varying, *_) in brute_force(store).items()
        for platform in varying
    }
    assert {(one.platform, one.workload, one.output) for one in found.variations} == expected

"""Compares the classes of the study's CPUs, as this computer presents them, with the published.

    python experiments/study/compare.py STUDY RUN [--members]

STUDY is the store that ``eqc import innfrastructure`` made, RUN one of ``cpus.yaml``. Prints
which CPUs this computer contains, then how the classes agree, by membership: the software is
another than the study's, so no output can be the same. ``--members`` also prints who is with whom.

The study's classes depend on the number of cores, which CPUID alone does not change. So they are
compared three times: of all machines, of those with two logical CPUs, and of all with each machine
in the variant that has as many threads as it had logical CPUs, where RUN has these variants.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.analysis.agreement import agreements, common_classes
from orchestrator.analysis.classes.agreement import Classes, agreement
from orchestrator.api import findings
from orchestrator.report.formats.text import table_text
from orchestrator.results.partitions import Partition, Summary
from orchestrator.results.table import Column, ColumnKind, Table

CONTAINED = "contained"
_THREADS = "threads="


@dataclass(frozen=True)
class Computation:
    """What is computed, beside the number of threads."""

    workload: str
    variant: str
    changes: str
    """What was changed of every CPU: ``,-rtm``; empty: nothing."""

    @property
    def name(self) -> str:
        """In one line."""
        return f"{self.workload} · {self.variant}{self.changes.replace(',', ' ')}"


Threads = int | None
Presented = Mapping[Computation, Mapping[Threads, Classes]]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--members", action="store_true")
    options = parser.parse_args()
    study, run = findings(options.study).summary, findings(options.run).summary
    print(table_text(containment(run)))
    cores = {info.name: info.logical_cpus for info in study.platforms}
    published = {
        f"{partition.workload} {partition.input}": classes_of(partition)
        for partition in study.partitions
        if partition.input == "i0"
    }
    compared = []
    for computation, by_threads in presented(run).items():
        for which, classes in choices(by_threads, cores):
            for name, own in published.items():
                found = agreement(own, classes)
                compared.append((name, f"{computation.name}, {which}", found))
    print(table_text(agreements(compared, "the study", "this computer")))
    for name, other, found in compared if options.members else ():
        print(f"{name} and {other}")
        print(table_text(common_classes(found, "the study", "this computer")))


def machine_of(platform: str) -> tuple[str, str]:
    """The study's machine that was presented, and what was changed of it."""
    name, comma, changes = platform.rpartition(":")[2].partition(",")
    return name, comma + changes


def classes_of(partition: Partition) -> Classes:
    """The class of each platform, by its number."""
    return {name: group.number for group in partition.classes for name in group.platforms}


def presented(run: Summary) -> Presented:
    """The output of each machine of the study, by computation and number of threads."""
    found: dict[Computation, dict[Threads, dict[str, str]]] = {}
    for partition in run.partitions:
        words = partition.variant.split()
        said = [word for word in words if word.startswith(_THREADS)]
        variant = " ".join(word for word in words if word not in said)
        threads = int(said[0].removeprefix(_THREADS)) if said else None
        for group in partition.classes:
            for platform in group.platforms:
                machine, changes = machine_of(platform)
                computation = Computation(partition.workload, variant, changes)
                by_threads = found.setdefault(computation, {})
                by_threads.setdefault(threads, {})[machine] = group.id
    return found


def choices(
    by_threads: Mapping[Threads, Classes], cores: Mapping[str, int | None]
) -> Iterator[tuple[str, Classes]]:
    """(which machines, their classes) of all ways of comparing."""
    for threads, classes in by_threads.items():
        yield f"{threads} threads, all machines", classes
        two = {name: group for name, group in classes.items() if cores.get(name) == 2}
        yield f"{threads} threads, those with 2 CPUs", two
    each = {
        name: by_threads[count][name]
        for name, count in cores.items()
        if name in by_threads.get(count, {})
    }
    if len({cores[name] for name in each}) > 1:
        yield "as many threads as CPUs", each


def containment(run: Summary) -> Table:
    """Which of the study's CPUs this computer contains, or what it lacks."""
    told: dict[tuple[str, str], str] = {}
    for partition in run.partitions:
        for group in partition.classes:
            told.update(dict.fromkeys(map(machine_of, group.platforms), CONTAINED))
        for missing in partition.missing:
            told.setdefault(machine_of(missing.platform), f"{missing.status}: {missing.reason}")
    changes = sorted({each for _, each in told})
    heads = [each.removeprefix(",") or "as recorded" for each in changes]
    machines = sorted({machine for machine, _ in told})
    counted = Counter(each for (_, each), text in told.items() if text == CONTAINED)
    return Table(
        "containment",
        "Which CPUs of the study this computer contains",
        (Column("machine"), *(Column(head, ColumnKind.TEXT) for head in heads)),
        tuple((machine, *(told.get((machine, each)) for each in changes)) for machine in machines),
        tuple(
            f"{head}: {counted[each]} of {len(machines)}"
            for each, head in zip(changes, heads, strict=True)
        ),
        "not asked for",
    )


if __name__ == "__main__":
    main()

"""Where an experiment file asks for an installation that cannot be had."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.errors import SpecError
from orchestrator.model.experiment import Installation
from orchestrator.packages.pins import parse_on
from orchestrator.yaml_files.mistakes import Mistakes
from orchestrator.yaml_files.text import parse


def refused(file: str, source: str, reasons: Mapping[Installation, str]) -> SpecError:
    """The mistakes in ``file``, with the text ``source``: all ``on`` that name one of these.

    ``reasons`` says why an installation cannot be had. The text was valid when it was loaded.
    """
    mistakes = Mistakes(file)
    data = parse(source, mistakes)
    why = {each.label: text for each, text in reasons.items()}
    workloads = data.get("workloads") if isinstance(data, dict) else None
    for number, workload in enumerate(workloads if isinstance(workloads, list) else ()):
        asked = workload.get("on") if isinstance(workload, dict) else None
        for index, text in enumerate(asked if isinstance(asked, list) else [asked]):
            label = parse_on(text).label if isinstance(text, str) else None
            if label in why:
                mistakes.add(("workloads", number, "on", index), why[label])
    return SpecError(tuple(mistakes.found))

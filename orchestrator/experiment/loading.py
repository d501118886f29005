"""An experiment file → an ``Experiment``: parse, check the shape, resolve; or all its mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import SpecError
from orchestrator.experiment.comparison import check_comparison
from orchestrator.experiment.document import Document, LimitsEntry, ObserveEntry
from orchestrator.experiment.filters import domain_of, resolve_filters, resolve_variants
from orchestrator.experiment.fitting import Variation
from orchestrator.experiment.flags import check_flags
from orchestrator.experiment.inputs import resolve_inputs
from orchestrator.experiment.platforms import KnownProvider, resolve_platforms
from orchestrator.experiment.validation import Checked, validate
from orchestrator.experiment.workloads import resolve_workloads
from orchestrator.model import selection
from orchestrator.model.experiment import (
    COMPARABLE,
    Experiment,
    Isolation,
    Keep,
    Limits,
    Observe,
    pairs,
)
from orchestrator.system.paths import cache_folder
from orchestrator.yaml_files.mistakes import Mark, Mistakes
from orchestrator.yaml_files.text import decoded, parse


def load(
    path: Path, providers: Sequence[KnownProvider], *, cache: Path | None = None
) -> Experiment:
    """Read, check and resolve an experiment file; its inputs are written to ``cache``.

    ``providers`` are those it may name: ``orchestrator.providers.registry.providers()``.
    ``cache`` defaults to ``$XDG_CACHE_HOME/eqc-orchestrator/inputs``. Raises SpecError with all
    mistakes in the file, EnvironmentNotReady if an input cannot be written.
    """
    mistakes = Mistakes(str(path))
    text = _read(path, mistakes)
    data = parse(text, mistakes)
    if data is None and mistakes.found:
        raise SpecError(tuple(mistakes.found))
    checked = validate(data, providers, mistakes)
    if checked is None:
        raise SpecError(tuple(mistakes.found))
    folder = path.absolute().parent
    experiment = _resolve(checked, providers, folder, cache or default_cache(), text, mistakes)
    if mistakes.found:
        raise SpecError(tuple(mistakes.found))
    return experiment


def default_cache() -> Path:
    """The default folder of the tensors made from inputs, below the user's cache folder."""
    return cache_folder() / "inputs"


def _read(path: Path, mistakes: Mistakes) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        mistakes.at(Mark(1, 1), "there is no such file")
    except OSError as error:
        mistakes.at(Mark(1, 1), f"cannot be read: {error.strerror}")
    else:
        text = decoded(content, mistakes)
        if text is not None:
            return text
    raise SpecError(tuple(mistakes.found))


def _resolve(
    checked: Checked,
    providers: Sequence[KnownProvider],
    folder: Path,
    cache: Path,
    text: str,
    mistakes: Mistakes,
) -> Experiment:
    document, touched = checked.document, checked.touched
    workloads = resolve_workloads(
        checked.located("workloads", document.workloads), folder, mistakes
    )
    # An entry with a mistake is left out, so a reference to it finds nothing. That is no second
    # mistake: the filter fields named in ``unsound`` are not checked.
    unsound: set[str] = set()
    if "workloads" in touched or len(workloads) < len(document.workloads):
        unsound |= {"model", "on"}
    before = len(mistakes.found)
    inputs = resolve_inputs(
        checked.located("inputs", document.inputs),
        workloads,
        folder,
        cache,
        Variation.of(document),
        mistakes,
        complete=not unsound and "inputs" not in touched,
    )
    if unsound or "inputs" in touched or len(mistakes.found) > before:
        unsound.add("input")
    before = len(mistakes.found)
    platforms = resolve_platforms(
        checked.located("platforms", document.platforms), providers, folder, mistakes
    )
    if "platforms" in touched or len(mistakes.found) > before:
        unsound |= selection.PLATFORM_FIELDS
    installations = tuple(dict.fromkeys(each for w in workloads for each in w.installations))
    _check_row(document, mistakes)
    variants = [
        replace(variant, row=document.observe.row)
        for variant in resolve_variants(document.vary, installations)
    ]
    if "vary" in touched:
        unsound |= selection.VARIANT_FIELDS
    check_flags(document.vary, installations, mistakes)
    check_comparison(document, variants, mistakes)
    domain = domain_of(platforms, workloads, [given.label for given, _ in inputs], variants)
    domain = {field: values for field, values in domain.items() if field not in unsound}
    include = checked.located("include", document.include)
    exclude = checked.located("exclude", document.exclude)
    return Experiment(
        name=document.name,
        workloads=tuple((w.workload, w.installations) for w in workloads),
        inputs=tuple(inputs),
        platforms=tuple(platforms),
        variants=tuple(variants),
        include=tuple(resolve_filters(include, domain, mistakes)),
        exclude=tuple(resolve_filters(exclude, domain, mistakes)),
        observe_cpu=_observe(document.observe, document.observe.sessions.cpu),
        observe_gpu=_observe(document.observe, document.observe.sessions.gpu),
        limits=_limits(document.limits),
        isolation=Isolation(document.isolation),
        compare=tuple(axis for axis in COMPARABLE if axis in document.compare),
        outputs=pairs(dict(document.outputs)),
        source=text,
    )


def _check_row(document: Document, mistakes: Mistakes) -> None:
    """``observe: {row: …}`` is in every batch of ``vary``; where filters choose, in one."""
    row, vary = document.observe.row, Variation.of(document)
    batches = [batch for batch in vary.batches if batch is not None]
    if row is None or not batches:
        return
    first, colon, stop = row.partition(":")
    rows = int(stop) if colon else int(first) + 1
    least = max(batches) if "batch" in vary.filtered else min(batches)
    if least < rows:
        text = f"observe.row {row} is not in a batch of {least}: observe fewer rows"
        mistakes.add(("observe", "row"), text)


def _observe(entry: ObserveEntry, sessions: int) -> Observe:
    time = entry.time or 0
    sessions += 1 if time else 0
    return Observe(entry.layers, entry.kernels, sessions, entry.mode, Keep(entry.keep), time)


def _limits(entry: LimitsEntry) -> Limits:
    return Limits(
        cost=entry.cost,
        cost_per_hour=entry.cost_per_hour,
        hours=entry.hours,
        machines=entry.machines,
        machines_per_region=entry.machines_per_region,
        attempts=entry.attempts,
        memory_bytes=entry.memory,
        session_seconds=entry.session_seconds,
    )

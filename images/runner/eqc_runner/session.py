"""One session of one cell: load the model, run it, hash the outputs, make the record."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np

from eqc_runner import observations
from eqc_runner.adapters.protocol import Settings
from eqc_runner.chain import digest_and_chain
from eqc_runner.digest import digest
from eqc_runner.failures import Failed
from eqc_runner.kernels.observing import Observed, observe_kernels
from eqc_runner.rows import Rows
from eqc_runner.tensor import Tensor, Unrecorded

if TYPE_CHECKING:
    from eqc_runner.adapters.protocol import Adapter


_REASON_CHARACTERS = 1000
"""A longer reason is cut: a record that has one would be refused."""


class Folders(NamedTuple):
    """The folder that a session reads (``job``) and the one it writes to (``out``)."""

    job: Path
    out: Path


Timer = Callable[[Callable[[], object]], "list[float]"]
"""Makes runs of a model and returns the seconds of each."""


def observe(
    adapter: Adapter,
    cell: Mapping[str, Any],
    session: int,
    mode: str,
    folders: Folders,
    timer: Timer | None = None,
) -> dict[str, Any]:
    """Compute a session and return its observation (status ``ok``).

    With a ``timer`` the model runs again and again once everything else is recorded.

    The plain run comes first, so that instrumentation cannot change it. Tensors are written as
    the cell's ``keep`` demands. Raises what the adapter raises, and ``OSError`` from writing.
    """
    started, clock = observations.now(), time.monotonic()
    inputs = read_inputs(folders.job, cell["input"]["tensors"])
    settings = Settings(
        precision=cell.get("precision") or "float32",
        threads=cell.get("threads"),
        batch=cell.get("batch"),
        device=cell.get("device") or "cpu",
        flags=cell.get("flags") or {},
        cast=bool(cell.get("cast")),
    )
    rows = Rows.parse(cell.get("row"))
    # In a process of its own, forked before anything is computed here.
    kernels = _kernels(adapter, cell, inputs, folders.job, settings, rows)
    loaded = adapter.load(cell["workload"], folders.job, settings)
    keep = cell.get("keep") or "none"
    finals = rows.of_finals(loaded.run(inputs))
    outputs, unrecorded = _final_records(finals, folders.out if keep != "none" else None)
    own = {record["index"]: record["digest"] for record in outputs}
    perturbed, layers_by = None, None
    if cell.get("layers"):
        instrumented, layers = loaded.run_layers(inputs)
        # By place: of what cannot be recorded nothing is known but that it is there.
        perturbed = own != {
            index: digest(tensor)
            for index, (_, whole) in enumerate(instrumented)
            if isinstance(tensor := rows.of_final(whole), Tensor)
        }
        layers_by = "taps"
        if perturbed and hasattr(loaded, "run_cut"):
            layers, layers_by = loaded.run_cut(inputs), "cuts"
        batch = _batch(inputs, settings.batch)
        for index, layer in enumerate(layers):
            place = folders.out if keep == "all" else None
            what = {
                "name": layer.name,
                "role": "layer",
                "index": index,
                "operation": layer.operation,
            }
            if isinstance(layer.tensor, Unrecorded):
                unrecorded.append(_without_bits(what, layer.tensor))
            else:
                outputs.append({**what, **_identify(rows.of_layer(layer.tensor, batch), place)})
    facts = loaded.facts
    laps = [] if timer is None else timer(lambda: loaded.run(inputs))
    return {
        "schema": observations.SCHEMA,
        "cell": cell["cell"],
        "session": session,
        "status": "ok",
        "reason": None,
        "framework": {
            "name": cell["framework"],
            "device": settings.device,
            **adapter.describe(),
        },
        "software": cell.get("software"),
        "model": {
            "parameters": facts.parameters,
            "multiplications": facts.multiplications,
            "weights": facts.weights,
        },
        "outputs": outputs,
        "unrecorded": unrecorded,
        # Adapters of others, made before there was this, do not say.
        "converted": list(getattr(loaded, "converted", ())),
        "perturbed": perturbed,
        "layers_by": layers_by,
        "kernels": None if kernels is None else kernels.record(own),
        **({} if timer is None else {"time": {"laps": laps, **quartiles(laps)}}),
        "mode": mode,
        "started": started,
        "seconds": round(time.monotonic() - clock, 6),
    }


def quartiles(laps: Sequence[float]) -> dict[str, Any]:
    """``median`` and ``quartiles`` of the seconds in ``laps``; without any, nothing."""
    if not laps:
        return {}
    low, median, high = np.percentile(laps, [25, 50, 75]).tolist()
    return {"median": median, "quartiles": [low, high]}


def _kernels(
    adapter: Adapter,
    cell: Mapping[str, Any],
    inputs: Mapping[str, np.ndarray],
    job: Path,
    settings: Settings,
    rows: Rows,
) -> Observed | None:
    """The kernels of the cell; ``None`` where they are not asked for."""
    if not cell.get("kernels"):
        return None
    tell = getattr(adapter, "kernels", None)
    if tell is None:
        return Observed([], f"the adapter of {cell['framework']} does not tell kernels", None)
    return observe_kernels(
        lambda trace: tell(adapter.load(cell["workload"], job, settings), inputs, trace),
        rows,
        getattr(adapter, "logging", {}),
    )


def read_inputs(folder: Path, names: Mapping[str, str]) -> dict[str, np.ndarray]:
    """The input tensors by name. Raises ``Failed("input-missing")``; never unpickles."""
    return {name: _read_input(folder, name, path) for name, path in sorted(names.items())}


def _read_input(folder: Path, name: str, path: str) -> np.ndarray:
    try:
        return np.asarray(np.load(str(folder / path), allow_pickle=False))
    except (FileNotFoundError, ValueError, EOFError) as error:
        raise Failed("input-missing", f"input {name}: {path}: {error}") from error


def _batch(inputs: Mapping[str, np.ndarray], batch: int | None) -> int | None:
    """The batch size of the run; ``None`` where the inputs have no common length of axis 0."""
    if batch is not None:
        return batch
    lengths = {array.shape[0] if array.ndim else None for array in inputs.values()}
    return lengths.pop() if len(lengths) == 1 else None


def _final_records(
    finals: list[tuple[str, Tensor | Unrecorded]], place: Path | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records of the outputs, and of those that there is no tensor of."""
    records, unrecorded = [], []
    for index, (name, tensor) in enumerate(finals):
        label = "output" if len(finals) == 1 else f"output:{name}"
        what = {"name": label, "role": "final", "index": index, "operation": None}
        if isinstance(tensor, Unrecorded):
            unrecorded.append(_without_bits(what, tensor))
        else:
            records.append({**what, **_identify(tensor, place)})
    if not records:
        said = "; ".join(f"{record['name']}: {record['reason']}" for record in unrecorded)
        raise Failed("no-output", f"no output can be recorded: {said or 'the model has none'}")
    return records, unrecorded


def _without_bits(what: dict[str, Any], output: Unrecorded) -> dict[str, Any]:
    """The record of an output that there is no tensor of: its reason is one line."""
    return {**what, "reason": " ".join(output.reason.split())[:_REASON_CHARACTERS]}


def _identify(tensor: Tensor, place: Path | None) -> dict[str, Any]:
    """Digest and chain of ``tensor``, which is written under ``place`` if there is one."""
    tensor = tensor.compact()
    name, links = digest_and_chain(tensor)
    if place is not None:
        path = place / "tensors" / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            tensor.write(path)
    return {
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "digest": name,
        "chain": links,
        "tensor": place is not None,
    }

"""Input entries → inputs: tensors in each workload's shape, stored under their content's sha256."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.experiment.builtins import Shape
from orchestrator.experiment.document import InputEntry, RandomTensor
from orchestrator.experiment.fitting import TENSOR, Variation, misfits
from orchestrator.experiment.tensors import (
    Array,
    Preprocessing,
    check_digit,
    digit,
    picture,
    random_tensor,
    store_npy,
)
from orchestrator.experiment.workloads import ResolvedWorkload
from orchestrator.model.experiment import Input
from orchestrator.system.counted import counted
from orchestrator.yaml_files.files import FileMistake, find
from orchestrator.yaml_files.mistakes import Loc, Mistakes, nearest

_PICTURE_KEYS = ("size", "channels", "scale", "mean", "std", "layout", "order", "filter")
_DIGIT = re.compile(r"digits:([0-9]{1,9})")

Make = Callable[[Shape | None], dict[str, Array]]
"""Makes the named tensors of an input for workloads of one input shape (``None``: unknown).

Raises FileMistake."""
ResolvedInput = tuple[Input, frozenset[str] | None]


def resolve_inputs(
    entries: list[tuple[Loc, InputEntry]],
    workloads: list[ResolvedWorkload],
    folder: Path,
    cache: Path,
    vary: Variation,
    mistakes: Mistakes,
    *,
    complete: bool,
) -> list[ResolvedInput]:
    """Inputs with the labels of the workloads they are for (``None``: all of them).

    Where a workload's own inputs are known, the tensors must fit them, with all of ``vary``.
    ``complete``: no workload or input entry was left out for a mistake of its own. Only then are
    references between the two checked. EnvironmentNotReady where ``cache`` cannot be written.
    """
    resolved: list[ResolvedInput] = []
    taken: dict[tuple[str, str], Loc] = {}
    for loc, entry in entries:
        resolver = _Resolver(entry, loc, folder, mistakes)
        targets = resolver.targets(workloads, complete=complete)
        for at, label, make in resolver.items():
            for shape, labels in _by_shape(targets).items():
                try:
                    tensors = make(shape)
                except FileMistake as error:
                    mistakes.add(at, str(error))
                    continue
                for workload in targets:
                    if workload.workload.label in labels:
                        for said in misfits(tensors, workload, vary, cast=entry.cast):
                            mistakes.add(at, said)
                stored = sorted((name, store_npy(a, cache)) for name, a in tensors.items())
                places = tuple((name, sha, str(path)) for name, (sha, path) in stored)
                made = Input(label, places, entry.cast)
                for target in labels:
                    _claim(taken, target, label, at, mistakes)
                everywhere = entry.for_ is None and len(labels) == len(workloads)
                resolved.append((made, None if everywhere else frozenset(labels)))
    if complete:
        for workload in workloads:
            label = workload.workload.label
            if not any(target == label for target, _ in taken) and not mistakes.found:
                mistakes.add(("inputs",), f"no input is for the workload '{label}'", key=True)
    return resolved


def _by_shape(targets: list[ResolvedWorkload]) -> dict[Shape | None, list[str]]:
    groups: dict[Shape | None, list[str]] = {}
    for target in targets:
        groups.setdefault(target.shape, []).append(target.workload.label)
    return groups


def _claim(
    taken: dict[tuple[str, str], Loc], target: str, label: str, at: Loc, mistakes: Mistakes
) -> None:
    first = taken.setdefault((target, label), at)
    if first != at:
        line = mistakes.mark(first).line
        text = f"workload '{target}' has an input '{label}' on line {line} too: give a 'label'"
        mistakes.add(at, text)


@dataclass
class _Resolver:
    entry: InputEntry
    loc: Loc
    folder: Path
    mistakes: Mistakes

    def targets(
        self, workloads: list[ResolvedWorkload], *, complete: bool
    ) -> list[ResolvedWorkload]:
        """The workloads this entry is for."""
        if self.entry.for_ is None:
            return workloads
        found: list[ResolvedWorkload] = []
        valid = [name for w in workloads for name in _names(w)]
        for index, name in enumerate(self.entry.for_):
            found += [w for w in workloads if name in _names(w)]
            if complete and name not in valid:
                text = f"there is no workload '{name}'{nearest(name, valid)}"
                self.mistakes.add((*self.loc, "for", index), text)
        return [w for w in workloads if w in found]

    def items(self) -> list[tuple[Loc, str, Make]]:
        """(location, label, how to make it) of each input of this entry."""
        entry = self.entry
        kinds = [key for key in ("images", "files", "random") if getattr(entry, key) is not None]
        if len(kinds) != 1:
            if self.loc not in self.mistakes.incomplete:
                text = "an input has one of the keys images, files and random"
                self.mistakes.add(self.loc, text)
            return []
        if kinds != ["images"]:
            stray = [key for key in _PICTURE_KEYS if getattr(entry, key) is not None]
            for key in stray:
                text = f"'{key}' applies to images only, not to {kinds[0]}: remove it"
                self.mistakes.add((*self.loc, key), text, key=True)
            if stray:
                return []
        if entry.random is not None:
            default = f"random:{entry.random.distribution} seed={entry.random.seed}"
            return [((*self.loc, "random"), entry.label or default, self._random)]
        if entry.files is not None:
            return self._named("files", entry.files, self._file)
        return self._named("images", entry.images or [], self._image)

    def _named(
        self, key: str, names: list[str], make: Callable[[str, Shape | None], dict[str, Array]]
    ) -> list[tuple[Loc, str, Make]]:
        items: list[tuple[Loc, str, Make]] = []
        for index, name in enumerate(names):
            label = name if _DIGIT.fullmatch(name) else Path(name).name
            if self.entry.label is not None:
                label = self.entry.label if len(names) == 1 else f"{self.entry.label} {label}"
            at = (*self.loc, key, index)
            try:
                self._check_there(key, name)
            except FileMistake as error:
                self.mistakes.add(at, str(error))
                continue
            items.append((at, label, lambda shape, name=name: make(name, shape)))  # type: ignore[misc]
        return items

    def _check_there(self, key: str, name: str) -> None:
        """The checks that need no workload: the file or digit exists. Raises FileMistake."""
        number = _DIGIT.fullmatch(name) if key == "images" else None
        if number is not None:
            check_digit(int(number[1]))
        elif key == "images" and name.startswith("digits:"):
            raise FileMistake(f"a digit is written like digits:0, not '{name}'")
        else:
            find(name, self.folder)

    def _image(self, name: str, shape: Shape | None) -> dict[str, Array]:
        number = _DIGIT.fullmatch(name)
        how = self._preprocessing(shape, is_digit=number is not None)
        if number is not None:
            return {TENSOR: digit(int(number[1]), how)}
        return {TENSOR: picture(find(name, self.folder), how)}

    def _preprocessing(self, shape: Shape | None, *, is_digit: bool) -> Preprocessing:
        entry = self.entry
        size = (entry.size[0], entry.size[1]) if entry.size is not None else None
        if shape is not None:
            if size not in (None, shape[:2]) or entry.channels not in (None, shape[2]):
                given = "x".join(str(side) for side in (*(size or shape[:2]), entry.channels or 3))
                self._misfit(given, shape)
            if entry.layout == "NCHW":
                raise FileMistake("builtin models take layout NHWC: remove 'layout: NCHW'")
            size = (shape[0], shape[1])
        elif is_digit and (size is None or entry.channels is None):
            raise FileMistake(
                "the model does not say which size it takes: give 'size' and 'channels'"
            )
        channels = shape[2] if shape is not None else entry.channels or 3
        for key in ("mean", "std"):
            numbers = getattr(entry, key) or [0.0]
            if len(numbers) not in (1, channels):
                raise FileMistake(
                    f"'{key}' has {counted(len(numbers), 'number')} "
                    f"for {counted(channels, 'channel')}"
                )
        if entry.std is not None and 0.0 in entry.std:
            raise FileMistake("'std' must not be 0")
        default = Preprocessing()
        return Preprocessing(
            size=size,
            channels=channels,
            scale=entry.scale,
            mean=tuple(entry.mean or default.mean),
            std=tuple(entry.std or default.std),
            layout=entry.layout or default.layout,
            order=entry.order or default.order,
            filter=entry.filter or default.filter,
        )

    def _random(self, shape: Shape | None) -> dict[str, Array]:
        random = self.entry.random or RandomTensor()
        sides = tuple(random.shape) if random.shape is not None else None
        if sides is None:
            if shape is None:
                raise FileMistake("give the 'shape' of the tensor: the model's is not known here")
            sides = (1, *shape)
        if int(np.prod(np.array(sides, dtype=object))) > 2**28:
            raise FileMistake(f"a tensor of shape {list(sides)} is too large")
        self._check_shape(sides, shape)
        return {TENSOR: random_tensor(sides, random.distribution, random.seed, random.dtype)}

    def _file(self, name: str, shape: Shape | None) -> dict[str, Array]:
        path = find(name, self.folder)
        try:
            if path.suffix == ".npz":
                with np.load(path, allow_pickle=False) as archive:
                    arrays: dict[str, Array] = {key: archive[key] for key in archive.files}
            elif path.suffix == ".npy":
                arrays = {TENSOR: np.load(path, allow_pickle=False)}
            else:
                raise FileMistake(f"an input file ends in .npy or .npz, not '{name}'")
        except (OSError, ValueError, EOFError) as error:
            raise FileMistake(f"cannot read {path}: {error}") from error
        if not arrays or any(a.dtype.kind not in "biufc" for a in arrays.values()):
            raise FileMistake(f"{path} has no tensors, or a tensor whose elements are not numbers")
        if len(arrays) == 1:
            self._check_shape(next(iter(arrays.values())).shape, shape)
        return arrays

    def _check_shape(self, sides: tuple[int, ...], shape: Shape | None) -> None:
        if shape is not None and (len(sides) != 4 or sides[1:] != shape):
            self._misfit("x".join(str(side) for side in sides[1:]), shape)

    def _misfit(self, given: str, shape: Shape) -> None:
        wanted = "x".join(str(side) for side in shape)
        raise FileMistake(
            f"a picture of {given} does not fit a workload that takes {wanted}; "
            "say with 'for' which workloads it is for"
        )


def _names(workload: ResolvedWorkload) -> tuple[str, ...]:
    """What ``for`` may call a workload: its label, its model as written, its group."""
    group = workload.workload.group
    return (workload.workload.label, workload.model, *([] if group is None else [group]))

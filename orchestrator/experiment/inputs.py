"""Input entries → inputs: tensors in each workload's shape, stored under their content's sha256."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from orchestrator.experiment.builtins import Shape
from orchestrator.experiment.fitting import TENSOR, Variation, misfits
from orchestrator.experiment.input_entry import InputEntry, RandomTensors, Source, TensorEntry
from orchestrator.experiment.model_inputs.model_input import ModelInputs
from orchestrator.experiment.random_tensors import check_size
from orchestrator.experiment.sources import (
    PLAIN,
    plain_tensor,
    random_tensors,
    read_tensors,
    wants_header,
)
from orchestrator.experiment.tensors import (
    Array,
    Preprocessing,
    check_digit,
    digit,
    picture,
    store_npy,
)
from orchestrator.experiment.workloads import ResolvedWorkload
from orchestrator.model.experiment import Input
from orchestrator.system.counted import counted
from orchestrator.yaml_files.files import FileMistake, find
from orchestrator.yaml_files.mistakes import Loc, Mistakes, nearest

_PICTURE_KEYS = ("size", "channels", "scale", "mean", "std", "layout", "order", "filter")
_KINDS = ("images", "files", *PLAIN, "tensors")
_TENSOR_KINDS = ("image", "file", *PLAIN)
_DIGIT = re.compile(r"digits:([0-9]{1,9})")


NOTHING = "none"
"""The label of the input of a model that takes none."""


class Wanted(NamedTuple):
    """What workloads take that get the same tensors; ``None``: not known, or of no matter."""

    shape: Shape | None
    inputs: ModelInputs | None


Make = Callable[[Wanted], dict[str, Array]]
"""Makes the named tensors of an input. Raises FileMistake."""
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
            for wanted, labels in resolver.groups(targets).items():
                try:
                    tensors = make(wanted)
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
            if workload.inputs == () and not any(target == label for target, _ in taken):
                resolved.append((Input(NOTHING, ()), frozenset([label])))
            elif not any(target == label for target, _ in taken) and not mistakes.found:
                mistakes.add(("inputs",), f"no input is for the workload '{label}'", key=True)
    return resolved


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
            return [workload for workload in workloads if workload.inputs != ()]
        found: list[ResolvedWorkload] = []
        valid = [name for w in workloads for name in _names(w)]
        for index, name in enumerate(self.entry.for_):
            found += [w for w in workloads if name in _names(w)]
            if complete and name not in valid:
                text = f"there is no workload '{name}'{nearest(name, valid)}"
                self.mistakes.add((*self.loc, "for", index), text)
        return [w for w in workloads if w in found]

    def groups(self, targets: list[ResolvedWorkload]) -> dict[Wanted, list[str]]:
        """The labels of the workloads that get the same tensors."""
        random = self.entry.random
        by_header = random is not None and wants_header(random)
        found: dict[Wanted, list[str]] = {}
        for target in targets:
            wanted = Wanted(target.shape, target.inputs if by_header else None)
            found.setdefault(wanted, []).append(target.workload.label)
        return found

    def items(self) -> list[tuple[Loc, str, Make]]:
        """(location, label, how to make it) of each input of this entry."""
        entry = self.entry
        kind = self._kind(entry, _KINDS, self.loc)
        if kind is None:
            return []
        at = (*self.loc, kind)
        if entry.random is not None:
            default = f"random:{entry.random.distribution} seed={entry.random.seed}"
            return [(at, entry.label or default, self._random)]
        if entry.files is not None:
            return self._named("files", entry.files, self._file)
        if entry.images is not None:
            return self._named("images", entry.images, self._image)
        if entry.tensors is not None:
            kinds = {
                name: self._kind(each, _TENSOR_KINDS, (*at, name))
                for name, each in entry.tensors.items()
            }
            if None in kinds.values():
                return []
            default = ", ".join(entry.tensors)
            return [(at, entry.label or default, lambda _: self._tensors(kinds))]
        return [
            (
                at,
                entry.label or kind,
                lambda _: {TENSOR: plain_tensor(entry, kind, self.folder, None)},
            )
        ]

    def _kind(self, entry: Source, valid: tuple[str, ...], loc: Loc) -> str | None:
        """The one key of ``valid`` that is given; ``None`` where a mistake was noted."""
        kinds = [key for key in valid if getattr(entry, key) is not None]
        if len(kinds) != 1:
            if loc not in self.mistakes.incomplete:
                what = "an input" if valid is _KINDS else "a tensor"
                text = f"{what} has one of the keys {', '.join(valid[:-1])} and {valid[-1]}"
                self.mistakes.add(loc, text)
            return None
        (kind,) = kinds
        usable = {"shape": ("values",), "dtype": ("values", "images", "image")}
        stray = []
        for key in (*_PICTURE_KEYS, "dtype", "shape"):
            takers = usable.get(key, ("images", "image"))
            if getattr(entry, key) is not None and kind not in takers:
                stray.append(key)
                place = " and ".join(taker for taker in takers if taker in valid)
                hint = ": say it under 'random'" if kind == "random" and key in usable else ""
                text = f"'{key}' applies to {place} only, not to {kind}{hint or ': remove it'}"
                self.mistakes.add((*loc, key), text, key=True)
        return None if stray else kind

    def _tensors(self, kinds: dict[str, str | None]) -> dict[str, Array]:
        made = {}
        for name, entry in (self.entry.tensors or {}).items():
            try:
                made[name] = self._tensor(entry, kinds[name] or "", name)
            except FileMistake as error:
                raise FileMistake(f"'{name}': {error}") from error
        return made

    def _tensor(self, entry: TensorEntry, kind: str, name: str) -> Array:
        if kind in PLAIN:
            return plain_tensor(entry, kind, self.folder, name)
        if entry.image is not None:
            self._check_there("images", entry.image)
            return self._pixels(entry, entry.image, None)
        arrays = list(read_tensors(entry.file or "", self.folder).values())
        if len(arrays) > 1:
            raise FileMistake(f"{entry.file} has {len(arrays)} tensors; one is wanted here")
        return arrays[0]

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
            items.append((at, label, lambda wanted, name=name: make(name, wanted.shape)))  # type: ignore[misc]
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
        return {TENSOR: self._pixels(self.entry, name, shape)}

    def _pixels(self, entry: Source, name: str, shape: Shape | None) -> Array:
        number = _DIGIT.fullmatch(name)
        how = self._preprocessing(entry, shape, is_digit=number is not None)
        if number is not None:
            return digit(int(number[1]), how)
        return picture(find(name, self.folder), how)

    def _preprocessing(
        self, entry: Source, shape: Shape | None, *, is_digit: bool
    ) -> Preprocessing:
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
        if entry.dtype not in (None, "float32", "uint8"):
            raise FileMistake(f"pictures are float32 or uint8, not {entry.dtype}")
        if entry.dtype == "uint8":
            for key in ("scale", "mean", "std"):
                if getattr(entry, key) is not None:
                    raise FileMistake(f"'dtype: uint8' is the pixels as they are: remove '{key}'")
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
            dtype=entry.dtype or default.dtype,
        )

    def _random(self, wanted: Wanted) -> dict[str, Array]:
        random = self.entry.random or RandomTensors()
        check_size(random.shape or ())
        if wanted.shape is not None and random.inputs is None and random.sizes is None:
            # A builtin's input is a picture: its dtype follows the cell's precision.
            sides = random.shape or [1, *wanted.shape]
            self._check_shape(tuple(sides), wanted.shape)
            entry = Source(random=random.model_copy(update={"shape": sides}))
            return {TENSOR: plain_tensor(entry, "random", self.folder, None)}
        if random.shape is not None:
            if random.inputs is not None or random.sizes is not None:
                raise FileMistake(
                    "'shape' is that of a single tensor: give it under 'inputs', or remove it"
                )
            return {TENSOR: plain_tensor(self.entry, "random", self.folder, None)}
        return random_tensors(random, wanted.inputs)

    def _file(self, name: str, shape: Shape | None) -> dict[str, Array]:
        arrays = read_tensors(name, self.folder)
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

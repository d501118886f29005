"""Workload entries → workloads: models looked up, files found, their sha256 computed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import canonicalize_name

from orchestrator import catalog
from orchestrator.experiment import builtins
from orchestrator.experiment.companions import ModelFiles, model_files
from orchestrator.experiment.document import WorkloadEntry
from orchestrator.experiment.model_inputs import (
    keras_header,
    onnx_header,
    saved_model_header,
    tflite_header,
)
from orchestrator.experiment.model_inputs.model_input import ModelInput, ModelInputs
from orchestrator.experiment.model_inputs.tflite_header import DEFAULT
from orchestrator.experiment.weights import WeightsEntry
from orchestrator.experiment.workload_forms import forms
from orchestrator.model.experiment import Installation, Scalar, Workload, pairs
from orchestrator.packages.pins import name_of, parse_on
from orchestrator.yaml_files.files import FileMistake, check_sha256, find, sha256_of
from orchestrator.yaml_files.mistakes import Loc, Mistakes, nearest

_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_SEED = re.compile(r"seed:[0-9]{1,19}")
_SUFFIXES = {
    "onnx": (".onnx",),
    "keras": (".keras", ".h5"),
    "torch": (".pt2", ".pt", ".pth", ".jit", ".ts", ".torchscript"),
    "tflite": (".tflite",),
}
_HEADERS = {"onnx": onnx_header.read, "keras": keras_header.read}
"""What reads the inputs of a file, by the source of the workload; TFLite's are of a signature."""
_SIGNED = ("savedmodel", "tflite")
_TENSORS_ONLY = ("onnx", "tflite")
_IMAGE = "input"
"""The name of every builtin model's input."""


@dataclass(frozen=True)
class ResolvedWorkload:
    """A workload, where it runs, and what inputs and filters need to refer to it."""

    workload: Workload
    installations: tuple[Installation, ...]
    model: str
    """As written, ``source:name``."""
    shape: builtins.Shape | None
    """Height, width and channels of its input; ``None``: not known (every model of a file)."""
    inputs: ModelInputs | None = None
    """What the model says of its inputs; ``None``: it does not say, or not so that we can read."""


def resolve_workloads(
    entries: list[tuple[Loc, WorkloadEntry]], folder: Path, mistakes: Mistakes
) -> list[ResolvedWorkload]:
    """All workloads without a mistake; ``folder`` is the one of the experiment file."""
    resolved: list[ResolvedWorkload] = []
    seen: dict[str, Loc] = {}
    labels: dict[str, Loc] = {}
    every = [form for loc, entry in entries for form in forms(loc, entry, mistakes)]
    for loc, entry, place, group in every:
        before = len(mistakes.found)
        found = _Resolver(entry, loc, folder, mistakes, place, group).resolve()
        if found is None or len(mistakes.found) > before:
            continue
        workload = found.workload
        if workload.id in seen:
            line = mistakes.mark(seen[workload.id]).line
            mistakes.add(
                loc, f"the same workload as on line {line}: list all frameworks in one 'on'"
            )
        elif workload.label in labels:
            line = mistakes.mark(labels[workload.label]).line
            mistakes.add(
                loc,
                f"line {line} has a workload '{workload.label}' too: give this a 'label', or list "
                "both under 'models' of one entry if they are one computation",
            )
        else:
            seen[workload.id] = labels[workload.label] = loc
            resolved.append(found)
    return resolved


@dataclass
class _Resolver:
    entry: WorkloadEntry
    loc: Loc
    folder: Path
    mistakes: Mistakes
    place: Loc = ("model",)
    """Where in the entry its model is said."""
    group: str | None = None
    weights_path: str | None = field(default=None, init=False)

    def resolve(self) -> ResolvedWorkload | None:
        written_model = self.entry.model or ""
        source, colon, name = written_model.partition(":")
        if not colon or source not in catalog.SOURCES:
            known = builtins.builtin_names()
            hint = nearest(source, catalog.SOURCES) if colon else ""
            if not colon and source in known:
                hint = f"; did you mean 'builtin:{source}'?"
            written = "a model is written like builtin:name or onnx:path"
            self._wrong("model", f"{written}, not '{written_model}'{hint}")
            return None
        installations = self._installations(source)
        arguments: dict[str, Scalar] = dict(self.entry.arguments)
        if source == "builtin":
            return self._builtin(name, installations, arguments)
        path, files = (None, None)
        if source == "python":
            self._python(name)
        else:
            path, files = self._file(source, name)
        weights = self._weights(source) if self.entry.weights is not None else None
        stem = name.rpartition(":")[2] if source == "python" else Path(name).stem
        workload = Workload(
            source=source,
            name=name,
            label=self.entry.label or stem,
            path=path,
            sha256=None if files is None else files.sha256,
            companions=() if files is None else files.companions,
            weights=weights,
            weights_path=self.weights_path,
            arguments=pairs(arguments),
            signature=self.entry.signature,
            group=self.group,
        )
        self._check_call(source)
        inputs = None if path is None else self._stated_inputs(source, Path(path))
        return ResolvedWorkload(workload, installations, written_model, None, inputs)

    def _check_call(self, source: str) -> None:
        """Which files take ``arguments`` and a ``signature``."""
        if self.entry.signature is not None and source not in _SIGNED:
            takers = " and ".join(f"{each}:" for each in _SIGNED)
            text = f"{source}: models have no signatures; those of {takers} have"
            self.mistakes.add((*self.loc, "signature"), text, key=True)
        if self.entry.arguments and source in _TENSORS_ONLY:
            text = f"{source}: models take tensors only: give them under 'inputs'"
            self.mistakes.add((*self.loc, "arguments"), text, key=True)

    def _stated_inputs(self, source: str, path: Path) -> ModelInputs | None:
        """What the file says of its inputs; notes a signature or file that it does not have."""
        if source in _HEADERS:
            return _HEADERS[source](path)
        asked = self.entry.signature
        if source == "savedmodel" and path.is_dir():
            if not any((path / name).is_file() for name in saved_model_header.FILES):
                text = f"{path} is not a SavedModel: it holds no {saved_model_header.FILES[0]}"
                self._wrong("model", text)
                return None
            # It may have functions beside its signatures: the run knows them.
            self._check_choice(path, saved_model_header.signatures(path))
            return saved_model_header.read(path, asked)
        if source != "tflite":
            return None
        known = tflite_header.signatures(path)
        if known is not None and asked is not None and asked not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            self._wrong("signature", f"{path.name} has no signature '{asked}': {there}")
        self._check_choice(path, known)
        return tflite_header.read(path, asked)

    def _check_choice(self, path: Path, known: tuple[str, ...] | None) -> None:
        if known and self.entry.signature is None and len(known) > 1 and DEFAULT not in known:
            said = ", ".join(known)
            self._wrong("model", f"{path.name} has several signatures: say 'signature:' {said}")

    def _builtin(
        self, name: str, installations: tuple[Installation, ...], arguments: dict[str, Scalar]
    ) -> ResolvedWorkload | None:
        if name not in builtins.builtin_names():
            hint = nearest(name, builtins.builtin_names())
            self._wrong("model", f"unknown builtin model '{name}'{hint}")
            return None
        if self.entry.sha256 is not None:
            self._wrong("sha256", "a builtin model has no file, so no sha256")
        self._check_call("builtin")
        given = self.entry.weights
        home = dict.fromkeys(arguments, "arguments")
        if isinstance(given, WeightsEntry) and given.layer is not None:
            arguments[builtins.LAYER], home[builtins.LAYER] = given.layer, "weights"
        wrong = builtins.argument_mistakes(name, arguments)
        for key, message in wrong:
            self.mistakes.add((*self.loc, home[key], key), message, key=True)
        if wrong:
            return None
        arguments = builtins.without_defaults(name, arguments)
        weights = given.text if isinstance(given, WeightsEntry) else given
        if weights is None:
            weights = builtins.default_weights(name, arguments)
        elif weights == "trained":
            if not builtins.is_shipped_trained(name, arguments):
                text = f"no trained weights are shipped for builtin:{name} as asked"
                self._wrong("weights", f"{text}; use 'seed:N' or a safetensors file")
        else:
            weights = self._weights("builtin")
        said = [f"{key}={value}" for key, value in sorted(arguments.items())]
        workload = Workload(
            source="builtin",
            name=name,
            label=self.entry.label or " ".join([name, *said]),
            weights=weights,
            weights_path=self.weights_path,
            arguments=pairs(arguments),
            group=self.group,
        )
        shape = builtins.input_shape(name, arguments)
        image = ModelInput(_IMAGE, (None, *shape), None, follows_precision=True)
        return ResolvedWorkload(workload, installations, self.entry.model or "", shape, (image,))

    def _installations(self, source: str) -> tuple[Installation, ...]:
        """Each framework of ``on``, pinned as it says, with the packages of ``requires``."""
        requires = tuple(sorted(set(self.entry.requires or ())))
        able = [name for name in catalog.frameworks() if source in catalog.sources_of(name)]
        if self.entry.on is None:
            # An experiment does not change when another framework learns to read its files.
            able = [catalog.OWN[source]] if source in catalog.OWN else able
            if len(able) > 1:
                text = f"say 'on' which frameworks it runs: {', '.join(able)}"
                self.mistakes.add(self.loc, text)
            return tuple(Installation(name, None, requires) for name in able)
        found = [parse_on(text)._replace(requires=requires) for text in self.entry.on]
        for index, (framework, _, _) in enumerate(found):
            if framework not in able:
                text = f"{framework} cannot load {source}: models; {', '.join(able)} can"
                self.mistakes.add((*self.loc, "on", index), text)
                continue
            self._check_requires(framework)
        return tuple(dict.fromkeys(found))

    def _check_requires(self, framework: str) -> None:
        own = canonicalize_name(catalog.frameworks()[framework].distribution)
        for index, text in enumerate(self.entry.requires or ()):
            if name_of(text) == own:
                said = f"'{text}' is the framework: pin it with 'on', like {framework}==1.2.3"
                self.mistakes.add((*self.loc, "requires", index), said)

    def _file(self, source: str, name: str) -> tuple[str | None, ModelFiles | None]:
        try:
            path = find(name, self.folder)
        except FileMistake as error:
            self._wrong("model", str(error))
            return None, None
        suffixes = _SUFFIXES.get(source, (path.suffix.lower(),))
        if path.suffix.lower() not in suffixes:
            text = f"{source}: wants a file ending in {' or '.join(suffixes)}, not '{name}'"
            self._wrong("model", text)
        if (source == "savedmodel") != path.is_dir():
            kind = "a folder" if source == "savedmodel" else "a file"
            self._wrong("model", f"{source}: wants {kind}: {path}")
            return None, None
        try:
            files = model_files(source, path)
        except FileMistake as error:
            self._wrong("model", str(error))
            return None, None
        count = len(files.companions)
        what = f"{path} with its {count} files of external data" if count else str(path)
        try:
            check_sha256(what, files.sha256, self.entry.sha256)
        except FileMistake as error:
            self._wrong("sha256", str(error))
        return str(path), files

    def _python(self, name: str) -> None:
        if _FUNCTION.fullmatch(name) is None:
            self._wrong("model", f"python: wants package.module:function, not '{name}'")
        if self.entry.sha256 is not None:
            self._wrong("sha256", "a python: model has no file, so no sha256")

    def _weights(self, source: str) -> str | None:
        """``seed:N`` unchanged; a file as ``sha256:…``, with its path in ``weights_path``."""
        written = self.entry.weights or ""
        if isinstance(written, WeightsEntry):
            if source != "builtin":
                text = f"distributions and layers are of builtin: models, not of {source}: ones"
                self._wrong("weights", text)
            return written.text
        if source not in ("builtin", "python"):
            self._wrong("weights", f"the weights of a {source}: model are in its file")
        elif _SEED.fullmatch(written):
            return f"seed:{int(written.removeprefix('seed:'))}"
        elif written.endswith(".index.json"):
            text = f"{Path(written).name} only lists files of weights, which would be left behind"
            self._wrong("weights", f"{text}: give one .safetensors file that has them all")
        elif written.startswith("seed:"):
            self._wrong("weights", f"a seed is written like seed:1, not '{written}'")
        else:
            try:
                path = find(written, self.folder)
                self.weights_path = str(path)
                return f"sha256:{sha256_of(path)}"
            except FileMistake as error:
                self._wrong("weights", f"{error}; or use 'seed:N' or 'trained'")
        return None

    def _wrong(self, key: str, message: str) -> None:
        place = self.place if key == "model" else (key,)
        self.mistakes.add((*self.loc, *place), message)

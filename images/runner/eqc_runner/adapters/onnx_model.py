"""An ONNX model that is loaded: the plain one, and one with every tensor as an output."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np

from eqc_runner.adapters import onnx_inputs
from eqc_runner.adapters.onnx_values import Named, Value, outputs_of
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.failures import SessionError
from eqc_runner.tensor import Tensor, Unrecorded

MOST_CUTS = 300
"""Parts of a model that are run to observe its layers one by one."""
TRIES = 60
"""Sessions that are made to find the tensors that cannot be outputs; each takes the time of a
load."""


class Layer(NamedTuple):
    """A tensor that a node outputs, or why it is not recorded."""

    name: str
    operation: str
    reason: str | None = None


class Forms(NamedTuple):
    """What the sessions of a model are made of."""

    plain: Any
    """What ``InferenceSession`` takes: bytes or a path."""
    instrumented: Callable[[Sequence[str]], bytes]
    """The model with further outputs."""
    cut: Callable[[str], bytes]
    """The part of the model that ends at a tensor."""


class OnnxModel:
    """A ``Loaded``. ``session`` makes the ``InferenceSession`` of one of the model's forms.

    ``nodes``: the first output of each node, by the node's name.
    """

    def __init__(
        self,
        ort: Any,
        session: Callable[..., Any],
        forms: Forms,
        layers: Sequence[Layer],
        facts: ModelFacts,
        settings: Settings,
        *,
        nodes: Mapping[str, str],
        unranked: frozenset[str] = frozenset(),
        nhwc: bool = False,
    ) -> None:
        self.facts = facts
        self.converted: tuple[str, ...] = ()
        self._ort = ort
        self._session = session
        self._forms = forms
        self.layers = layers
        self.nodes = nodes
        self._settings = settings
        self._nhwc = nhwc
        self._plain = session(forms.plain)
        self._inputs = onnx_inputs.inputs_of(self._plain, unranked)
        self._outputs = self._plain.get_outputs()

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        found = self._run(self._plain, self._outputs, inputs)
        return [leaf for output in self._outputs for leaf in found[output.name]]

    def run_profiled(self, inputs: Mapping[str, np.ndarray], prefix: Path) -> tuple[Named, Path]:
        """As ``run``, in a session of its own that writes a profile; and where that is."""
        session = self._session(self._forms.plain, profile=prefix)
        found = self._run(session, self._outputs, inputs)
        return [leaf for output in self._outputs for leaf in found[output.name]], Path(
            session.end_profiling()
        )

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        wanted = [layer.name for layer in self.layers if layer.reason is None]
        reasons = {layer.name: layer.reason for layer in self.layers if layer.reason is not None}
        found: dict[str, Named] | None = None
        session = self._instrumented(list(dict.fromkeys(wanted)), reasons)
        if session is not None:
            found = self._recorded(session, inputs, reasons, wanted)
        if found is None:
            finals = self.run(inputs)
            found = {}
        else:
            finals = [leaf for output in self._outputs for leaf in found[output.name]]
        return finals, [
            LayerOutput(layer.name, layer.operation, _layer(layer.name, found, reasons))
            for layer in self.layers
        ]

    def run_cut(self, inputs: Mapping[str, np.ndarray]) -> list[LayerOutput]:
        """Every layer as the output of the part of the model that ends there (``onnx_cut``)."""
        found = []
        for place, layer in enumerate(self.layers):
            value: Value
            if layer.reason is not None:
                value = Unrecorded(layer.reason)
            elif place >= MOST_CUTS:
                value = Unrecorded(f"of a model only the first {MOST_CUTS} layers are cut out")
            else:
                value = self._cut(layer.name, inputs)
            found.append(LayerOutput(layer.name, layer.operation, value))
        return found

    def _cut(self, name: str, inputs: Mapping[str, np.ndarray]) -> Value:
        try:
            session = self._session(self._forms.cut(name))
            return _layer(name, self._run(session, session.get_outputs(), inputs), {})
        except Exception as error:  # noqa: BLE001 - the other layers are there, whatever this is
            return Unrecorded(f"the part that ends at it cannot be run: {_line(error)}")

    def _recorded(
        self,
        session: Any,
        inputs: Mapping[str, np.ndarray],
        reasons: dict[str, str],
        wanted: Sequence[str],
    ) -> dict[str, Named] | None:
        try:
            return self._run(session, session.get_outputs(), inputs)
        except SessionError:
            raise
        except Exception as error:  # noqa: BLE001 - the plain outputs are there, whatever this is
            reason = f"the model with all layers as outputs cannot be run: {_line(error)}"
            reasons.update((name, reason) for name in wanted if name not in reasons)
            return None

    def _run(
        self, session: Any, outputs: Sequence[Any], inputs: Mapping[str, np.ndarray]
    ) -> dict[str, Named]:
        bound = onnx_inputs.bound(self._ort, inputs, self._inputs, self._settings)
        self.converted = bound.converted
        found = outputs_of(self._ort, session, outputs, bound.feeds)
        if not self._nhwc:
            return found
        return {n: [(path, _as_nhwc(value)) for path, value in v] for n, v in found.items()}

    def _instrumented(self, names: list[str], reasons: dict[str, str]) -> Any:
        """A session with these outputs, or with as many of them as it can have.

        The others get their reasons; ``None``: no session can be made.
        """
        if not names:
            return None
        try:
            return self._session(self._forms.instrumented(names))
        except Exception as error:  # noqa: BLE001 - whatever it is, the layers are left out
            why = f"ONNX Runtime cannot give it as an output: {_line(error)}"
        self._search(names, reasons, why, TRIES)
        left = [name for name in names if name not in reasons]
        gc.collect()
        try:
            return self._session(self._forms.instrumented(left)) if left else None
        except Exception as error:  # noqa: BLE001
            why = f"the model with all layers as outputs cannot be made: {_line(error)}"
            reasons.update((name, why) for name in left)
            return None

    def _search(self, names: list[str], reasons: dict[str, str], why: str, tries: int) -> int:
        """Find which of ``names`` cannot be outputs by halving; returns the tries that are left."""
        if len(names) == 1:
            reasons[names[0]] = why
            return tries
        middle = len(names) // 2
        for half in (names[:middle], names[middle:]):
            if tries <= 0:
                reasons.update((name, why) for name in half)
                continue
            tries -= 1
            try:
                self._session(self._forms.instrumented(half))
            except Exception as error:  # noqa: BLE001
                said = f"ONNX Runtime cannot give it as an output: {_line(error)}"
                tries = self._search(half, reasons, said, tries)
        return tries


def _layer(name: str, found: Mapping[str, Named], reasons: Mapping[str, str]) -> Value:
    if name in reasons:
        return Unrecorded(reasons[name])
    leaves = found.get(name, [])
    if len(leaves) == 1 and leaves[0][0] == name:
        return leaves[0][1]
    return Unrecorded("it is not one tensor")


def _as_nhwc(value: Value) -> Value:
    """Images of builtin models as NHWC. Only bytes are moved: no value changes."""
    if isinstance(value, Unrecorded) or value.array.ndim != 4:
        return value
    return Tensor(value.dtype, value.array.transpose(0, 2, 3, 1))


def _line(error: BaseException) -> str:
    """The error's text in one line."""
    text = error.message if isinstance(error, SessionError) else str(error)
    return " ".join(text.split())[:300]

"""Users' torch models: exported programs (``.pt2``) and TorchScript (``.pt``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping

import numpy as np

from eqc_runner.adapters.protocol import LayerOutput, Settings
from eqc_runner.adapters.torch_archive import EXPORTED, kind_of, no_unpickling
from eqc_runner.adapters.torch_builtin import Mark
from eqc_runner.adapters.torch_program import Program
from eqc_runner.adapters.torch_script import Script
from eqc_runner.adapters.torch_values import Named, facts


class TorchFile:
    """A user's model. In exported programs every operator is a layer; TorchScript shows none.

    Every run computes the first step of the model as the file has it: a file whose run may leave
    a state behind is read again, and torch's random numbers begin at ``seed``.
    """

    def __init__(
        self,
        torch: Any,
        path: Path,
        workload: Mapping[str, Any],
        settings: Settings,
        how: Mapping[str, Any],
    ) -> None:
        """``how``: the ``device``, the ``seed`` and whether it is ``channels_last``."""
        self._torch = torch
        self._how = how
        form = (
            Program if kind_of(path, str(workload.get("name") or path.name)) == EXPORTED else Script
        )
        arguments = dict(workload.get("arguments") or {})
        self._open: Callable[[], Program | Script] = lambda: form(
            torch, str(path), settings, arguments, how["device"]
        )
        self.converted: tuple[str, ...] = ()
        self._used, self._unchecked = False, True
        self._model: Program | Script | None = self._placed()
        self.dtypes = self._model.dtypes
        """The float and complex dtypes that the file shows."""
        self.note = self._model.note
        state = self._model.module.state_dict().values()
        self.facts = facts(torch, [tensor.detach() for tensor in state], hidden=form is Script)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        return self._computed(inputs, lambda model, values: model.run(values))

    def run_marked(self, inputs: Mapping[str, np.ndarray], mark: Mark) -> Named:
        """As ``run``; ``mark`` is called after each operator of an exported program."""
        return self._computed(  # type: ignore[no-any-return]
            inputs,
            lambda model, values: (
                model.run_marked(values, mark) if isinstance(model, Program) else model.run(values)
            ),
        )

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        return self._computed(inputs, lambda model, values: model.run_layers(values))

    def _computed(
        self, inputs: Mapping[str, np.ndarray], compute: Callable[[Any, list[Any]], Any]
    ) -> Any:
        with self._torch.inference_mode():
            model = self._fresh()
            if self._unchecked and model.cast is not None:
                self._unchecked = False
                model.check_cast(model.values(inputs, self._place))
                model = self._fresh()
            values = model.values(inputs, self._place)
            self.converted = model.converted
            self._torch.manual_seed(self._how["seed"])
            return compute(model, values)

    def _fresh(self) -> Program | Script:
        """The model as the file has it."""
        if self._model is None or (self._used and self._model.keeps_state):
            self._model = None  # two of them need not fit into memory
            self._model = self._placed()
        self._used = True
        return self._model

    def _placed(self) -> Program | Script:
        with self._torch.inference_mode(mode=False), no_unpickling(self._torch):
            model = self._open()
            if self._how["channels_last"]:
                for parameter in model.module.parameters():
                    if parameter.dim() == 4:
                        parameter.data = self._last(parameter.data)
        return model

    def _last(self, tensor: Any) -> Any:
        return tensor.contiguous(memory_format=self._torch.channels_last)

    def _place(self, tensor: Any) -> Any:
        """An input where the model is; a copy, as the model may write into it."""
        tensor = tensor.clone().to(self._how["device"])
        if self._how["channels_last"] and tensor.dim() == 4:
            tensor = self._last(tensor)
        return tensor

"""Users' torch models: exported programs (``.pt2``) and TorchScript (``.pt``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping, Tuple

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bind, check_precision
from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.adapters.python_function import tensor_of
from eqc_runner.adapters.torch_archive import EXPORTED, kind_of, no_unpickling
from eqc_runner.adapters.torch_builtin import torch_tensor
from eqc_runner.failures import Failed
from eqc_runner.models.weights import weights_digest
from eqc_runner.tensor import Tensor

Named = List[Tuple[str, Tensor]]


class TorchFile:
    """A user's model. In exported programs every operator is a layer; TorchScript shows none."""

    note: str

    def __init__(self, torch: Any, path: Path, settings: Settings, device: str) -> None:
        self._torch = torch
        self._device = device
        self._settings = settings
        self.converted: tuple[str, ...] = ()
        exported = kind_of(path) == EXPORTED
        with no_unpickling(torch):
            if exported:
                program = torch.export.load(str(path))
                self._module = program.module()
                self._specs = _program_specs(program)
            else:
                self._module = torch.jit.load(str(path), map_location=device).eval()
                self._specs = []
        self._interpretable = exported
        self.note = "" if exported else "TorchScript does not show its layers"
        state = [(name, tensor.detach()) for name, tensor in self._module.state_dict().items()]
        precision = _precision(state)
        if precision is not None:
            check_precision(settings.precision, [precision], "torch with this file")
        self._precision = precision or settings.precision
        self.facts = _facts([tensor_of(tensor).array for _, tensor in state])
        self._module.to(device)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Named:
        with self._torch.inference_mode():
            return _named(self._module(*self._arguments(inputs)))

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Named, list[LayerOutput]]:
        if not self._interpretable:
            return self.run(inputs), []
        layers: list[LayerOutput] = []
        interpreter = self._torch.fx.Interpreter(self._module)
        torch, run_node = self._torch, interpreter.run_node

        def recording(node: Any) -> Any:
            result = run_node(node)
            if node.op == "call_function" and isinstance(result, torch.Tensor):
                # "aten.linear.default": namespace, operator, overload.
                operation = str(node.target).partition(".")[2].partition(".")[0] or node.name
                layers.append(LayerOutput(node.name, operation, tensor_of(result.clone())))
            return result

        interpreter.run_node = recording
        with torch.inference_mode():
            result = interpreter.run(*self._arguments(inputs))
        return _named(result), layers

    def _arguments(self, inputs: Mapping[str, np.ndarray]) -> list[Any]:
        """Tensors in the order of the model's inputs; a single one may have any name."""
        specs = self._specs or self._script_specs(inputs)
        arrays, self.converted = bind(inputs, specs, self._settings)
        tensors = [torch_tensor(self._torch, arrays[spec.name], spec.dtype) for spec in specs]
        return [tensor.to(self._device) for tensor in tensors]

    def _script_specs(self, inputs: Mapping[str, np.ndarray]) -> list[InputSpec]:
        """Inputs of a TorchScript model, which states only their names: floats are to be in the
        precision of its weights, others as they are."""
        names = [argument.name for argument in self._module.forward.schema.arguments[1:]]
        given = dict(zip(names, inputs.values())) if len(names) == len(inputs) == 1 else inputs
        floats = {name for name, array in given.items() if array.dtype.kind == "f"}
        dtypes = {name: array.dtype.name for name, array in given.items() if name not in floats}
        return [InputSpec(name, None, dtypes.get(name, self._precision)) for name in names]


def _program_specs(program: Any) -> list[InputSpec]:
    values = {
        node.name: node.meta["val"] for node in program.graph.nodes if node.op == "placeholder"
    }
    names = [name for name in program.graph_signature.user_inputs if name in values]
    return [
        InputSpec(
            name,
            tuple(length if isinstance(length, int) else None for length in values[name].shape),
            str(values[name].dtype).partition(".")[2],
        )
        for name in names
    ]


def _precision(state: list[tuple[str, Any]]) -> str | None:
    names = {str(tensor.dtype).partition(".")[2] for _, tensor in state}
    floats = sorted(name for name in names if "float" in name)
    if len(floats) > 1:
        raise Failed("exception", f"the model mixes precisions: {', '.join(floats)}")
    return floats[0] if floats else None


def _facts(arrays: list[np.ndarray]) -> ModelFacts:
    digest = weights_digest(arrays) if arrays else None
    return ModelFacts(sum(int(array.size) for array in arrays), None, digest)


def _named(result: Any) -> Named:
    """One tensor, a sequence (numbered) or a mapping of names to tensors."""
    if isinstance(result, Mapping):
        return [(str(name), tensor_of(value)) for name, value in result.items()]
    if isinstance(result, (tuple, list)):
        if len(result) == 1:
            return [("output", tensor_of(result[0]))]
        return [(str(number), tensor_of(value)) for number, value in enumerate(result)]
    return [("output", tensor_of(result))]

"""Builtin graphs as torch modules; images are NCHW inside, NHWC where observed or flattened."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Tuple

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bfloat16_bits, bind
from eqc_runner.adapters.protocol import LayerOutput, Settings
from eqc_runner.adapters.python_function import tensor_of
from eqc_runner.failures import Unsupported
from eqc_runner.models.builtin_model import BuiltinModel
from eqc_runner.models.graph import INPUT, Layer
from eqc_runner.tensor import Tensor

Step = Tuple[Layer, Callable[..., Any]]


class TorchBuiltin:
    """A graph as a list of torch modules and functions, called one after the other (eager)."""

    def __init__(
        self,
        torch: Any,
        model: BuiltinModel,
        settings: Settings,
        device: str,
        *,
        channels_last: bool,
    ) -> None:
        self.facts = model.facts
        self.converted: tuple[str, ...] = ()
        self._torch = torch
        self._settings = settings
        self._spec = InputSpec(INPUT, (None, *model.graph.input_shape), settings.precision)
        self._dtype = getattr(torch, settings.precision)
        self._device = device
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        modules = torch_modules(torch, model)
        tree = torch.nn.ModuleDict(
            {name: part for name, part in modules.items() if isinstance(part, torch.nn.Module)}
        )
        tree.eval().to(device=device, dtype=self._dtype, memory_format=self._format)
        self._steps: list[Step] = [(layer, modules[layer.name]) for layer in model.graph.layers]

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[tuple[str, Tensor]]:
        return [("output", tensor_of(_nhwc(self._forward(inputs, None))))]

    def run_layers(
        self, inputs: Mapping[str, np.ndarray]
    ) -> tuple[list[tuple[str, Tensor]], list[LayerOutput]]:
        seen: list[tuple[Layer, Any]] = []
        output = self._forward(inputs, seen)
        layers = [
            LayerOutput(layer.name, layer.operation, tensor_of(_nhwc(value)))
            for layer, value in seen
        ]
        return [("output", tensor_of(_nhwc(output)))], layers

    def _forward(
        self, inputs: Mapping[str, np.ndarray], seen: list[tuple[Layer, Any]] | None
    ) -> Any:
        arrays, self.converted = bind(inputs, [self._spec], self._settings)
        image = torch_tensor(self._torch, arrays[INPUT], self._spec.dtype).permute(0, 3, 1, 2)
        image = image.to(self._device).contiguous(memory_format=self._format)
        values: dict[str, Any] = {INPUT: image}
        with self._torch.inference_mode():
            for layer, step in self._steps:
                values[layer.name] = self._compute(step, [values[name] for name in layer.inputs])
                if seen is not None:
                    seen.append((layer, values[layer.name]))
        return values[self._steps[-1][0].name]

    def _compute(self, step: Callable[..., Any], inputs: list[Any]) -> Any:
        try:
            return step(*inputs)
        except RuntimeError as error:
            # Older versions raise, for example: "slow_conv2d_cpu" not implemented for 'Half'.
            if "not implemented for" in str(error):
                raise Unsupported("unsupported-precision", f"torch: {error}") from error
            raise


def torch_tensor(torch: Any, array: np.ndarray, dtype: str) -> Any:
    """A bound array as a tensor of ``dtype``. Nothing is cast: torch's cast changes NaNs."""
    if dtype != "bfloat16":
        return torch.from_numpy(array)
    return torch.from_numpy(bfloat16_bits(array).view(np.int16)).view(torch.bfloat16)


def torch_modules(torch: Any, model: BuiltinModel) -> dict[str, Callable[..., Any]]:
    """A callable per layer name that computes the layer on NCHW images.

    ``torch`` is the imported package. Layers with weights are ``nn.Module`` objects.
    """
    return {layer.name: _module(torch, layer, model.weights) for layer in model.graph.layers}


def _module(torch: Any, layer: Layer, weights: Mapping[str, np.ndarray]) -> Callable[..., Any]:
    """What computes one layer: an ``nn.Module`` where it has weights, else a function."""
    if layer.operation == "conv2d":
        return _conv2d(torch, layer, weights)
    if layer.operation == "dense":
        inputs, units = weights[f"{layer.name}/kernel"].shape
        dense = torch.nn.Linear(inputs, units, device="meta")
        dense.weight = _parameter(torch, weights[f"{layer.name}/kernel"].T)
        dense.bias = _parameter(torch, weights[f"{layer.name}/bias"])
        return dense  # type: ignore[no-any-return]
    if layer.operation == "batch_normalization":
        norm = torch.nn.BatchNorm2d(layer.shape[-1], eps=layer.epsilon)
        roles = {"weight": "gamma", "bias": "beta", "running_mean": "mean"}
        roles["running_var"] = "variance"
        for attribute, role in roles.items():
            _fill(torch, getattr(norm, attribute), weights[f"{layer.name}/{role}"])
        return norm  # type: ignore[no-any-return]
    return _function(torch, layer)


def _conv2d(torch: Any, layer: Layer, weights: Mapping[str, np.ndarray]) -> Callable[..., Any]:
    kernel = weights[f"{layer.name}/kernel"]
    (top, bottom), (left, right) = layer.window.pads
    symmetric = top == bottom and left == right
    convolution = torch.nn.Conv2d(
        kernel.shape[2],
        kernel.shape[3],
        layer.window.size,
        stride=layer.window.strides,
        padding=(top, left) if symmetric else 0,
        bias=layer.biased,
        device="meta",
    )
    convolution.weight = _parameter(torch, kernel.transpose(3, 2, 0, 1))
    if layer.biased:
        convolution.bias = _parameter(torch, weights[f"{layer.name}/bias"])
    if symmetric:
        return convolution  # type: ignore[no-any-return]
    # torch pads equally on both sides; TensorFlow's "same" may pad more at the end.
    return torch.nn.Sequential(  # type: ignore[no-any-return]
        torch.nn.ZeroPad2d((left, right, top, bottom)), convolution
    )


def _function(torch: Any, layer: Layer) -> Callable[..., Any]:
    functional, window = torch.nn.functional, layer.window
    (top, bottom), (left, right) = window.pads
    table: dict[str, Callable[..., Any]] = {
        "relu": torch.relu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "softmax": lambda value: torch.softmax(value, dim=-1),
        "logsumexp": lambda value: torch.logsumexp(value, dim=-1, keepdim=True),
        "sum": lambda value: torch.sum(value, dim=-1, keepdim=True),
        "add": torch.add,
        "max_pool": lambda value: functional.max_pool2d(value, window.size, window.strides),
        "average_pool": lambda value: functional.avg_pool2d(value, window.size, window.strides),
        "global_average_pool": lambda value: value.mean(dim=(2, 3)),
        "flatten": lambda value: value.permute(0, 2, 3, 1).flatten(1),
        "zero_padding": lambda value: functional.pad(value, (left, right, top, bottom)),
    }
    return table[layer.operation]


def _parameter(torch: Any, array: np.ndarray) -> Any:
    """``array`` as a parameter, in memory that torch allocates (and aligns).

    It takes the place of one on the device "meta", which has no memory and costs no initial
    values. ``torch.nn.utils.skip_init`` would do the same, but imports SymPy, in every session.
    """
    parameter = torch.nn.Parameter(torch.empty(array.shape, dtype=torch.float32))
    _fill(torch, parameter, array)
    return parameter


def _fill(torch: Any, parameter: Any, array: np.ndarray) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))


def _nhwc(value: Any) -> Any:
    return value.permute(0, 2, 3, 1) if value.dim() == 4 else value

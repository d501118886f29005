"""JAX on CPUs: builtin models compiled as one function by XLA, and Python functions."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any, Callable, Mapping

import numpy as np

from eqc_runner.adapters.binding import PRECISIONS, InputSpec, bind, check_precision
from eqc_runner.adapters.protocol import LayerOutput, Loaded, Settings
from eqc_runner.adapters.python_function import PythonModel, tensor_of
from eqc_runner.adapters.settings import (
    available_cpus,
    check_device,
    no_gpu,
    no_source,
    read_flags,
)
from eqc_runner.failures import Unsupported
from eqc_runner.models.builtin_model import BuiltinModel, builtin_model
from eqc_runner.models.graph import INPUT, Layer
from eqc_runner.tensor import Tensor

THREADS = "PJRT_NPROC"
"""The variable from which XLA's CPU client takes the size of its thread pool, when it starts."""
IMAGES = ("NHWC", "HWIO", "NHWC")


class JaxAdapter:
    """XLA's CPU client starts with the first operation of a session, not with the import."""

    name = "jax"

    def __init__(self) -> None:
        self._jax: Any = None

    def start(self) -> None:
        try:
            self._jax = importlib.import_module("jax")
        except RuntimeError as error:
            # jaxlib looks for the instructions that it was built with: "… built using AVX …".
            if "instructions" not in str(error):
                raise
            raise Unsupported("illegal-instruction", f"jax: {error}") from error

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Loaded:
        """A ``builtin`` or ``python`` model. Raises ``Unsupported`` or ``Failed``."""
        check_device(settings.device)
        if settings.device == "gpu":
            raise no_gpu(self.name, "this adapter computes on CPUs only")
        check_precision(settings.precision, PRECISIONS, self.name)
        flags = read_flags(settings.flags, self.name)
        if settings.threads is not None:
            os.environ[THREADS] = str(settings.threads)
        config = self._jax.config
        config.update("jax_platforms", "cpu")
        # Without it JAX makes float32 of float64, in silence.
        config.update("jax_enable_x64", settings.precision == "float64")
        if "matmul_precision" in flags:
            config.update("jax_default_matmul_precision", flags["matmul_precision"])
        if workload["source"] == "python":
            return PythonModel(workload, job_dir, settings)
        if workload["source"] != "builtin":
            raise no_source(self.name, workload["source"], ("builtin", "python"))
        jit = flags.get("jit", True)
        return JaxModel(self._jax, builtin_model(workload, job_dir), settings, jit=jit)

    def describe(self) -> dict[str, Any]:
        """XLA does not report the instruction set it compiles for: ``None``."""
        asked = os.environ.get(THREADS)
        return {
            "version": self._jax.__version__,
            "isa": {"xla": None},
            "threads": {"pool": int(asked) if asked else available_cpus()},
            "libraries": {"jaxlib": self._jax.lib.__version__},
        }


class JaxModel:
    """A graph as one JAX function of the image and the weights, in NHWC."""

    def __init__(self, jax: Any, model: BuiltinModel, settings: Settings, *, jit: bool) -> None:
        self.facts = model.facts
        self.converted: tuple[str, ...] = ()
        self._jax = jax
        self._layers = model.graph.layers
        self._settings = settings
        self._spec = InputSpec(INPUT, (None, *model.graph.input_shape), settings.precision)
        self._dtype = jax.numpy.dtype(settings.precision)
        self._weights = {n: jax.numpy.asarray(a, self._dtype) for n, a in model.weights.items()}
        self._compiled: Callable[..., Any] = jax.jit if jit else _as_it_is

    def run(self, inputs: Mapping[str, np.ndarray]) -> list[tuple[str, Tensor]]:
        (output,) = self._call(lambda values: [values[self._layers[-1].name]], inputs)
        return [("output", tensor_of(output))]

    def run_layers(
        self, inputs: Mapping[str, np.ndarray]
    ) -> tuple[list[tuple[str, Tensor]], list[LayerOutput]]:
        names = [layer.name for layer in self._layers]
        found = self._call(lambda values: [values[name] for name in names], inputs)
        layers = [
            LayerOutput(layer.name, layer.operation, tensor_of(value))
            for layer, value in zip(self._layers, found)
        ]
        return [("output", layers[-1].tensor)], layers

    def _call(self, chosen: Callable[..., Any], inputs: Mapping[str, np.ndarray]) -> Any:
        arrays, self.converted = bind(inputs, [self._spec], self._settings)

        def computed(image: Any, weights: Mapping[str, Any]) -> Any:
            values = {INPUT: image}
            for layer in self._layers:
                given = [values[name] for name in layer.inputs]
                values[layer.name] = _operation(self._jax, layer, weights, given)
            return chosen(values)

        image = self._jax.numpy.asarray(arrays[INPUT], self._dtype)
        found = self._compiled(computed)(image, self._weights)
        return [np.asarray(value) for value in found]


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _operation(jax: Any, layer: Layer, weights: Mapping[str, Any], given: list[Any]) -> Any:
    """The output of one layer, traced or computed."""
    value, window, operation = given[0], layer.window, layer.operation
    if operation == "conv2d":
        kernel = weights[f"{layer.name}/kernel"]
        made = jax.lax.conv_general_dilated(
            value, kernel, window.strides, window.pads, dimension_numbers=IMAGES
        )
        return made + weights[f"{layer.name}/bias"] if layer.biased else made
    if operation == "dense":
        return value @ weights[f"{layer.name}/kernel"] + weights[f"{layer.name}/bias"]
    if operation == "batch_normalization":
        gamma, beta, mean, variance = (
            weights[f"{layer.name}/{role}"] for role in ("gamma", "beta", "mean", "variance")
        )
        epsilon = np.asarray(layer.epsilon, value.dtype)
        return (value - mean) * jax.lax.rsqrt(variance + epsilon) * gamma + beta
    if operation in ("max_pool", "average_pool"):
        return _pool(jax, layer, value)
    table: dict[str, Callable[[], Any]] = {
        "relu": lambda: jax.nn.relu(value),
        "sigmoid": lambda: jax.nn.sigmoid(value),
        "tanh": lambda: jax.numpy.tanh(value),
        "softmax": lambda: jax.nn.softmax(value, axis=-1),
        "logsumexp": lambda: jax.nn.logsumexp(value, axis=-1, keepdims=True),
        "sum": lambda: value.sum(axis=-1, keepdims=True),
        "add": lambda: given[0] + given[1],
        "global_average_pool": lambda: value.mean(axis=(1, 2)),
        "flatten": lambda: value.reshape(value.shape[0], -1),
        "zero_padding": lambda: jax.numpy.pad(value, ((0, 0), *window.pads, (0, 0))),
    }
    return table[operation]()


def _pool(jax: Any, layer: Layer, value: Any) -> Any:
    size, strides = (1, *layer.window.size, 1), (1, *layer.window.strides, 1)
    if layer.operation == "max_pool":
        least = np.asarray(-np.inf, value.dtype)
        return jax.lax.reduce_window(value, least, jax.lax.max, size, strides, "VALID")
    zero = np.asarray(0, value.dtype)
    sums = jax.lax.reduce_window(value, zero, jax.lax.add, size, strides, "VALID")
    return sums / np.asarray(size[1] * size[2], value.dtype)

"""Writes a builtin graph as an ONNX model: NHWC at its input and before flatten, else NCHW."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from eqc_runner.models.builtin_model import BuiltinModel
from eqc_runner.models.graph import INPUT, Layer, Window

OPSET = 17
IR_VERSION = 8
"""Every ONNX Runtime since 1.12 reads these versions; newer ones would give the same operators."""

OPERATORS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "add": "Add"}
"""Operations that are one ONNX operator without weights and attributes."""

TO_NCHW = [0, 3, 1, 2]
TO_NHWC = [0, 2, 3, 1]
OUTPUT = "output"


def onnx_model(onnx: Any, model: BuiltinModel, dtype: np.dtype, *, layers: bool) -> Any:
    """The ``ModelProto`` of ``model`` in ``dtype``. ``onnx`` is the imported package.

    The final output is called ``output``. With ``layers`` every layer's output is an output of
    the model too, under the layer's name; images among them are NCHW.
    """
    writer = _Writer(onnx, model, dtype)
    for layer in model.graph.layers:
        writer.write(layer)
    graph = model.graph
    writer.node("Identity", [graph.output], OUTPUT)
    names = [OUTPUT] + ([layer.name for layer in graph.layers] if layers else [])
    element = onnx.helper.np_dtype_to_tensor_dtype(dtype)
    value = onnx.helper.make_tensor_value_info
    body = onnx.helper.make_graph(
        writer.nodes,
        graph.name,
        [value(INPUT, element, ["batch", *graph.input_shape])],
        [value(name, element, None) for name in names],
        writer.initializers,
    )
    used = {layer.operation for layer in graph.layers}
    opset = onnx.helper.make_opsetid("", 18 if "logsumexp" in used else OPSET)
    return onnx.helper.make_model(body, opset_imports=[opset], ir_version=IR_VERSION)


class _Writer:
    """Collects nodes and initializers; a node's output has its layer's name."""

    def __init__(self, onnx: Any, model: BuiltinModel, dtype: np.dtype) -> None:
        self._onnx = onnx
        self._weights = model.weights
        self._dtype = dtype
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        # The input is NHWC, so that the same array is the input in every framework.
        self._values: dict[str, str] = {INPUT: INPUT + "/nchw"}
        self.node("Transpose", [INPUT], self._values[INPUT], perm=TO_NCHW)

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        self.nodes.append(
            self._onnx.helper.make_node(
                operator, list(inputs), [output], name=f"{output}:{operator}", **attributes
            )
        )

    def write(self, layer: Layer) -> None:
        """Append the nodes of one layer."""
        sources = [self._values.get(name, name) for name in layer.inputs]
        if layer.operation in OPERATORS:
            self.node(OPERATORS[layer.operation], sources, layer.name)
        else:
            getattr(self, "_" + layer.operation)(layer, sources[0])

    def _conv2d(self, layer: Layer, source: str) -> None:
        weights = [source, self._weight(layer, "kernel", (3, 2, 0, 1))]
        weights += [self._weight(layer, "bias")] if layer.biased else []
        self.node("Conv", weights, layer.name, **_window(layer.window), pads=_pads(layer.window))

    def _dense(self, layer: Layer, source: str) -> None:
        weights = [self._weight(layer, "kernel"), self._weight(layer, "bias")]
        self.node("Gemm", [source, *weights], layer.name)

    def _batch_normalization(self, layer: Layer, source: str) -> None:
        roles = ("gamma", "beta", "mean", "variance")
        weights = [self._weight(layer, role) for role in roles]
        self.node("BatchNormalization", [source, *weights], layer.name, epsilon=layer.epsilon)

    def _softmax(self, layer: Layer, source: str) -> None:
        self.node("Softmax", [source], layer.name, axis=-1)

    def _sum(self, layer: Layer, source: str) -> None:
        axes = self._constant(layer.name + "/axes", np.array([1], dtype=np.int64))
        self.node("ReduceSum", [source, axes], layer.name, keepdims=1)

    def _logsumexp(self, layer: Layer, source: str) -> None:
        # Of opset 18, where axes are an input: OpenVINO 2026.4 does not heed the attribute before.
        axes = self._constant(layer.name + "/axes", np.array([1], dtype=np.int64))
        self.node("ReduceLogSumExp", [source, axes], layer.name, keepdims=1)

    def _max_pool(self, layer: Layer, source: str) -> None:
        self.node("MaxPool", [source], layer.name, **_window(layer.window))

    def _average_pool(self, layer: Layer, source: str) -> None:
        self.node("AveragePool", [source], layer.name, **_window(layer.window))

    def _global_average_pool(self, layer: Layer, source: str) -> None:
        self.node("GlobalAveragePool", [source], layer.name + "/nchw")
        self.node("Flatten", [layer.name + "/nchw"], layer.name, axis=1)

    def _flatten(self, layer: Layer, source: str) -> None:
        self.node("Transpose", [source], layer.name + "/nhwc", perm=TO_NHWC)
        self.node("Flatten", [layer.name + "/nhwc"], layer.name, axis=1)

    def _zero_padding(self, layer: Layer, source: str) -> None:
        (top, bottom), (left, right) = layer.window.pads
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], dtype=np.int64)
        self.node("Pad", [source, self._constant(layer.name + "/pads", pads)], layer.name)

    def _weight(self, layer: Layer, role: str, order: Sequence[int] = ()) -> str:
        name = f"{layer.name}/{role}"
        array = self._weights[name]
        array = array.transpose(order) if order else array
        return self._constant(name, np.ascontiguousarray(array, dtype=self._dtype))

    def _constant(self, name: str, array: np.ndarray) -> str:
        self.initializers.append(self._onnx.numpy_helper.from_array(array, name))
        return name


def _window(window: Window) -> dict[str, Any]:
    return {"kernel_shape": list(window.size), "strides": list(window.strides)}


def _pads(window: Window) -> list[int]:
    (top, bottom), (left, right) = window.pads
    return [top, left, bottom, right]

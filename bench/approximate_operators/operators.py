"""The operators looked at, in each framework: a function without arguments that gives an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Operators = dict[str, Callable[[], Any]]
_RANDOM = np.random.Generator(np.random.Philox(7))
ROWS = _RANDOM.standard_normal((64, 1000), dtype=np.float32)
POSITIVE = np.abs(ROWS) + np.float32(0.1)
IMAGES = _RANDOM.standard_normal((2, 16, 16, 32), dtype=np.float32)  # NHWC
KERNEL = _RANDOM.standard_normal((3, 3, 32, 64), dtype=np.float32) / np.float32(17)  # HWIO
MATRIX = _RANDOM.standard_normal((1000, 128), dtype=np.float32)
CHANNELS = POSITIVE[0, :32]


def numpy() -> Operators:
    mean, variance = ROWS.mean(-1, keepdims=True), ROWS.var(-1, keepdims=True)
    return {
        "exp": lambda: np.exp(ROWS),
        "log": lambda: np.log(POSITIVE),
        "log1p": lambda: np.log1p(POSITIVE),
        "tanh": lambda: np.tanh(ROWS),
        "sin": lambda: np.sin(ROWS),
        "cos": lambda: np.cos(ROWS),
        "atan2": lambda: np.arctan2(ROWS, POSITIVE),
        "pow": lambda: np.power(POSITIVE, np.float32(1.7)),
        "sqrt": lambda: np.sqrt(POSITIVE),
        "cbrt": lambda: np.cbrt(ROWS),
        "reciprocal": lambda: np.reciprocal(POSITIVE),
        "div": lambda: ROWS / POSITIVE,
        "layer_normalization": lambda: (ROWS - mean) / np.sqrt(variance + np.float32(1e-5)),
        "dense": lambda: ROWS @ MATRIX,
        "exp float64": lambda: np.exp(ROWS.astype(np.float64)),
        "tanh float64": lambda: np.tanh(ROWS.astype(np.float64)),
        "log float64": lambda: np.log(POSITIVE.astype(np.float64)),
        "asinh float64": lambda: np.arcsinh(ROWS.astype(np.float64)),
        "atanh": lambda: np.arctanh(np.tanh(ROWS)),
        "asin": lambda: np.arcsin(np.tanh(ROWS)),
        "acos": lambda: np.arccos(np.tanh(ROWS)),
        "atan": lambda: np.arctan(ROWS),
        "tan": lambda: np.tan(ROWS),
        "sinh": lambda: np.sinh(ROWS),
        "cosh": lambda: np.cosh(ROWS),
        "expm1": lambda: np.expm1(ROWS),
        "exp2": lambda: np.exp2(ROWS),
        "log2": lambda: np.log2(POSITIVE),
    }


def torch() -> Operators:
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    f = torch.nn.functional
    x, p, m = (torch.from_numpy(array) for array in (ROWS, POSITIVE, MATRIX))
    images = torch.from_numpy(IMAGES.transpose(0, 3, 1, 2).copy())
    kernel = torch.from_numpy(KERNEL.transpose(3, 2, 0, 1).copy())
    c = torch.from_numpy(CHANNELS.copy())
    found = {
        "softmax": lambda: x.softmax(-1),
        "log_softmax": lambda: x.log_softmax(-1),
        "sigmoid": x.sigmoid,
        "tanh": x.tanh,
        "relu": x.relu,
        "gelu": lambda: f.gelu(x),
        "gelu tanh": lambda: f.gelu(x, approximate="tanh"),
        "silu": lambda: f.silu(x),
        "softplus": lambda: f.softplus(x),
        "elu": lambda: f.elu(x),
        "erf": x.erf,
        "exp": x.exp,
        "log": p.log,
        "pow": lambda: p.pow(1.7),
        "sin": x.sin,
        "sqrt": p.sqrt,
        "rsqrt": p.rsqrt,
        "reciprocal": p.reciprocal,
        "div": lambda: x / p,
        "batch_normalization": lambda: f.batch_norm(images, c, c, c, c),
        "layer_normalization": lambda: f.layer_norm(x, (1000,)),
        "group_normalization": lambda: f.group_norm(images, 4),
        "l2_normalize": lambda: f.normalize(x),
        "conv2d": lambda: f.conv2d(images, kernel),
        "dense": lambda: x @ m,
        "max_pool": lambda: f.max_pool2d(images, 2),
        "average_pool": lambda: f.avg_pool2d(images, 2),
        "sum": lambda: x.sum(-1),
        "attention": lambda: f.scaled_dot_product_attention(*[x[None, None, :, :64]] * 3),
    }
    return {name: lambda one=one: one().detach().numpy() for name, one in found.items()}


def tensorflow() -> Operators:
    import tensorflow as tf  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(1)
    nn, math = tf.nn, tf.math

    def normalized() -> Any:
        layer = tf.keras.layers.BatchNormalization()
        layer.build((None, 16, 16, 32))
        layer.set_weights([CHANNELS, CHANNELS, CHANNELS, CHANNELS])
        return layer(IMAGES, training=False)

    def fused() -> Any:
        c = tf.constant(CHANNELS)
        return tf.compat.v1.nn.fused_batch_norm(IMAGES, c, c, c, c, is_training=False)[0]

    def layer_norm() -> Any:
        return tf.keras.layers.LayerNormalization()(ROWS)

    found = {
        "softmax": lambda: nn.softmax(ROWS),
        "log_softmax": lambda: nn.log_softmax(ROWS),
        "sigmoid": lambda: math.sigmoid(ROWS),
        "tanh": lambda: math.tanh(ROWS),
        "relu": lambda: nn.relu(ROWS),
        "gelu": lambda: nn.gelu(ROWS),
        "gelu tanh": lambda: nn.gelu(ROWS, approximate=True),
        "silu": lambda: nn.silu(ROWS),
        "softplus": lambda: math.softplus(ROWS),
        "softsign": lambda: math.softsign(ROWS),
        "elu": lambda: nn.elu(ROWS),
        "erf": lambda: math.erf(ROWS),
        "exp": lambda: math.exp(ROWS),
        "log": lambda: math.log(POSITIVE),
        "pow": lambda: math.pow(POSITIVE, 1.7),
        "sin": lambda: math.sin(ROWS),
        "sqrt": lambda: math.sqrt(POSITIVE),
        "rsqrt": lambda: math.rsqrt(POSITIVE),
        "reciprocal": lambda: math.reciprocal(POSITIVE),
        "div": lambda: tf.divide(ROWS, POSITIVE),
        "batch_normalization": normalized,
        "batch_normalization fused": fused,
        "layer_normalization": layer_norm,
        "l2_normalize": lambda: math.l2_normalize(ROWS, -1),
        "conv2d": lambda: nn.conv2d(IMAGES, KERNEL, 1, "VALID"),
        "dense": lambda: tf.matmul(ROWS, MATRIX),
        "max_pool": lambda: nn.max_pool2d(IMAGES, 2, 2, "VALID"),
        "average_pool": lambda: nn.avg_pool2d(IMAGES, 2, 2, "VALID"),
        "sum": lambda: math.reduce_sum(ROWS, -1),
        "local_response_normalization": lambda: nn.local_response_normalization(IMAGES),
    }
    return {name: lambda one=one: one().numpy() for name, one in found.items()}


_ONNX: dict[str, tuple[str, str, dict[str, Any]]] = {
    # name: operator, inputs, attributes
    "softmax": ("Softmax", "x", {"axis": -1}),
    "log_softmax": ("LogSoftmax", "x", {"axis": -1}),
    "sigmoid": ("Sigmoid", "x", {}),
    "tanh": ("Tanh", "x", {}),
    "relu": ("Relu", "x", {}),
    "gelu": ("Gelu", "x", {}),
    "gelu tanh": ("Gelu", "x", {"approximate": "tanh"}),
    "softplus": ("Softplus", "x", {}),
    "softsign": ("Softsign", "x", {}),
    "elu": ("Elu", "x", {}),
    "hard_swish": ("HardSwish", "x", {}),
    "mish": ("Mish", "x", {}),
    "erf": ("Erf", "x", {}),
    "exp": ("Exp", "x", {}),
    "log": ("Log", "p", {}),
    "sin": ("Sin", "x", {}),
    "sqrt": ("Sqrt", "p", {}),
    "reciprocal": ("Reciprocal", "p", {}),
    "div": ("Div", "x p", {}),
    "pow": ("Pow", "p p", {}),
    "batch_normalization": ("BatchNormalization", "i c c c c", {}),
    "instance_normalization": ("InstanceNormalization", "i c c", {}),
    "layer_normalization": ("LayerNormalization", "x s", {}),
    "l2_normalize": ("LpNormalization", "x", {}),
    "conv2d": ("Conv", "i k", {}),
    "dense": ("MatMul", "x m", {}),
    "max_pool": ("MaxPool", "i", {"kernel_shape": [2, 2]}),
    "average_pool": ("AveragePool", "i", {"kernel_shape": [2, 2]}),
    "sum": ("ReduceSum", "x", {}),
    "local_response_normalization": ("LRN", "i", {"size": 5}),
}
_INPUTS = {
    "x": ROWS,
    "p": POSITIVE,
    "m": MATRIX,
    "s": POSITIVE[0],
    "c": CHANNELS,
    "i": np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2)),
    "k": np.ascontiguousarray(KERNEL.transpose(3, 2, 0, 1)),
}


def _onnx_models() -> dict[str, tuple[bytes, dict[str, np.ndarray]]]:
    from onnx import TensorProto, helper  # noqa: PLC0415

    models = {}
    for name, (operator, given, attributes) in _ONNX.items():
        names = [f"{one}{place}" for place, one in enumerate(given.split())]
        node = helper.make_node(operator, names, ["y"], **attributes)
        inputs = [
            helper.make_tensor_value_info(one, TensorProto.FLOAT, _INPUTS[one[0]].shape)
            for one in names
        ]
        output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        graph = helper.make_graph([node], name, inputs, [output])
        opset = helper.make_opsetid("", 22)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
        models[name] = (model.SerializeToString(), {one: _INPUTS[one[0]] for one in names})
    return models


def onnxruntime() -> Operators:
    import onnxruntime as ort  # noqa: PLC0415

    def run(model: bytes, given: dict[str, np.ndarray]) -> Any:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        return ort.InferenceSession(model, options).run(None, given)[0]

    return {name: lambda one=one: run(*one) for name, one in _onnx_models().items()}


def openvino() -> Operators:
    import openvino as ov  # noqa: PLC0415

    core, kept = ov.Core(), []

    def run(model: bytes, given: dict[str, np.ndarray]) -> Any:
        settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = core.compile_model(core.read_model(model), "CPU", settings)
        kept.append(compiled)  # its code, too, until that was searched
        return np.array(compiled(given)[0])

    return {name: lambda one=one: run(*one) for name, one in _onnx_models().items()}


FRAMEWORKS = {
    "numpy": numpy,
    "torch": torch,
    "tensorflow": tensorflow,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
}

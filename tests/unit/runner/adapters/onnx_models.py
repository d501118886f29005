"""ONNX models as people have them, made for tests: one function for each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

KERNEL = np.array([[1, -1], [2, -2], [3, 0.5]], np.float32)
X = np.array([[1, 2, -0.5], [-1, -1, 4]], np.float32)
"""The input ``x`` of most of them."""

Make = Callable[[], Any]


def write(path: Path, make: Make) -> Path:
    path.write_bytes(make().SerializeToString())
    return path


def model(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    weights: Sequence[Any] = (),
    *,
    opset: int = 21,
    ir: int = 10,
    **opsets: int,
) -> Any:
    """A ``ModelProto``; ``opsets`` are those of further domains, with ``_`` for the dot."""
    from onnx import helper

    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(weights))
    imports = [helper.make_opsetid(name.replace("_", "."), n) for name, n in opsets.items()]
    imports.append(helper.make_opsetid("", opset))
    return helper.make_model(graph, opset_imports=imports, ir_version=ir)


def value(name: str, element: str, shape: Any = None) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, getattr(TensorProto, element), shape)


def x() -> Any:
    return value("x", "FLOAT", ["N", 3])


def weight(array: Any, name: str = "w") -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(array), name)


def product() -> Any:
    """The node x w = y."""
    from onnx import helper

    return helper.make_node("MatMul", ["x", "w"], ["y"])


def cast(element: str) -> Any:
    """y, and its cast to another type as the output z."""
    from onnx import TensorProto, helper

    node = helper.make_node("Cast", ["y"], ["z"], to=getattr(TensorProto, element))
    return model([product(), node], [x()], [value("z", element)], [weight(KERNEL)])


def quantized(element: str) -> Any:
    """x as whole numbers of few bits."""
    from onnx import TensorProto, helper

    zero = helper.make_tensor("zero", getattr(TensorProto, element), [], [0])
    node = helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["z"])
    scale = weight(np.float32(1), "scale")
    return model([node], [x()], [value("z", element)], [scale, zero])


def labels(outputs: Sequence[str] = ("label", "y")) -> Any:
    """Scores y, the text that goes with the largest, and its length as a number again."""
    from onnx import helper

    words = [f"c{index}" for index in range(2)]
    nodes = [
        product(),
        helper.make_node("ArgMax", ["y"], ["index"], axis=1, keepdims=0),
        helper.make_node(
            "LabelEncoder", ["index"], ["label"], domain="ai.onnx.ml",
            keys_int64s=[0, 1], values_strings=words,
        ),
        helper.make_node(
            "LabelEncoder", ["label"], ["back"], domain="ai.onnx.ml",
            keys_strings=words, values_int64s=[7, 8],
        ),
    ]  # fmt: skip
    kinds = {"label": "STRING", "y": "FLOAT", "back": "INT64"}
    given = [value(name, kinds[name]) for name in outputs]
    return model(nodes, [x()], given, [weight(KERNEL)], ai_onnx_ml=3)


def zipmap(more: Sequence[Any] = (), outputs: Sequence[Any] = ()) -> Any:
    """Scores as a sequence of maps, as converters of classifiers write them."""
    from onnx import TensorProto, helper

    names = {"classlabels_int64s": [3, 5]}
    node = helper.make_node("ZipMap", ["y"], ["scores"], domain="ai.onnx.ml", **names)
    inner = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    kind = helper.make_sequence_type_proto(helper.make_map_type_proto(TensorProto.INT64, inner))
    scores = helper.make_value_info("scores", kind)
    return model(
        [product(), node, *more], [x()], [scores, *outputs], [weight(KERNEL)], ai_onnx_ml=3
    )


def zipmap_and_bfloat16() -> Any:
    from onnx import TensorProto, helper

    node = helper.make_node("Cast", ["y"], ["z"], to=TensorProto.BFLOAT16)
    return zipmap([node], [value("z", "BFLOAT16")])


def split() -> Any:
    """The rows of y as a sequence."""
    from onnx import TensorProto, helper

    node = helper.make_node("SplitToSequence", ["y"], ["s"], axis=0)
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)
    return model([product(), node], [x()], [sequence], [weight(KERNEL)])


def joined() -> Any:
    """A sequence that is the input."""
    from onnx import TensorProto, helper

    sequence = helper.make_tensor_sequence_value_info("q", TensorProto.FLOAT, None)
    node = helper.make_node("ConcatFromSequence", ["q"], ["y"], axis=0)
    return model([node], [sequence], [value("y", "FLOAT")])


def optional() -> Any:
    """Whether there is an input."""
    from onnx import TensorProto, helper

    kind = helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, ["N"]))
    node = helper.make_node("OptionalHasElement", ["o"], ["has"])
    return model([node], [helper.make_value_info("o", kind)], [value("has", "BOOL")])


def texts() -> Any:
    """Texts that are the input, looked up."""
    from onnx import helper

    node = helper.make_node(
        "LabelEncoder", ["s"], ["i"], domain="ai.onnx.ml",
        keys_strings=["a", "bü"], values_floats=[1.5, 2.5],
    )  # fmt: skip
    return model([node], [value("s", "STRING", ["N"])], [value("i", "FLOAT")], ai_onnx_ml=3)


def mapped() -> Any:
    """A map that is the input."""
    from onnx import TensorProto, helper

    kind = helper.make_map_type_proto(
        TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    )
    node = helper.make_node(
        "DictVectorizer", ["m"], ["y"], domain="ai.onnx.ml", string_vocabulary=["a", "b"]
    )
    given = helper.make_value_info("m", kind)
    return model([node], [given], [value("y", "FLOAT")], ai_onnx_ml=3)


def bfloat16_input() -> Any:
    from onnx import TensorProto, helper

    node = helper.make_node("Cast", ["b"], ["y"], to=TensorProto.FLOAT)
    return model([node], [value("b", "BFLOAT16", ["N"])], [value("y", "FLOAT")])


def nothing() -> Any:
    """A model without inputs."""
    from onnx import helper

    node = helper.make_node("Neg", ["w"], ["y"])
    return model([node], [], [value("y", "FLOAT")], [weight(KERNEL)])


def half_inside() -> Any:
    """float32 outside, float16 inside."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16),
        helper.make_node("MatMul", ["half", "w"], ["p"]),
        helper.make_node("Cast", ["p"], ["y"], to=TensorProto.FLOAT),
    ]
    return model(nodes, [x()], [value("y", "FLOAT")], [weight(KERNEL.astype(np.float16))])


def half_in_a_branch() -> Any:
    """float32 outside, a float16 in a branch."""
    from onnx import TensorProto, helper

    def branch(name: str, *nodes: Any, weights: Any = ()) -> Any:
        return helper.make_graph(list(nodes), name, [], [value(name, "FLOAT")], list(weights))

    nodes = [
        helper.make_node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16),
        helper.make_node("MatMul", ["half", "w"], ["p"]),
        helper.make_node("Cast", ["p"], ["then"], to=TensorProto.FLOAT),
    ]
    then = branch("then", *nodes, weights=[weight(KERNEL.astype(np.float16))])
    other = branch("other", helper.make_node("Neg", ["x"], ["other"]))
    node = helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=other)
    return model([node], [x()], [value("y", "FLOAT")], [weight(np.bool_(True), "c")])


def hidden_sequence() -> Any:
    """A sequence whose type onnx cannot infer: it comes from an operator of ONNX Runtime's own."""
    from onnx import helper

    nodes = [
        product(),
        helper.make_node("Gelu", ["y"], ["g"], domain="com.microsoft"),
        helper.make_node("SequenceConstruct", ["g", "g"], ["q"]),
        helper.make_node("ConcatFromSequence", ["q"], ["z"], axis=0),
        helper.make_node("Relu", ["z"], ["r"]),
    ]
    return model(nodes, [x()], [value("r", "FLOAT")], [weight(KERNEL)], com_microsoft=1)


def of_operator(operator: str, domain: str, **versions: int) -> Any:
    from onnx import helper

    node = helper.make_node(operator, ["x"], ["y"], domain=domain)
    return model([node], [x()], [value("y", "FLOAT")], **versions)


def dropped() -> Any:
    """A node without a kernel for bfloat16, which is left out unless its tensor is wanted."""
    from onnx import TensorProto, helper

    nodes = [
        product(),
        helper.make_node("Cast", ["y"], ["b"], to=TensorProto.BFLOAT16),
        helper.make_node("Dropout", ["b"], ["d"]),
        helper.make_node("Cast", ["d"], ["z"], to=TensorProto.FLOAT),
    ]
    return model(nodes, [x()], [value("z", "FLOAT")], [weight(KERNEL)])


def optional_output(*, there: bool) -> Any:
    """An optional output, an empty sequence, and y."""
    from onnx import TensorProto, helper

    inner = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    given = {} if there else {"type": inner}
    nodes = [
        product(),
        helper.make_node("Optional", ["y"] if there else [], ["o"], **given),
        helper.make_node("SequenceEmpty", [], ["s"]),
    ]
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)
    outputs = [helper.make_value_info("o", helper.make_optional_type_proto(inner)), sequence]
    return model(nodes, [x()], [*outputs, value("y", "FLOAT")], [weight(KERNEL)])


def with_external(path: Path, *, length: bool = True) -> Path:
    """The product with the kernel in another file, and a constant of a node in a third one."""
    import onnx
    from onnx import helper

    def external(array: np.ndarray, name: str, location: str) -> Any:
        tensor = weight(array, name)
        file = path.parent / location
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\xff" * 8 + tensor.raw_data + b"\xff" * 8)
        entries = {"location": location, "offset": 8}
        if length:
            entries["length"] = len(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, entry in entries.items():
            tensor.external_data.add(key=key, value=str(entry))
        return tensor

    bias = external(np.array([10, 20], np.float32), "b", "more/b.bin")
    nodes = [
        product(),
        helper.make_node("Constant", [], ["b"], value=bias),
        helper.make_node("Add", ["y", "b"], ["z"]),
    ]
    made = model(nodes, [x()], [value("z", "FLOAT")], [external(KERNEL, "w", "w.bin")])
    path.write_bytes(made.SerializeToString())
    return path

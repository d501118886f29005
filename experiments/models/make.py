"""Makes the model files of the experiments: one small network, as the forms that are compared.

    python experiments/models/make.py [FOLDER]      needs torch, onnx and onnxruntime

The network's weights are random, but fixed. Writes ``net.pt2`` (torch's own program), ``net.onnx``
and ``net-opset13.onnx`` (two exports of it), ``net-int8.onnx`` (the first, quantised: weights and
activations are 8 bits wide, scaled for inputs that are normally distributed). ``matmul.pt2`` is one
matrix product as torch's program; it has no weights.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

SHAPE = (1, 3, 16, 16)
OPSETS = {"net.onnx": 17, "net-opset13.onnx": 13}
CALIBRATION = 16
"""Inputs from which the ranges of activations are taken."""


class Net(torch.nn.Module):
    """Two convolutions, a normalisation, GELU, pooling, a product: 4,390 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.second = torch.nn.Conv2d(8, 12, 3, padding=1)
        self.hidden = torch.nn.Linear(12 * 4 * 4, 16)
        self.norm = torch.nn.LayerNorm(16)
        self.last = torch.nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 3, 16, 16) → (1, 10)."""
        x = torch.nn.functional.max_pool2d(torch.relu(self.first(x)), 2)
        x = torch.nn.functional.max_pool2d(torch.relu(self.second(x)), 2)
        x = self.norm(torch.nn.functional.gelu(self.hidden(x.flatten(1))))
        return self.last(x)


class Product(torch.nn.Module):
    """One matrix product."""

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """(256, 256), (256, 256) → (256, 256)."""
        return a @ b


class Calibration(CalibrationDataReader):
    """Inputs as the experiments have them."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self._left = [random.standard_normal(SHAPE, np.float32) for _ in range(CALIBRATION)]

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next one; ``None`` after the last."""
        return {"input": self._left.pop()} if self._left else None


def main(folder: Path) -> None:
    """Write all files to ``folder``."""
    torch.manual_seed(1)
    net, given = Net().eval(), (torch.zeros(SHAPE),)
    torch.export.save(exported(net, given), folder / "net.pt2")
    square = torch.zeros(256, 256)
    product = exported(Product(), (square, square))
    # Else the squares are saved with it.
    product.example_inputs = None
    torch.export.save(product, folder / "matmul.pt2")
    for name, opset in OPSETS.items():
        with warnings.catch_warnings():
            # The exporter that needs no further package; torch says that it is the older one.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                net,
                given,
                folder / name,
                dynamo=False,
                opset_version=opset,
                input_names=["input"],
                output_names=["output"],
            )
        onnx.checker.check_model(folder / name)
    with tempfile.TemporaryDirectory() as temporary:
        prepared = Path(temporary) / "prepared.onnx"
        quant_pre_process(folder / "net.onnx", prepared)
        quantize_static(
            prepared,
            folder / "net-int8.onnx",
            Calibration(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


def exported(
    module: torch.nn.Module, given: tuple[torch.Tensor, ...]
) -> torch.export.ExportedProgram:
    """What ``module`` computes of tensors such as ``given`` as torch's own program."""
    program = torch.export.export(module, given)
    for node in program.graph.nodes:
        # Where this script stood, and its lines.
        node.meta.pop("stack_trace", None)
    return program


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)

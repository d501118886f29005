"""Trains the builtin models on scikit-learn's scanned digits: python digits.py [OUTPUT_DIR]

1,797 real scans of 8 x 8 pixels with values 0 to 16. Each pixel becomes 4 x 4, so that images are
32 x 32; values are divided by 16; the grey value is repeated for every channel. Every fifth image
is held out. One thread, fixed seeds and a fixed order give the same bytes again on the same
machine with the same version of torch. The accuracy on the held-out images is printed and is in
the file's metadata. Takes seconds per model; needs torch and scikit-learn.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits

from eqc_runner.adapters.torch_builtin import torch_modules
from eqc_runner.models.builtin_model import BuiltinModel, builtin_model
from eqc_runner.models.graph import INPUT

SEED = "seed:0"
HELD_OUT_EVERY = 5
BATCH = 32
PIXEL = 4
"""Side, in pixels, of the square that one scanned pixel becomes."""


class Recipe(NamedTuple):
    """A model to train, and how."""

    name: str
    arguments: dict[str, str]
    epochs: int
    learning_rate: float

    @property
    def file(self) -> str:
        """The name under which the runner looks for it."""
        suffix = "".join(f".{key}-{value}" for key, value in sorted(self.arguments.items()))
        return f"{self.name}{suffix}.safetensors"


RECIPES = (
    Recipe("cifar10-small", {}, 20, 1e-3),
    Recipe("cifar10-small", {"activation": "sigmoid", "pooling": "average"}, 60, 4e-3),
    Recipe("lenet5", {}, 12, 1e-3),
)


def main(directory: Path) -> None:
    """Train every recipe and write ``<model>[.<argument>-<value>].safetensors``."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    for recipe in RECIPES:
        workload = {"name": recipe.name, "weights": SEED, "arguments": recipe.arguments}
        model = builtin_model(workload, directory)
        weights, accuracy, held_out = train(model, recipe)
        metadata = {
            "model": recipe.name,
            "arguments": " ".join(f"{k}={v}" for k, v in sorted(recipe.arguments.items())),
            "data": "scikit-learn load_digits, pixels repeated 4x4, divided by 16",
            "held_out": f"every fifth image, {held_out} in all",
            "accuracy": f"{accuracy:.4f}",
            "trained_with": f"torch {torch.__version__}",
        }
        write_safetensors(directory / recipe.file, weights, metadata)
        print(f"{recipe.file}: accuracy {accuracy:.4f} on {held_out} held-out digits")


def train(model: BuiltinModel, recipe: Recipe) -> tuple[dict[str, np.ndarray], float, int]:
    """Adam on cross-entropy: the weights by name, the held-out accuracy, how many were held out."""
    network = Network(model)
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    images, labels = digits(model.graph.input_shape[-1])
    test = np.arange(len(labels)) % HELD_OUT_EVERY == 0
    train_images, train_labels = images[~test], labels[~test]
    for epoch in range(recipe.epochs):
        for rows in shuffled(len(train_labels), epoch).split(BATCH):
            logits = network(train_images[rows])
            loss: Any = torch.nn.functional.cross_entropy(logits, train_labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        guesses = network(images[test]).argmax(dim=1)
    accuracy = float((guesses == labels[test]).float().mean())
    return network.weights(), accuracy, int(test.sum())


class Network(torch.nn.Module):
    """A builtin graph without its softmax, which the loss contains."""

    def __init__(self, model: BuiltinModel) -> None:
        super().__init__()
        self._graph = model.graph
        self._steps = torch_modules(torch, model)
        self._parts = torch.nn.ModuleDict(
            {n: part for n, part in self._steps.items() if isinstance(part, torch.nn.Module)}
        )

    def forward(self, images: Any) -> Any:
        """Logits (batch, classes) of images (batch, height, width, channels)."""
        values = {INPUT: images.permute(0, 3, 1, 2)}
        for layer in self._graph.layers[:-1]:
            sources = [values[name] for name in layer.inputs]
            values[layer.name] = self._steps[layer.name](*sources)
        return values[self._graph.layers[-2].name]

    def weights(self) -> dict[str, np.ndarray]:
        """By the graph's names and in its layouts. Only convolutions and dense layers."""
        found = {}
        part: Any
        for name, part in self._parts.items():
            kernel = part.weight.detach().numpy()
            order = (2, 3, 1, 0) if kernel.ndim == 4 else (1, 0)
            found[f"{name}/kernel"] = np.ascontiguousarray(kernel.transpose(order))
            found[f"{name}/bias"] = part.bias.detach().numpy()
        return found


def digits(channels: int) -> tuple[Any, Any]:
    """All images as (1797, 32, 32, channels) in [0, 1], and their labels."""
    data = load_digits()
    large = data.images.repeat(PIXEL, axis=1).repeat(PIXEL, axis=2) / 16.0
    images = np.repeat(large[..., np.newaxis], channels, axis=-1).astype(np.float32)
    return torch.from_numpy(images), torch.from_numpy(data.target.astype(np.int64))


def write_safetensors(path: Path, tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write float32 tensors as a safetensors file that has the same bytes every time.

    The safetensors library is not used: it orders the metadata differently in every process.
    """
    header: dict[str, Any] = {"__metadata__": metadata}
    offset = 0
    for name, array in tensors.items():
        end = offset + array.nbytes
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(array.astype("<f4").tobytes() for array in tensors.values())
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def shuffled(count: int, epoch: int) -> Any:
    """The order of an epoch: positions sorted by the words of a fixed stream."""
    words = np.random.Philox(key=epoch).random_raw(count)
    return torch.from_numpy(np.argsort(words, kind="stable"))


if __name__ == "__main__":
    data = Path(__file__).parents[1] / "eqc_runner" / "models" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data)

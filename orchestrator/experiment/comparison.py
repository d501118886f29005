"""``compare`` and ``outputs``: what is wrong with them where the rest of the file is right."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.experiment.document import Document
from orchestrator.model.experiment import Variant
from orchestrator.yaml_files.mistakes import Mistakes


def check_comparison(document: Document, variants: Sequence[Variant], mistakes: Mistakes) -> None:
    """Note axes named twice, batches whose outputs have other shapes, and names without sense."""
    for index, axis in enumerate(document.compare):
        if axis in document.compare[:index]:
            mistakes.add(("compare", index), f"compare[{index}]: {axis} is there twice")
    batches = {variant.batch for variant in variants}
    if "batch" in document.compare and len(batches) > 1 and document.observe.row is None:
        mistakes.add(
            ("compare", document.compare.index("batch")),
            "outputs of different batch sizes have different shapes, so they are never equal: "
            "say which part must not change, with observe: {row: 0}",
        )
    for name, other in document.outputs.items():
        if name == other:
            mistakes.add(("outputs", name), f"outputs.{name}: is mapped to itself")
        elif other in document.outputs:
            text = f"outputs.{name}: {other} is mapped itself; map both to one name"
            mistakes.add(("outputs", name), text)

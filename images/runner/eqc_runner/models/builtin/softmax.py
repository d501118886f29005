"""Softmax alone."""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.graph import Graph


def softmax(arguments: Arguments) -> Graph:
    """1 x 1 x classes to classes. Argument: ``classes``."""
    model = GraphBuilder("softmax", (1, 1, arguments.count("classes", 1000)))
    model.flatten("flatten")
    model.elementwise("softmax", "softmax")
    return model.graph()

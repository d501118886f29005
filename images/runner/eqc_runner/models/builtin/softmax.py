"""Softmax and the logarithm of a sum of exponentials, alone."""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.graph import Graph

FORMS = ("library", "stable", "naive")
"""``stable`` subtracts the largest value first, ``naive`` does not; other frameworks than NumPy
have their library's alone."""


def softmax(arguments: Arguments) -> Graph:
    """1 x 1 x classes to classes. Arguments: ``classes``, ``form``."""
    model = GraphBuilder("softmax", (1, 1, arguments.count("classes", 1000)))
    model.flatten("flatten")
    model.elementwise("softmax", "softmax", form=arguments.choice("form", FORMS))
    return model.graph()


def logsumexp(arguments: Arguments) -> Graph:
    """1 x 1 x classes to one number. Arguments: ``classes``, ``form``."""
    model = GraphBuilder("logsumexp", (1, 1, arguments.count("classes", 1000)))
    model.flatten("flatten")
    model.reduction("logsumexp", "logsumexp", arguments.choice("form", FORMS))
    return model.graph()

"""One convolution, for the study's ablation over kernel, filters and input (its Figure 4)."""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.graph import Graph


def conv(arguments: Arguments) -> Graph:
    """Height x width x channels to height x width x filters (``padding: same``), no bias.

    Arguments: ``kernel``, ``filters``, ``size`` (or ``height`` and ``width``), ``channels``,
    ``padding``. As in the study, ``seed:N`` draws the weights from [0, 1). With ``same`` padding
    there are height * width * kernel² * channels * filters multiplications.
    """
    kernel = arguments.count("kernel", 3)
    filters = arguments.count("filters", 8)
    size = arguments.count("size", 32)
    height = arguments.count("height", size)
    width = arguments.count("width", size)
    channels = arguments.count("channels", 3)
    padding = arguments.choice("padding", ("same", "valid"))
    model = GraphBuilder("conv", (height, width, channels), "unit_uniform")
    model.conv2d("conv2d", filters, kernel, padding=padding, bias=False)
    return model.graph()

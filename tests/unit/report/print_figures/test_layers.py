from __future__ import annotations

from orchestrator.report.print_figures.layers import layer_figures
from orchestrator.results.partitions import LayerProfile, LayerRow
from tests.unit.report.print_figures.svg import places, texts


def row(index: int, name: str, operation: str | None, bits: int | None = 5) -> LayerRow:
    return LayerRow(index, name, operation, 3, 1 + index, bits, splits=index > 0, merges=False)


def profile(*rows: LayerRow) -> LayerProfile:
    return LayerProfile("w", "i", "v", rows, rows[1].name if len(rows) > 1 else None)


def test_layers_are_named_in_order_and_operations_marked() -> None:
    given = profile(
        row(0, "conv_$1$", "conv2d", 23), row(1, "act", "relu", None), row(2, "pool", "max_pool")
    )
    (figure,) = layer_figures([given])
    found = places(figure)
    assert found["conv_$1$"][0] < found["act"][0] < found["pool"][0]
    assert {"activation", "pooling", "classes", "remaining bits"} <= set(texts(figure))
    assert figure.title == "Figure 5, w · i · v: 3 layers, platforms part at act"
    assert figure.rows[1] == ("w", "i", "v", 1, "act", "relu", 3, 2, None, "yes", "no")


def test_a_profile_without_activations_has_no_legend_for_them() -> None:
    (figure,) = layer_figures([profile(row(0, "only", None))])
    assert figure.title.endswith("1 layer, platforms never part")
    assert not {"activation", "pooling"} & set(texts(figure))


def test_very_many_layers_are_not_named() -> None:
    (figure,) = layer_figures([profile(*(row(n, f"layer{n}", "dense") for n in range(200)))])
    assert "layer7" not in texts(figure)
    assert len(figure.rows) == 200


def test_nothing() -> None:
    assert list(layer_figures([])) == []
    assert list(layer_figures([profile()])) == []

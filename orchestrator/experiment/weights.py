"""``weights:`` as a mapping: what kernels are drawn from, and one layer taken out of a model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from orchestrator.yaml_files.fields import Strict

Seed = Annotated[int, Field(ge=0)]


class WeightsEntry(Strict):
    """A distribution of the kernels, a layer of the model, or both."""

    distribution: Literal["glorot", "he", "normal", "uniform"] | None = None
    """``glorot``: uniform within ±√(6 / (fan in + fan out)); ``he``: normal, variance 2 / fan in.
    Biases and statistics of normalisation stay as ``seed:N`` draws them."""
    mean: float | None = None
    std: Annotated[float, Field(gt=0)] | None = None
    low: float | None = None
    high: float | None = None
    seed: Seed | None = None
    layer: Annotated[str, Field(min_length=1)] | None = None
    """Only this layer is computed, with its weights in the model."""

    @model_validator(mode="after")
    def _fits(self) -> WeightsEntry:
        takes = {"normal": ("mean", "std"), "uniform": ("low", "high")}
        able = takes.get(self.distribution or "", ())
        for key in ("mean", "std", "low", "high"):
            if getattr(self, key) is not None and key not in able:
                owner = next(name for name, keys in takes.items() if key in keys)
                raise ValueError(f"{key} belongs to the distribution {owner}")
        if self.distribution is None and self.layer is None:
            raise ValueError("a distribution or a layer is written like {distribution: normal}")
        if self.distribution is None and self.seed is not None:
            raise ValueError("a seed alone is written like weights: seed:1")
        low, high = self.bounds
        if self.distribution == "uniform" and not low < high:
            raise ValueError(f"low {low:g} is not below high {high:g}")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """The bounds of a uniform distribution; [0, 1) where they are not given."""
        return self.low or 0.0, 1.0 if self.high is None else self.high

    @property
    def text(self) -> str | None:
        """As workloads and the runner have it: ``normal:mean=0.0,std=1.0,seed=0``; ``None``: no
        distribution."""
        if self.distribution is None:
            return None
        parts: dict[str, float | int] = {}
        if self.distribution == "normal":
            parts = {"mean": self.mean or 0.0, "std": 1.0 if self.std is None else self.std}
        elif self.distribution == "uniform":
            parts = dict(zip(("low", "high"), self.bounds, strict=True))
        parts["seed"] = self.seed or 0
        return f"{self.distribution}:" + ",".join(f"{key}={value}" for key, value in parts.items())

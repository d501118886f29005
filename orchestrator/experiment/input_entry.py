"""Schema 1 of the inputs of an experiment file as pydantic models: what a tensor is made from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import MinLen
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from orchestrator.experiment.fields import Count
from orchestrator.yaml_files.fields import Strict, Words, fraction, many
from orchestrator.yaml_files.text import WrittenInt

Number = Annotated[float, BeforeValidator(fraction, json_schema_input_type=float | str)]
Numbers = Annotated[
    list[Number], MinLen(1), BeforeValidator(many, json_schema_input_type=float | list[float | str])
]
Integer = Literal[
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"
]  # fmt: skip
Float = Literal["float16", "float32", "float64"]
Dtype = Literal[Float, Integer, "bool"]
Shape = Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=32)]
Sides = Annotated[list[Count], MinLen(1)]


def _pair(value: Any) -> Any:
    return [value, value] if isinstance(value, int) else value


def _all(value: Any, kinds: tuple[type, ...], what: str) -> Any:
    """``value``, a scalar of ``kinds`` or lists of them, nested evenly."""
    if not isinstance(value, list):
        if not isinstance(value, kinds):
            raise ValueError(what)
        return int(value) if isinstance(value, WrittenInt) else value
    made = [_all(each, kinds, what) for each in value]
    if not made:
        raise ValueError(f"{what}; a list of them is not empty")
    if len({_depth(each) for each in made}) > 1:
        raise ValueError(f"{what}; lists in a list are of one length")
    return made


def _depth(value: Any) -> tuple[int, ...]:
    return (len(value), *_depth(value[0])) if isinstance(value, list) else ()


def _numbers(value: Any) -> Any:
    return _all(value, (bool, int, float), "values are numbers or booleans, like [[1, 2], [3, 4]]")


def _texts(value: Any) -> Any:
    made = _all(value, (str,), "a text is put in quotes, like 'one' or ['one', 'two']")
    _check_texts(made)
    return made


def _check_texts(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _check_texts(each)
    elif "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("a text has no NUL and no half of a surrogate pair")


def _nested(kinds: list[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": [*kinds, "array"]})


Values = Annotated[Any, AfterValidator(_numbers), _nested(["number", "boolean"])]
"""Numbers or booleans: one, or lists of them."""
Texts = Annotated[Any, AfterValidator(_texts), _nested(["string"])]
"""Texts: one, or lists of them."""


class RandomTensor(Strict):
    """A tensor from the portable generator."""

    shape: Sides | None = None
    """Without it, the model's own."""
    distribution: Literal["uniform", "normal"] = "uniform"
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    dtype: Dtype | None = None
    """Without it float32, or the model's where the shape is the model's."""
    low: int | float | None = None
    high: int | float | None = None
    """Numbers are at least ``low`` and less than ``high``: of tensors whose dtype is the model's,
    those that are whole."""


class RandomInput(Strict):
    """What one of several random tensors has of its own."""

    shape: Sides | None = None
    distribution: Literal["uniform", "normal"] | None = None
    dtype: Dtype | None = None
    low: int | float | None = None
    high: int | float | None = None


class RandomTensors(RandomTensor):
    """A random tensor, or one for each input of a model."""

    inputs: Annotated[dict[str, RandomInput], MinLen(1)] | None = None
    """Tensors by name, and what is not as said for all."""
    sizes: Annotated[dict[str, Count], MinLen(1)] | None = None
    """Lengths that the model leaves open: of an axis by its name, or by ``input.number``."""


class Tokens(Strict):
    """Whole numbers that stand for a text."""

    text: Annotated[
        list[Annotated[str, AfterValidator(_texts)]],
        MinLen(1),
        BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1}]}),
    ]
    """One text, or one for each row."""
    by: Literal["bytes", "code points", "tokenizer"]
    """The numbers of its UTF-8 bytes, of its Unicode code points, or those of a tokenizer."""
    file: str | None = None
    """The ``tokenizer.json`` of ``by: tokenizer``."""
    add: int = 0
    """Added to each byte or code point."""
    before: list[int] = Field(default_factory=list)
    after: list[int] = Field(default_factory=list)
    """Tokens around those of each text."""
    length: Count | None = None
    """Of each row; shorter ones are filled with ``pad``."""
    pad: int = 0
    give: Literal["tokens", "mask"] = "tokens"
    """``mask``: 1 where there is a token, 0 where there is ``pad``."""
    dtype: Integer = "int64"


class Source(Strict):
    """What one tensor may be made from, and how pictures become one."""

    random: RandomTensor | None = None
    values: Values | None = None
    text: Texts | None = None
    tokens: Tokens | None = None
    dtype: Dtype | None = None
    """Of ``values``, or of pictures: ``uint8`` are the pixels as they are."""
    shape: Shape | None = None
    """Of ``values``: one number everywhere."""
    size: (
        Annotated[
            list[Count],
            Field(min_length=2, max_length=2),
            BeforeValidator(_pair, json_schema_input_type=int | list[int]),
        ]
        | None
    ) = None
    """Height and width, or one number for both."""
    channels: Literal[1, 3] | None = None
    scale: Number | None = None
    mean: Numbers | None = None
    std: Numbers | None = None
    layout: Literal["NHWC", "NCHW"] | None = None
    order: Literal["RGB", "BGR"] | None = None
    filter: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] | None = None


class TensorEntry(Source):
    """One of the named tensors of an input; it has exactly one of these keys, or of those above."""

    image: Annotated[str, MinLen(1)] | None = None
    file: Annotated[str, MinLen(1)] | None = None


class InputEntry(Source):
    """Inputs from pictures, tensor files, random numbers, values, texts or tokens, or several."""

    images: Words | None = None
    files: Words | None = None
    random: RandomTensors | None = None
    tensors: Annotated[dict[str, TensorEntry], MinLen(1)] | None = None
    """Tensors by name, each made in its own way."""
    cast: bool = False
    """Whether its tensors may be rounded to the model's dtype where that loses bits."""
    for_: Words | None = Field(default=None, alias="for")
    """Labels or models of the workloads this is for; all without it."""
    label: str | None = None

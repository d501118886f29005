"""A Keras model of one floating-point type, made anew in another one."""

from __future__ import annotations

from typing import Any

from eqc_runner.adapters.model_file import ModelFile
from eqc_runner.failures import Unsupported


def cast_model(tf: Any, model: Any, stored: str, precision: str, file: ModelFile) -> Any:
    """``model`` with ``precision`` wherever its configuration says ``stored``, weights rounded.

    Layers compute in it, and inputs are of it: that is another model, of the same structure.
    Raises ``Unsupported`` where Keras does not make it.
    """
    try:
        made = type(model).from_config(_replaced(model.get_config(), stored, precision))
    except (TypeError, ValueError) as error:
        text = f"{file.name} computes in {stored}, and cannot be cast to {precision}: "
        raise Unsupported("unsupported-precision", text + file.said(error)) from error
    wanted = tf.as_dtype(precision).as_numpy_dtype
    made.set_weights(
        [
            weight.astype(wanted) if weight.dtype.name == stored else weight
            for weight in model.get_weights()
        ]
    )
    return made


def _replaced(value: Any, stored: str, precision: str) -> Any:
    """A configuration's dtypes: of layers, of inputs and of operations that cast."""
    if isinstance(value, dict):
        return {key: _replaced(item, stored, precision) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(item, stored, precision) for item in value)
    return precision if isinstance(value, str) and value == stored else value

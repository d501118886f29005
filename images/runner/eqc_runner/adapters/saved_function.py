"""The functions of a SavedModel: its signatures, and those that it has without any."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, NamedTuple

from eqc_runner.adapters.binding import InputSpec
from eqc_runner.adapters.tensorflow_values import dimensions
from eqc_runner.failures import Failed


class SavedFunction(NamedTuple):
    """What is called, with the tensors that it takes and its other parameters' values."""

    loaded: Any
    """Kept, as the function does not keep the variables that it uses."""
    concrete: Any
    specs: list[InputSpec]
    positional: tuple[Any, ...]
    """An ``InputSpec`` or a constant for each parameter; empty where all go by keyword."""
    arguments: dict[str, Any]
    """Constants that are still to be bound, as tensors."""

    def call(self, tf: Any, constants: Mapping[str, Any], *, xla: bool) -> Any:
        """The results. ``constants``: a tensor for each of ``specs``."""
        names = list(constants)

        def compute(*values: Any) -> Any:
            given = dict(zip(names, values))
            if not self.positional:
                return self.concrete(**given)
            return self.concrete(
                *(given[p.name] if isinstance(p, InputSpec) else p for p in self.positional)
            )

        if xla:
            return tf.function(compute, jit_compile=True)(*constants.values())
        return compute(*constants.values())


def served(loaded: Any, concrete: Any, arguments: Mapping[str, Any]) -> SavedFunction:
    """A signature, whose parameters are all tensors and go by keyword."""
    _, named = concrete.structured_input_signature
    return SavedFunction(loaded, concrete, _specs(sorted(named.items())), (), dict(arguments))


def functions_of(loaded: Any) -> Iterator[tuple[str, Any]]:
    """The functions that a program would call on the loaded object, those that were traced."""
    for name in [*dir(loaded), "__call__"]:
        if name.startswith("_") and name != "__call__":
            continue
        found = getattr(loaded, name, None)
        if getattr(found, "concrete_functions", None):
            yield name, found


def selected(
    loaded: Any, name: str, functions: Mapping[str, Any], arguments: Mapping[str, Any]
) -> SavedFunction:
    """The trace of function ``name`` whose constants are those of ``arguments``."""
    function = functions[name]
    parameters = list(function.function_spec.fullargspec.args)
    traces = []
    for concrete in function.concrete_functions:
        values, keywords = concrete.structured_input_signature
        if keywords or len(values) != len(parameters) or not all(map(_plain, values)):
            continue
        constants = {n: v for n, v in zip(parameters, values) if not hasattr(v, "dtype")}
        traces.append((concrete, values, constants))
    fits = [
        trace
        for trace in traces
        if all(trace[2].get(key, value) == value for key, value in arguments.items())
    ]
    if len(fits) != 1:
        shown = "; ".join(str(constants) for _, _, constants in traces) or "no plain ones"
        which = "no trace" if not fits else "several traces"
        raise Failed(
            "input-missing",
            f"function {name} has {which} for these arguments; it was traced with {shown}: "
            "choose by 'arguments:'",
        )
    concrete, values, constants = fits[0]
    named = [(n, v) for n, v in zip(parameters, values) if hasattr(v, "dtype")]
    specs = {spec.name: spec for spec in _specs(named)}
    positional = tuple(specs.get(n, v) for n, v in zip(parameters, values))
    rest = {key: value for key, value in arguments.items() if key not in constants}
    return SavedFunction(loaded, concrete, list(specs.values()), positional, rest)


def _plain(value: Any) -> bool:
    return hasattr(value, "dtype") or value is None or isinstance(value, (bool, int, float, str))


def _specs(named: Any) -> list[InputSpec]:
    return [InputSpec(name, dimensions(spec.shape), spec.dtype.name) for name, spec in named]

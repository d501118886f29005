"""Exported programs (``.pt2``): called by the names of their parameters, every operator a layer."""

from __future__ import annotations

import importlib
from typing import Any, Callable, Iterator, Mapping, NamedTuple

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bind
from eqc_runner.adapters.protocol import LayerOutput, Settings
from eqc_runner.adapters.torch_builtin import Mark, torch_tensor
from eqc_runner.adapters.torch_interpreter import Observed, operation_of
from eqc_runner.adapters.torch_precision import (
    cast_program,
    default_dtype,
    fractions,
    graph_modules,
    wanted_cast,
)
from eqc_runner.adapters.torch_values import Named, dtype_of, finals, recorded
from eqc_runner.failures import Failed, Unsupported

Call = Callable[[Any], Any]


class Parameter(NamedTuple):
    """One leaf of the program's parameters, named by its path: ``x``, ``batch.mask``, ``xs.0``."""

    path: str
    placeholder: str
    """What torch calls it, e.g. ``batch_mask``, which is understood too."""
    spec: InputSpec | None
    """``None`` where it takes no tensor."""
    is_constant: bool
    """Whether the export has baked ``value`` into the program."""
    value: Any


class Program:
    """An exported program that was read. It is called flat: one value for each parameter."""

    note = ""

    def __init__(
        self,
        torch: Any,
        path: str,
        settings: Settings,
        arguments: Mapping[str, Any],
        device: str,
    ) -> None:
        self._torch = torch
        self._settings = settings
        self.converted: tuple[str, ...] = ()
        program = torch.export.load(path)
        if device != "cpu":
            # Its graphs name the device that it was exported on.
            program = importlib.import_module("torch.export.passes").move_to_device_pass(
                program, device
            )
        self.module = program.module()
        self.keeps_state = _may_change(torch, self.module)
        self._in, self._out = program.call_spec.in_spec, program.call_spec.out_spec
        tensors = [*_tensors(torch, program.graph_module), *self._state()]
        self.dtypes = fractions(tensors)
        self.cast = wanted_cast(settings.precision, self.dtypes, shown=True)
        """The dtype that all floats are cast to; ``None``: as stored."""
        if self.cast is not None:
            (stored,) = self.dtypes
            cast_program(torch, self.module, stored, self.cast)
        self._parameters = _parameters(torch, program, self.cast)
        self._constants = _constants(self._parameters, arguments)

    def _state(self) -> list[Any]:
        return [*self.module.parameters(), *self.module.buffers()]

    def values(self, inputs: Mapping[str, np.ndarray], place: Call) -> list[Any]:
        """One value for each parameter; tensors as ``place`` makes them of theirs."""
        paths = {p.placeholder: p.path for p in self._parameters}
        known = set(paths.values())
        named = {n if n in known else paths.get(n, n): array for n, array in inputs.items()}
        for parameter in self._parameters:
            if parameter.spec is None and parameter.path in named:
                has = f"the constant {parameter.value!r}" if parameter.is_constant else "a number"
                raise Failed(
                    "input-missing",
                    f"{parameter.path} is {has} in this program, which takes no tensor for it: "
                    "give numbers under 'arguments'",
                )
        specs = [p.spec for p in self._parameters if p.spec is not None]
        arrays, self.converted = bind(named, specs, self._settings)
        return [
            self._constants[p.path]
            if p.spec is None
            else place(torch_tensor(self._torch, arrays[p.path], p.spec.dtype))
            for p in self._parameters
        ]

    def run(self, values: list[Any]) -> Named:
        """The final outputs, computed as the program's users compute them."""
        args, kwargs = self._torch.utils._pytree.tree_unflatten(values, self._in)  # noqa: SLF001
        return finals(self._torch, self._guarded(lambda: self.module(*args, **kwargs)))

    def run_marked(self, values: list[Any], mark: Mark) -> Named:
        """The final outputs computed operator by operator; ``mark`` is called after each."""

        def after(node: Any, name: str, _result: Any) -> None:
            mark(name, operation_of(node))

        return finals(self._torch, self._interpreted(values, after))

    def run_layers(self, values: list[Any]) -> tuple[Named, list[LayerOutput]]:
        """The final outputs computed operator by operator, and what each operator gave."""
        layers: list[LayerOutput] = []

        def keep(node: Any, name: str, result: Any) -> None:
            # A later operator may write into the same memory.
            tensor = recorded(self._torch, result.clone())
            layers.append(LayerOutput(name, operation_of(node), tensor))

        result = self._interpreted(values, keep)
        return finals(self._torch, result), layers

    def check_cast(self, values: list[Any]) -> None:
        """Raises ``Unsupported`` where a cast program still computes a float of another type."""
        wanted = self.cast

        def check(_node: Any, name: str, result: Any) -> None:
            if result.dtype.is_floating_point and dtype_of(result) != wanted:
                raise Unsupported(
                    "unsupported-precision",
                    f"cast to {wanted}, the program still computes {name} in "
                    f"{dtype_of(result)}: leave 'precision' out, and it is computed as stored",
                )

        self._interpreted(values, check)

    def _interpreted(self, values: list[Any], seen: Callable[[Any, str, Any], None]) -> Any:
        graph = Observed(self._torch, self.module, seen)
        flat = self._guarded(lambda: graph.run(values))
        return self._torch.utils._pytree.tree_unflatten(list(flat), self._out)  # noqa: SLF001

    def _guarded(self, compute: Callable[[], Any]) -> Any:
        try:
            with default_dtype(self._torch, self.cast):
                return compute()
        except AssertionError as error:
            said = str(error).partition("\n")[0]
            text = f"the program was exported for other inputs: {said}"
            raise Failed("wrong-shape", text) from error


def _parameters(torch: Any, program: Any, cast: str | None) -> list[Parameter]:
    """The leaves of the program's parameters, in the order in which it takes them."""
    specs = [s for s in program.graph_signature.input_specs if s.kind.name == "USER_INPUT"]
    values = {n.name: n.meta.get("val") for n in program.graph.nodes if n.op == "placeholder"}
    paths = _paths(torch, program, [spec.arg.name for spec in specs])
    found = []
    for spec, path in zip(specs, paths):
        name = spec.arg.name
        if type(spec.arg).__name__ == "ConstantArgument":
            found.append(Parameter(path, name, None, is_constant=True, value=spec.arg.value))
            continue
        value = values.get(name)
        taken = None
        if isinstance(value, torch.Tensor):
            shape = tuple(length if isinstance(length, int) else None for length in value.shape)
            is_cast = cast is not None and value.dtype.is_floating_point
            taken = InputSpec(path, shape, str(cast) if is_cast else dtype_of(value))
        found.append(Parameter(path, name, taken, is_constant=False, value=None))
    return found


def _paths(torch: Any, program: Any, placeholders: list[str]) -> list[str]:
    """The path of each leaf; torch's own name where the program does not state its parameters."""
    spec = program.call_spec.in_spec
    numbers = list(range(len(placeholders)))
    args, kwargs = torch.utils._pytree.tree_unflatten(numbers, spec)  # noqa: SLF001
    signature = program.module_call_graph[0].signature
    names = getattr(signature, "forward_arg_names", None) or []
    if len(names) < len(args):
        return placeholders
    by_number = dict(_walk({**dict(zip(names, args)), **kwargs}, ""))
    return [by_number.get(number, placeholders[number]) for number in numbers]


def _walk(value: Any, path: str) -> Iterator[tuple[int, str]]:
    if isinstance(value, int):
        yield value, path
    elif isinstance(value, (Mapping, tuple, list)):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            yield from _walk(item, f"{path}.{key}" if path else str(key))


def _constants(parameters: list[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """What each parameter without a tensor gets: what was baked in, or a number from ``given``."""
    wanted = {p.path: p for p in parameters if p.spec is None}
    unknown = sorted(set(given) - set(wanted))
    missing = sorted(n for n, p in wanted.items() if not p.is_constant and n not in given)
    if unknown or missing:
        takes = ", ".join(n if not p.is_constant else f"{n}={p.value!r}" for n, p in wanted.items())
        raise Failed(
            "input-missing",
            f"the program's arguments that are no tensors are {takes or 'none'}; "
            f"given were {', '.join(sorted(given)) or 'none'}",
        )
    for name, value in given.items():
        parameter = wanted[name]
        if parameter.is_constant and not _is_same(parameter.value, value):
            raise Failed(
                "input-missing",
                f"the program was exported with {name}={parameter.value!r}, which is baked in: it "
                f"cannot be run with {value!r}; export it again",
            )
    return {name: p.value if p.is_constant else given[name] for name, p in wanted.items()}


def _is_same(baked: Any, given: Any) -> bool:
    numbers = [isinstance(v, (int, float)) and not isinstance(v, bool) for v in (baked, given)]
    if all(numbers):
        return float(baked).hex() == float(given).hex()
    return type(baked) is type(given) and bool(baked == given)


def _may_change(torch: Any, module: Any) -> bool:
    """Whether a run may leave the program's buffers changed: some operator writes in place."""
    for graph_module in graph_modules(torch, module):
        for node in graph_module.graph.nodes:
            schema = getattr(node.target, "_schema", None)
            if node.op == "call_function" and schema is not None and schema.is_mutable:
                return True
    return False


def _tensors(torch: Any, module: Any) -> Iterator[Any]:
    """The tensors that the program's graphs compute, as its file describes them."""
    for graph_module in graph_modules(torch, module):
        for node in graph_module.graph.nodes:
            value = node.meta.get("val")
            values = value if isinstance(value, (tuple, list)) else [value]
            yield from (each for each in values if isinstance(each, torch.Tensor))

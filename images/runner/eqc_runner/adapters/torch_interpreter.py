"""Runs the graph of an exported program operator by operator, and shows what each one gave."""

from __future__ import annotations

import operator
from typing import Any, Callable

SHOWN = ("cond", "while_loop", "wrap_with_autocast", "wrap_with_set_grad_enabled")
"""Operators that run a graph of their own as it stands: its operators are shown, too."""

Seen = Callable[[Any, str, Any], None]
"""Called with each node that gave a tensor, with its name and with the tensor."""


class Observed:
    """The graph of ``module`` and those in it. A node is called as torch calls it (``linear_1``),
    one of an inner graph after that (``true_graph_0.sin``), and ``…#2`` where it runs again."""

    def __init__(self, torch: Any, module: Any, seen: Seen) -> None:
        self._torch = torch
        self._module = module
        self._seen = seen
        self._times: dict[str, int] = {}

    def run(self, values: list[Any]) -> Any:
        """The flat outputs for flat inputs."""
        return self._run(self._module, "", values)

    def _run(self, module: Any, path: str, values: Any) -> Any:
        interpreter = self._torch.fx.Interpreter(module)
        run_node = interpreter.run_node

        def observed(node: Any) -> Any:
            if node.op == "call_function" and getattr(node.target, "__name__", "") in SHOWN:
                args, kwargs = interpreter.fetch_args_kwargs_from_env(node)
                inner = [self._inner(value, path, node.args[n]) for n, value in enumerate(args)]
                return node.target(*inner, **kwargs)
            result = run_node(node)
            if node.op == "call_function" and isinstance(result, self._torch.Tensor):
                self._seen(node, self._called(path + node.name), result)
            return result

        interpreter.run_node = observed
        return interpreter.run(*values, enable_io_processing=False)

    def _inner(self, value: Any, path: str, node: Any) -> Any:
        if not isinstance(value, self._torch.fx.GraphModule):
            return value
        return lambda *values: self._run(value, f"{path}{node.target}.", values)

    def _called(self, name: str) -> str:
        times = self._times[name] = self._times.get(name, 0) + 1
        return name if times == 1 else f"{name}#{times}"


def operation_of(node: Any) -> str:
    """``linear`` for "aten.linear.default": namespace, operator, overload. One of several outputs
    of an operator has the name of that."""
    if node.target is operator.getitem and node.args[0].op == "call_function":
        return operation_of(node.args[0])
    target = str(node.target)
    named = target.split(".")[1] if target.count(".") == 2 else ""
    return named or getattr(node.target, "__name__", "") or str(node.name)

"""Records, fingerprints and events are typed: nothing but the store knows the keys of their JSON.

mypy, which is strict here, refuses ``record["status"]`` on a named tuple and misspelt fields. What
it cannot see is a record that goes about as ``dict[str, Any]``; that is what is looked for here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import ROOT

PACKAGE = ROOT / "orchestrator"
UNTYPED = ("dict[str, Any]", "Mapping[str, Any]", "dict[str, object]", "Mapping[str, object]")
TYPED = sorted(
    path
    for part in ("analysis", "fleet", "model", "results", "run", "store", "api.py")
    for path in ([PACKAGE / part] if part.endswith(".py") else (PACKAGE / part).rglob("*.py"))
)
EDGE = {
    "store/baseline.py": "a JSON report",
    "store/confirmations.py": "lines that are being read",
    "store/documents.py": "run.json and plan.json",
    "store/innfrastructure/files.py": "a file of the study",
    "store/innfrastructure/fingerprint.py": "a file of the study",
    "store/innfrastructure/names.py": "a file of the study",
    "store/innfrastructure/prediction.py": "a file of the study",
    "store/parse.py": "JSON that is being read",
    "store/schema.py": "a JSON Schema",
}
"""Where objects of any keys are taken or given, and what they are."""
READ = frozenset(("record", "observation", "observed", "fingerprint", "cpu", "gpu", "event"))


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def untyped(path: Path) -> list[str]:
    """Functions with an object of any keys among their parameters and results."""
    found = []
    for function in functions(path):
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        written = [each.annotation for each in every] + [function.returns]
        said = " ".join(ast.unparse(each) for each in written if each is not None)
        if any(word in said for word in UNTYPED):
            found.append(f"{name(path)}:{function.lineno} {function.name}")
    return found


@pytest.mark.parametrize("path", [p for p in TYPED if name(p) not in EDGE], ids=name)
def test_no_signature_has_an_object_of_any_keys(path: Path) -> None:
    assert untyped(path) == []


@pytest.mark.parametrize("path", sorted(EDGE))
def test_the_edge_is_no_wider_than_it_must_be(path: str) -> None:
    assert untyped(PACKAGE / path), f"{path} has none any more: take it off the list"


def by_key(path: Path) -> list[str]:
    """``record["key"]`` and ``record.get("key")``, where the variable has a name of ``READ``."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Subscript):
            read, key = node.value, node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            read, key = node.func.value, node.args[0]
            if node.func.attr != "get":
                continue
        else:
            continue
        called = read.id if isinstance(read, ast.Name) else getattr(read, "attr", "")
        if called in READ and isinstance(key, ast.Constant) and isinstance(key.value, str):
            found.append(f"{name(path)}:{node.lineno} {ast.unparse(node)}")
    return found


OTHERS = ("store/", "catalog/", "providers/", "fakes/")
"""The store, and who reads the JSON of lists and clouds."""
OUTSIDE = sorted(path for path in PACKAGE.rglob("*.py") if not name(path).startswith(OTHERS))


def test_only_the_store_reads_by_key() -> None:
    assert len(OUTSIDE) > 100
    assert [place for path in OUTSIDE for place in by_key(path)] == []


def test_keys_are_found_where_they_are_read() -> None:
    found = by_key(PACKAGE / "store" / "columns.py")
    assert any("record['session']" in place for place in found)
    assert any("record.get('attempt'" in place for place in found)

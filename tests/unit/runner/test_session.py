"""One session with an adapter that computes with NumPy: what it records, and what it lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqc_runner.adapters.protocol import LayerOutput, ModelFacts, Settings
from eqc_runner.chain import chain
from eqc_runner.digest import digest
from eqc_runner.failures import Failed
from eqc_runner.session import Folders, observe
from eqc_runner.tensor import Tensor, Unrecorded

STRINGS = Unrecorded("strings are not recorded")
Finals = list[tuple[str, Tensor | Unrecorded]]


def no_layers(_: np.ndarray) -> list[LayerOutput]:
    return []


@dataclass
class Model:
    """Gives what ``finals`` and ``layers`` make of its input."""

    finals: Callable[[np.ndarray], Finals]
    layers: Callable[[np.ndarray], list[LayerOutput]] = no_layers
    again: Callable[[np.ndarray], Finals] | None = None
    """The final outputs of the instrumented run, if they are others."""
    facts = ModelFacts(None, None, None)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Finals:
        return self.finals(inputs["x"])

    def run_layers(self, inputs: Mapping[str, np.ndarray]) -> tuple[Finals, list[LayerOutput]]:
        return (self.again or self.finals)(inputs["x"]), self.layers(inputs["x"])


@dataclass
class Numbers:
    model: Model
    name = "numbers"

    def start(self) -> None:
        pass

    def load(self, workload: Mapping[str, Any], job_dir: Path, settings: Settings) -> Model:
        return self.model

    def describe(self) -> dict[str, Any]:
        return {"version": "1", "isa": {}, "threads": {}, "libraries": {}}


@dataclass
class Session:
    folder: Path

    def of(self, model: Model, **cell: Any) -> dict[str, Any]:
        inputs = self.folder / "inputs"
        inputs.mkdir(exist_ok=True)
        np.save(inputs / "x.npy", np.array([[1.5, -0.0], [3.25, 2.0]], dtype=np.float32))
        given = {"cell": "c" * 16, "framework": "numbers", "workload": {}}
        given["input"] = {"tensors": {"x": "inputs/x.npy"}}
        return observe(Numbers(model), {**given, **cell}, 0, "fork", Folders(self.folder, self.out))

    @property
    def out(self) -> Path:
        return self.folder


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def scores(x: np.ndarray) -> Tensor:
    return Tensor.of(x * 2)


def test_an_output_that_cannot_be_recorded_takes_nothing_from_the_others(session: Session) -> None:
    record = session.of(Model(lambda x: [("label", STRINGS), ("scores", scores(x))]))
    (output,) = record["outputs"]
    assert (output["name"], output["index"], output["role"]) == ("output:scores", 1, "final")
    assert record["unrecorded"] == [
        {
            "name": "output:label",
            "role": "final",
            "index": 0,
            "operation": None,
            "reason": "strings are not recorded",
        }
    ]
    assert record["status"] == "ok"


def test_a_layer_that_cannot_be_recorded_keeps_its_index(session: Session) -> None:
    def layers(x: np.ndarray) -> list[LayerOutput]:
        return [
            LayerOutput("words", "split", STRINGS),
            LayerOutput("double", "multiply", scores(x)),
            LayerOutput("state", None, Unrecorded("a\nhandle  of\tthe framework" + "." * 2000)),
        ]

    record = session.of(Model(lambda x: [("y", scores(x))], layers), layers=True)
    assert [(one["name"], one["index"]) for one in record["outputs"]] == [
        ("output", 0),
        ("double", 1),
    ]
    first, second = record["unrecorded"]
    assert (first["name"], first["role"], first["index"], first["operation"]) == (
        "words",
        "layer",
        0,
        "split",
    )
    assert second["index"] == 2
    assert second["reason"].startswith("a handle of the framework.")
    assert len(second["reason"]) == 1000
    assert record["perturbed"] is False


@dataclass
class Cuttable(Model):
    """As ``Model``; its layers can be observed one by one, too."""

    def run_cut(self, inputs: Mapping[str, np.ndarray]) -> list[LayerOutput]:
        return [LayerOutput("double", "multiply", Tensor.of(inputs["x"] * 2))]


def test_where_taps_disturb_layers_are_cut_out(session: Session) -> None:
    def tapped(x: np.ndarray) -> list[LayerOutput]:
        return [LayerOutput("double", "multiply", Tensor.of(x * 3))]

    def finals(x: np.ndarray) -> Finals:
        return [("y", scores(x))]

    record = session.of(Cuttable(finals, tapped, lambda x: [("y", Tensor.of(x))]), layers=True)
    assert (record["perturbed"], record["layers_by"]) == (True, "cuts")
    final, layer = record["outputs"]
    assert (layer["name"], layer["digest"]) == ("double", final["digest"])
    calm = session.of(Cuttable(finals, tapped), layers=True)
    assert (calm["perturbed"], calm["layers_by"]) == (False, "taps")
    assert session.of(Cuttable(finals, tapped))["layers_by"] is None


def test_without_any_output_the_session_fails_and_says_why(session: Session) -> None:
    with pytest.raises(Failed, match=r"output:a: strings .*; output:b: None") as caught:
        session.of(Model(lambda _: [("a", STRINGS), ("b", Unrecorded("None"))]))
    assert caught.value.code == "no-output"
    with pytest.raises(Failed, match="the model has none") as caught:
        session.of(Model(lambda _: []))
    assert caught.value.code == "no-output"


@pytest.mark.parametrize(
    ("again", "perturbed"),
    [
        ([STRINGS, 2.0], False),
        ([Unrecorded("other words"), 2.0], False),
        ([STRINGS, 3.0], True),
        # The same digest at another place is another output.
        ([2.0, STRINGS], True),
        ([STRINGS, STRINGS], True),
        ([2.0, 2.0], True),
    ],
)
def test_perturbed_compares_what_was_recorded_place_by_place(
    session: Session, again: list[Any], perturbed: bool
) -> None:
    def run(factors: list[Any]) -> Callable[[np.ndarray], Finals]:
        return lambda x: [
            (str(place), one if isinstance(one, Unrecorded) else Tensor.of(x * np.float32(one)))
            for place, one in enumerate(factors)
        ]

    model = Model(run([STRINGS, 2.0]), again=run(again))
    if not any(isinstance(one, float) for one in again):
        # Nothing is recorded of the instrumented run, and it fails nothing.
        assert session.of(model, layers=True)["perturbed"] is True
        return
    assert session.of(model, layers=True)["perturbed"] is perturbed


def test_an_output_without_the_row_takes_nothing_from_the_others(session: Session) -> None:
    def finals(x: np.ndarray) -> Finals:
        return [("loss", Tensor.of(x.sum())), ("scores", scores(x))]

    record = session.of(Model(finals), row="1")
    (output,) = record["outputs"]
    assert (output["name"], output["shape"]) == ("output:scores", [1, 2])
    (lacking,) = record["unrecorded"]
    assert "has no row 1" in lacking["reason"]
    with pytest.raises(Failed, match="has no row 1") as caught:
        session.of(Model(lambda x: [("loss", Tensor.of(x.sum()))]), row="1")
    assert caught.value.code == "wrong-shape"


@pytest.mark.parametrize(
    ("dtype", "array", "links"),
    [
        ("complex64", np.array([1 - 2j], dtype=np.complex64), 24),
        ("float8_e4m3fn", np.array([0x7F, 0x80], dtype=np.uint8), 4),
        ("float8_e8m0fnu", np.array([0xFF], dtype=np.uint8), 1),
        ("int4", np.array([-8], dtype=np.int8), None),
    ],
)
def test_each_dtype_is_recorded_with_its_chain_and_kept(
    session: Session, dtype: str, array: np.ndarray, links: int | None
) -> None:
    tensor = Tensor(dtype, array)
    (output,) = session.of(Model(lambda _: [("y", tensor)]), keep="final")["outputs"]
    assert (output["dtype"], output["digest"]) == (dtype, digest(tensor))
    assert output["chain"] == chain(tensor)
    assert (output["chain"] and len(output["chain"])) == links
    assert digest(Tensor.read(session.out / "tensors" / output["digest"])) == output["digest"]


def test_payloads_of_nans_are_recorded_whatever_the_layout(session: Session) -> None:
    words = np.array([[0x7F800001, 0xFFC12345], [0x7FC00000, 0x80000000]], dtype=np.uint32)
    plain = words.view(np.float32)
    for array in (plain, plain.astype(">f4"), np.asfortranarray(plain), plain[:, ::-1][:, ::-1]):
        (output,) = session.of(Model(lambda _, a=array: [("y", Tensor.of(a))]), keep="final")[
            "outputs"
        ]
        content = (session.out / "tensors" / output["digest"]).read_bytes()
        assert content.partition(b"\n")[2] == words.astype("<u4").tobytes()

"""Users' torch models: exported programs and TorchScript are read, pickles are not."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_loading import Load, started
from jobs import Bench

from eqc_runner.failures import Failed, Unsupported

pytestmark = pytest.mark.frameworks


def model() -> Any:
    started("torch")
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).eval()


def export(path: Path) -> Any:
    """Write a program with a free batch size; returns the module it was exported from."""
    import torch

    module = model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = torch.export.Dim("batch", min=1, max=64)
        program = torch.export.export(
            module, (torch.ones(2, 3),), dynamic_shapes={"input": {0: batch}}
        )
        torch.export.save(program, str(path))
    return module


def script(path: Path) -> Any:
    import torch

    module = model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module), str(path))
    return module


@pytest.fixture(autouse=True)
def _torch_scripts_are_deprecated() -> Any:
    """Ignore torch's deprecation warnings about TorchScript, which users still have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("make", [export, script])
def test_round_trip(load: Load, tmp_path: Path, make: Any) -> None:
    import torch

    module = make(tmp_path / "user.pt")
    loaded = load("torch", source="torch", path="user.pt", batch=5)
    values = np.array([[1, -2, 0.25]], np.float32)
    with torch.inference_mode():
        wanted = module(torch.from_numpy(values.repeat(5, axis=0))).numpy()
    ((name, plain),) = loaded.run({"input": values})
    ((_, instrumented),), layers = loaded.run_layers({"input": values})
    assert name == "output"
    assert np.array_equal(plain.array, wanted)
    assert np.array_equal(instrumented.array, wanted)
    assert loaded.facts.parameters == 26
    if make is script:
        assert layers == []
        assert "does not show" in started("torch").describe()["libraries"]["notes"]
    else:
        assert [x.operation for x in layers if x.operation in ("linear", "relu")] == [
            "linear", "relu", "linear"
        ]  # fmt: skip
        assert np.array_equal(layers[-1].tensor.array, wanted)


def test_channels_last_is_how_weights_and_inputs_lie(load: Load, tmp_path: Path) -> None:
    import torch

    class Strides(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Conv2d(3, 2, 2)
            self.outer = torch.nn.Linear(2, 2)

        def forward(self, x: torch.Tensor) -> tuple[int, int, torch.Tensor]:
            return self.inner.weight.stride(1), x.stride(1), self.inner(x)

    torch.jit.save(torch.jit.script(Strides().eval()), str(tmp_path / "user.pt"))
    x = {"x": np.ones((1, 3, 4, 4), np.float32)}
    shape = (1, 2, 3, 3)
    for flags, strides in (({}, (4, 16)), ({"channels_last": True}, (1, 1))):
        model = load("torch", source="torch", path="user.pt", flags=flags)
        for _ in range(2):  # what is read again lies so, too
            (_, weight), (_, given), (_, result) = model.run(x)
            assert (weight.array.item(), given.array.item()) == strides
            assert result.shape == shape


def test_sessions_of_a_random_model_with_a_state_are_equal(bench: Bench) -> None:
    """Forked or cold, with layers or without; a forked session begins as its parent is."""
    import torch
    from torch_zoo import Exported
    from torch_zoo import export as exported

    def forward(self: Any, x: Any) -> Any:
        self.count.add_(1)
        return x * self.count + torch.rand_like(x), (None, x.sum())

    state = {"count": torch.zeros(1)}
    bench.job.mkdir()
    name = exported(bench.job, Exported(forward, (torch.ones(1, 3),), state=state))
    workload = {"source": "torch", "name": name, "path": name, "sha256": None}
    for mode in ("fork", "cold"):
        bench.cell(
            "", framework="torch", workload=workload, mode=mode, sessions=[0, 1], layers=True
        )
    records = bench.run(limits={"memory_bytes": None, "session_seconds": 300}).values()
    assert len(records) == 4
    for record in records:
        assert record["perturbed"] is False
        assert [(each["name"], each["reason"]) for each in record["unrecorded"]] == [
            ("output:1.0", "the model returned None here")
        ]
        assert record["framework"]["libraries"]["seed"] == 0
    assert len({tuple(o["digest"] for o in record["outputs"]) for record in records}) == 1


def test_a_script_is_computed_only_as_stored(load: Load, tmp_path: Path) -> None:
    script(tmp_path / "user.pt")
    with pytest.raises(Unsupported, match="only in float32, not in float64: TorchScript does not"):
        load("torch", source="torch", path="user.pt", precision="float64")


class Trap:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("trapped"),))


def test_pickles_are_refused(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap()))
    torch.save({"weights": Trap()}, str(tmp_path / "saved.pt"))
    torch.save(model(), str(tmp_path / "module.pt"))
    for name in ("plain.pt", "saved.pt", "module.pt"):
        with pytest.raises(Failed, match=r"refused.*torch\.export\.save"):
            load("torch", source="torch", path=name)
    with pytest.raises(Failed, match=r"no torch file none\.pt"):
        load("torch", source="torch", path="none.pt")
    assert not (tmp_path / "trapped").exists()


def rewrite(path: Path, change: Any) -> None:
    """Pass every member of an archive through ``change(name, content)``."""
    other = path.with_suffix(".other")
    with zipfile.ZipFile(str(path)) as old, zipfile.ZipFile(str(other), "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    shutil.move(str(other), str(path))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("torch.ops.aten.linear.default", "torch.hub.load", "torch.hub.load"),
        ('"expr_str": "', '"expr_str": "eval(chr(49))+', "eval"),
    ],
)
def test_programs_with_code_are_refused(
    load: Load, tmp_path: Path, old: str, new: str, named: str
) -> None:
    export(tmp_path / "user.pt2")
    changed: list[str] = []

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith("model.json"):
            return content
        text = json.dumps(json.loads(content))
        changed.extend([name] if old in text else [])
        return text.replace(old, new).encode()

    rewrite(tmp_path / "user.pt2", change)
    assert changed
    with pytest.raises(Failed, match=named):
        load("torch", source="torch", path="user.pt2")


def test_pickled_samples_are_not_read(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch's reader would unpickle them if it could not read them otherwise."""
    import torch

    monkeypatch.chdir(tmp_path)
    export(tmp_path / "user.pt2")
    buffer = io.BytesIO()
    torch.save(Trap(), buffer)
    changed: list[str] = []

    def change(name: str, content: bytes) -> bytes:
        if "sample_inputs" not in name:
            return content
        changed.append(name)
        return buffer.getvalue()

    rewrite(tmp_path / "user.pt2", change)
    assert changed
    with pytest.raises(Exception):  # noqa: B017,PT011 - whatever torch makes of the refusal
        load("torch", source="torch", path="user.pt2")
    assert not (tmp_path / "trapped").exists()

"""Flags of ONNX Runtime: options, config entries, providers; and why it refuses a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import onnx_models
import pytest
from adapter_loading import Load, started
from onnx_models import X

from eqc_runner.failures import Failed, SessionError, Unsupported

pytestmark = pytest.mark.frameworks

half = partial(onnx_models.cast, "FLOAT16")


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The ``SessionOptions`` of every session that is made."""
    import onnxruntime

    seen: list[Any] = []
    make = onnxruntime.InferenceSession

    def making(model: Any, given: Any, **more: Any) -> Any:
        seen.append(given)
        return make(model, given, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", making)
    return seen


def loaded(load: Load, folder: Path, make: Callable[[], Any] = half, **settings: Any) -> Any:
    onnx_models.write(folder / "m.onnx", make)
    given = {"precision": "stored", **settings}
    return load("onnxruntime", "folder/user.onnx", source="onnx", path="m.onnx", **given)


def test_flags_reach_every_session(load: Load, tmp_path: Path, options: list[Any]) -> None:
    flags = {
        "optimization": "basic",
        "execution_mode": "parallel",
        "execution_order": "priority",
        "enable_mem_pattern": False,
        "inter_op_num_threads": 2,
        "session.x64quantprecision": "1",
        "optimization.enable_gelu_approximation": "1",
    }
    loaded(load, tmp_path, flags=flags).run_layers({"x": X})
    assert len(options) == 2
    for each in options:
        said = (each.graph_optimization_level.name, each.execution_mode.name)
        assert said == ("ORT_ENABLE_BASIC", "ORT_PARALLEL")
        assert each.execution_order.name == "PRIORITY_BASED"
        assert (each.enable_mem_pattern, each.inter_op_num_threads) == (False, 2)
        for key in ("session.x64quantprecision", "optimization.enable_gelu_approximation"):
            assert each.get_session_config_entry(key) == "1"


def test_flags_apply_to_builtin_models(load: Load, options: list[Any]) -> None:
    load("onnxruntime", "conv", flags={"session.set_denormal_as_zero": "1"})
    assert options[0].get_session_config_entry("session.set_denormal_as_zero") == "1"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"session.x64quantprecison": "1"}, "did you mean 'session.x64quantprecision'"),
        ({"enable_mem_patern": True}, "no flag 'enable_mem_patern'"),
        ({"execution_mode": "both"}, "execution_mode is 'both'"),
        ({"session.x64quantprecision": 1}, "is 1"),
        ({"intra_op_num_threads": 2}, "no flag"),
    ],
)
def test_a_flag_that_is_none(load: Load, tmp_path: Path, flags: dict[str, Any], said: str) -> None:
    with pytest.raises(Failed, match=said):
        loaded(load, tmp_path, flags=flags)


def test_a_key_that_resembles_none_is_left_to_the_library(load: Load, tmp_path: Path) -> None:
    loaded(load, tmp_path, flags={"ep.some_vendors.own_option": "x"})


def test_providers_are_recorded_and_never_replaced(load: Load, tmp_path: Path) -> None:
    there = started("onnxruntime")._ort.get_available_providers()
    two = "AzureExecutionProvider, CPUExecutionProvider"
    assert set(two.split(", ")) <= set(there)
    loaded(load, tmp_path, flags={"provider": two}).run({"x": X})
    assert started("onnxruntime").describe()["libraries"]["providers"] == two.split(", ")
    with pytest.raises(Unsupported, match="nothing is computed on the CPU unnoticed") as caught:
        loaded(load, tmp_path, flags={"provider": "AzureExecutionProvider"})
    assert caught.value.code == "unsupported-operator"


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("AzurExecutionProvider", r"has no provider .* did you mean 'AzureExecutionProvider'\?"),
        ("XNNPACKExecutionProvider", "only .*CPUExecutionProvider"),
    ],
)
def test_a_provider_that_the_build_lacks(
    load: Load, tmp_path: Path, provider: str, said: str
) -> None:
    with pytest.raises(Unsupported, match=said) as caught:
        loaded(load, tmp_path, flags={"provider": provider})
    assert caught.value.code == "not-installed"


def test_a_gpus_provider_does_not_compute_on_the_cpu(load: Load, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="say 'device: gpu'"):
        loaded(load, tmp_path, flags={"provider": "CUDAExecutionProvider"})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            partial(onnx_models.of_operator, "Relu", "", ir=99),
            "user.onnx has ONNX's IR version 99, and onnxruntime .* reads up to",
        ),
        (
            partial(onnx_models.of_operator, "Relu", "", opset=99),
            "user.onnx has opset 99 of ai.onnx, and onnxruntime .* computes up to",
        ),
        (
            partial(onnx_models.of_operator, "MyOp", "com.acme", com_acme=1),
            "user.onnx needs the operator com.acme:MyOp",
        ),
        (partial(onnx_models.of_operator, "NoSuch", ""), "user.onnx needs the operator"),
    ],
)
def test_what_this_version_cannot_compute(
    load: Load, tmp_path: Path, make: Callable[[], Any], said: str
) -> None:
    with pytest.raises(Unsupported, match=said) as caught:
        loaded(load, tmp_path, make)
    assert caught.value.code == "unsupported-operator"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "user.onnx is empty"),
        (b"PK\x03\x04" + b"\0" * 40, "user.onnx is not an ONNX model: it is a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "the pointer that Git LFS keeps"),
        (b"\x08\x08", "it has no graph"),
        (b"<html>not found</html>", "not a valid ONNX model, or is cut off or damaged"),
    ],
)
def test_what_is_no_model(load: Load, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(Failed, match=said):
        load("onnxruntime", "user.onnx", source="onnx", path="m.onnx", precision="stored")


def test_a_model_that_is_cut_off(load: Load, tmp_path: Path) -> None:
    path = onnx_models.write(tmp_path / "m.onnx", half)
    whole = path.read_bytes()
    for end in range(1, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(SessionError, match=r"m\.onnx"):
            load("onnxruntime", "m.onnx", source="onnx", path="m.onnx", precision="stored")

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.store.innfrastructure.files import Imported, Rejected, read
from orchestrator.store.schema import problem_with_stored


def array(values: Any, dtype: str = "float32") -> dict[str, Any]:
    found = np.array(values, dtype=dtype)
    text = base64.b64encode(found.tobytes()).decode()
    return {"bytes": text, "dtype": dtype, "shape": list(found.shape)}


def document(**changes: Any) -> dict[str, Any]:
    return {
        "cpu_info": {
            "arch_string_raw": "x86_64",
            "vendor_id_raw": "GenuineIntel",
            "brand_raw": "Xeon",
            "count": 4,
            "flags": ["avx", "aes"],
            "l1_data_cache_size": 32 << 10,
            "l2_cache_size": "2 MiB",
        },
        "memory": {"total": 8_000_000_000},
        "hostname": "h",
        "device": {"name": "/device:CPU:0", "device_type": "CPU"},
        "prediction": array([[0.1, 0.9]]),
        "model_type": "cifar10_small",
        "batch_dissemination": True,
    } | changes


NAME = "aws/cpu/c5.xlarge-Intel_Xeon_E5-2666_v3-cifar10_small-i6.json"


def put(folder: Path, content: Any, name: str = NAME) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(raw)


def only(folder: Path) -> Imported | Rejected:
    (found,) = read(folder)
    return found


def test_a_cpu_file_becomes_one_valid_observation(tmp_path: Path) -> None:
    put(tmp_path, document())
    found = only(tmp_path)
    assert isinstance(found, Imported)
    (record,) = found.records
    assert problem_with_stored(record) is None
    assert record["platform"]["name"] == "aws/c5.xlarge/Intel_Xeon_E5-2666_v3"
    assert (record["workload"]["label"], record["input"]["label"]) == ("cifar10_small", "i6")
    assert record["outputs"][0]["digest"] == found.tensors[0][0]
    assert found.fingerprint["cpu"]["flags"] == ["aes", "avx"]
    # lscpu's "2 MiB" is a sum over all cores; a plain number is the size of one core's cache.
    assert found.fingerprint["cpu"]["caches"] == [{"level": 1, "type": "data", "bytes": 32 << 10}]
    assert "lscpu" in found.fingerprint["missing"]["cpu.caches"]


def test_a_gpu_file_holds_a_session_per_prediction(tmp_path: Path) -> None:
    gpu = {"name": "Tesla T4", "compute capability": "7.5", "pci bus id": "0"}
    device = {"device_type": "GPU", "physical_description": gpu}
    stacked = array([[0.1, 0.9], [0.2, 0.8], [0.1, 0.9]])
    content = document(
        device=device, all_predictions=stacked, prediction=array([0.1, 0.9]), count=2
    )
    put(tmp_path, content)
    found = only(tmp_path)
    assert isinstance(found, Imported)
    assert [record["session"] for record in found.records] == [0, 1, 2]
    assert len({record["outputs"][0]["digest"] for record in found.records}) == 2
    assert len(found.tensors) == 2
    assert found.fingerprint["gpus"][0]["compute_capability"] == "7.5"
    assert found.records[0]["variant"]["label"] == "tensorflow float32 gpu"


def test_counts_repeat_a_prediction(tmp_path: Path) -> None:
    put(tmp_path, document(all_predictions=array([[1.0], [2.0]]), count=[2, 1]))
    found = only(tmp_path)
    assert isinstance(found, Imported)
    assert len(found.records) == 3


def test_sessions_may_be_a_list_of_arrays(tmp_path: Path) -> None:
    sessions = [array([[1.0]]), array([[2.0]]), array([[1.0]])]
    put(tmp_path, document(all_predictions=sessions, prediction=array([[1.0]]), count=2))
    found = only(tmp_path)
    assert isinstance(found, Imported)
    assert [record["outputs"][0]["shape"] for record in found.records] == [[1, 1]] * 3
    assert len(found.tensors) == 2


@pytest.mark.parametrize(
    ("name", "workload", "given"),
    [
        ("input_distribution/{m}-conv2d/normal/xeon.json", "{m}", "{m}-conv2d/normal"),
        ("input_distribution/{m}-conv2d/uniform/xeon.json", "{m}", "{m}-conv2d/uniform"),
        ("parameter_distribution/{m}/he-samples_x_seed1/xeon.json", "{m}", "he-samples_x_seed1"),
        ("parameter_distribution/{m}/he-samples_x_seed2/xeon.json", "{m}", "he-samples_x_seed2"),
        ("race_conditions/{m}/xeon.json", "{m}", "unstated"),
    ],
)
def test_folders_of_a_series_are_the_input(
    tmp_path: Path, name: str, workload: str, given: str
) -> None:
    put(tmp_path, document(), name.format(m="cifar10_small"))
    found = only(tmp_path)
    assert isinstance(found, Imported)
    (record,) = found.records
    assert record["platform"]["name"] == "xeon"
    assert record["workload"]["label"] == workload.format(m="cifar10_small")
    assert record["input"]["label"] == given.format(m="cifar10_small")


def test_the_folder_and_the_name_say_what_raw_simd_does_not(tmp_path: Path) -> None:
    content = document()
    del content["device"], content["model_type"]
    put(tmp_path, content, "raw_simd/sums/amd-rome-2.json")
    found = only(tmp_path)
    assert isinstance(found, Imported)
    (record,) = found.records
    assert problem_with_stored(record) is None
    assert record["platform"]["name"] == "amd-rome-2"
    assert record["workload"]["label"] == "sums"
    assert record["input"]["label"] == "unstated"
    assert record["framework"]["device"] == "cpu"


def test_one_prediction_per_layer_the_last_is_final(tmp_path: Path) -> None:
    put(tmp_path, document(prediction=[array([1.0]), array([2.0]), array([3.0])]))
    found = only(tmp_path)
    assert isinstance(found, Imported)
    roles = [output["role"] for output in found.records[0]["outputs"]]
    assert roles == ["layer", "layer", "final"]


def test_precision_is_read_from_the_model(tmp_path: Path) -> None:
    content = document(model_type="cifar10_medium_float16", prediction=array([1.0], "float16"))
    put(tmp_path, content, "cifar10_medium_float16/amd-milan.json")
    found = only(tmp_path)
    assert isinstance(found, Imported)
    assert found.records[0]["workload"]["label"] == "cifar10_medium"
    assert found.records[0]["variant"]["precision"] == "float16"
    assert found.records[0]["platform"]["name"] == "amd-milan"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
        (json.dumps(document()).encode()[:-40], "cut off"),
        (b"[" * 100_000, "cut off"),
        (b"\xff\xfe", "cut off"),
        ([1, 2], "not a JSON object"),
        ({"name": "package.json"}, "foreign: no usable cpu_info"),
        (document(prediction=None), "no prediction"),
        (document(prediction=[]), "empty list"),
        (document(prediction=array([1.0]) | {"shape": [2]}), "damaged"),
        (document(prediction=array([1.0]) | {"shape": ["x"]}), "shape"),
        (document(prediction=array([1.0]) | {"bytes": "!!"}), "damaged"),
        (document(prediction=array([1.0]) | {"dtype": "complex256"}), "unknown dtype"),
        (document(all_predictions=array([[1.0]]), count=[1, 2]), "does not fit"),
        (document(all_predictions=array([[1.0]]), prediction=None, count=0), "does not fit"),
        (document(all_predictions=array([[1.0]]), prediction=array([1.0]), count=33), "fit"),
        (document(all_predictions=array([[1.0], [2.0], [2.0]]), count=2), "most frequent"),
        (
            document(
                all_predictions=array([[1.0], [2.0], [2.0]]), prediction=array([1.0]), count=1
            ),
            "most frequent",
        ),
        (document(all_predictions=[]), "no prediction"),
        (document(all_predictions=[3]), "all_predictions[0]"),
        ({"hostname": "h", "prediction": array([1.0])}, "foreign: no usable cpu_info"),
    ],
)
def test_anything_else_is_reported_and_skipped(tmp_path: Path, content: Any, reason: str) -> None:
    put(tmp_path, content, "a/cpu/x-y-m-i0.json")
    put(tmp_path, document())
    bad, good = read(tmp_path)
    assert isinstance(bad, Rejected)
    assert reason in bad.reason
    assert isinstance(good, Imported)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read(tmp_path / "nothing"))

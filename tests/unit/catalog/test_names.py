from __future__ import annotations

from orchestrator import catalog


def test_frameworks_and_what_they_load() -> None:
    assert set(catalog.frameworks()) == {
        "jax",
        "numpy",
        "onnxruntime",
        "openvino",
        "tensorflow",
        "torch",
    }
    assert all("builtin" in catalog.sources_of(name) for name in catalog.frameworks())
    assert "onnx" not in catalog.sources_of("torch")


def test_known_qemu_cpus_are_names_qemu_has() -> None:
    names = catalog.qemu_cpu_names("x86_64")
    for cpu in catalog.known_qemu_cpus():
        assert cpu.name in names
        assert cpu.level in catalog.LEVELS
        assert catalog.qemu_note(cpu.name) == cpu.note
    assert "neoverse-n1" in catalog.qemu_cpu_names("arm64")
    assert catalog.qemu_note("Conroe") is not None
    assert catalog.qemu_note("Denverton") is None


def test_gpus() -> None:
    assert {"T4", "V100", "A100"} <= set(catalog.gpus())

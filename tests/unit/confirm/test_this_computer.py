import pytest

from orchestrator.confirm import this_computer as module
from orchestrator.confirm.interventions import Means
from orchestrator.confirm.presenting import CpuidPresenter, QemuPresenter
from orchestrator.confirm.this_computer import this_computer
from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.experiment import Isolation

X86 = {
    "cpu": {
        "architecture": "x86_64",
        "brand": "some CPU",
        "vendor": "GenuineIntel",
        "flags": ["lm", "sse", "sse2", "avx", "xsave"],
    },
    "logical_cpus": 4,
}
ARM = {"cpu": {"architecture": "aarch64", "flags": ["asimd"]}, "logical_cpus": None}


def having(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    """Of a C compiler and QEMU, only these."""

    def files() -> None:
        if "cc" not in programs:
            raise EnvironmentNotReady("no C compiler")

    monkeypatch.setattr(module, "presentation_files", files)
    monkeypatch.setattr(module.shutil, "which", lambda name: name if name in programs else None)


def test_cpuid_answers_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    having(monkeypatch, "cc")
    found = this_computer(X86, Isolation.PROCESS)
    assert isinstance(found.presenter, CpuidPresenter)
    assert (found.name, found.cores) == ("some CPU", 4)


def test_without_a_compiler_qemu_emulates(monkeypatch: pytest.MonkeyPatch) -> None:
    having(monkeypatch, "qemu-x86_64-static")
    assert isinstance(this_computer(X86, Isolation.PROCESS).presenter, QemuPresenter)
    assert isinstance(this_computer(X86, Isolation.DOCKER).presenter, CpuidPresenter)


def test_what_was_asked_for_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    having(monkeypatch, "cc", "qemu-x86_64-static")
    asked = this_computer(X86, Isolation.PROCESS, Means.EMULATED)
    assert isinstance(asked.presenter, QemuPresenter)
    refused = this_computer(ARM, Isolation.PROCESS, Means.CPUID)
    assert refused.presenter is None
    assert refused.why_no_cpu.startswith("CPUID cannot answer for another CPU here: it is of an")


def test_with_neither_all_reasons_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    having(monkeypatch)
    found = this_computer(X86, Isolation.PROCESS)
    assert found.presenter is None
    assert "no C compiler; qemu-x86_64-static is not installed" in found.why_no_cpu
    assert "is not installed" in this_computer(ARM, Isolation.PROCESS).why_no_cpu

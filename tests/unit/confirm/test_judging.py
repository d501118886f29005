import pytest

from orchestrator.confirm.interventions import Means
from orchestrator.confirm.judging import Judging, matters
from orchestrator.confirm.presenting import CpuidPresenter, QemuPresenter
from orchestrator.cpuid.models import model_table
from orchestrator.results.explanation import Kind
from orchestrator.results.record import VariantRecord

HOST = model_table("Haswell-noTSX")
VARIANT = VariantRecord("v", "v")
BY_CPUID = Judging(CpuidPresenter(HOST), VARIANT, frozenset({"sse4a"}))


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("avx2", Kind.FLAG, Means.CPUID),
        ("vendor", Kind.VENDOR, Means.CPUID),
        ("L1 bytes", Kind.CACHE, Means.CPUID),
        ("L3 bytes", Kind.IDENTITY, Means.CPUID),
        ("CPU model", Kind.IDENTITY, Means.CPUID),
        ("cores", Kind.CORES, Means.THREADS),
        ("threads asked for", Kind.SETTING, Means.THREADS),
        ("env MKL_CBWR", Kind.ENVIRONMENT, Means.ENVIRONMENT),
        ("setting onednn", Kind.SETTING, Means.SETTING),
        ("batch", Kind.SETTING, Means.SETTING),
        ("sse4a", Kind.FLAG, "this CPU lacks it, or what it needs"),
        ("asimd", Kind.FLAG, "no bit of CPUID is known for it"),
        ("avx state saved", Kind.FLAG, "the operating system saves it, for avx"),
        ("architecture", Kind.VENDOR, "CPUID does not tell it"),
        ("approximation SSE", Kind.APPROXIMATION, "approximate instructions are the silicon's"),
        ("GPU", Kind.GPU, "no GPU can be presented as another"),
        ("library mkl", Kind.SOFTWARE, "other software is another installation: vary `on`"),
        ("precision", Kind.SETTING, "with another it is another computation"),
        ("masked", Kind.SETTING, "a mask is its variables, each of which is an attribute"),
    ],
)
def test_with_what_an_attribute_is_changed(name: str, kind: Kind, expected: str) -> None:
    found = BY_CPUID(name, kind, 1, 2)
    assert found == expected if isinstance(expected, Means) else str(found).startswith(expected)


def test_a_variant_that_says_its_threads_has_no_cores() -> None:
    found = Judging(None, VariantRecord("v", "v", threads=2))("cores", Kind.CORES, 2, 4)
    assert found == "the variant asks for 2 threads, however many cores"


def test_without_a_way_to_present_cpus_the_reason_is_said() -> None:
    judging = Judging(None, VARIANT, why_no_cpu="there is no C compiler")
    assert judging("avx2", Kind.FLAG, True, False) == "there is no C compiler"
    assert judging("cores", Kind.CORES, 2, 4) is Means.THREADS


def test_qemu_has_the_caches_of_its_model() -> None:
    judging = Judging(QemuPresenter(), VARIANT)
    assert judging("avx2", Kind.FLAG, True, False) is Means.EMULATED
    assert "caches" in str(judging("L1 bytes", Kind.CACHE, 1, 2))


def test_what_merely_names_a_platform_or_is_chosen_is_no_difference() -> None:
    told = {"L2 bytes", "CPU model", "CPU brand", "generation", "hypervisor name"}
    assert {name for name in told if matters(name, Kind.IDENTITY)} == {"L2 bytes", "CPU model"}
    assert not matters("isa openblas", Kind.ISA)
    assert matters("avx2", Kind.FLAG)


def test_a_host_lacks_what_it_does_not_execute_and_what_needs_that() -> None:
    lacks = CpuidPresenter(HOST).lacks(model_table("EPYC-Rome"))
    assert {"sse4a", "clzero"} <= lacks | {"clzero"}
    assert CpuidPresenter(HOST).lacks(HOST) == frozenset()
    older = CpuidPresenter(model_table("Nehalem")).lacks(HOST)
    assert {"avx", "avx2", "fma"} <= older
    assert "sse4_2" not in older

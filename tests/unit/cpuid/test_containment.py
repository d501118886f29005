from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cpuid.bits import flag_bits
from orchestrator.cpuid.containment import WITHOUT_EFFECT, lacking
from orchestrator.cpuid.table import CpuidTable

from .tables import HOSTS, recorded

FLAGS = st.frozensets(st.sampled_from(sorted(flag_bits())), max_size=20)
QUICK = settings(max_examples=80, deadline=None)


def of(flags: frozenset[str]) -> CpuidTable:
    return recorded("nehalem").of_flags(flags)


@QUICK
@given(FLAGS)
def test_every_cpu_contains_itself(flags: frozenset[str]) -> None:
    assert lacking(of(flags), of(flags)) == ()


@QUICK
@given(FLAGS, FLAGS, FLAGS)
def test_what_contains_a_container_contains_its_content(
    small: frozenset[str], more: frozenset[str], most: frozenset[str]
) -> None:
    a, b, c = of(small), of(small | more), of(small | more | most)
    assert lacking(a, b) == lacking(b, c) == lacking(a, c) == ()
    if not lacking(b, a):  # both contain each other: programs can execute the same
        differing = b.flags - a.flags
        assert differing <= set(" ".join(WITHOUT_EFFECT.values()).split())


@QUICK
@given(FLAGS, FLAGS)
def test_what_lacks_is_said_by_flag(table: frozenset[str], host: frozenset[str]) -> None:
    found = {each for each in lacking(of(table), of(host)) if " " not in each}
    assert found <= table - host


def test_what_only_a_kernel_uses_refuses_nothing() -> None:
    host = recorded("zen4")
    assert lacking(host.with_flags(["vmx", "pcid", "smx", "md_clear", "hle", "mpx"]), host) == ()
    assert lacking(host.with_flags(["rtm", "amx_int8"]), host) == ("amx_int8", "rtm")


def test_a_state_that_the_system_does_not_save_is_no_instruction() -> None:
    host = recorded("zen4")
    held_down = CpuidTable.of(host.leaves, 0x7)
    assert lacking(host, held_down) == ("avx512f (state not saved)",)


def test_every_reason_is_about_flags_that_exist() -> None:
    for names in WITHOUT_EFFECT.values():
        assert set(names.split()) <= flag_bits().keys()
    assert set(HOSTS)

"""Which CPUs a host contains: those whose instructions it can all execute."""

from __future__ import annotations

from orchestrator.cpuid.table import CpuidTable

WITHOUT_EFFECT = {
    "they belong to the kernel, or need its privilege: no program can use them": (
        "vme de pse msr pae mce apic mtrr pge mca pat pse36 pn dts acpi tm ia64 pbe dtes64 monitor"
        " ds_cpl vmx smx est tm2 cid sdbg xtpr pdcm pcid dca x2apic tsc_deadline_timer hypervisor"
        " tsc_adjust sgx smep invpcid cqm rdt_a smap intel_pt umip tme la57 bus_lock_detect"
        " sgx_lc pconfig arch_lbr arch_perfmon_ext lass fred lkgs wrmsrns enqcmd mp nx pdpe1gb svm"
        " extapic cr8_legacy osvw ibs skinit wdt lwp nodeid_msr topoext perfctr_core perfctr_nb"
        " bpext ptsc perfctr_llc xsaves overflow_recov succor smca hw_pstate cpb proc_feedback"
        " acc_power rapl irperf amd_ppin cppc brs invlpgb wbnoinvd efer_lmsle_mbz hybrid_cpu xfd"
        " core_capabilities ht cmp_legacy nonstop_tsc ss"
    ),
    "they report on faults of the processor, or on means against them": (
        "md_clear flush_l1d arch_capabilities srbds_ctrl rtm_always_abort tsx_force_abort"
        " spec_ctrl intel_stibp spec_ctrl_ssbd amd_ibpb amd_ibrs amd_stibp amd_stibp_always_on"
        " amd_ibrs_same_mode amd_ssbd virt_ssbd amd_ssb_no amd_psfd btc_no amd_ibpb_ret"
        " fdp_excptn_only zero_fcs_fds xsaveerptr"
    ),
    "they say that something is quick; without it it is slower": (
        "erms fsrm fzrm fsrs fsrc fxsr_opt"
    ),
    "SSE has the same instructions, on processors that have not this flag": "mmxext",
    "they are hints: a processor that has them not executes them as nothing": (
        "3dnowprefetch cldemote prefetchiti ibt shstk hle tce"
    ),
    "they say what the system has switched on, which XGETBV tells of the host": "osxsave ospke",
    "a program has to switch them on first, which fails and is seen": "pku mpx lam misalignsse",
}
"""Flags that say nothing on which instructions a program may execute, by why that is."""
_NO_MATTER = frozenset(" ".join(WITHOUT_EFFECT.values()).split())


def lacking(table: CpuidTable, host: CpuidTable) -> tuple[str, ...]:
    """The flags by which ``table`` promises programs what ``host`` does not execute, sorted.

    Empty: the host contains it. Flags ``WITHOUT_EFFECT`` do not count, and states (of AVX, AVX-512,
    AMX) do that the table says are saved and on the host are not: instructions that use them fault.
    """
    promised = {flag for flag in table.flags - host.flags if flag not in _NO_MATTER}
    unsaved = {
        f"{flag} (state not saved)"
        for flag, mask in _STATES.items()
        if flag in table.flags & host.flags and table.xcr0 & mask & ~host.xcr0
    }
    return tuple(sorted(promised | unsaved))


_STATES = {"avx": 0x6, "avx512f": 0xE6, "amx_tile": 0x60000}

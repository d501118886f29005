/* This CPU presented as another one: an audit library of glibc's loader (LD_AUDIT, rtld-audit(7)).
 *
 * Every CPUID and XGETBV of the program is answered from a table. Two methods:
 *   faulting   the kernel has CPUID fault (arch_prctl ARCH_SET_CPUID); a handler of SIGSEGV answers
 *   patching   UD2 is written over the CPUIDs of each object as it is mapped; a handler of SIGILL
 *              answers
 * No processor has XGETBV fault: it is patched in both. docs/adr/0019-presented-cpus.md has the why.
 *
 * Environment: EQC_PRESENTED_TABLE, EQC_PRESENTED_SITES, EQC_PRESENTED_REPORT, EQC_PRESENTED_LIBRARY
 * (paths) and, for tests, EQC_PRESENTED_METHOD (faulting or patching). */
#define _GNU_SOURCE
#include "native/signals.h"

#define EXPORT __attribute__((visibility("default")))

/* For programs that ask what the processor is seen to be: they load this file as any other library,
 * and so its two instructions are answered in the same way as those of the libraries they use.
 * void eqc_presented_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]);
 * uint64_t eqc_presented_xgetbv(void); */
__asm__(".text\n"
        ".macro exported name\n.globl \\name\n.type \\name, @function\n\\name:\n.endm\n"
        "exported eqc_presented_cpuid\n"
        "\tendbr64\n\tpush %rbx\n\tmov %rdx, %r8\n\tmov %edi, %eax\n\tmov %esi, %ecx\n"
        "exported eqc_presented_cpuid_site\n\tcpuid\n"
        "\tmov %eax, (%r8)\n\tmov %ebx, 4(%r8)\n\tmov %ecx, 8(%r8)\n\tmov %edx, 12(%r8)\n"
        "\tpop %rbx\n\tret\n"
        "exported eqc_presented_xgetbv\n\tendbr64\n\txor %ecx, %ecx\n"
        "exported eqc_presented_xgetbv_site\n\txgetbv\n"
        "\tshl $32, %rdx\n\tor %rdx, %rax\n\tret\n");

static enum method choose(const char *wanted) {
    if (wanted && equal(wanted, "patching")) return PATCHING;
    if (CALL3(__NR_arch_prctl, ARCH_SET_CPUID, 1, 0) == 0) return FAULTING;
    return wanted && equal(wanted, "faulting") ? NONE : PATCHING;
}

EXPORT unsigned la_version(unsigned version) {
    read_surroundings();
    const char *table_path = variable("EQC_PRESENTED_TABLE"), *sites = variable("EQC_PRESENTED_SITES");
    const char *library = variable("EQC_PRESENTED_LIBRARY");
    struct status status;
    report_path = variable("EQC_PRESENTED_REPORT");
    if (!table_path || !sites) return 0;
    know_host();
    if (!read_table(table_path)) return report("no valid table", table_path), 0;
    if (!read_sites(sites)) return report("no valid list of sites", sites), 0;
    long file = library ? open_file(library, O_READ) : -1;
    if (file >= 0 && status_of(file, &status)) own_device = status.device, own_inode = status.inode;
    if (file >= 0) close_file(file);
    enum method chosen = choose(variable("EQC_PRESENTED_METHOD"));
    if (chosen == NONE) return report("no CPUID faulting on this CPU", "/proc/cpuinfo"), 0;
    method = chosen;
    if (!handle_signals()) return report("no signal handler allowed", table_path), 0;
    if (method == FAULTING && CALL3(__NR_arch_prctl, ARCH_SET_CPUID, 0, 0) != 0) {
        method = PATCHING;
    }
    return version;
}

EXPORT unsigned la_objopen(struct link_map *map, long space, uintptr_t *cookie) {
    static struct image image; /* one object at a time: the loader holds its lock */
    (void)space, (void)cookie;
    if (begins(map->name, length(map->name), "linux-vdso") || begins(map->name, length(map->name), "linux-gate"))
        return 0;
    if (!read_image(&image, map)) return report("cannot be read", *map->name ? map->name : "(program)"), 0;
    struct object *object = new_object(&image);
    if (!object) return report("too many objects", image.path), 0;
    follow_signals(&image, map);
    enum kind cpuid_kind = method == PATCHING ? CPUID_SITE : NO_SITE;
    if (image.status.device == own_device && image.status.inode == own_inode) {
        uint64_t cpuid_at = exported(map, "eqc_presented_cpuid_site", 0);
        uint64_t xgetbv_at = exported(map, "eqc_presented_xgetbv_site", 0);
        if ((cpuid_kind != NO_SITE && !patch(&image, object, cpuid_at, CPUID_SITE)) ||
            !patch(&image, object, xgetbv_at, XGETBV_SITE))
            report("has other instructions than expected", image.path);
        return 0;
    }
    const char *line = line_of(image.path);
    if (!line) {
        if (has_candidates(&image)) report("not listed", image.path);
        return 0;
    }
    const char *size = line;
    line += field(line, listed_end) + 1;
    if (number(&size, listed_end, 10) != image.status.size) return report("changed since it was listed", image.path), 0;
    if (!patch_list(&image, object, &line, cpuid_kind) || !patch_list(&image, object, &line, XGETBV_SITE))
        report("differs from what was listed", image.path);
    else if (is_undecided(&image))
        report("not decided what is CPUID in it", image.path);
    return 0;
}

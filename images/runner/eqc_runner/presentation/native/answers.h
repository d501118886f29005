/* The table, and what CPUID and XGETBV answer from it. */
#ifndef EQC_ANSWERS_H
#define EQC_ANSWERS_H

#include "system.h"

enum method { NONE, FAULTING, PATCHING };
enum { ARCH_SET_CPUID = 0x1012, ROWS = 1024, ASK_LEAF = 0x45514350 };

struct registers { uint32_t eax, ebx, ecx, edx; };
struct row { uint32_t leaf, subleaf; struct registers value; };

static struct row table[ROWS];
static int rows;
static uint64_t presented_xcr0, real_xcr0;
static uint32_t basic_maximum, extended_maximum, host_maximum, host_extended_maximum;
static int zero_beyond, has_hypervisor, has_osxsave, has_amx, has_xgetbv1;
static enum method method;
static volatile uint32_t patched;

static struct registers execute_cpuid(uint32_t leaf, uint32_t subleaf) {
    struct registers r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}
static uint64_t execute_xgetbv(uint32_t which) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(which));
    return (uint64_t)high << 32 | low;
}
/* CPUID of the processor itself. Faulting is switched off for this thread meanwhile. */
static struct registers host(uint32_t leaf, uint32_t subleaf) {
    struct registers zero = {0, 0, 0, 0};
    if (leaf > (leaf >> 31 ? host_extended_maximum : host_maximum)) return zero;
    if (method == FAULTING) CALL3(__NR_arch_prctl, ARCH_SET_CPUID, 1, 0);
    struct registers r = execute_cpuid(leaf, subleaf);
    if (method == FAULTING) CALL3(__NR_arch_prctl, ARCH_SET_CPUID, 0, 0);
    return r;
}
static void know_host(void) {
    host_maximum = execute_cpuid(0, 0).eax;
    host_extended_maximum = execute_cpuid(0x80000000, 0).eax;
    if (execute_cpuid(1, 0).ecx >> 27 & 1) real_xcr0 = execute_xgetbv(0);
}

static const struct registers *find(uint32_t leaf, uint32_t subleaf) {
    for (int i = 0; i < rows; i++)
        if (table[i].leaf == leaf && table[i].subleaf == subleaf) return &table[i].value;
    return NULL;
}
/* Leaves whose answer depends on ECX. All others ignore it, as processors do. */
static int indexed(uint32_t leaf) {
    static const uint32_t leaves[] = {0x4, 0x7, 0xb, 0xd, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1b,
                                      0x1d, 0x1e, 0x1f, 0x20, 0x23, 0x24, 0x8000001d, 0x80000020,
                                      0x80000026};
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++)
        if (leaves[i] == leaf) return 1;
    return 0;
}
static uint32_t core_id(void) {
    if (host_maximum >= 0xb) {
        struct registers topology = host(0xb, 0);
        if (topology.ebx) return topology.edx;
    }
    return host(1, 0).ebx >> 24;
}
/* Leaves about this very machine (how its cores are numbered, its clock, the layout of its register
 * state, its tiles) answer as the processor does where the table has no row for them. */
static struct registers beside_table(uint32_t leaf, uint32_t subleaf) {
    struct registers r = {0, 0, 0, 0};
    switch (leaf) {
    case 0xb: case 0x1f:
        r = find(leaf, 0) ? r : host(leaf, subleaf);
        if (!r.ebx) r = (struct registers){0, 0, subleaf & 0xff, 0};
        r.edx = core_id();
        break;
    case 0xd:
        if (subleaf >= 2 && subleaf < 63 && presented_xcr0 >> subleaf & 1 && !find(leaf, subleaf))
            r = host(leaf, subleaf);
        break;
    case 0x1d: case 0x1e:
        if (has_amx && !find(leaf, 0)) r = host(leaf, subleaf);
        break;
    case 0x15: case 0x16:
        r = host(leaf, 0);
        break;
    case 0x8000001e:
        r = host(leaf, 0);
        r.eax = core_id();
        break;
    }
    return r;
}
static struct registers cpuid(uint32_t leaf, uint32_t subleaf) {
    struct registers zero = {0, 0, 0, 0};
    if (leaf == ASK_LEAF) /* nobody's leaf: the runner asks so whether this library answers */
        return (struct registers){method, 0x31435145, patched, problems};
    int within = leaf >> 31 ? leaf <= extended_maximum
                 : leaf >> 30 ? has_hypervisor && find(leaf, 0) != NULL
                              : leaf <= basic_maximum;
    if (!within) {
        if (zero_beyond || (leaf >> 30 == 1 && has_hypervisor)) return zero;
        leaf = basic_maximum;
    }
    const struct registers *row = find(leaf, indexed(leaf) ? subleaf : 0);
    if (!row) return beside_table(leaf, subleaf);
    struct registers r = *row;
    if (leaf == 1) r.ebx = (r.ebx & 0xffffff) | core_id() << 24;
    if (leaf == 0xb || leaf == 0x1f) r.edx = core_id();
    if (leaf == 0x8000001e) r.eax = core_id();
    return r;
}
/* Whether XGETBV may be executed; if so its answer. */
static int xgetbv(uint32_t which, uint64_t *value) {
    if (!has_osxsave) return 0;
    *value = presented_xcr0;
    if (which == 1 && has_xgetbv1 && host(0xd, 1).eax >> 2 & 1) *value &= execute_xgetbv(1);
    return 1;
}

/* Lines "xcr0 <hex>" and "<leaf> <subleaf> <eax> <ebx> <ecx> <edx>", all hexadecimal. */
static int read_table(const char *path) {
    size_t bytes = 0;
    const char *at = content(path, &bytes), *end = at + bytes;
    if (!at || !begins(at, bytes, "# eqc cpuid 1\n")) return 0;
    while (at < end) {
        const char *line = at;
        while (at < end && *at != '\n') at++;
        const char *stop = at++;
        if (*line == '#') continue;
        if (begins(line, (size_t)(stop - line), "xcr0 ")) {
            line += 5, presented_xcr0 = number(&line, stop, 16);
            continue;
        }
        uint32_t values[6];
        for (int i = 0; i < 6; i++) {
            values[i] = (uint32_t)number(&line, stop, 16);
            while (line < stop && *line == ' ') line++;
        }
        if (rows == ROWS) return 0;
        table[rows].leaf = values[0], table[rows].subleaf = values[1];
        table[rows++].value = (struct registers){values[2], values[3], values[4], values[5]};
    }
    const struct registers *zero = find(0, 0), *one = find(1, 0), *seven = find(7, 0);
    const struct registers *extended = find(0x80000000, 0), *state = find(0xd, 1);
    if (!zero || !one) return 0;
    basic_maximum = zero->eax;
    extended_maximum = extended ? extended->eax : 0;
    /* "Auth"(enticAMD) and "Hygo"(nGenuine) answer zero beyond their last leaf. */
    zero_beyond = zero->ebx == 0x68747541 || zero->ebx == 0x6f677948;
    has_hypervisor = one->ecx >> 31 & 1;
    has_osxsave = one->ecx >> 27 & 1;
    has_amx = seven && seven->edx >> 24 & 1;
    has_xgetbv1 = state && state->eax >> 2 & 1;
    return 1;
}

#endif

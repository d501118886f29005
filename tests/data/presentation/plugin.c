/* A shared object that chooses by CPUID when it is loaded, as libraries of numerics do. */
#include <cpuid.h>

static unsigned chosen;

__attribute__((constructor)) static void choose(void) {
    unsigned eax, ebx = 0, ecx, edx;
    __cpuid_count(7, 0, eax, ebx, ecx, edx);
    chosen = ebx;
}

static int with_avx2(void) { return 1; }
static int without_avx2(void) { return 0; }
static int (*resolve(void))(void) {
    unsigned eax, ebx, ecx, edx;
    __cpuid_count(7, 0, eax, ebx, ecx, edx);
    return ebx >> 5 & 1 ? with_avx2 : without_avx2;
}
int resolved(void) __attribute__((ifunc("resolve")));

unsigned plugin_chosen(void) { return chosen; }
int plugin_resolved(void) { return resolved(); }

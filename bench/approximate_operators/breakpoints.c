/* Breakpoints on approximate instructions: which did this process execute, and, where asked for,
   what if their results were others: each result is then changed by about half its error bound. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

#define TRAP_FLAG 0x100

static uint8_t **places;
static uint8_t *before, *met;
static uint64_t *change; /* to be XORed into each element; 0: leave it */
static long count;
static __thread long stepping = -1;

static long find(uint8_t *place) {
    long low = 0, high = count - 1;
    while (low <= high) {
        long middle = (low + high) / 2;
        if (places[middle] == place) return middle;
        if (places[middle] < place) low = middle + 1; else high = middle - 1;
    }
    return -1;
}

/* The number of the register that the instruction at `code`, whose first byte is `first`, sets. */
static int target(const uint8_t *code, uint8_t first) {
    if (first == 0x62) return (code[5] >> 3 & 7) | (~code[1] >> 4 & 8) | (~code[1] & 0x10);
    if (first == 0xc5) return (code[3] >> 3 & 7) | (~code[1] >> 4 & 8);
    if (first == 0xc4) return (code[4] >> 3 & 7) | (~code[1] >> 4 & 8);
    int rex = 0;
    if (first == 0xf3) first = *++code;
    if ((first & 0xf0) == 0x40) rex = first, code++;
    return (code[2] >> 3 & 7) | (rex << 1 & 8);
}

/* The lowest 16 bytes of a vector register, as they will be after the signal. */
static void *saved_register(ucontext_t *context, int number) {
    uint8_t *state = (uint8_t *)context->uc_mcontext.fpregs;
    if (number < 16) return state + 160 + 16 * number;
    uint32_t size, offset, c, d;
    __cpuid_count(0xd, 7, size, offset, c, d);
    return state + offset + 64 * (number - 16);
}

static void changed(ucontext_t *context, long at) {
    uint64_t mask = change[at] & ~(1ull << 63);
    void *data = saved_register(context, target(places[at], before[at]));
    if (change[at] >> 63)
        for (int i = 0; i < 2; i++) ((uint64_t *)data)[i] ^= mask;
    else
        for (int i = 0; i < 4; i++) ((uint32_t *)data)[i] ^= (uint32_t)mask;
}

static void trapped(int signal, siginfo_t *info, void *given) {
    (void)signal, (void)info;
    ucontext_t *context = given;
    greg_t *registers = context->uc_mcontext.gregs;
    if (stepping >= 0) {
        changed(context, stepping);
        *places[stepping] = 0xcc;
        registers[REG_EFL] &= ~TRAP_FLAG;
        stepping = -1;
        return;
    }
    long at = find((uint8_t *)(registers[REG_RIP] - 1));
    if (at < 0) __builtin_trap();
    *places[at] = before[at];
    met[at] = 1;
    registers[REG_RIP] -= 1;
    if (change && change[at]) stepping = at, registers[REG_EFL] |= TRAP_FLAG;
}

/* `addresses` ascend; `saved` and `hits` have room for a byte each; `changes` is null or has a mask
   for each, with bit 63 for elements of 8 bytes. 0, or the number of the place that failed. */
long set_breakpoints(
    uint8_t **addresses, long number, uint8_t *saved, uint8_t *hits, uint64_t *changes) {
    places = addresses, count = number, before = saved, met = hits, change = changes;
    struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGTRAP, &action, 0);
    for (long i = 0; i < number; i++) {
        uint8_t *page = (uint8_t *)((uintptr_t)addresses[i] & ~4095ul);
        if (mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC)) return i + 1;
        before[i] = *addresses[i];
        *addresses[i] = 0xcc;
    }
    return 0;
}

/* One-shot breakpoints: which of these instructions did this process execute? */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

static uint8_t **places;
static uint8_t *before, *met;
static long count;

static long find(uint8_t *place) {
    long low = 0, high = count - 1;
    while (low <= high) {
        long middle = (low + high) / 2;
        if (places[middle] == place) return middle;
        if (places[middle] < place) low = middle + 1; else high = middle - 1;
    }
    return -1;
}

static void trapped(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    long found = find((uint8_t *)(*rip - 1));
    if (found < 0) __builtin_trap();
    *places[found] = before[found];
    met[found] = 1;
    *rip -= 1;
}

/* `addresses` ascend; `saved` and `hits` have room for a byte each. 0, or the place that failed. */
long set_breakpoints(uint8_t **addresses, long number, uint8_t *saved, uint8_t *hits) {
    places = addresses, count = number, before = saved, met = hits;
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

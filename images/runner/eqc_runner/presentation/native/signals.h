/* The handler of SIGSEGV and SIGILL, and what programs do with these signals themselves.
 *
 * A program that sets a handler of its own for them (faulthandler, absl, probes of instructions)
 * sets one behind ours: its sigaction() ends here, and is called for faults that are not ours. The
 * two signals are never blocked: a fault whose signal is blocked ends the process. */
#ifndef EQC_SIGNALS_H
#define EQC_SIGNALS_H

#include "objects.h"
#include <errno.h>
#include <signal.h>
#include <ucontext.h>

enum { RESTORER = 0x04000000, FROM_KERNEL = 0x80, GENERAL_PROTECTION = 13, SLOTS = 256 };

struct kernel_action { void *handler; unsigned long flags; void *restorer; uint64_t mask; };

static struct kernel_action actions[2][SLOTS]; /* of the program; the newest is actions[i][newest[i]] */
static volatile uint32_t newest[2], slots[2];
static uint64_t ours; /* the set of signals that are handled here */
static int *(*error_place)(void);

void restore(void);
__asm__(".text\n.hidden restore\nrestore:\n\tmov $15, %rax\n\tsyscall\n");

static uint64_t bit(int signal) { return 1ull << (signal - 1); }
static int slot_of(int signal) { return signal == SIGILL; }
static long set_action(int signal, const struct kernel_action *new, struct kernel_action *old) {
    return call(__NR_rt_sigaction, signal, (long)new, (long)old, 8, 0, 0);
}
static void handle(int signal, siginfo_t *info, void *context);

static long take(int signal, unsigned long more_flags) {
    /* All but ours wait: what they run must not see this thread's CPUID while it is not faulting. */
    struct kernel_action action = {(void *)handle, SA_SIGINFO | SA_NODEFER | RESTORER | more_flags, (void *)restore,
                                   ~ours};
    return set_action(signal, &action, NULL);
}
static void remember(int signal, struct kernel_action action) {
    int i = slot_of(signal);
    uint32_t slot = __atomic_add_fetch(&slots[i], 1, __ATOMIC_RELAXED) % SLOTS;
    actions[i][slot] = action;
    __atomic_store_n(&newest[i], slot, __ATOMIC_RELEASE);
}
static struct kernel_action remembered(int signal) {
    return actions[slot_of(signal)][__atomic_load_n(&newest[slot_of(signal)], __ATOMIC_ACQUIRE)];
}

/* The fault is not ours: do what would have happened without this library. */
static void pass_on(int signal, siginfo_t *info, ucontext_t *context) {
    struct kernel_action action = remembered(signal);
    int sent = info->si_code <= 0; /* by a process; else the instruction faults */
    if (action.handler == (void *)SIG_IGN && sent) return;
    if (action.handler == (void *)SIG_IGN || action.handler == (void *)SIG_DFL) {
        struct kernel_action end = {(void *)SIG_DFL, RESTORER, (void *)restore, 0};
        set_action(signal, &end, NULL);
        if (sent) {
            long process = CALL3(__NR_getpid, 0, 0, 0), thread = CALL3(__NR_gettid, 0, 0, 0);
            CALL3(__NR_tgkill, process, thread, signal);
        }
        return; /* the instruction faults again */
    }
    if (action.flags & SA_RESETHAND) remember(signal, (struct kernel_action){(void *)SIG_DFL, 0, 0, 0});
    uint64_t mask = (*(uint64_t *)&context->uc_sigmask | action.mask) & ~ours;
    call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, 8, 0, 0);
    ((void (*)(int, siginfo_t *, void *))action.handler)(signal, info, context);
}

static void handle(int signal, siginfo_t *info, void *place) {
    ucontext_t *context = place;
    greg_t *r = context->uc_mcontext.gregs;
    const uint8_t *at = (const uint8_t *)r[REG_RIP];
    enum kind kind = NO_SITE;
    uint64_t value;
    if (signal == SIGILL && info->si_code > 0)
        kind = site_at((uintptr_t)at);
    else if (signal == SIGSEGV && method == FAULTING && info->si_code == FROM_KERNEL &&
             r[REG_TRAPNO] == GENERAL_PROTECTION && (uintptr_t)at >> 47 == 0 && at[0] == 0x0f && at[1] == 0xa2)
        kind = CPUID_SITE;
    if (kind == CPUID_SITE) {
        struct registers answer = cpuid((uint32_t)r[REG_RAX], (uint32_t)r[REG_RCX]);
        r[REG_RAX] = answer.eax, r[REG_RBX] = answer.ebx;
        r[REG_RCX] = answer.ecx, r[REG_RDX] = answer.edx;
        r[REG_RIP] += 2;
    } else if (kind == XGETBV_SITE && xgetbv((uint32_t)r[REG_RCX], &value)) {
        r[REG_RAX] = (uint32_t)value, r[REG_RDX] = (uint32_t)(value >> 32);
        r[REG_RIP] += 3;
    } else {
        pass_on(signal, info, context);
    }
}

static int fail(int error) {
    if (error_place) *error_place() = error;
    return -1;
}
static int program_sigaction(int signal, const struct sigaction *new, struct sigaction *old) {
    struct kernel_action asked, before;
    if (signal <= 0 || signal > 64 || signal == 32 || signal == 33) return fail(EINVAL);
    if (new)
        asked = (struct kernel_action){(void *)new->sa_handler, (unsigned)new->sa_flags | RESTORER, (void *)restore,
                                       *(const uint64_t *)&new->sa_mask & ~ours};
    if (ours & bit(signal)) {
        before = remembered(signal);
        if (new) {
            remember(signal, asked);
            take(signal, asked.flags & SA_ONSTACK);
        }
    } else {
        long result = set_action(signal, new ? &asked : NULL, &before);
        if (result < 0) return fail((int)-result);
    }
    if (old) {
        memset(old, 0, sizeof *old);
        old->sa_handler = (void (*)(int))before.handler;
        old->sa_flags = (int)before.flags;
        *(uint64_t *)&old->sa_mask = before.mask;
        old->sa_restorer = (void (*)(void))before.restorer;
    }
    return 0;
}
static int program_mask(int how, const sigset_t *new, sigset_t *old) {
    uint64_t asked = new ? *(const uint64_t *)new : 0;
    if (how != SIG_UNBLOCK) asked &= ~(ours | bit(32) | bit(33)); /* 32, 33: the C library's own */
    return (int)-call(__NR_rt_sigprocmask, how, new ? (long)&asked : 0, (long)old, 8, 0, 0);
}
static int program_sigprocmask(int how, const sigset_t *new, sigset_t *old) {
    int error = program_mask(how, new, old);
    return error ? fail(error) : 0;
}

static void follow_signals(const struct image *image, const struct link_map *map) {
    const char *name = last_part(image->path);
    if (!begins(name, length(name), "libc.so.6") && !begins(name, length(name), "libc-2.") &&
        !begins(name, length(name), "libpthread"))
        return;
    uint64_t place = exported(map, "__errno_location", 1);
    if (place && !error_place) error_place = (int *(*)(void))(image->bias + place);
    divert(image, map, "sigaction", (void *)program_sigaction);
    divert(image, map, "__sigaction", (void *)program_sigaction);
    divert(image, map, "sigprocmask", (void *)program_sigprocmask);
    divert(image, map, "pthread_sigmask", (void *)program_mask);
}
static int handle_signals(void) {
    uint64_t both;
    ours = method == FAULTING ? bit(SIGSEGV) | bit(SIGILL) : bit(SIGILL);
    both = ours;
    for (int signal = 1; signal < 32; signal++) {
        if (!(ours & bit(signal))) continue;
        struct kernel_action before = {(void *)SIG_DFL, 0, NULL, 0};
        set_action(signal, NULL, &before);
        remember(signal, before);
        if (take(signal, before.flags & SA_ONSTACK) != 0) return 0;
    }
    return call(__NR_rt_sigprocmask, SIG_UNBLOCK, (long)&both, 0, 8, 0, 0) == 0;
}

#endif

/* Notes the address of every CPUID instruction that a process executes: the processor raises a fault
   for each (CPUID faulting), and the handler executes it in its place. EXECUTED_FOLDER gets a file
   <process>.addresses, and at the end <process>.maps, for every process with this in LD_PRELOAD. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef ARCH_SET_CPUID
#define ARCH_SET_CPUID 0x1012
#endif
#define MOST 65536

static unsigned long seen[MOST];
static int log_file = -1;

static void answer_itself(int on) { syscall(SYS_arch_prctl, ARCH_SET_CPUID, (unsigned long)on); }

static void note(unsigned long address) {
    unsigned slot = (unsigned)(address * 2654435761u) % MOST;
    for (; seen[slot]; slot = (slot + 1) % MOST)
        if (seen[slot] == address) return;
    seen[slot] = address;
    if (write(log_file, &address, sizeof address) < 0) _exit(97);
}

static void handle(int number, siginfo_t *info, void *context) {
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *at = (const unsigned char *)r[REG_RIP];
    unsigned a = (unsigned)r[REG_RAX], b, c = (unsigned)r[REG_RCX], d;
    (void)info;
    if (at[0] != 0x0f || at[1] != 0xa2) {
        signal(number, SIG_DFL);
        return;
    }
    note((unsigned long)at);
    answer_itself(1);
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    answer_itself(0);
    r[REG_RAX] = a, r[REG_RBX] = b, r[REG_RCX] = c, r[REG_RDX] = d, r[REG_RIP] += 2;
}

/* What is mapped stays so: addresses in it are looked up at the end. */
int dlclose(void *object) {
    (void)object;
    return 0;
}

static void file_name(char *name, size_t bytes, const char *kind) {
    snprintf(name, bytes, "%s/%d.%s", getenv("EXECUTED_FOLDER"), (int)getpid(), kind);
}

__attribute__((constructor)) static void begin(void) {
    char name[4096];
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_NODEFER};
    file_name(name, sizeof name, "addresses");
    log_file = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_file < 0 || sigaction(SIGSEGV, &action, NULL)) _exit(98);
    if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0UL)) _exit(99);
}

__attribute__((destructor)) static void end(void) {
    char name[4096], part[65536];
    ssize_t got;
    answer_itself(1);
    file_name(name, sizeof name, "maps");
    int from = open("/proc/self/maps", O_RDONLY), to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    while ((got = read(from, part, sizeof part)) > 0)
        if (write(to, part, (size_t)got) != got) _exit(97);
}

/* What the library needs of the system: calls, text, files, and the report. No C library is used:
 * the copy that programs use lives in another namespace, and none may be loaded beside it. */
#ifndef EQC_SYSTEM_H
#define EQC_SYSTEM_H

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

enum { O_READ = 0, O_APPEND_CREATE = 02000 | 0100 | 1, O_CLOSE_ON_EXEC = 02000000 };
enum { PROTECT_READ = 1, PROTECT_WRITE = 2, PROTECT_EXECUTE = 4, PAGE = 4096, PATHS = 4096 };

static long call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#define CALL3(number, a, b, c) call(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

/* The compiler may call these by itself. */
void *memcpy(void *to, const void *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}
void *memset(void *to, int value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) ((volatile char *)to)[i] = (char)value;
    return to;
}

static size_t length(const char *text) {
    size_t n = 0;
    while (text[n]) n++;
    return n;
}
static int equal(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}
static int begins(const char *text, size_t bytes, const char *with) {
    for (size_t i = 0; with[i]; i++)
        if (i >= bytes || text[i] != with[i]) return 0;
    return 1;
}
static const char *last_part(const char *path) {
    const char *part = path;
    for (; *path; path++)
        if (*path == '/') part = path + 1;
    return part;
}
/* Parses a number in `base` (10 or 16, "0x" allowed) and moves *at behind it. */
static uint64_t number(const char **at, const char *end, unsigned base) {
    uint64_t value = 0;
    const char *p = *at;
    if (base == 16 && end - p > 2 && p[0] == '0' && (p[1] | 32) == 'x') p += 2;
    for (; p < end; p++) {
        char c = *p | 32;
        unsigned digit = *p >= '0' && *p <= '9' ? (unsigned)(*p - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 99;
        if (digit >= base) break;
        value = value * base + digit;
    }
    *at = p;
    return value;
}
static char *decimal(char *end, uint64_t value) {
    do *--end = (char)('0' + value % 10);
    while (value /= 10);
    return end;
}

static long open_file(const char *path, int flags) {
    return CALL3(__NR_open, path, flags | O_CLOSE_ON_EXEC, 0600);
}
static void close_file(long file) { CALL3(__NR_close, file, 0, 0); }

struct status {
    uint64_t device, inode, links;
    uint32_t mode, user, group, padding;
    uint64_t special, size, rest[11];
};
static int status_of(long file, struct status *status) {
    return CALL3(__NR_fstat, file, status, 0) == 0;
}
static void *memory(size_t bytes, long file, int protection) {
    long flags = file < 0 ? 0x22 : 0x02; /* MAP_PRIVATE, and MAP_ANONYMOUS without a file */
    long at = call(__NR_mmap, 0, (long)bytes, protection, flags, file, 0);
    return at < 0 && at > -4096 ? NULL : (void *)at;
}
/* The whole content of a file of the disk, mapped; NULL where it cannot be read or is empty. */
static const char *content(const char *path, size_t *bytes) {
    struct status status;
    long file = open_file(path, O_READ);
    const char *found = NULL;
    if (file < 0) return NULL;
    if (status_of(file, &status) && status.size) {
        *bytes = status.size;
        found = memory(status.size, file, PROTECT_READ);
    }
    close_file(file);
    return found;
}
/* The absolute path of an open file, links resolved; empty where the kernel does not say. */
static void path_of(long file, char path[PATHS]) {
    char link[64] = "/proc/self/fd/", digits[24];
    char *first = decimal(digits + sizeof digits, (uint64_t)file);
    size_t n = length(link), count = (size_t)(digits + sizeof digits - first);
    memcpy(link + n, first, count);
    link[n + count] = 0;
    long got = CALL3(__NR_readlink, link, path, PATHS - 1);
    path[got > 0 ? got : 0] = 0;
}

static char surroundings[1 << 18];
static long surroundings_bytes;

static void read_surroundings(void) {
    long file = open_file("/proc/self/environ", O_READ), got;
    if (file < 0) return;
    while ((got = CALL3(__NR_read, file, surroundings + surroundings_bytes,
                        (long)sizeof surroundings - 1 - surroundings_bytes)) > 0)
        surroundings_bytes += got;
    close_file(file);
}
/* The value of a variable of the environment that this program was started with, else NULL. */
static const char *variable(const char *name) {
    size_t n = length(name);
    for (long at = 0; at < surroundings_bytes; at += (long)length(surroundings + at) + 1)
        if (begins(surroundings + at, (size_t)(surroundings_bytes - at), name) &&
            surroundings[at + (long)n] == '=')
            return surroundings + at + n + 1;
    return NULL;
}

static const char *report_path;
static volatile uint32_t problems;

/* Appends "<pid> TAB <what> TAB <path>" to the report: this program is not presented as asked. */
static void report(const char *what, const char *path) {
    char line[PATHS + 128], *at = line, digits[24];
    char *first = decimal(digits + sizeof digits, (uint64_t)CALL3(__NR_getpid, 0, 0, 0));
    size_t count = (size_t)(digits + sizeof digits - first), n = length(what), m = length(path);
    problems++;
    if (!report_path) return;
    memcpy(at, first, count), at += count, *at++ = '\t';
    memcpy(at, what, n), at += n, *at++ = '\t';
    memcpy(at, path, m), at += m, *at++ = '\n';
    long file = open_file(report_path, O_APPEND_CREATE);
    if (file < 0) return;
    CALL3(__NR_write, file, line, at - line);
    close_file(file);
}

#endif

/* The objects that the loader maps: their sites, read from sites.tsv, and their exported functions.
 *
 * Bytes are changed in the memory of this process only. A page is made writable and not executable,
 * changed, and given its protection back, before any code of its object has run. */
#ifndef EQC_OBJECTS_H
#define EQC_OBJECTS_H

#include "answers.h"
#include <elf.h>

enum kind { NO_SITE, CPUID_SITE, XGETBV_SITE };
enum { OBJECTS = 8192, SEGMENTS = 64, INDEX = 1 << 16, ARENA = 1 << 15 };

struct link_map { uintptr_t address; char *name; Elf64_Dyn *dynamic; struct link_map *next, *previous; };
struct object { uintptr_t first, end; uint64_t *sites; size_t count; };

static struct object objects[OBJECTS];
static volatile uint32_t object_count;
static uint64_t *arena;
static size_t arena_left;
#define UNDECIDED "# undecided\t"
static const char *listed, *listed_end, *undecided; /* undecided: the first such line */
static uint32_t listed_index[INDEX]; /* offset of a line in sites.tsv + 1 */
static uint64_t own_device, own_inode;

/* What the instruction at `address` was, where it was changed by this library. Called in handlers. */
static enum kind site_at(uintptr_t address) {
    uint32_t count = __atomic_load_n(&object_count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        const struct object *object = &objects[i];
        if (address < object->first || address >= object->end) continue;
        for (size_t j = 0; j < object->count; j++)
            if (object->sites[j] >> 2 == address) return (enum kind)(object->sites[j] & 3);
    }
    return NO_SITE;
}

static int write_code(uintptr_t at, const uint8_t *bytes, size_t count, int protection) {
    uintptr_t first = at & ~(uintptr_t)(PAGE - 1), end = (at + count + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    if (CALL3(__NR_mprotect, first, end - first, PROTECT_READ | PROTECT_WRITE) != 0) return 0;
    memcpy((void *)at, bytes, count);
    return CALL3(__NR_mprotect, first, end - first, protection) == 0;
}

static uint32_t hash_of(const char *text, size_t bytes) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash % INDEX;
}
static size_t field(const char *at, const char *end) {
    const char *p = at;
    while (p < end && *p != '\t' && *p != '\n') p++;
    return (size_t)(p - at);
}
static int read_sites(const char *path) {
    size_t bytes = 0, lines = 0;
    const char *at = listed = content(path, &bytes);
    if (!listed || !begins(listed, bytes, "# eqc sites 1\n") || bytes >> 32) return 0;
    listed_end = listed + bytes;
    while (at < listed_end) {
        const char *line = at;
        while (at < listed_end && *at != '\n') at++;
        at++;
        if (!undecided && begins(line, (size_t)(at - line), UNDECIDED)) undecided = line;
        if (*line == '#') continue;
        if (++lines == INDEX) return 0;
        uint32_t slot = hash_of(line, field(line, listed_end));
        while (listed_index[slot]) slot = (slot + 1) % INDEX;
        listed_index[slot] = (uint32_t)(line - listed) + 1;
    }
    return 1;
}
/* What follows the path in the line of `path`, else NULL. */
static const char *line_of(const char *path) {
    size_t bytes = length(path);
    for (uint32_t slot = hash_of(path, bytes); listed_index[slot]; slot = (slot + 1) % INDEX) {
        const char *line = listed + listed_index[slot] - 1;
        if (field(line, listed_end) == bytes && begins(line, bytes, path)) return line + bytes + 1;
    }
    return NULL;
}

struct image { /* an object's file and where it is mapped */
    uintptr_t bias;
    char path[PATHS];
    struct status status;
    Elf64_Ehdr header;
    Elf64_Phdr segments[SEGMENTS];
};
static int read_image(struct image *image, const struct link_map *map) {
    const char *name = *map->name ? map->name : "/proc/self/exe";
    long file = open_file(name, O_READ), bytes;
    int right = 0;
    if (file < 0) return 0;
    image->bias = map->address;
    path_of(file, image->path);
    if (status_of(file, &image->status) &&
        CALL3(__NR_read, file, &image->header, sizeof image->header) == sizeof image->header &&
        image->header.e_phnum <= SEGMENTS && image->header.e_phentsize == sizeof(Elf64_Phdr)) {
        bytes = image->header.e_phnum * (long)sizeof(Elf64_Phdr);
        right = call(__NR_pread64, file, (long)image->segments, bytes, (long)image->header.e_phoff, 0, 0) == bytes;
    }
    close_file(file);
    return right;
}
/* The segment of code that has `bytes` bytes at `address` of the file, else NULL. */
static const Elf64_Phdr *code_at(const struct image *image, uint64_t address, size_t bytes) {
    for (int i = 0; i < image->header.e_phnum; i++) {
        const Elf64_Phdr *s = &image->segments[i];
        if (s->p_type == PT_LOAD && s->p_flags & PF_X && address >= s->p_vaddr &&
            address + bytes <= s->p_vaddr + s->p_filesz)
            return s;
    }
    return NULL;
}
static int protection(const Elf64_Phdr *segment) {
    return (segment->p_flags & PF_R ? PROTECT_READ : 0) | (segment->p_flags & PF_W ? PROTECT_WRITE : 0) |
           (segment->p_flags & PF_X ? PROTECT_EXECUTE : 0);
}

static struct object *new_object(const struct image *image) {
    uintptr_t first = UINTPTR_MAX, end = 0;
    for (int i = 0; i < image->header.e_phnum; i++) {
        const Elf64_Phdr *s = &image->segments[i];
        if (s->p_type != PT_LOAD) continue;
        if (image->bias + s->p_vaddr < first) first = image->bias + s->p_vaddr;
        if (image->bias + s->p_vaddr + s->p_memsz > end) end = image->bias + s->p_vaddr + s->p_memsz;
    }
    /* One that was closed may have been here before. */
    struct object *reused = NULL;
    for (uint32_t i = 0; i < object_count; i++)
        if (objects[i].first < end && first < objects[i].end) {
            __atomic_store_n(&objects[i].count, 0, __ATOMIC_RELEASE);
            reused = &objects[i];
        }
    if (!reused) {
        if (object_count == OBJECTS) return NULL;
        reused = &objects[object_count];
    }
    reused->first = first, reused->end = end, reused->sites = arena;
    if (reused == &objects[object_count]) __atomic_store_n(&object_count, object_count + 1, __ATOMIC_RELEASE);
    return reused;
}
static int add_site(struct object *object, uintptr_t address, enum kind kind) {
    if (arena_left == 0) { /* the sites of an object lie side by side */
        size_t count = object->count + ARENA;
        uint64_t *more = memory(count * sizeof *more, -1, PROTECT_READ | PROTECT_WRITE);
        if (!more) return 0;
        memcpy(more, object->sites, object->count * sizeof *more);
        object->sites = more, arena = more + object->count, arena_left = ARENA;
    }
    *arena++ = (uint64_t)address << 2 | kind, arena_left--;
    __atomic_store_n(&object->count, object->count + 1, __ATOMIC_RELEASE);
    return 1;
}
/* Puts UD2 where the file has CPUID or XGETBV at `address`. False: it has another instruction. */
static int patch(const struct image *image, struct object *object, uint64_t address, enum kind kind) {
    static const uint8_t cpuid_bytes[] = {0x0f, 0xa2}, xgetbv_bytes[] = {0x0f, 0x01, 0xd0}, ud2[] = {0x0f, 0x0b};
    const uint8_t *wanted = kind == CPUID_SITE ? cpuid_bytes : xgetbv_bytes;
    size_t bytes = kind == CPUID_SITE ? 2 : 3;
    const Elf64_Phdr *segment = code_at(image, address, bytes);
    if (!segment) return 0;
    const uint8_t *at = (const uint8_t *)(image->bias + address);
    for (size_t i = 0; i < bytes; i++)
        if (at[i] != wanted[i]) return 0;
    if (!add_site(object, (uintptr_t)at, kind)) return 0;
    if (write_code((uintptr_t)at, ud2, sizeof ud2, protection(segment))) patched++;
    else report("cannot be changed: mprotect was refused", image->path);
    return 1;
}
static int patch_list(const struct image *image, struct object *object, const char **at, enum kind kind) {
    const char *end = *at + field(*at, listed_end);
    while (*at < end) {
        const char *before = *at;
        uint64_t address = number(at, end, 16);
        if (*at == before) return 0;
        if (kind != NO_SITE && !patch(image, object, address, kind)) return 0;
        if (*at < end && **at == ',') ++*at;
    }
    ++*at;
    return 1;
}
/* Whether the bytes may be an instruction that had to be changed. */
static int is_candidate(const uint8_t *at, const uint8_t *end) {
    if (end - at < 2 || at[0] != 0x0f) return 0;
    if (at[1] == 0xa2) return method == PATCHING;
    return end - at > 2 && at[1] == 0x01 && at[2] == 0xd0 && (method == PATCHING || presented_xcr0 != real_xcr0);
}
/* Whether code of the object has such bytes. */
static int has_candidates(const struct image *image) {
    for (int i = 0; i < image->header.e_phnum; i++) {
        const Elf64_Phdr *s = &image->segments[i];
        if (s->p_type != PT_LOAD || !(s->p_flags & PF_X) || !(s->p_flags & PF_R)) continue;
        const uint8_t *at = (const uint8_t *)(image->bias + s->p_vaddr), *end = at + s->p_filesz;
        for (; at < end; at++)
            if (is_candidate(at, end)) return 1;
    }
    return 0;
}

/* Whether the search could not decide about such bytes: lines "# undecided TAB path TAB addresses". */
static int is_undecided(const struct image *image) {
    size_t bytes = length(image->path);
    for (const char *line = undecided; line && line < listed_end; line++) {
        const char *at = line;
        const uint8_t *end;
        while (line < listed_end && *line != '\n') line++;
        if (!begins(at, (size_t)(line - at), UNDECIDED)) continue;
        at += length(UNDECIDED);
        if (field(at, line) != bytes || !begins(at, bytes, image->path)) continue;
        for (at += bytes + 1; at < line; at++) {
            uint64_t address = number(&at, line, 16);
            const Elf64_Phdr *s = code_at(image, address, 2);
            end = s ? (const uint8_t *)(image->bias + s->p_vaddr + s->p_filesz) : NULL;
            if (s && is_candidate((const uint8_t *)(image->bias + address), end)) return 1;
        }
    }
    return 0;
}

/* The address of an exported function of at least `bytes` bytes, of the file; 0 where it has none. */
static uint64_t exported(const struct link_map *map, const char *name, size_t bytes) {
    uintptr_t symbols = 0, strings = 0, hashes = 0;
    for (const Elf64_Dyn *d = map->dynamic; d->d_tag != DT_NULL; d++) {
        uintptr_t value = d->d_un.d_ptr < map->address ? d->d_un.d_ptr + map->address : d->d_un.d_ptr;
        if (d->d_tag == DT_SYMTAB) symbols = value;
        if (d->d_tag == DT_STRTAB) strings = value;
        if (d->d_tag == DT_GNU_HASH) hashes = value;
    }
    if (!symbols || !strings || !hashes) return 0;
    const uint32_t *header = (const uint32_t *)hashes;
    uint32_t buckets = header[0], first = header[1], hash = 5381;
    const uint32_t *bucket = header + 4 + header[2] * 2, *chain = bucket + buckets;
    for (const char *p = name; *p; p++) hash = hash * 33 + (uint8_t)*p;
    for (uint32_t i = bucket[hash % buckets]; i >= first && i; i++) {
        const Elf64_Sym *s = (const Elf64_Sym *)symbols + i;
        if ((chain[i - first] | 1) == (hash | 1) && equal((const char *)strings + s->st_name, name) &&
            s->st_shndx != SHN_UNDEF && s->st_size >= bytes)
            return s->st_value;
        if (chain[i - first] & 1) break;
    }
    return 0;
}
/* Lets an exported function begin with a jump to `target`. */
static void divert(const struct image *image, const struct link_map *map, const char *name, void *target) {
    uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}; /* jmp *(%rip), the address */
    static const uint8_t branch_target[] = {0xf3, 0x0f, 0x1e, 0xfa};
    uint64_t address = exported(map, name, sizeof jump + sizeof branch_target);
    const Elf64_Phdr *segment = address ? code_at(image, address, sizeof jump + 4) : NULL;
    if (!segment) return;
    uintptr_t at = image->bias + address;
    if (begins((const char *)at, 4, (const char *)branch_target)) at += 4;
    memcpy(jump + 6, &target, sizeof target);
    if (!write_code(at, jump, sizeof jump, protection(segment))) report("cannot be changed: mprotect was refused", image->path);
}

#endif

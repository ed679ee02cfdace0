#include "base/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"

enum { CHUNK = 64 << 20, LEAST_WINDOW = 8 << 20, ALIGN = 16 };

static size_t window_of(const Store *s) {
    size_t half = s->budget / 2;
    return half > LEAST_WINDOW ? half : LEAST_WINDOW;
}

/* Pages of a shared mapping keep their contents when they are given back: in the file. */
static void touch(Store *s, size_t bytes) {
    if (!s->chunks || atomic_fetch_add(&s->touched, bytes) + bytes <= window_of(s)) return;
    atomic_store(&s->touched, 0);
    for (size_t i = 0; i < s->chunks; i++)
        madvise(s->chunk[i].base, s->chunk[i].size, MADV_DONTNEED);
}

/* ---- The file --------------------------------------------------------------------------- */

static const char *temporary_folder(void) {
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/var/tmp";
}

/* Without a name; -1: errno. */
static int open_nameless(const char *folder) {
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return fd;
    char *path = path_join(folder, "voxpert-XXXXXX"); /* a file system without O_TMPFILE */
    fd = path ? mkostemp(path, O_CLOEXEC) : -1;
    if (fd >= 0) unlink(path);
    memory_free(path);
    return fd;
}

/* Room is reserved, so that no write meets a full disk. */
static Status map_file(StoreChunk *c, size_t size, Error *error) {
    const char *folder = temporary_folder();
    int fd = open_nameless(folder), failed = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)size);
    void *base = failed ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!failed && base == MAP_FAILED) failed = errno;
    if (fd >= 0) close(fd);
    if (failed)
        return error_set_field(error, VOXPERT_BAD_OUTPUT, "data-memory",
                               "%s: no temporary file of %zu MiB for what is over the limit of "
                               "memory for data: %s",
                               folder, size >> 20, strerror(failed));
    *c = (StoreChunk){base, size, 0};
    return VOXPERT_OK;
}

static void *take(StoreChunk *c, size_t bytes) {
    void *at = c->base + c->used;
    c->used += bytes;
    return at;
}

static Status new_in_file(Store *s, void **array, size_t bytes, Error *error) {
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    StoreChunk *last = s->chunks ? &s->chunk[s->chunks - 1] : NULL;
    if (!last || last->size - last->used < bytes) {
        if (memory_should_fail() ||
            !memory_grow(&s->chunk, &s->capacity, s->chunks, sizeof *s->chunk))
            return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the data");
        last = &s->chunk[s->chunks];
        Status status = map_file(last, bytes > CHUNK ? bytes : CHUNK, error);
        if (status) return status;
        s->chunks++;
    }
    *array = take(last, bytes);
    touch(s, bytes); /* one behind the other */
    return VOXPERT_OK;
}

static bool is_in_file(const Store *s, const void *array) {
    const unsigned char *at = array;
    for (size_t i = 0; i < s->chunks; i++)
        if (at >= s->chunk[i].base && at < s->chunk[i].base + s->chunk[i].size) return true;
    return false;
}

/* ---- Arrays ----------------------------------------------------------------------------- */

Status store_new(Store *s, void *array, size_t bytes, Error *error) {
    void **to = array;
    bool fits = !s->mapped && (!s->budget || s->held + bytes <= s->budget / 2);
    *to = NULL;
    if (!fits) return new_in_file(s, to, bytes, error);
    *to = memory_new(bytes);
    if (!*to) return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the data");
    s->held += bytes;
    return VOXPERT_OK;
}

void store_free(Store *s, void *array, size_t bytes) {
    if (!array || is_in_file(s, array)) return; /* the file is dropped as a whole */
    s->held -= bytes;
    memory_free(array);
}

void store_close(Store *s) {
    for (size_t i = 0; i < s->chunks; i++) munmap(s->chunk[i].base, s->chunk[i].size);
    memory_free(s->chunk);
    s->chunk = NULL;
    s->chunks = s->capacity = 0;
}

void store_touch(Store *s, size_t bytes) { touch(s, bytes + STORE_AROUND); }

size_t store_filed(const Store *s) {
    size_t sum = 0;
    for (size_t i = 0; i < s->chunks; i++) sum += s->chunk[i].used;
    return sum;
}

size_t store_resident(const Store *s) {
    size_t filed = store_filed(s), window = window_of(s);
    return s->held + (filed < window ? filed : window);
}

#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/size.h"

/* ---- Reading ---------------------------------------------------------------------------- */

/* What people give instead of a file. */
static const char *hint_of_missing(const char *path, int reason) {
    if (reason != ENOENT) return "";
    if (strstr(path, "://")) return "; it is an address, and nothing is downloaded: fetch it first";
    if (!strpbrk(path, "./")) return "; a file is meant, and nothing is downloaded by its name";
    return "";
}

Status file_map(FileMap *out, const char *path, Status failure, Error *error) {
    *out = (FileMap){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC), reason = errno;
    if (fd < 0)
        return error_set(error, failure, "%s: cannot be opened: %s%s", path, strerror(reason),
                         hint_of_missing(path, reason));
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return error_set(error, failure, "%s: is not a regular file", path);
    }
    if (info.st_size == 0) {
        close(fd);
        return VOXPERT_OK;
    }
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    reason = errno;
    close(fd);
    if (bytes == MAP_FAILED)
        return error_set(error, failure, "%s: cannot be mapped: %s", path, strerror(reason));
    *out = (FileMap){bytes, (size_t)info.st_size};
    return VOXPERT_OK;
}

void file_unmap(FileMap *map) {
    if (map->bytes) munmap((void *)(uintptr_t)map->bytes, map->size);
    *map = (FileMap){0};
}

Status file_hash_add(Hash *h, const char *path, Status failure, Error *error) {
    FileMap map;
    Status status = file_map(&map, path, failure, error);
    if (status) return status;
    hash_add(h, map.bytes, map.size);
    file_unmap(&map);
    return VOXPERT_OK;
}

void file_map_drop(const FileMap *map, const void *bytes, size_t size) {
    const uintptr_t page = 4096, start = (uintptr_t)bytes, end = start + size;
    uintptr_t first = (start + page - 1) & ~(page - 1), last = end & ~(page - 1);
    if (!map->bytes || start < (uintptr_t)map->bytes || end > (uintptr_t)map->bytes + map->size)
        return;
    if (last > first) madvise((void *)first, last - first, MADV_DONTNEED);
}

/* ---- Writing ---------------------------------------------------------------------------- */

enum { WRITERS_MAX = 64 };
static char *volatile open_temporaries[WRITERS_MAX];

static void remember(char *temporary) {
    for (int i = 0; i < WRITERS_MAX; i++) {
        char *empty = NULL;
        if (__atomic_compare_exchange_n(&open_temporaries[i], &empty, temporary, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return;
    }
}

static void forget(const char *temporary) {
    for (int i = 0; i < WRITERS_MAX; i++) {
        if (open_temporaries[i] == temporary)
            __atomic_store_n(&open_temporaries[i], NULL, __ATOMIC_SEQ_CST);
    }
}

void file_writers_forget(void) {
    for (int i = 0; i < WRITERS_MAX; i++) {
        if (open_temporaries[i]) unlink(open_temporaries[i]);
    }
}

static Status writer_failed(FileWriter *w, const char *what, Error *error) {
    Status status = error_set(error, VOXPERT_BAD_OUTPUT, "%s: cannot be %s: %s", w->path, what,
                              strerror(errno ? errno : EIO));
    file_writer_abort(w);
    return status;
}

/* Names that no other writer of this process has; what a killed one left under them is passed over.
 * The mode is left to the umask, which cannot be asked for without changing it. */
static int temporary_open(char *name, size_t size, const char *path) {
    static unsigned opened;
    int fd;
    do {
        unsigned number = __atomic_fetch_add(&opened, 1, __ATOMIC_RELAXED);
        snprintf(name, size, "%s.%lx-%x", path, (unsigned long)getpid(), number);
        remember(name); /* first: what is interrupted behind the opening knows it */
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0) forget(name);
    } while (fd < 0 && errno == EEXIST);
    return fd;
}

Status file_writer_open(FileWriter *out, const char *path, Error *error) {
    size_t size = strlen(path) + 32;
    *out = (FileWriter){.path = memory_text(path), .temporary = memory_new(size)};
    if (!out->path || !out->temporary) {
        file_writer_abort(out);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it", path);
    }
    int fd = temporary_open(out->temporary, size, path);
    if (fd < 0) {
        memory_free(out->temporary);
        out->temporary = NULL;
        return writer_failed(out, "created", error);
    }
    if (!(out->stream = fdopen(fd, "wb"))) {
        close(fd);
        return writer_failed(out, "created", error);
    }
    return VOXPERT_OK;
}

/* A stream remembers that a write failed, but not why: the same again, on a file that will not
 * stay, tells.  0 where there is room now. */
static int reason_again(int fd) {
    enum { TRIES = 64 };
    static const char block[1 << 14];
    for (int i = 0; i < TRIES; i++)
        if (write(fd, block, sizeof block) < 0) return errno;
    return 0;
}

/* A name is as lasting as its folder.  Some file systems cannot sync a folder, and say so by
 * EINVAL: what they do for a rename must do. */
static bool folder_sync(char *path) {
    char *base = path + (path_base(path) - path), kept = *base;
    *base = '\0'; /* for a moment: memory may be short, and the file has its name already */
    int fd = open(*path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *base = kept;
    if (fd < 0) return errno == EACCES; /* a folder that may be written to, but not read */
    bool ok = fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
    int reason = errno;
    close(fd);
    errno = reason;
    return ok;
}

/* ---- Into memory ------------------------------------------------------------------------ */

typedef struct MemoryStream {
    OutputBytes bytes, *out;
    size_t capacity;
    bool failed;
} MemoryStream;

static ssize_t memory_put(void *cookie, const char *bytes, size_t size) {
    MemoryStream *m = cookie;
    size_t needed, capacity = m->capacity ? m->capacity : 4096;
    if (m->failed || !size_add(&needed, m->bytes.size, size)) return m->failed = true, 0;
    while (capacity < needed)
        if (!size_multiply(&capacity, capacity, 2)) return m->failed = true, 0;
    void *grown = capacity > m->capacity ? memory_resize(m->bytes.data, capacity) : m->bytes.data;
    if (!grown) return m->failed = true, 0;
    m->bytes.data = grown;
    m->capacity = capacity;
    memcpy((char *)m->bytes.data + m->bytes.size, bytes, size);
    m->bytes.size = needed;
    return (ssize_t)size;
}

static Status memory_failed(FileWriter *w, Error *error) {
    Status status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to write it",
                              w->path ? w->path : "an output");
    file_writer_abort(w);
    return status;
}

static Status memory_open(FileWriter *out, Output to, Error *error) {
    static const cookie_io_functions_t functions = {.write = memory_put};
    *to.memory = (OutputBytes){0};
    *out = (FileWriter){.path = memory_text(to.name), .memory = memory_new(sizeof *out->memory)};
    if (!out->path || !out->memory) return memory_failed(out, error);
    out->memory->out = to.memory;
    out->stream = fopencookie(out->memory, "w", functions);
    return out->stream ? VOXPERT_OK : memory_failed(out, error);
}

static Status memory_commit(FileWriter *w, Error *error) {
    bool failed = ferror(w->stream) != 0;
    failed |= fclose(w->stream) != 0;
    w->stream = NULL;
    if (failed || w->memory->failed) return memory_failed(w, error);
    *w->memory->out = w->memory->bytes;
    w->memory->bytes = (OutputBytes){0};
    file_writer_abort(w); /* what is left of it */
    return VOXPERT_OK;
}

Output output_file(const char *path) { return (Output){path, NULL}; }

Status file_writer_open_to(FileWriter *out, Output to, Error *error) {
    return to.memory ? memory_open(out, to, error) : file_writer_open(out, to.name, error);
}

/* ---- The end of a writer ------------------------------------------------------------------ */

Status file_writer_commit(FileWriter *w, Error *error) {
    if (w->memory) return memory_commit(w, error);
    bool failed = ferror(w->stream) != 0;
    errno = failed ? reason_again(fileno(w->stream)) : 0;
    if (failed || fflush(w->stream) != 0 || fsync(fileno(w->stream)) != 0)
        return writer_failed(w, "written", error);
    int closed = fclose(w->stream);
    w->stream = NULL;
    if (closed != 0) return writer_failed(w, "written", error);
    if (rename(w->temporary, w->path) != 0) return writer_failed(w, "renamed into place", error);
    forget(w->temporary);
    memory_free(w->temporary);
    w->temporary = NULL; /* it has the name that it was to have */
    if (w->lasting && !folder_sync(w->path))
        return writer_failed(w, "made to last in its folder", error);
    memory_free(w->path);
    *w = (FileWriter){0};
    return VOXPERT_OK;
}

void file_writer_abort(FileWriter *w) {
    if (w->stream) fclose(w->stream);
    if (w->temporary) {
        unlink(w->temporary);
        forget(w->temporary);
    }
    if (w->memory) memory_free(w->memory->bytes.data);
    memory_free(w->memory);
    memory_free(w->temporary);
    memory_free(w->path);
    *w = (FileWriter){0};
}

Status output_write(Output to, const void *bytes, size_t size, Error *error) {
    FileWriter w;
    Status status = file_writer_open_to(&w, to, error);
    if (status) return status;
    if (size && fwrite(bytes, 1, size, w.stream) != size)
        return w.memory ? memory_failed(&w, error) : writer_failed(&w, "written", error);
    return file_writer_commit(&w, error);
}

Status file_write(const char *path, const void *bytes, size_t size, Error *error) {
    return output_write(output_file(path), bytes, size, error);
}

/* ---- Folders and paths ------------------------------------------------------------------ */

bool file_exists(const char *path) { return access(path, F_OK) == 0; }

bool file_is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

Status folder_make(const char *path, Error *error) {
    char *part = memory_text(path);
    if (!part) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to make it", path);
    Status status = VOXPERT_OK;
    for (char *p = part + 1; !status; p++) {
        if (*p != '/' && *p != '\0') continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(part, 0777) != 0 && !(errno == EEXIST && file_is_folder(part)))
            status = error_set(error, VOXPERT_BAD_OUTPUT, "%s: cannot be made: %s", part,
                               strerror(errno));
        *p = kept;
        if (kept == '\0') break;
    }
    memory_free(part);
    return status;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

Status folder_list(FileNames *out, const char *path, Error *error) {
    *out = (FileNames){0};
    DIR *folder = opendir(path);
    if (!folder)
        return error_set(error, VOXPERT_BAD_INPUT, "%s: cannot be listed: %s", path,
                         strerror(errno));
    size_t capacity = 0;
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        ok = memory_grow(&out->name, &capacity, out->count, sizeof *out->name) &&
             (out->name[out->count] = memory_text(entry->d_name));
        out->count += ok;
    }
    closedir(folder);
    if (!ok) {
        file_names_free(out);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to list it", path);
    }
    if (out->count) qsort(out->name, out->count, sizeof *out->name, compare_names);
    return VOXPERT_OK;
}

void file_names_free(FileNames *names) {
    for (size_t i = 0; i < names->count; i++) memory_free(names->name[i]);
    memory_free(names->name);
    *names = (FileNames){0};
}

const char *path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *path_extension(const char *path) {
    const char *base = path_base(path), *dot = strrchr(base, '.');
    if (!dot || dot == base) return "";
    if (strcasecmp(dot, ".gz") == 0) {
        for (const char *p = dot - 1; p > base; p--) {
            if (*p == '.') return p;
        }
    }
    return dot;
}

char *path_join(const char *folder, const char *name) {
    size_t length = strlen(folder);
    char *path = memory_new(length + strlen(name) + 2);
    if (!path) return NULL;
    strcpy(path, folder);
    if (length && folder[length - 1] != '/') strcat(path, "/");
    return strcat(path, name);
}

char *path_with_extension(const char *path, const char *extension) {
    size_t stem = (size_t)(path_extension(path) - path);
    if (*path_extension(path) == '\0') stem = strlen(path);
    char *result = memory_new(stem + strlen(extension) + 1);
    if (!result) return NULL;
    memcpy(result, path, stem);
    strcpy(result + stem, extension);
    return result;
}

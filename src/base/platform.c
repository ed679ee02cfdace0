#include "base/platform.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Cores granted by a cgroup (v2, then v1), or a large number where nothing is said. */
static double cgroup_cores(void) {
    double quota = -1.0, period = -1.0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file) {
        int fields = fscanf(file, "%lf %lf", &quota, &period); /* "max 100000": none are read */
        fclose(file);
        return fields == 2 && quota > 0.0 && period > 0.0 ? quota / period : 1e9;
    }
    file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re");
    if (!file) return 1e9;
    int fields = fscanf(file, "%lf", &quota);
    fclose(file);
    file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re");
    if (!file) return 1e9;
    fields += fscanf(file, "%lf", &period);
    fclose(file);
    return fields == 2 && quota > 0.0 && period > 0.0 ? quota / period : 1e9;
}

int system_cores(void) {
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                            : (int)sysconf(_SC_NPROCESSORS_ONLN);
    double granted = ceil(cgroup_cores());
    if (granted < cores) cores = (int)granted;
    return cores < 1 ? 1 : cores;
}

double system_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A field of the process's status, bytes; 0 where there is none. */
static size_t status_bytes(const char *field) {
    FILE *file = fopen("/proc/self/status", "re");
    if (!file) return 0;
    char line[256];
    size_t kilobytes = 0, length = strlen(field);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, field, length) != 0) continue;
        kilobytes = strtoul(line + length, NULL, 10);
        break;
    }
    fclose(file);
    return kilobytes << 10;
}

size_t system_peak_memory(void) { return status_bytes("VmHWM:"); }
size_t system_own_memory(void) { return status_bytes("RssAnon:"); }
size_t system_file_memory(void) { return status_bytes("RssFile:"); }

size_t system_total_memory(void) {
    size_t total = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGE_SIZE);
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");
    if (!file) return total;
    size_t limit = 0;
    if (fscanf(file, "%zu", &limit) == 1 && limit < total) total = limit;
    fclose(file);
    return total;
}

void system_processor(char *out, size_t size) {
    struct utsname machine;
    snprintf(out, size, "%s", uname(&machine) == 0 ? machine.machine : "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256];
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        if (!value || strncmp(line, "model name", strlen("model name")) != 0) continue;
        value += 1 + strspn(value + 1, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    fclose(file);
}

#include "cli/common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <voxpert/voxpert.h>

static void fill(VoxpertError *error, const char *message) {
    char *printable = cli_printable(message);
    snprintf(error->message, sizeof error->message, "%s", printable);
    free(printable);
}

VoxpertStatus error_say(VoxpertError *error, VoxpertStatus status, const char *format, ...) {
    char *message = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&message, format, args);
    va_end(args);
    error->status = status;
    error->field[0] = '\0'; /* the flag is in the message */
    fill(error, length < 0 ? "" : message);
    free(message);
    return status;
}

VoxpertStatus error_before(VoxpertError *error, const char *format, ...) {
    char *prefix = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&prefix, format, args);
    va_end(args);
    char *message = cli_text("%s: %s", length < 0 ? "" : prefix, error->message);
    fill(error, message);
    free(prefix);
    free(message);
    return error->status;
}

/* ---- Memory ----------------------------------------------------------------------------- */

static void (*clean_up)(void);

void cli_before_failure(void (*clean)(void)) { clean_up = clean; }

static void *checked(void *p) {
    if (p) return p;
    if (clean_up) clean_up();
    voxpert_interrupt_cleanup();
    fputs("voxpert: out of memory\n", stderr);
    exit(VOXPERT_OUT_OF_MEMORY);
}

void *cli_new(size_t count, size_t size) { return checked(calloc(count ? count : 1, size)); }

void cli_grow(void *items, size_t count, size_t size) {
    void **p = items;
    if (count & (count - 1)) return; /* room was doubled at the last power of two */
    size_t room = count ? 2 * count : 1;
    char *grown = checked(reallocarray(*p, room, size));
    memset(grown + count * size, 0, (room - count) * size);
    *p = grown;
}

char *cli_text(const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return checked(length < 0 ? NULL : text);
}

char *cli_printable(const char *text) { return checked(voxpert_text_printable(text)); }

const char *cli_shown(const char *text) {
    static char *shown[8];
    static unsigned next;
    char **at = &shown[next++ % 8];
    free(*at);
    *at = cli_printable(text ? text : "");
    return *at;
}

char *cli_csv(const char *text) { return checked(voxpert_text_csv(text)); }

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/quote.h"

static locale_t plain; /* written once; NULL where there was no memory for it */

static void make_plain(void) { plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

static locale_t plain_locale(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_plain);
    return plain;
}

void text_add(Text *t, const char *format, ...) {
    if (t->failed) return;
    if (!plain_locale()) {
        t->failed = true;
        return;
    }
    locale_t before = uselocale(plain); /* a host program may print 1,5 */
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t needed = t->length + (size_t)(length < 0 ? 0 : length) + 1;
    if (length >= 0 && needed > t->capacity) {
        size_t capacity = needed + needed / 2 + 64;
        char *grown = memory_resize(t->chars, capacity);
        t->failed = grown == NULL;
        if (grown) t->chars = grown, t->capacity = capacity;
    }
    t->failed |= length < 0;
    if (!t->failed) {
        vsnprintf(t->chars + t->length, t->capacity - t->length, format, again);
        t->length += (size_t)length;
    }
    va_end(again);
    uselocale(before);
}

void text_add_double(Text *t, double value) {
    for (int digits = 15; digits <= 17 && !t->failed; digits++) {
        size_t start = t->length;
        double back;
        text_add(t, "%.*g", digits, value);
        if (t->failed || digits == 17 ||
            (text_to_double(&back, t->chars + start) && !(back < value) && !(back > value)))
            return;
        t->length = start;
    }
}

void text_free(Text *t) {
    memory_free(t->chars);
    *t = (Text){0};
}

bool text_to_double(double *out, const char *from) {
    if (!plain_locale() || isspace((unsigned char)*from) || *from == '\0') return false;
    char *end;
    double value = strtod_l(from, &end, plain);
    if (*end != '\0' || !isfinite(value)) return false;
    *out = value;
    return true;
}

bool text_to_long(long *out, const char *from) {
    if (isspace((unsigned char)*from) || *from == '\0') return false;
    char *end;
    errno = 0;
    long value = strtol(from, &end, 10);
    if (*end != '\0' || errno) return false;
    *out = value;
    return true;
}

/* The second byte decides about overlong forms, surrogates and the end of Unicode (RFC 3629). */
static bool second_byte_fits(unsigned char first, unsigned char second) {
    unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return second >= low && second <= high;
}

bool text_is_utf8(const char *text, size_t length) {
    const unsigned char *p = (const unsigned char *)text, *end = p + length;
    while (p < end) {
        if (*p < 0x80) {
            p++;
            continue;
        }
        ptrdiff_t more = *p >= 0xF0 ? 3 : *p >= 0xE0 ? 2 : 1;
        if (*p < 0xC2 || *p > 0xF4 || end - p <= more || !second_byte_fits(p[0], p[1]))
            return false;
        for (ptrdiff_t i = 2; i <= more; i++) {
            if ((p[i] & 0xC0) != 0x80) return false;
        }
        p += more + 1;
    }
    return true;
}

size_t text_mark(const void *bytes, size_t size) {
    return size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool text_starts(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix) {
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcasecmp(text + length - tail, suffix) == 0;
}

bool text_matches(const char *text, const char *pattern) {
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++, text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return *pattern == '\0';
}

#include "cli/common/numbers.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool whole_parse(long *out, const char *text) {
    char *end;
    if (isspace((unsigned char)*text)) return false;
    errno = 0;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

static const char *skip_blanks(const char *text) {
    while (*text == ' ') text++;
    return text;
}

bool numbers_parse(double *out, int count, const char *text) {
    bool bracket = *text == '[';
    const char *at = skip_blanks(text + bracket);
    for (int i = 0; i < count; i++) {
        char *end;
        if (isspace((unsigned char)*at)) return false;
        out[i] = strtod(at, &end);
        if (end == at || !isfinite((float)out[i])) return false;
        at = skip_blanks(end);
        if (i + 1 < count) {
            if (*at != ',') return false;
            at = skip_blanks(at + 1);
        }
    }
    if (bracket && *at++ != ']') return false;
    return *at == '\0';
}

bool size_parse(size_t *out, const char *text) {
    static const struct {
        const char *unit;
        int shift;
    } units[] = {{"", 0},     {"K", 10},   {"M", 20},  {"G", 30},  {"T", 40},
                 {"KB", 10},  {"MB", 20},  {"GB", 30}, {"TB", 40}, {"KiB", 10},
                 {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    char *end;
    if (!isdigit((unsigned char)*text)) return false;
    double value = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(end, units[i].unit) != 0) continue;
        double bytes = ldexp(value, units[i].shift);
        if (!(bytes >= 1.0 && bytes < 9e18)) return false;
        *out = (size_t)bytes;
        return true;
    }
    return false;
}

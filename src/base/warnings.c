#include "base/warnings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/quote.h"

static bool contains(const Warnings *w, const char *sentence, size_t length) {
    const char *next = warnings_lines(w), *line;
    size_t line_length;
    while (warnings_next(&next, &line, &line_length)) {
        if (line_length == length && memcmp(line, sentence, length) == 0) return true;
    }
    return false;
}

static void add_line(Warnings *w, const char *sentence, size_t length) {
    if (contains(w, sentence, length)) return;
    text_add(&w->lines, "%.*s\n", (int)length, sentence);
    if (!w->lines.failed) w->count++;
}

void warnings_add(Warnings *w, const char *format, ...) {
    char sentence[1024], printable[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    text_printable(printable, sizeof printable, sentence);
    add_line(w, printable, strlen(printable));
}

void warnings_merge(Warnings *to, const Warnings *from) {
    const char *next = warnings_lines(from), *line;
    size_t length;
    while (warnings_next(&next, &line, &length)) add_line(to, line, length);
    to->lines.failed |= from->lines.failed;
}

const char *warnings_lines(const Warnings *w) { return w->lines.chars ? w->lines.chars : ""; }

bool warnings_next(const char **next, const char **sentence, size_t *length) {
    if (!**next) return false;
    *sentence = *next;
    *length = strcspn(*next, "\n");
    *next += *length + ((*next)[*length] != '\0');
    return true;
}

Text warnings_sentence(const char *sentence, size_t length) {
    Text one = {0};
    text_add(&one, "%.*s", (int)length, sentence);
    return one;
}

void warnings_json(Text *t, const Warnings *w, int indent) {
    const char *next = warnings_lines(w), *line, *between = "";
    size_t length;
    text_add(t, "[");
    while (warnings_next(&next, &line, &length)) {
        Text one = warnings_sentence(line, length);
        text_add(t, "%s\n%*s", between, indent + 4, "");
        text_add_quoted(t, one.chars ? one.chars : "");
        t->failed |= one.failed;
        text_free(&one);
        between = ",";
    }
    if (*between) text_add(t, "\n%*s", indent, "");
    text_add(t, "]");
}

void warnings_csv(Text *t, const Warnings *w) {
    const char *next = warnings_lines(w), *line, *between = "";
    size_t length;
    Text all = {0};
    while (warnings_next(&next, &line, &length)) {
        text_add(&all, "%s%.*s", between, (int)length, line);
        between = "; ";
    }
    text_add_csv_field(t, all.chars ? all.chars : "");
    t->failed |= all.failed || w->lines.failed;
    text_free(&all);
}

void warnings_free(Warnings *w) {
    text_free(&w->lines);
    *w = (Warnings){0};
}

#include "base/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"

static Status error_at(const CsvReader *c, size_t line, Error *error, const char *what) {
    return error_set(error, VOXPERT_BAD_INPUT, "%s%sline %zu: %s", c->name ? c->name : "",
                     c->name ? ": " : "", line, what);
}

Status csv_error(const CsvReader *csv, Error *error, const char *what, ...) {
    char text[512];
    va_list args;
    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    return error_at(csv, csv->line, error, text);
}

static Status no_memory(const CsvReader *c, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it",
                     c->name ? c->name : "a table");
}

/* ---- The whole text --------------------------------------------------------------------- */

/* What the first row has most of, outside quotes. */
static char separator_of(const char *at, const char *end) {
    static const char candidates[] = ",;\t";
    size_t count[3] = {0};
    bool quoted = false;
    for (; at < end && (quoted || (*at != '\n' && *at != '\r')); at++) {
        const char *found = *at ? strchr(candidates, *at) : NULL;
        quoted ^= *at == '"';
        if (found && !quoted) count[found - candidates]++;
    }
    size_t best = 0;
    for (size_t i = 1; i < 3; i++) best = count[i] > count[best] ? i : best;
    return candidates[best];
}

/* Passes over a line "sep=;". */
static bool separator_is_named(CsvReader *c) {
    static const char word[] = "sep=";
    const size_t length = sizeof word - 1;
    if ((size_t)(c->end - c->at) <= length || memcmp(c->at, word, length) != 0) return false;
    const char *behind = c->at + length + 1;
    if (!strchr(",;\t", c->at[length]) || !c->at[length]) return false;
    if (behind < c->end && *behind != '\n' && *behind != '\r') return false;
    c->separator = c->at[length];
    c->at = behind;
    return true;
}

Status csv_open(CsvReader *out, const char *name, const void *bytes, size_t size, Error *error) {
    const char *text = bytes, *none = "";
    *out = (CsvReader){.name = name, .at = none, .end = none, .next_line = 1};
    if (size > 0) {
        out->at = text;
        out->end = text + size;
    }
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return error_at(out, 1, error, "is UTF-16 or UTF-32 text; save the sheet as \"CSV UTF-8\"");
    if (size > 0) out->at += text_mark(text, size);
    if (!separator_is_named(out)) out->separator = separator_of(out->at, out->end);
    return VOXPERT_OK;
}

void csv_close(CsvReader *csv) {
    memory_free(csv->pointer);
    memory_free(csv->mark);
    memory_free(csv->start);
    memory_free(csv->chars);
    *csv = (CsvReader){0};
}

/* ---- Fields ----------------------------------------------------------------------------- */

static bool fields_grow(CsvReader *c) {
    size_t room = c->capacity ? 2 * c->capacity : 16, bytes;
    if (c->fields < c->capacity) return true;
    if (!size_multiply(&bytes, room, sizeof *c->pointer)) return false;
    const char **pointer = memory_resize(c->pointer, bytes);
    if (pointer) c->pointer = pointer;
    unsigned char *mark = memory_resize(c->mark, room * sizeof *mark);
    if (mark) c->mark = mark;
    size_t *start = memory_resize(c->start, room * sizeof *start);
    if (start) c->start = start;
    if (!pointer || !mark || !start) return false;
    c->capacity = room;
    return true;
}

static bool chars_grow(CsvReader *c, size_t more) {
    if (c->room - c->length >= more) return true;
    size_t room = 2 * c->length + more + 64; /* below twice the size of what is in memory */
    char *chars = memory_resize(c->chars, room);
    if (!chars) return false;
    c->chars = chars;
    c->room = room;
    return true;
}

/* Adds a field of `length` bytes, with a zero behind it. */
static bool field_add(CsvReader *c, const char *from, size_t length, bool quoted) {
    if (!fields_grow(c) || !chars_grow(c, length + 1)) return false;
    c->start[c->fields] = c->length;
    c->mark[c->fields++] = quoted;
    for (size_t i = 0; i < length; i++) {
        if (quoted && from[i] == '"') i++; /* two are one */
        c->chars[c->length++] = from[i];
    }
    c->chars[c->length++] = '\0';
    return true;
}

static bool is_blank(const CsvReader *c, char ch) {
    return (ch == ' ' || ch == '\t') && ch != c->separator;
}

static bool ends_field(const CsvReader *c) {
    return c->at == c->end || *c->at == c->separator || *c->at == '\n' || *c->at == '\r';
}

static void skip_blanks(CsvReader *c) {
    while (c->at < c->end && is_blank(c, *c->at)) c->at++;
}

/* From behind the opening quote. */
static Status read_quoted(CsvReader *c, Error *error) {
    const char *from = c->at;
    size_t line = c->next_line;
    for (;; c->at++) {
        if (c->at == c->end) return error_at(c, line, error, "a quote is not closed");
        bool crlf = *c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n';
        c->next_line += *c->at == '\n' || (*c->at == '\r' && !crlf);
        if (*c->at != '"') continue;
        if (c->at + 1 == c->end || c->at[1] != '"') break;
        c->at++;
    }
    size_t length = (size_t)(c->at++ - from);
    skip_blanks(c);
    if (!ends_field(c)) return error_at(c, c->next_line, error, "a quote ends inside a field");
    return field_add(c, from, length, true) ? VOXPERT_OK : no_memory(c, error);
}

static Status read_field(CsvReader *c, Error *error) {
    skip_blanks(c);
    if (c->at < c->end && *c->at == '"') {
        c->at++;
        return read_quoted(c, error);
    }
    const char *from = c->at;
    while (!ends_field(c)) c->at++;
    const char *to = c->at;
    while (to > from && is_blank(c, to[-1])) to--;
    return field_add(c, from, (size_t)(to - from), false) ? VOXPERT_OK : no_memory(c, error);
}

/* ---- Rows ------------------------------------------------------------------------------- */

static void skip_line_end(CsvReader *c) {
    if (c->at == c->end) return;
    c->next_line++;
    c->at += *c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n' ? 2 : 1;
}

/* One line's row; whether it holds anything. */
static Status read_row(CsvReader *c, bool *holds, Error *error) {
    Status status = VOXPERT_OK;
    const char *from = c->at;
    c->line = c->next_line;
    c->fields = c->length = 0;
    for (bool more = true; more && !status;) {
        status = read_field(c, error);
        more = c->at < c->end && *c->at == c->separator;
        c->at += more && !status;
    }
    if (status) return status;
    size_t length = (size_t)(c->at - from);
    if (length && memchr(from, '\0', length))
        return error_at(c, c->line, error, "holds a byte of 0");
    if (!text_is_utf8(from, length))
        return error_at(c, c->line, error, "is no UTF-8; save the sheet as \"CSV UTF-8\"");
    skip_line_end(c);
    *holds = false;
    for (size_t i = 0; i < c->fields; i++) {
        c->pointer[i] = c->chars + c->start[i];
        *holds |= *c->pointer[i] != '\0';
    }
    return VOXPERT_OK;
}

Status csv_row(CsvReader *csv, Error *error) {
    bool holds = false;
    Status status = VOXPERT_OK;
    csv->fields = 0;
    while (!status && !holds && csv->at < csv->end) status = read_row(csv, &holds, error);
    if (status) csv->at = csv->end;
    if (status || !holds) csv->fields = 0;
    csv->field = csv->pointer;
    csv->quoted = csv->mark;
    return status;
}

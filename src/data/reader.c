#include "data/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file_kind.h"
#include "base/memory.h"
#include "base/quote.h"
#include "base/text.h"

/* Text of other encodings is all zeros and surprises to a parser. */
static const char *encoding_of(const uint8_t *bytes, size_t size) {
    if (size >= 2 &&
        ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff)))
        return "UTF-16";
    if (size >= 2 && (!bytes[0] || !bytes[1])) return "UTF-16 or UTF-32";
    return NULL;
}

json_t *reader_words(const char *text) {
    Text printable = {0};
    json_t *json = json_string(text);
    if (json) return json;
    text_add_printable(&printable, text);
    if (!printable.failed) json = json_string(printable.chars ? printable.chars : "");
    text_free(&printable);
    return json;
}

json_t *reader_warnings(const Warnings *w) {
    json_t *list = json_array();
    const char *next = warnings_lines(w), *sentence;
    size_t length;
    while (warnings_next(&next, &sentence, &length))
        json_array_append_new(list, json_stringn(sentence, length));
    return list;
}

/* ---- Numbers that JSON does not have ------------------------------------------------------*/

/* The length of NaN, Infinity or -Infinity at `at`; 0: it is none of them. */
static size_t not_finite_length(const char *at, size_t left) {
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i]);
        if (left >= length && memcmp(at, words[i], length) == 0) return length;
    }
    return 0;
}

/* `out` [size + size / 3 + 1]: the text with null for each of them outside quotes; its length. */
static size_t not_finite_replace(char *out, size_t *count, const char *text, size_t size) {
    bool quoted = false;
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        size_t length = quoted ? 0 : not_finite_length(text + i, size - i);
        if (length) {
            memcpy(out + n, "null", 4);
            n += 4, i += length - 1;
            ++*count;
            continue;
        }
        if (text[i] == '"') quoted = !quoted;
        out[n++] = text[i];
        if (quoted && text[i] == '\\' && i + 1 < size) out[n++] = text[++i];
    }
    return n;
}

static Status parse_again(json_t **out, const char *text, size_t size, const char *path,
                          JsonReason *reason, json_error_t *why, Error *error) {
    char *mended = memory_new(size + size / 3 + 1);
    if (!mended) return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
    size_t length = not_finite_replace(mended, &reason->not_finite, text, size);
    if (reason->not_finite) *out = json_loadb(mended, length, 0, why);
    memory_free(mended);
    return VOXPERT_OK;
}

void reader_report_not_finite(Catalog *c, const char *path, const JsonReason *reason) {
    if (!reason->not_finite) return;
    catalog_find(c, RULE_FORM, path,
                 "%zu values are NaN or infinite, which JSON does not have: each is taken as null",
                 reason->not_finite)
        ->warning = true;
}

Status reader_parse(json_t **out, const char *path, JsonReason *reason, Error *error) {
    json_error_t why;
    FileMap map;
    *out = NULL;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    size_t mark = text_mark(map.bytes, map.size);
    const char *encoding = encoding_of(map.bytes, map.size);
    *reason = (JsonReason){.line = 1};
    if (encoding) {
        snprintf(reason->text, sizeof reason->text,
                 "is %s text, but JSON is UTF-8: save it in that encoding", encoding);
    } else {
        const char *text = map.size ? (const char *)map.bytes + mark : ""; /* empty: no mapping */
        *out = json_loadb(text, map.size - mark, 0, &why);
        if (!*out && json_error_code(&why) != json_error_out_of_memory)
            status = parse_again(out, text, map.size - mark, path, reason, &why, error);
        if (!*out && json_error_code(&why) == json_error_out_of_memory)
            status = error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", path);
        if (!*out) {
            const FileKind *kind = file_kind(map.bytes, map.size);
            bool other =
                kind && kind->id != FILE_JSON && kind->id != FILE_TEXT && kind->id != FILE_EMPTY;
            reason->line = why.line;
            if (other)
                snprintf(reason->text, sizeof reason->text, "is %s, not JSON%s%s", kind->name,
                         kind->remedy ? ": " : "", kind->remedy ? kind->remedy : "");
            else
                snprintf(reason->text, sizeof reason->text, "is no JSON: column %d: %s", why.column,
                         why.text);
        }
    }
    file_unmap(&map);
    return status;
}

Status reader_json(json_t **out, Catalog *c, const char *path, Error *error) {
    JsonReason reason;
    Status status = reader_parse(out, path, &reason, error);
    if (!status && *out) reader_report_not_finite(c, path, &reason);
    if (status || *out) return status;
    Finding *f = catalog_find(c, RULE_JSON, path, "line %d: %s", reason.line, reason.text);
    f->facts = catalog_text(c, "{\"line\": %d}", reason.line);
    return VOXPERT_OK;
}

static const char *path_below(Catalog *c, const char *name) {
    const char *path = catalog_text(c, "%s/%s", c->root, name), *own = path_base(c->root);
    size_t length = strlen(own);
    if (strncmp(name, own, length) != 0 || name[length] != '/' || file_exists(path)) return path;
    const char *within = catalog_text(c, "%s/%s", c->root, name + length + 1);
    return file_exists(within) ? within : path;
}

const char *reader_slashes(Catalog *c, const char *name) {
    char *text = (char *)(uintptr_t)catalog_text(c, "%s", name);
    for (char *p = text; *p; p++) {
        if (*p == '\\') *p = '/';
    }
    return text;
}

const char *reader_path(Catalog *c, const char *name) {
    if (name[0] == '/') return catalog_text(c, "%s", name);
    while (text_starts(name, "./")) name += 2;
    const char *path = path_below(c, name);
    if (!strchr(name, '\\') || file_exists(path)) return path;
    const char *other = path_below(c, reader_slashes(c, name));
    if (!file_exists(other)) return path;
    c->backslashes = true;
    return other;
}

const char *reader_stem(Catalog *c, const char *path) {
    const char *base = path_base(path), *back = strrchr(base, '\\');
    if (back && !file_exists(path)) base = back + 1;
    return catalog_text(c, "%.*s", (int)(strlen(base) - strlen(path_extension(base))), base);
}

const char *const *reader_one(Catalog *c, const char *path) {
    const char **array = catalog_memory(c, 1, sizeof *array);
    if (array) *array = path;
    return array;
}

Status reader_files(FileNames *out, const char *folder, Error *error) {
    *out = (FileNames){0};
    if (!file_is_folder(folder)) return VOXPERT_OK;
    Status status = folder_list(out, folder, error);
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++) {
        char *name = out->name[i];
        if (name[0] != '.')
            out->name[kept++] = name;
        else
            memory_free(name);
    }
    out->count = kept;
    return status;
}

bool reader_listed(FileNames *out, Catalog *c, const char *folder) {
    Status status = reader_files(out, folder, NULL);
    c->failed |= status == VOXPERT_OUT_OF_MEMORY;
    return !status;
}

static int compare(const void *a, const void *b) { return strcmp(a, *(char *const *)b); }

bool reader_names_hold(const FileNames *sorted, const char *name) {
    return sorted->count &&
           bsearch(name, sorted->name, sorted->count, sizeof *sorted->name, compare);
}

void reader_labels_by_value(Catalog *c, json_t *labels, const char *file) {
    const char *key;
    json_t *name;
    json_object_foreach(labels, key, name) {
        long value;
        if (!text_to_long(&value, key) || value < 0 || value > UINT32_MAX ||
            !json_is_string(name)) {
            catalog_find(c, RULE_FORM, file, "\"%s\" is no number of a label with its name", key)
                ->field = "labels";
            continue;
        }
        CatalogLabel *l = catalog_add_label(c, catalog_text(c, "%s", json_string_value(name)));
        catalog_label_values(c, l, &(uint32_t){(uint32_t)value}, 1);
    }
}

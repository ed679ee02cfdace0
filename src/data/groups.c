#include "data/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/text.h"

/* ---- groups.csv ----------------------------------------------------------------------------- */

typedef struct Cursor {
    const char *at, *end;
    size_t line; /* from 1 */
} Cursor;

/* A field, with its quotes taken off; `last` of its line. */
static const char *next_field(Catalog *c, Cursor *s, bool *last) {
    Text t = {0};
    bool quoted = s->at < s->end && *s->at == '"';
    if (quoted) s->at++;
    while (s->at < s->end) {
        char ch = *s->at;
        if (quoted && ch == '"') {
            s->at++;
            quoted = s->at < s->end && *s->at == '"';
            if (!quoted) continue;
        } else if (!quoted && (ch == ',' || ch == '\n')) {
            break;
        }
        if (ch != '\r') text_add(&t, "%c", ch);
        s->at++;
    }
    *last = s->at == s->end || *s->at == '\n';
    if (s->at < s->end) s->at++;
    c->failed |= t.failed;
    const char *field = catalog_text(c, "%s", t.chars ? t.chars : "");
    text_free(&t);
    return field;
}

static CatalogCase *next_of_stem(Catalog *c, CatalogCase *after, const char *stem) {
    for (CatalogCase *item = after ? after + 1 : c->item; item < c->item + c->cases; item++) {
        if (strcmp(item->stem, stem) == 0) return item;
    }
    return NULL;
}

static void give_group(Catalog *c, const char *stem, const char *group, size_t line) {
    CatalogCase *item = c->cases ? next_of_stem(c, NULL, stem) : NULL;
    if (!item) {
        catalog_find(c, RULE_GROUPS, c->groups, "line %zu: there is no case of the stem %s", line,
                     stem)
            ->warning = true;
        return;
    }
    if (item->group && strcmp(item->group, group) != 0)
        catalog_find(c, RULE_GROUPS, c->groups, "line %zu: %s is in the group %s too", line, stem,
                     item->group);
    for (; item; item = next_of_stem(c, item, stem)) item->group = group;
}

static void read_line(Catalog *c, Cursor *s) {
    bool last;
    size_t line = s->line++;
    const char *stem = next_field(c, s, &last);
    if (last && !*stem) return;
    const char *group = last ? "" : next_field(c, s, &last);
    bool more = !last;
    while (!last) next_field(c, s, &last);
    if (line == 1 && strcmp(stem, "stem") == 0 && strcmp(group, "group") == 0) return;
    if (!*stem || !*group || more)
        catalog_find(c, RULE_GROUPS, c->groups, "line %zu has not two fields, stem and group",
                     line);
    else
        give_group(c, stem, group, line);
}

static Status read_groups(Catalog *c, Error *error) {
    FileMap map;
    Status status = file_map(&map, c->groups, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    const char *text = (const char *)map.bytes;
    Cursor s = {text, text + map.size, 1};
    if (map.size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) s.at += 3;
    if (map.size && (memchr(text, '\0', map.size) || !text_is_utf8(text, map.size)))
        catalog_find(c, RULE_GROUPS, c->groups, "is no UTF-8 text");
    else
        while (s.at < s.end && !c->failed) read_line(c, &s);
    file_unmap(&map);
    return VOXPERT_OK;
}

/* ---- Parts ---------------------------------------------------------------------------------- */

static const char *own_group(Catalog *c, const CatalogCase *item) {
    size_t length = split_group_length(item->stem, c->options.patient);
    return catalog_text(c, "%.*s", (int)length, item->stem);
}

Status groups_apply(Catalog *c, Error *error) {
    const char *path = catalog_text(c, "%s/groups.csv", c->root);
    size_t without = 0;
    const CatalogCase *first = NULL;
    Status status = VOXPERT_OK;
    if (file_exists(path)) {
        c->groups = path;
        status = read_groups(c, error);
    }
    if (status) return status;
    for (size_t i = 0; i < c->cases; i++) {
        CatalogCase *item = &c->item[i];
        if (c->groups && !item->group && without++ == 0) first = item;
        if (!item->group) item->group = own_group(c, item);
        if (!item->listed) item->part = split_part(c->options.rule, c->name, item->group);
    }
    if (without)
        catalog_find(c, RULE_GROUPS, c->groups, "%zu of %zu cases have no line, such as %s",
                     without, c->cases, first->stem)
            ->warning = true;
    return VOXPERT_OK;
}

#include "data/groups.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/csv.h"
#include "base/files.h"

/* ---- groups.csv ----------------------------------------------------------------------------- */

typedef struct Groups {
    Catalog *catalog;
    CatalogCase **by_stem; /* all cases, sorted; those of one stem in their order */
    size_t stem, group;    /* the columns */
    size_t columns;        /* of the row that names them; 2 where none does */
} Groups;

static int by_stem(const void *a, const void *b) {
    const CatalogCase *const *p = a, *const *q = b;
    int order = strcmp((*p)->stem, (*q)->stem);
    return order ? order : (*p > *q) - (*p < *q);
}

/* The place of the first case whose stem is not before this one. */
static size_t place_of(const Groups *g, const char *stem) {
    size_t low = 0, high = g->catalog->cases;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(g->by_stem[middle]->stem, stem) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void assign_group(const Groups *g, const char *stem, const char *group, size_t line) {
    Catalog *c = g->catalog;
    bool found = false;
    for (size_t i = place_of(g, stem); i < c->cases && !strcmp(g->by_stem[i]->stem, stem); i++) {
        CatalogCase *item = g->by_stem[i];
        if (item->group && strcmp(item->group, group) != 0 && !found)
            catalog_find(c, RULE_GROUPS, c->groups, "line %zu: %s is in the group %s too", line,
                         stem, item->group);
        item->group = catalog_text(c, "%s", group);
        found = true;
    }
    if (!found)
        catalog_find(c, RULE_GROUPS, c->groups, "line %zu: there is no case of the stem %s", line,
                     stem)
            ->warning = true;
}

/* Whether the first row names the columns; others than these two may be there then. */
static bool read_columns(Groups *g, const CsvReader *csv) {
    bool stem = false, group = false;
    for (size_t i = 0; i < csv->fields; i++) {
        if (!stem && strcasecmp(csv->field[i], "stem") == 0) stem = true, g->stem = i;
        if (!group && strcasecmp(csv->field[i], "group") == 0) group = true, g->group = i;
    }
    bool named = stem && group;
    g->columns = named ? csv->fields : 2;
    if (!named) g->stem = 0, g->group = 1;
    return named;
}

static void read_row(const Groups *g, const CsvReader *csv) {
    Catalog *c = g->catalog;
    bool whole = csv->fields > g->stem && csv->fields > g->group;
    if (whole) whole = *csv->field[g->stem] && *csv->field[g->group];
    for (size_t i = g->columns; i < csv->fields; i++) /* a comma in a name that has no quotes */
        whole = whole && !*csv->field[i];
    if (whole)
        assign_group(g, csv->field[g->stem], csv->field[g->group], csv->line);
    else
        catalog_find(c, RULE_GROUPS, c->groups, "line %zu has not %s", csv->line,
                     g->columns > 2 ? "the fields of the first line, stem and group among them"
                                    : "two fields, stem and group");
}

static Status read_rows(Groups *g, const FileMap *map, Error *error) {
    Catalog *c = g->catalog;
    CsvReader csv;
    Error why = {0};
    bool first = true;
    Status status = csv_open(&csv, NULL, map->bytes, map->size, &why);
    while (!status && !(status = csv_row(&csv, &why)) && csv.fields && !c->failed) {
        if (!first || !read_columns(g, &csv)) read_row(g, &csv);
        first = false;
    }
    csv_close(&csv);
    if (status == VOXPERT_BAD_INPUT) { /* a finding, so that `check` goes on with the rest */
        catalog_find(c, RULE_GROUPS, c->groups, "%s", why.message);
        return VOXPERT_OK;
    }
    return status ? error_set(error, status, "%s: no memory to read it", c->groups) : VOXPERT_OK;
}

static Status read_groups(Catalog *c, Error *error) {
    FileMap map;
    Groups g = {.catalog = c, .by_stem = catalog_memory(c, c->cases + 1, sizeof *g.by_stem)};
    if (!g.by_stem)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to read it", c->groups);
    for (size_t i = 0; i < c->cases; i++) g.by_stem[i] = &c->item[i];
    qsort(g.by_stem, c->cases, sizeof *g.by_stem, by_stem);
    Status status = file_map(&map, c->groups, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    status = read_rows(&g, &map, error);
    file_unmap(&map);
    return status;
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

#include "data/catalog.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/quote.h"
#include "base/text.h"

const char *data_format_name(DataFormat f) {
    static const char *const names[DATA_FORMATS] = {"pairs",     "nnunet", "sam-med2d", "imis",
                                                    "challenge", "coco",   "sam-med3d", "list"};
    return names[f];
}

/* ---- Memory ------------------------------------------------------------------------------- */

struct CatalogBlock {
    CatalogBlock *next;
    size_t used, size;
    max_align_t bytes[];
};

enum { BLOCK = 1 << 16 };

void *catalog_memory(Catalog *c, size_t count, size_t size) {
    size_t bytes = (count * size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    if (c->failed) return NULL;
    if (!c->block || c->block->size - c->block->used < bytes) {
        size_t room = bytes > BLOCK ? bytes : BLOCK;
        CatalogBlock *b = memory_new(sizeof *b + room);
        c->failed = !b;
        if (!b) return NULL;
        b->next = c->block;
        b->size = room;
        c->block = b;
    }
    char *at = (char *)c->block->bytes + c->block->used;
    c->block->used += bytes;
    return at;
}

const char *catalog_text(Catalog *c, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : catalog_memory(c, (size_t)length + 1, 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text ? text : "";
}

CatalogCase *catalog_add_case(Catalog *c) {
    c->failed |= !memory_grow(&c->item, &c->case_capacity, c->cases, sizeof *c->item);
    CatalogCase *item = c->failed ? &c->spare_case : &c->item[c->cases++];
    *item = (CatalogCase){.name = "", .source = "", .stem = ""};
    return item;
}

CatalogLabel *catalog_add_label(Catalog *c, const char *name) {
    c->failed |= !memory_grow(&c->label, &c->label_capacity, c->labels, sizeof *c->label);
    CatalogLabel *l = c->failed ? &c->spare_label : &c->label[c->labels++];
    *l = (CatalogLabel){.name = name};
    return l;
}

void catalog_label_values(Catalog *c, CatalogLabel *l, const uint32_t *value, size_t values) {
    uint32_t *copy = catalog_memory(c, values + 1, sizeof *copy);
    if (!copy) return;
    if (values) memcpy(copy, value, values * sizeof *copy);
    l->value = copy;
    l->values = values;
}

/* ---- Findings ----------------------------------------------------------------------------- */

const char *catalog_relative(const Catalog *c, const char *path) {
    size_t length = c->root ? strlen(c->root) : 0;
    if (!length || strncmp(path, c->root, length) != 0) return path;
    if (c->root[length - 1] == '/') return path + length;
    return path[length] == '/' ? path + length + 1 : path;
}

Finding *catalog_find(Catalog *c, DataRule rule, const char *file, const char *detail, ...) {
    char sentence[1024];
    va_list args;
    va_start(args, detail);
    vsnprintf(sentence, sizeof sentence, detail, args);
    va_end(args);
    const char *kept = catalog_text(c, "%s", sentence);
    c->failed |= !memory_grow(&c->finding, &c->finding_capacity, c->findings, sizeof *c->finding);
    Finding *f = c->failed ? &c->spare_finding : &c->finding[c->findings++];
    *f = (Finding){.rule = rule, .file = file ? catalog_relative(c, file) : NULL, .detail = kept};
    f->outside = file && f->file == file;
    return f;
}

void catalog_facts(Catalog *c, Finding *f, json_t *facts) {
    char *text = facts ? json_dumps(facts, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    f->facts = text ? catalog_text(c, "%s", text) : NULL;
    free(text);
    json_decref(facts);
}

Status catalog_verdict(const Catalog *c, Error *error) {
    for (size_t i = 0; i < c->findings; i++) {
        const Finding *f = &c->finding[i];
        bool guessed = f->rule == RULE_PATIENTS_APART && !c->options.patient && !c->groups;
        if (!f->warning && !guessed)
            return error_set(error, VOXPERT_BAD_INPUT, "%s%s%s%s%s: %s; %s (rule: %s)",
                             f->outside ? "" : c->root, f->file && !f->outside ? "/" : "",
                             f->file ? f->file : "", f->field ? ", field " : "",
                             f->field ? f->field : "", f->detail, data_rule_remedy(f->rule),
                             data_rule_name(f->rule));
    }
    return VOXPERT_OK;
}

/* ---- Whole catalogs ------------------------------------------------------------------------- */

void catalog_take(Catalog *c, Catalog *from) {
    Catalog before = *c;
    CatalogBlock **last = &from->block;
    while (*last) last = &(*last)->next;
    *last = before.block;
    for (size_t i = 0; i < before.lists; i++) {
        from->failed |=
            !memory_grow(&from->list, &from->list_capacity, from->lists, sizeof *from->list);
        if (from->failed)
            json_decref(before.list[i]);
        else
            from->list[from->lists++] = before.list[i];
    }
    json_decref(before.mended);
    memory_free(before.list);
    memory_free(before.item);
    memory_free(before.label);
    memory_free(before.finding);
    *c = *from;
    *from = (Catalog){0};
}

void catalog_close(Catalog *c) {
    for (size_t i = 0; i < c->lists; i++) json_decref(c->list[i]);
    json_decref(c->mended);
    memory_free(c->list);
    memory_free(c->item);
    memory_free(c->label);
    memory_free(c->finding);
    while (c->block) {
        CatalogBlock *next = c->block->next;
        memory_free(c->block);
        c->block = next;
    }
    *c = (Catalog){0};
}

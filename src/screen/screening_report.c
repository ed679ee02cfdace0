/* A screening as tables and pictures; declared in screening.h. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/reader.h"
#include "draw/overlay.h"
#include "draw/sheet.h"
#include "screen/screening.h"

static const char *const limits_names[] = {"set", "fixed", "both"};

/* ---- CSV ---------------------------------------------------------------------------------- */

static void add_cell(Text *t, const char *text) {
    if (!strpbrk(text, ",\"\n\r")) {
        text_add(t, "%s", text);
        return;
    }
    text_add(t, "\"");
    for (; *text; text++) text_add(t, *text == '"' ? "\"\"" : "%c", *text);
    text_add(t, "\"");
}

static void add_faults(Text *t, unsigned faults) {
    const char *between = "";
    for (int f = 0; f < QUALITY_FAULTS; f++) {
        if (!(faults >> f & 1)) continue;
        text_add(t, "%s%s", between, quality_fault_name((QualityFault)f));
        between = " ";
    }
}

static void add_number(Text *t, double value) {
    if (isfinite(value)) text_add(t, "%.9g", value);
    text_add(t, ",");
}

static void add_row(Text *t, const ScreenedCase *c) {
    add_cell(t, c->item->name);
    text_add(t, ",%s,", split_part_name(c->item->part));
    if (c->slice >= 0) text_add(t, "k:%ld", c->slice);
    text_add(t, ",");
    const Quality *q = &c->quality;
    const double values[] = {q->laplacian_variance, q->rms_contrast,     q->michelson_contrast,
                             q->entropy_bits,       q->foreground_ratio, (double)q->pieces,
                             q->smallest_ratio};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        add_number(t, c->measured ? values[i] : (double)NAN);
    add_faults(t, c->fixed);
    text_add(t, ",");
    add_faults(t, c->set);
    text_add(t, ",%s,", c->accepted ? "yes" : "no");
    add_cell(t, c->reason);
    text_add(t, ",");
    warnings_csv(t, &c->warnings);
    text_add(t, "\n");
}

void screening_csv(Text *t, const Screening *s) {
    text_add(t, "name,part,slice,laplacian_variance,rms_contrast,michelson_contrast,entropy_bits,"
                "foreground_ratio,components_8,smallest_component_ratio,fixed_faults,set_faults,"
                "accepted,reason,warnings\n");
    for (size_t i = 0; i < s->count; i++) add_row(t, &s->item[i]);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *faults_json(unsigned faults) {
    json_t *list = json_array();
    for (int f = 0; f < QUALITY_FAULTS; f++) {
        if (faults >> f & 1)
            json_array_append_new(list, json_string(quality_fault_name((QualityFault)f)));
    }
    return list;
}

static json_t *limit_json(const SetLimit *l) {
    if (!l->known) return json_null();
    return json_pack("{s:f, s:f, s:s, s:o, s:o}", "median", l->median, "scale", l->scale, "of",
                     l->logarithm ? "natural logarithm" : "value", "low", number(l->low), "high",
                     number(l->high));
}

static json_t *fixed_json(const QualityLimits *f) {
    return json_pack("{s:f, s:f, s:f, s:[f,f], s:I, s:f}", quality_fault_name(FAULT_LAPLACIAN),
                     f->laplacian_variance, quality_fault_name(FAULT_CONTRAST), f->rms_contrast,
                     quality_fault_name(FAULT_ENTROPY), f->entropy_bits,
                     quality_fault_name(FAULT_RATIO), f->least_ratio, f->most_ratio,
                     quality_fault_name(FAULT_PIECES), (json_int_t)f->pieces,
                     quality_fault_name(FAULT_SMALLEST), f->smallest_ratio);
}

static json_t *case_json(const ScreenedCase *c) {
    json_t *json = json_pack("{s:o, s:s, s:b}", "name", reader_words(c->item->name), "part",
                             split_part_name(c->item->part), "accepted", c->accepted);
    if (*c->reason) json_object_set_new(json, "reason", reader_words(c->reason));
    if (c->warnings.count) json_object_set_new(json, "warnings", reader_warnings(&c->warnings));
    if (!c->measured) return json;
    for (int f = 0; f < QUALITY_FAULTS; f++)
        json_object_set_new(json, quality_fault_name((QualityFault)f),
                            number(quality_value(&c->quality, (QualityFault)f)));
    json_object_set_new(json, "michelson_contrast", number(c->quality.michelson_contrast));
    if (c->slice >= 0) json_object_set_new(json, "slice", json_sprintf("k:%ld", c->slice));
    json_object_set_new(json, "fixed_faults", faults_json(c->fixed));
    json_object_set_new(json, "set_faults", faults_json(c->set));
    return json;
}

static json_t *rule_json(const Screening *s) {
    json_t *set = json_object();
    for (int f = 0; f < QUALITY_FAULTS; f++)
        json_object_set_new(set, quality_fault_name((QualityFault)f), limit_json(&s->limit[f]));
    return json_pack(
        "{s:s, s:f, s:b, s:s, s:o, s:o}", "limits", limits_names[s->rule.limits], "cutoff",
        s->rule.cutoff, "set_limits_known", s->own_limits, "rule",
        "rejected where |x - median| / s > cutoff on the bad side, s = 1.4826 median|x - median|, "
        "or "
        "where that is 0 1.2533 mean|x - median|; the limit of components is never below the fixed "
        "one; with fewer than 8 cases the fixed limits count; a case without foreground is always "
        "rejected",
        "set", set, "fixed", fixed_json(&s->fixed));
}

static void add_json(Text *t, json_t *json) {
    char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    t->failed |= !text;
    if (text) text_add(t, "%s\n", text);
    free(text);
    json_decref(json);
}

void screening_json(Text *t, const Screening *s) {
    json_t *cases = json_array();
    for (size_t i = 0; i < s->count; i++)
        t->failed |= json_array_append_new(cases, case_json(&s->item[i])) != 0;
    add_json(t, json_pack("{s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "data",
                          reader_words(s->catalog->place), "format",
                          data_format_name(s->catalog->format), "cases", (json_int_t)s->count,
                          "measured", (json_int_t)s->measured, "accepted", (json_int_t)s->accepted,
                          "rule", rule_json(s), "case", cases, "warnings",
                          reader_warnings(&s->warnings)));
}

void screening_list(Text *t, const Screening *s, const char *place) {
    json_t *cases = json_array();
    for (size_t i = 0; i < s->count; i++) {
        const CatalogCase *item = s->item[i].item;
        if (!s->item[i].accepted) continue;
        const char *part = item->listed ? split_part_name(item->part) : NULL; /* else drawn anew */
        json_t *entry = json_pack("{s:s, s:s*}", "name", item->name, "part", part);
        t->failed |= json_array_append_new(cases, entry) != 0;
    }
    add_json(t, json_pack("{s:s, s:i, s:s, s:s, s:s, s:f, s:o}", "format", "voxpert-list",
                          "version", 1, "name", s->catalog->name, "data", place, "limits",
                          limits_names[s->rule.limits], "cutoff", s->rule.cutoff, "cases", cases));
}

/* ---- Pictures ----------------------------------------------------------------------------- */

static int worst_first(const void *a, const void *b) {
    const ScreenedCase *const *p = a, *const *q = b;
    if ((*p)->accepted != (*q)->accepted) return (*p)->accepted ? 1 : -1;
    if ((*p)->distance > (*q)->distance || (*p)->distance < (*q)->distance)
        return (*p)->distance > (*q)->distance ? -1 : 1;
    int faults = __builtin_popcount((*q)->fixed) - __builtin_popcount((*p)->fixed);
    return faults ? faults : strcmp((*p)->item->name, (*q)->item->name);
}

typedef struct Sheet {
    SheetTile *tile;
    ScreenedPicture *picture;
    char (*caption)[256];
    size_t count;
} Sheet;

static Status add_tile(Sheet *sheet, const Screening *s, const ScreenedCase *c, Error *error) {
    ScreenedPicture *p = &sheet->picture[sheet->count];
    Status status = screened_picture(p, s->catalog, c->item, error);
    if (status) return status;
    size_t n = p->picture.width * p->picture.height;
    Extent size = {p->picture.height, p->picture.width};
    uint16_t *labels = memory_new(n * sizeof *labels);
    if (!labels) {
        screened_picture_free(p);
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to draw the worst cases");
    }
    for (size_t i = 0; i < n; i++) labels[i] = p->mask[i];
    overlay_labels((Canvas){p->picture.rgb, size}, labels, 0.25);
    memory_free(labels);
    char *caption = sheet->caption[sheet->count];
    snprintf(caption, sizeof *sheet->caption, "%.120s\n%s%.110s", c->item->name,
             c->accepted ? "accepted" : "rejected: ", c->accepted ? "" : c->reason);
    sheet->tile[sheet->count++] =
        (SheetTile){.rgb = p->picture.rgb, .size = size, .caption = caption};
    return VOXPERT_OK;
}

static Status write_sheet(const char *path, const Sheet *sheet, Error *error) {
    uint8_t *rgb;
    Extent size;
    Status status = sheet_make(&rgb, &size, sheet->tile, sheet->count, 0, 264,
                               (SheetHead){.title = "the worst cases, rejected ones first"}, error);
    if (status) return status;
    status = picture_save(&(Picture){rgb, size.width, size.height, NULL}, path, error);
    memory_free(rgb);
    return status;
}

static Status fill_sheet(Sheet *sheet, const Screening *s, size_t most, Error *error) {
    const ScreenedCase **order = memory_new((s->count + 1) * sizeof *order);
    size_t n = 0;
    Status status = VOXPERT_OK;
    if (!order || !sheet->tile || !sheet->picture || !sheet->caption)
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to draw the worst cases");
    for (size_t i = 0; order && i < s->count; i++) {
        if (s->item[i].measured) order[n++] = &s->item[i];
    }
    if (n) qsort(order, n, sizeof *order, worst_first);
    for (size_t i = 0; !status && i < n && i < most; i++)
        status = add_tile(sheet, s, order[i], error);
    memory_free(order);
    return status;
}

Status screening_sheet(const char *path, const Screening *s, size_t most, Error *error) {
    Sheet sheet = {.tile = memory_new((most + 1) * sizeof *sheet.tile),
                   .picture = memory_new((most + 1) * sizeof *sheet.picture),
                   .caption = memory_new((most + 1) * sizeof *sheet.caption)};
    Status status = fill_sheet(&sheet, s, most, error);
    if (!status && sheet.count) status = write_sheet(path, &sheet, error);
    for (size_t i = 0; i < sheet.count; i++) screened_picture_free(&sheet.picture[i]);
    memory_free(sheet.tile);
    memory_free(sheet.picture);
    memory_free(sheet.caption);
    return status;
}

#include "train/history.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/quote.h"
#include "base/text.h"
#include "train/events.h"

static Status no_memory(const char *folder, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its history", folder);
}

/* ---- Columns ---------------------------------------------------------------------------- */

typedef enum When { ALWAYS, VALIDATED, ROUTED } When; /* in which rows a column stands */

typedef struct Column {
    const char *name;
    size_t offset;
    When when;
} Column;

#define COLUMN(field, when)                                                                        \
    { #field, offsetof(HistoryRow, field), when }

static const Column columns[] = {
    COLUMN(loss, ALWAYS),
    COLUMN(dice, ALWAYS),
    COLUMN(lr, ALWAYS),
    COLUMN(norm, ALWAYS),
    COLUMN(box, VALIDATED),
    COLUMN(click1, VALIDATED),
    COLUMN(click5, VALIDATED),
    COLUMN(score, VALIDATED),
    COLUMN(seconds, ALWAYS),
    COLUMN(entropy, ROUTED),
    COLUMN(importance_cv2, ROUTED),
    COLUMN(load_cv2, ROUTED),
    COLUMN(effective_experts, ROUTED),
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static double value_of(const HistoryRow *r, int column) {
    double x;
    memcpy(&x, (const char *)r + columns[column].offset, sizeof x);
    return x;
}

static bool stands(const HistoryRow *r, int column) {
    When when = columns[column].when;
    return when == ALWAYS || (when == VALIDATED ? r->validated : r->routed);
}

/* A history without experts has no columns for them. */
static bool is_kept(const History *h, int column) {
    return columns[column].when != ROUTED || h->experts.experts;
}

/* ---- Usage ------------------------------------------------------------------------------ */

static size_t usage_floats(const History *h) {
    return (1 + h->experts.sets + h->experts.modalities) * (size_t)h->experts.experts;
}

/* Of the first row, which is over all sets: "all", or where a set is called that, a name that no
 * set can have. */
static const char *usage_name(const History *h, size_t row) {
    if (row > 0) return h->experts.set[row - 1];
    for (size_t i = 0; i < h->experts.sets; i++) {
        if (strcmp(h->experts.set[i], "all") == 0) return "all/sets";
    }
    return "all";
}

static const double *usage_row(const History *h, const HistoryRow *r, size_t row) {
    return r->usage + row * (size_t)h->experts.experts;
}

static const char *modality_name(const History *h, size_t row) {
    return h->experts.modality[row - 1 - h->experts.sets];
}

/* A JSON array of one row. */
static bool parse_shares(const History *h, double *out, const json_t *list) {
    if (json_array_size(list) != (size_t)h->experts.experts) return false;
    for (int e = 0; e < h->experts.experts; e++) {
        const json_t *v = json_array_get(list, (size_t)e);
        if (!json_is_number(v)) return false;
        *out++ = json_number_value(v);
    }
    return true;
}

/* Into `out` [usage_floats]. */
static bool parse_usage(const History *h, double *out, const json_t *sets,
                        const json_t *modalities) {
    size_t each = (size_t)h->experts.experts, rows = 1 + h->experts.sets;
    for (size_t row = 0; row < rows; row++, out += each)
        if (!parse_shares(h, out, json_object_get(sets, usage_name(h, row)))) return false;
    for (size_t row = rows; row < rows + h->experts.modalities; row++, out += each)
        if (!parse_shares(h, out, json_object_get(modalities, modality_name(h, row)))) return false;
    return true;
}

static void add_shares(Text *t, const History *h, const HistoryRow *r, size_t row,
                       const char *name) {
    text_add_quoted(t, name);
    text_add(t, ": [");
    for (int e = 0; e < h->experts.experts; e++)
        text_add(t, e ? ", %.9g" : "%.9g", usage_row(h, r, row)[e]);
    text_add(t, "]");
}

static void add_usage(Text *t, const History *h, const HistoryRow *r) {
    size_t sets = h->experts.sets;
    text_add(t, ", \"usage\": {");
    for (size_t row = 0; row <= sets; row++) {
        text_add(t, "%s", row ? ", " : "");
        add_shares(t, h, r, row, usage_name(h, row));
    }
    text_add(t, "}");
    if (h->experts.modalities == 0) return;
    text_add(t, ", \"modalities\": {");
    for (size_t i = 0; i < h->experts.modalities; i++) {
        text_add(t, "%s", i ? ", " : "");
        add_shares(t, h, r, 1 + sets + i, h->experts.modality[i]);
    }
    text_add(t, "}");
}

/* Set and, where any set states one, modality: of a modality's own row the set is empty. */
static void add_whose(Text *t, const History *h, size_t row) {
    const HistoryExperts *e = &h->experts;
    int of = row > 0 && row <= e->sets && e->modalities ? e->modality_of[row - 1] : -1;
    text_add_csv_field(t, row <= e->sets ? usage_name(h, row) : "");
    if (e->modalities == 0) return;
    text_add(t, ",");
    text_add_csv_field(t, row > e->sets ? modality_name(h, row) : of >= 0 ? e->modality[of] : "");
}

/* One line for each report and set or modality: share of its tokens that each expert had. */
static void add_usage_lines(Text *t, const History *h) {
    text_add(t, h->experts.modalities ? "step,set,modality" : "step,set");
    for (int e = 1; e <= h->experts.experts; e++) text_add(t, ",expert_%d", e);
    text_add(t, "\n");
    for (size_t i = 0; i < h->count; i++) {
        const HistoryRow *r = &h->row[i];
        for (size_t row = 0; r->routed && row <= h->experts.sets + h->experts.modalities; row++) {
            text_add(t, "%ld,", r->step);
            add_whose(t, h, row);
            for (int e = 0; e < h->experts.experts; e++)
                text_add(t, ",%.9g", usage_row(h, r, row)[e]);
            text_add(t, "\n");
        }
    }
}

/* ---- Reading back ----------------------------------------------------------------------- */

/* `usage` is memory for one. */
static bool parse_row(const History *h, HistoryRow *r, double *usage, const char *line,
                      size_t length) {
    json_t *json = json_loadb(line, length, 0, NULL);
    const json_t *step = json_object_get(json, "step");
    bool ok = json_is_integer(step);
    *r = (HistoryRow){.step = (long)json_integer_value(step),
                      .validated = json_object_get(json, "score") != NULL,
                      .routed = h->experts.experts && json_object_get(json, "usage")};
    if (r->routed) {
        r->usage = usage;
        ok = ok && parse_usage(h, usage, json_object_get(json, "usage"),
                               json_object_get(json, "modalities"));
    }
    for (int i = 0; ok && i < COLUMNS; i++) {
        const json_t *v = json_object_get(json, columns[i].name);
        if (!stands(r, i)) continue;
        double x = json_number_value(v);
        ok = json_is_number(v);
        memcpy((char *)r + columns[i].offset, &x, sizeof x);
    }
    json_decref(json);
    return ok;
}

static Status read_rows(History *h, const char *path, long last_step, Error *error) {
    FileMap map;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    const char *at = map.size ? (const char *)map.bytes : "", *end = at + map.size;
    double *usage = memory_new((usage_floats(h) + 1) * sizeof *usage);
    if (!usage) status = no_memory(h->folder, error);
    for (size_t line = 1; !status && at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        HistoryRow row;
        if (!parse_row(h, &row, usage, at, length))
            status = error_set(error, VOXPERT_BAD_INPUT, "%s: line %zu is no row of a history",
                               path, line);
        else if (row.step <= last_step)
            status = history_add(h, &row, error);
        at += length + 1;
    }
    memory_free(usage);
    file_unmap(&map);
    return status;
}

Status history_open(History *h, const char *folder, const HistoryExperts *experts, long last_step,
                    Error *error) {
    *h = (History){.folder = memory_text(folder)};
    if (experts) h->experts = *experts;
    char *path = path_join(folder, "history.jsonl");
    Status status = h->folder && path ? VOXPERT_OK : no_memory(folder, error);
    if (!status && last_step > 0 && file_exists(path))
        status = read_rows(h, path, last_step, error);
    memory_free(path);
    if (status) history_close(h);
    return status;
}

void history_close(History *h) {
    for (size_t i = 0; i < h->count; i++) memory_free((void *)(uintptr_t)h->row[i].usage);
    memory_free(h->folder);
    memory_free(h->row);
    *h = (History){0};
}

Status history_add(History *h, const HistoryRow *row, Error *error) {
    if (!memory_grow(&h->row, &h->capacity, h->count, sizeof *h->row))
        return no_memory(h->folder, error);
    HistoryRow *added = &h->row[h->count];
    *added = *row;
    added->usage = NULL;
    if (row->routed) {
        double *usage = memory_new(usage_floats(h) * sizeof *usage);
        if (!usage) return no_memory(h->folder, error);
        memcpy(usage, row->usage, usage_floats(h) * sizeof *usage);
        added->usage = usage;
    }
    h->count++;
    return VOXPERT_OK;
}

/* ---- Writing ---------------------------------------------------------------------------- */

static Status write_text(const History *h, const char *name, Text *text, Error *error) {
    char *path = path_join(h->folder, name);
    Status status = path && !text->failed ? VOXPERT_OK : no_memory(h->folder, error);
    if (!status) status = file_write(path, text->chars, text->length, error);
    memory_free(path);
    text_free(text);
    return status;
}

static void add_json_line(Text *t, const History *h, const HistoryRow *r) {
    text_add(t, "{\"step\": %ld", r->step);
    for (int i = 0; i < COLUMNS; i++) {
        if (stands(r, i)) text_add(t, ", \"%s\": %.9g", columns[i].name, value_of(r, i));
    }
    if (r->routed) add_usage(t, h, r);
    text_add(t, "}\n");
}

static void add_csv_line(Text *t, const History *h, const HistoryRow *r) {
    text_add(t, "%ld", r->step);
    for (int i = 0; i < COLUMNS; i++) {
        if (stands(r, i))
            text_add(t, ",%.9g", value_of(r, i));
        else if (is_kept(h, i))
            text_add(t, ",");
    }
    text_add(t, "\n");
}

static Status write_events(const History *h, Error *error) {
    Events e = {0};
    events_begin(&e);
    for (size_t i = 0; i < h->count; i++)
        for (int k = 0; k < COLUMNS; k++) {
            char tag[40];
            snprintf(tag, sizeof tag, "%s/%s",
                     columns[k].when == VALIDATED ? "validation" : "training", columns[k].name);
            if (stands(&h->row[i], k))
                events_scalar(&e, h->row[i].seconds, h->row[i].step, tag, value_of(&h->row[i], k));
        }
    char *path = path_join(h->folder, "events.out.tfevents.0.voxpert");
    Status status = path && !e.failed ? VOXPERT_OK : no_memory(h->folder, error);
    if (!status) status = file_write(path, e.bytes, e.size, error);
    memory_free(path);
    events_free(&e);
    return status;
}

Status history_write(const History *h, Error *error) {
    Text lines = {0}, table = {0};
    text_add(&lines, "%s", "");
    text_add(&table, "step");
    for (int i = 0; i < COLUMNS; i++) {
        if (is_kept(h, i)) text_add(&table, ",%s", columns[i].name);
    }
    text_add(&table, "\n");
    for (size_t i = 0; i < h->count; i++) {
        add_json_line(&lines, h, &h->row[i]);
        add_csv_line(&table, h, &h->row[i]);
    }
    Status status = write_text(h, "history.jsonl", &lines, error);
    if (status)
        text_free(&table);
    else
        status = write_text(h, "history.csv", &table, error);
    if (!status && h->experts.experts) {
        Text usage = {0};
        add_usage_lines(&usage, h);
        status = write_text(h, "routing.csv", &usage, error);
    }
    if (!status) status = write_events(h, error);
    return status;
}

/* ---- Curves ----------------------------------------------------------------------------- */

/* Column numbers are those of history.csv, whose lines are the data. */
static const char beginning[] =
    "set termoption noenhanced\nset encoding utf8\nset datafile separator ','\n"
    "set border 3\nset tics nomirror out\nset grid ytics\nset xlabel 'optimizer step'\n"
    "set key outside right top Left reverse samplen 2 width -2\nset lmargin 11\nset rmargin "
    "27\nset tmargin 2.5\n"
    "$history << EOD\n";
static const char ending[] =
    "set multiplot layout 2,1\nset ylabel 'Dice'\nset yrange [0:1]\n"
    "plot $history using 1:3 with lines lw 2 lc rgb '#999999' title 'training', "
    "'' using 1:6 with linespoints lw 2 pt 7 ps 0.7 lc rgb '#0072b2' title 'validation: box', "
    "'' using 1:7 with linespoints lw 2 pt 5 ps 0.7 lc rgb '#d55e00' title 'validation: 1 click', "
    "'' using 1:8 with linespoints lw 2 pt 9 ps 0.7 lc rgb '#009e73' "
    "title 'validation: 5 clicks'\n"
    "unset label\nunset key\nset ylabel 'training loss'\nset yrange [*:*]\n"
    "plot $history using 1:2 with lines lw 2 lc rgb '#444444'\nunset multiplot\n";

/* A line at the step of the best validation, in both panels. */
static void mark_best(Text *t, const History *h) {
    const HistoryRow *best = NULL;
    for (size_t i = 0; i < h->count; i++) {
        if (h->row[i].validated && (!best || h->row[i].score > best->score)) best = &h->row[i];
    }
    if (!best) return;
    text_add(t,
             "set arrow from %ld, graph 0 to %ld, graph 1 nohead dt 2 lc rgb '#444444'\n"
             "set label 'best validation: step %ld' at %ld, graph 1.06 %s\n",
             best->step, best->step, best->step, best->step,
             2 * best->step > h->row[h->count - 1].step ? "right" : "left");
}

static Status draw(const History *h, const char *name, const char *terminal, const Text *script,
                   bool *drawn, Error *error) {
    char *path = path_join(h->folder, name);
    Status status = path && !script->failed ? VOXPERT_OK : no_memory(h->folder, error);
    if (!status) status = gnuplot_draw(path, terminal, script->chars, drawn, error);
    memory_free(path);
    return status;
}

Status history_draw(const History *h, bool *drawn, Error *error) {
    bool as_svg = false, as_png = false;
    Text t = {0};
    text_add(&t, "%s", beginning);
    for (size_t i = 0; i < h->count; i++) add_csv_line(&t, h, &h->row[i]);
    text_add(&t, "EOD\n");
    mark_best(&t, h);
    text_add(&t, "%s", ending);
    Status status = VOXPERT_OK;
    if (h->count > 1)
        status = draw(h, "curves.svg", "svg size 960,720 dynamic", &t, &as_svg, error);
    if (as_svg) status = draw(h, "curves.png", "pngcairo size 960,720", &t, &as_png, error);
    *drawn = as_svg && as_png;
    text_free(&t);
    return status;
}

#include "train/history.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/text.h"
#include "train/events.h"

static Status no_memory(const char *folder, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its history", folder);
}

/* ---- Columns ---------------------------------------------------------------------------- */

typedef struct Column {
    const char *name;
    size_t offset;
    bool validation; /* stands in validated rows only */
} Column;

#define COLUMN(field, validation)                                                                  \
    { #field, offsetof(HistoryRow, field), validation }

static const Column columns[] = {
    COLUMN(loss, false),  COLUMN(dice, false), COLUMN(lr, false),
    COLUMN(norm, false),  COLUMN(box, true),   COLUMN(click1, true),
    COLUMN(click5, true), COLUMN(score, true), COLUMN(seconds, false),
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static double value_of(const HistoryRow *r, int column) {
    double x;
    memcpy(&x, (const char *)r + columns[column].offset, sizeof x);
    return x;
}

static bool stands(const HistoryRow *r, int column) {
    return r->validated || !columns[column].validation;
}

/* ---- Reading back ----------------------------------------------------------------------- */

static bool parse_row(HistoryRow *r, const char *line, size_t length) {
    json_t *json = json_loadb(line, length, 0, NULL);
    const json_t *step = json_object_get(json, "step");
    bool ok = json_is_integer(step);
    *r = (HistoryRow){.step = (long)json_integer_value(step),
                      .validated = json_object_get(json, "score") != NULL};
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
    for (size_t line = 1; !status && at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        HistoryRow row;
        if (!parse_row(&row, at, length))
            status = error_set(error, VOXPERT_BAD_INPUT, "%s: line %zu is no row of a history",
                               path, line);
        else if (row.step <= last_step)
            status = history_add(h, &row, error);
        at += length + 1;
    }
    file_unmap(&map);
    return status;
}

Status history_open(History *h, const char *folder, long last_step, Error *error) {
    *h = (History){.folder = memory_text(folder)};
    char *path = path_join(folder, "history.jsonl");
    Status status = h->folder && path ? VOXPERT_OK : no_memory(folder, error);
    if (!status && last_step > 0 && file_exists(path))
        status = read_rows(h, path, last_step, error);
    memory_free(path);
    if (status) history_close(h);
    return status;
}

void history_close(History *h) {
    memory_free(h->folder);
    memory_free(h->row);
    *h = (History){0};
}

Status history_add(History *h, const HistoryRow *row, Error *error) {
    if (!memory_grow(&h->row, &h->capacity, h->count, sizeof *h->row))
        return no_memory(h->folder, error);
    h->row[h->count++] = *row;
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

static void add_json_line(Text *t, const HistoryRow *r) {
    text_add(t, "{\"step\": %ld", r->step);
    for (int i = 0; i < COLUMNS; i++) {
        if (stands(r, i)) text_add(t, ", \"%s\": %.9g", columns[i].name, value_of(r, i));
    }
    text_add(t, "}\n");
}

static void add_csv_line(Text *t, const HistoryRow *r) {
    text_add(t, "%ld", r->step);
    for (int i = 0; i < COLUMNS; i++) {
        if (stands(r, i))
            text_add(t, ",%.9g", value_of(r, i));
        else
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
            snprintf(tag, sizeof tag, "%s/%s", columns[k].validation ? "validation" : "training",
                     columns[k].name);
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
    for (int i = 0; i < COLUMNS; i++) text_add(&table, ",%s", columns[i].name);
    text_add(&table, "\n");
    for (size_t i = 0; i < h->count; i++) {
        add_json_line(&lines, &h->row[i]);
        add_csv_line(&table, &h->row[i]);
    }
    Status status = write_text(h, "history.jsonl", &lines, error);
    if (status)
        text_free(&table);
    else
        status = write_text(h, "history.csv", &table, error);
    if (!status) status = write_events(h, error);
    return status;
}

/* ---- Curves ----------------------------------------------------------------------------- */

/* Column numbers are those of history.csv. */
static const char script[] =
    "set datafile separator ','\n"
    "set key outside bottom center horizontal\nset grid\nset xlabel 'step'\n"
    "set y2tics\nset ytics nomirror\nset ylabel 'loss'\nset y2label 'Dice'\nset y2range [0:1]\n"
    "plot 'history.csv' using 1:2 every ::1 with lines title 'loss', "
    "'' using 1:3 every ::1 axes x1y2 with lines title 'Dice, training', "
    "'' using 1:6 every ::1 axes x1y2 with linespoints title 'box, validation', "
    "'' using 1:7 every ::1 axes x1y2 with linespoints title '1 click, validation', "
    "'' using 1:8 every ::1 axes x1y2 with linespoints title '5 clicks, validation'\n";

/* A drawing becomes visible when all of it is there; one that failed leaves nothing. */
static bool settle(const History *h, const char *temporary, const char *name, bool keep) {
    char *from = path_join(h->folder, temporary), *to = path_join(h->folder, name);
    bool ok = from && to && keep && rename(from, to) == 0;
    if (from && !ok) unlink(from);
    memory_free(from);
    memory_free(to);
    return ok;
}

Status history_draw(const History *h, bool *drawn, Error *error) {
    Text t = {0};
    text_add(&t, "set terminal svg size 960,540 dynamic\nset output 'curves.svg.tmp'\n%s", script);
    text_add(&t, "set terminal pngcairo size 960,540\nset output 'curves.png.tmp'\nreplot\n");
    Status status = t.failed ? no_memory(h->folder, error) : VOXPERT_OK;
    bool ran = !status && h->count > 1 && gnuplot_run(h->folder, t.chars, t.length);
    *drawn = settle(h, "curves.svg.tmp", "curves.svg", ran);
    *drawn &= settle(h, "curves.png.tmp", "curves.png", ran);
    text_free(&t);
    return status;
}

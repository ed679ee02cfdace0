/* Curves of clicks as tables and as a picture; declared in click_curves.h. */
#include <math.h>

#include "assess/click_curves.h"
#include "base/gnuplot.h"
#include "base/quote.h"
#include "eval/report.h"

/* ---- CSV -------------------------------------------------------------------------------- */

/* The first answer of a way: the box's, or that of one click. */
static int first_of(int way) { return way == WAY_BOX_FIRST ? 0 : 1; }

void click_curves_csv(Text *t, const ClickCurves *c) {
    const double *dice = c->dice;
    text_add(t, "picture,label,x0,y0,x1,y1,pixels,with_rings,way,clicks,dice\n");
    for (size_t i = 0; i < c->objects; i++) {
        const CaseObject *o = &c->data.object[c->object[i]];
        for (int w = 0; w < CLICK_WAYS; w++, dice += c->rule.clicks + 1) {
            for (int k = first_of(w); k <= c->rule.clicks; k++) {
                text_add_csv_field(t, c->data.picture[o->picture].name);
                text_add(t, ",%u,%d,%d,%d,%d,%zu,%d,", o->label, o->x0, o->y0, o->x1, o->y1,
                         o->area, o->outer);
                text_add_csv_field(t, click_way_name((ClickWay)w));
                text_add(t, ",%d,%.9g\n", k, dice[k]);
            }
        }
        if (!c->rule.prompt_free || c->prompt_free[i] < 0.0) continue;
        text_add_csv_field(t, c->data.picture[o->picture].name);
        text_add(t, ",,,,,,,,prompt-free,0,%.9g\n", c->prompt_free[i]);
    }
    for (size_t i = 0; i < c->classes; i++) {
        text_add_csv_field(t, c->data.picture[c->by_class[i].picture].name);
        text_add(t, ",");
        text_add_csv_field(t, c->by_class[i].name);
        text_add(t, ",,,,,,,\"prompt-free, by class\",0,%.9g\n", c->by_class[i].dice);
    }
}

void click_rows_csv(Text *t, const ClickRow *row, size_t rows, const ClickRule *rule) {
    text_add(t, "set,objects,way,clicks,dice\n");
    for (size_t r = 0; r < rows; r++) {
        for (int w = 0; w < CLICK_WAYS; w++) {
            for (int k = first_of(w); k <= rule->clicks; k++) {
                text_add_csv_field(t, row[r].name);
                text_add(t, ",%zu,", row[r].objects);
                text_add_csv_field(t, click_way_name((ClickWay)w));
                text_add(t, ",%d,%.9g\n", k, row[r].dice[w][k]);
            }
        }
    }
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void add_way(Text *t, const double *dice, int first, int clicks) {
    double auc = click_auc(dice, clicks);
    text_add(t, "{");
    if (first == 0) text_add(t, "\"box\": %.9g, ", dice[0]);
    text_add(t, "\"clicks\": [");
    for (int k = 1; k <= clicks; k++) text_add(t, "%s%.9g", k > 1 ? ", " : "", dice[k]);
    text_add(t, "], \"DSC_AUC\": %.9g, \"DSC_AUC_share\": ", auc);
    if (clicks > 1)
        text_add(t, "%.9g", auc / (double)(clicks - 1));
    else
        text_add(t, "null");
    text_add(t, ", \"DSC_Final\": %.9g}", dice[clicks]);
}

static void add_classes_json(Text *t, const ClickCurves *c) {
    if (!c->classes) return;
    text_add(t, ",\n    \"prompt_free_by_class\": [");
    for (ClassRow row = {0}; click_class_next(&row, c);) {
        text_add(t, "%s\n        {\"set\": ", row.rows > 1 ? "," : "");
        text_add_quoted(t, row.set_name);
        text_add(t, ", \"class\": ");
        text_add_quoted(t, row.name);
        text_add(t, ", \"pictures\": %zu, \"Dice\": %.9g}", row.pictures, row.dice);
    }
    text_add(t, "\n    ]");
}

static void add_dice(Text *t, const char *name, const double *dice, int first, int clicks) {
    text_add(t, ", \"%s\": [", name);
    for (int k = first; k <= clicks; k++) text_add(t, "%s%.9g", k > first ? ", " : "", dice[k]);
    text_add(t, "]");
}

/* What click_comparison.h reads. */
static void add_objects_json(Text *t, const ClickCurves *c) {
    const double *dice = c->dice;
    int clicks = c->rule.clicks;
    text_add(t, ",\n    \"measured\": [");
    for (size_t i = 0; i < c->objects; i++, dice += CLICK_WAYS * (clicks + 1)) {
        const CaseObject *o = &c->data.object[c->object[i]];
        text_add(t, "%s\n        {\"picture\": ", i ? "," : "");
        text_add_quoted(t, c->data.picture[o->picture].name);
        text_add(t, ", \"label\": %u, \"box\": [%d, %d, %d, %d], \"pixels\": %zu", o->label, o->x0,
                 o->y0, o->x1, o->y1, o->area);
        if (o->outer) text_add(t, ", \"with_rings\": true");
        add_dice(t, "box_then_clicks", dice, 0, clicks);
        add_dice(t, "clicks_alone", dice + clicks + 1, 1, clicks);
        text_add(t, "}");
    }
    text_add(t, "\n    ]");
}

void click_rows_json(Text *t, const ClickRow *row, size_t rows, const ClickCurves *c) {
    text_add(t,
             "{\n    \"clicks\": %d,\n    \"part\": \"%s\",\n    \"zoom\": %s,\n    \"objects\": "
             "%zu,\n    \"rows\": [",
             c->rule.clicks, c->part, c->rule.zoom ? "true" : "false", c->objects);
    for (size_t r = 0; r < rows; r++) {
        text_add(t, "%s\n        {\"set\": ", r ? "," : "");
        text_add_quoted(t, row[r].name);
        text_add(t, ", \"objects\": %zu,\n         \"box_then_clicks\": ", row[r].objects);
        add_way(t, row[r].dice[WAY_BOX_FIRST], 0, c->rule.clicks);
        text_add(t, ",\n         \"clicks_alone\": ");
        add_way(t, row[r].dice[WAY_CLICKS_ALONE], 1, c->rule.clicks);
        if (row[r].pictures)
            text_add(t, ",\n         \"prompt_free\": {\"pictures\": %zu, \"Dice\": %.9g}",
                     row[r].pictures, row[r].prompt_free);
        text_add(t, "}");
    }
    text_add(t, "\n    ]");
    add_classes_json(t, c);
    add_objects_json(t, c);
    text_add(t, ",\n    \"warnings\": ");
    warnings_json(t, &c->data.warnings, 4);
    text_add(t, "\n}\n");
}

/* ---- Markdown --------------------------------------------------------------------------- */

static void add_table(Text *t, const ClickRow *row, size_t rows, int way, int clicks) {
    int first = first_of(way);
    text_add(t, "\n## %s\n\n| set | objects |", click_way_name((ClickWay)way));
    for (int k = first; k <= clicks; k++) text_add(t, k ? " %d |" : " box |", k);
    text_add(t, " DSC_AUC |\n|---|---|");
    for (int k = first; k <= clicks; k++) text_add(t, "---|");
    text_add(t, "---|\n");
    for (size_t r = 0; r < rows; r++) {
        text_add(t, "| ");
        markdown_words(t, row[r].name);
        text_add(t, " | %zu |", row[r].objects);
        for (int k = first; k <= clicks; k++) text_add(t, " %.3f |", row[r].dice[way][k]);
        text_add(t, " %.3f |\n", click_auc(row[r].dice[way], clicks));
    }
}

static void add_prompt_free(Text *t, const ClickRow *row, size_t rows) {
    text_add(t, "\n## the whole foreground, without a prompt\n\n| set | pictures | Dice "
                "|\n|---|---|---|\n");
    for (size_t r = 0; r < rows; r++) {
        if (!row[r].pictures) continue;
        text_add(t, "| ");
        markdown_words(t, row[r].name);
        text_add(t, " | %zu | %.3f |\n", row[r].pictures, row[r].prompt_free);
    }
}

static void add_classes(Text *t, const ClickCurves *c) {
    double sum = 0.0;
    ClassRow row = {0};
    text_add(t, "\n## each class, without a prompt\n\n| set | class | pictures | Dice "
                "|\n|---|---|---|---|\n");
    while (click_class_next(&row, c)) {
        sum += row.dice;
        text_add(t, "| ");
        markdown_words(t, row.set_name);
        text_add(t, " | ");
        markdown_words(t, row.name);
        text_add(t, " | %zu | %.3f |\n", row.pictures, row.dice);
    }
    if (row.rows > 1) text_add(t, "| mean of the classes | | | %.3f |\n", sum / (double)row.rows);
}

/* What was asked of which data, in words. */
static void add_protocol(Text *t, const ClickCurves *c) {
    text_add(
        t,
        "A box around each object, then %d click%s that correct the answer, and clicks alone%s; ",
        c->rule.clicks, c->rule.clicks == 1 ? "" : "s",
        c->rule.prompt_free ? "; each picture without a prompt" : "");
    text_add(t, "the model sees %s; ",
             c->rule.zoom ? "crops around the prompts" : "whole pictures");
    if (c->rule.part == EVERY_PART)
        text_add(t, "all");
    else
        text_add(t, "the %s part", c->part);
    for (size_t s = 0; s < c->data.sets; s++) {
        text_add(t, s ? ", " : " of ");
        markdown_words(t, c->data.set[s].name);
    }
    text_add(t, ": %zu object%s", c->objects, c->objects == 1 ? "" : "s");
    if (c->rule.most) text_add(t, " (at most %zu of each set, evenly spread)", c->rule.most);
    text_add(t, ".");
}

void click_rows_markdown(Text *t, const ClickRow *row, size_t rows, const ClickCurves *c) {
    text_add(t, "# Dice over clicks\n\n");
    add_protocol(t, c);
    text_add(t, " DSC_AUC: trapezoid over the clicks, at most %d.\n", c->rule.clicks - 1);
    for (int w = 0; w < CLICK_WAYS; w++) add_table(t, row, rows, w, c->rule.clicks);
    if (c->rule.prompt_free) add_prompt_free(t, row, rows);
    if (c->classes) add_classes(t, c);
    if (c->data.warnings.count) text_add(t, "\n");
    markdown_warnings(t, &c->data.warnings, NULL);
}

/* ---- Figure ----------------------------------------------------------------------------- */

enum { LINES_MAX = 14 };

/* Okabe and Ito's colours, black first: the mean over all sets comes last and is drawn with it. */
static const char *line_colour(size_t place) {
    static const char *const colours[] = {"#000000", "#0072b2", "#d55e00", "#009e73",
                                          "#cc79a7", "#e69f00", "#56b4e9"};
    return colours[place % (sizeof colours / sizeof *colours)];
}

static void add_block(Text *t, const ClickRow *row, int way, int clicks, size_t place) {
    text_add(t, "$c%dr%zu << EOD\n", way, place);
    for (int k = first_of(way); k <= clicks; k++) {
        double mean = row->dice[way][k], half = row->half_width[way][k];
        text_add(t, "%d %.9g %.9g %.9g\n", k, mean, isnan(half) ? mean : mean - half,
                 isnan(half) ? mean : mean + half);
    }
    text_add(t, "EOD\n");
}

static void add_panel(Text *t, const ClickRow *row, size_t rows, int way, int clicks) {
    for (size_t r = 0; r < rows; r++) add_block(t, &row[r], way, clicks, r);
    text_add(t, "set title '%s'\nset xlabel '%s'\nset xrange [%g:%g]\n",
             click_way_name((ClickWay)way),
             way == WAY_BOX_FIRST ? "clicks after the box" : "clicks", (double)first_of(way) - 0.2,
             (double)clicks + 0.2);
    for (size_t r = 0; r < rows; r++)
        text_add(t,
                 "%s$c%dr%zu using 1:3:4 with filledcurves lc rgb '%s' fs transparent solid 0.15 "
                 "noborder notitle",
                 r ? ", " : "plot ", way, r, line_colour(rows - 1 - r));
    for (size_t r = 0; r < rows; r++) {
        text_add(t, ", $c%dr%zu using 1:2 with linespoints pt 7 ps 0.7 lw %d lc rgb '%s' title ",
                 way, r, r + 1 == rows ? 3 : 2, line_colour(rows - 1 - r));
        text_add_gnuplot_string(t, row[r].name);
        text_add(t, ".' (%zu)'", row[r].objects);
    }
    text_add(t, "\n");
}

Status click_rows_draw(const ClickRow *row, size_t rows, const ClickRule *rule, const char *path,
                       const char **missing, Error *error) {
    Text t = {0};
    size_t left_out = rows > LINES_MAX ? rows - LINES_MAX : 0; /* the means come last */
    text_add(&t,
             "set termoption noenhanced\nset encoding utf8\nset border 3\nset tics nomirror out\n"
             "set grid ytics\nset yrange [0:1]\nset ylabel 'Dice'\nset key bottom right\n"
             "set xtics %d\nset multiplot layout 1,2 title "
             "'mean Dice, and its 95 %% interval over objects; in brackets their number'\n",
             rule->clicks > 12 ? 5 : 1);
    for (int w = 0; w < CLICK_WAYS; w++)
        add_panel(&t, row + left_out, rows - left_out, w, rule->clicks);
    text_add(&t, "unset multiplot\n");
    bool drawn = false;
    Status status = t.failed
                        ? error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to draw it", path)
                        : gnuplot_png(path, 1200, 560, t.chars, &drawn, error);
    *missing = drawn ? NULL : gnuplot_missing();
    text_free(&t);
    return status;
}

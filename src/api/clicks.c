/* A model, asked with boxes and clicks. */
#include "api/internal.h"
#include "assess/click_comparison.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/warnings.h"

struct VoxpertClicks {
    ClickCurves curves;
    ClickRow *row;
    size_t rows;
};

/* An adapter and its base by default do not always look at pictures alike: their numbers then are
 * not of the same task. */
static Status compare_views(Warnings *w, const Model *model, const ClickRule *rule, Error *error) {
    Preset base;
    if (!model->base) return VOXPERT_OK;
    Status status = model_preset(&base, model->base, &model->system.sam, NULL, error);
    if (status || rule->zoom == (base.zoom > 0.0)) return status;
    warnings_add(
        w,
        "the model was asked with %s, but its base by default %s: measure the base in the same "
        "view before both are compared",
        rule->zoom ? "crops around the prompts" : "whole pictures",
        base.zoom > 0.0 ? "with crops around the prompts" : "with whole pictures");
    return VOXPERT_OK;
}

static Status rule_take(ClickRule *rule, const VoxpertClicksOptions *o, const VoxpertModel *owner,
                        Error *error) {
    const Model *model = owner->model;
    *rule = (ClickRule){.clicks = o->clicks,
                        .part = click_part(o->part),
                        .most = o->most > 0 ? (size_t)o->most : 0,
                        .prompt_free = o->prompt_free,
                        .zoom = o->zoom > 0 || (o->zoom == 0 && model->preset.zoom > 0.0),
                        .max_memory = owner->max_memory};
    return click_question_check(o->clicks, o->part, error);
}

VoxpertStatus voxpert_evaluate_clicks(VoxpertClicks **out, VoxpertModel *model,
                                      const VoxpertClicksOptions *options, VoxpertCaseDone *done,
                                      void *context, VoxpertError *error) {
    if (!out || !model || !options || !options->data || !options->data_count)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "clicks need a model and a data folder");
    ClickRule rule;
    *out = NULL;
    Status status = rule_take(&rule, options, model, error);
    if (!status && !(*out = memory_new(sizeof **out)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory to measure clicks");
    if (!status)
        status =
            click_curves_measure(&(*out)->curves, model->model, options->data, options->data_count,
                                 &rule, &(ClickListener){done, context}, error);
    if (!status) status = compare_views(&(*out)->curves.data.warnings, model->model, &rule, error);
    if (!status) status = click_rows(&(*out)->row, &(*out)->rows, &(*out)->curves, error);
    if (!status) return status;
    voxpert_clicks_free(*out);
    *out = NULL;
    return status;
}

void voxpert_clicks_free(VoxpertClicks *c) {
    if (!c) return;
    click_curves_free(&c->curves);
    memory_free(c->row);
    memory_free(c);
}

const char *voxpert_clicks_warnings(const VoxpertClicks *c) {
    return c ? warnings_lines(&c->curves.data.warnings) : "";
}

VoxpertStatus voxpert_clicks_report(const VoxpertClicks *c, VoxpertReport form, char **text,
                                    VoxpertError *error) {
    Text t = {0};
    if (!c || !text) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_clicks_report: NULL");
    if (form == VOXPERT_REPORT_JSON)
        click_rows_json(&t, c->row, c->rows, &c->curves);
    else if (form == VOXPERT_REPORT_CSV)
        click_curves_csv(&t, &c->curves);
    else if (form == VOXPERT_REPORT_MARKDOWN)
        click_rows_markdown(&t, c->row, c->rows, &c->curves);
    else
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "clicks are reported as JSON, as CSV or in Markdown");
    return text_hand_over(&t, text, error);
}

VoxpertStatus voxpert_clicks_curve(const VoxpertClicks *c, char **csv, VoxpertError *error) {
    Text t = {0};
    if (!c || !csv) return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_clicks_curve: NULL");
    click_rows_csv(&t, c->row, c->rows, &c->curves.rule);
    return text_hand_over(&t, csv, error);
}

VoxpertStatus voxpert_clicks_draw(const VoxpertClicks *c, const char *path, const char **missing,
                                  VoxpertError *error) {
    if (!c || !path || !missing)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_clicks_draw: NULL");
    return click_rows_draw(c->row, c->rows, &c->curves.rule, path, missing, error);
}

/* ---- Comparisons ------------------------------------------------------------------------ */

struct VoxpertClicksComparison {
    ClickComparison comparison;
};

static Status read_records(ClickRecords *out, const char *path, Error *error) {
    FileMap map;
    Status status = file_map(&map, path, VOXPERT_BAD_INPUT, error);
    if (status) return status;
    status = click_records_parse(out, (const char *)map.bytes, map.size, path, error);
    file_unmap(&map);
    return status;
}

static Status take_records(ClickRecords *out, const VoxpertClicks *c, Error *error) {
    Text t = {0};
    click_rows_json(&t, c->row, c->rows, &c->curves);
    Status status = t.failed ? error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a report")
                             : click_records_parse(out, t.chars, t.length, "ours", error);
    text_free(&t);
    return status;
}

VoxpertStatus voxpert_clicks_compare(VoxpertClicksComparison **out, const VoxpertClicks *ours,
                                     const char *path, const char *other,
                                     const VoxpertBootstrap *bootstrap, VoxpertError *error) {
    if (!out || !other || (!ours && !path))
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_clicks_compare: NULL");
    ClickRecords a = {.count = 0}, b = {.count = 0};
    BootstrapRule rule;
    *out = NULL;
    Status status = bootstrap_rule_take(&rule, bootstrap, error);
    if (!status) status = ours ? take_records(&a, ours, error) : read_records(&a, path, error);
    if (!status) status = read_records(&b, other, error);
    if (!status && !(*out = memory_new(sizeof **out)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for a comparison");
    if (!status) status = click_comparison_make(&(*out)->comparison, &a, &b, other, rule, error);
    click_records_free(&a);
    click_records_free(&b);
    if (!status) return status;
    voxpert_clicks_comparison_free(*out);
    *out = NULL;
    return status;
}

void voxpert_clicks_comparison_free(VoxpertClicksComparison *c) {
    if (!c) return;
    click_comparison_free(&c->comparison);
    memory_free(c);
}

const char *voxpert_clicks_comparison_warnings(const VoxpertClicksComparison *c) {
    return c ? warnings_lines(&c->comparison.warnings) : "";
}

VoxpertStatus voxpert_clicks_comparison_report(const VoxpertClicksComparison *c, VoxpertReport form,
                                               char **text, VoxpertError *error) {
    Text t = {0};
    if (!c || !text || (form != VOXPERT_REPORT_JSON && form != VOXPERT_REPORT_MARKDOWN))
        return error_set(error, VOXPERT_BAD_ARGUMENT,
                         "comparisons are reported as JSON or in Markdown");
    if (form == VOXPERT_REPORT_JSON)
        click_comparison_json(&t, &c->comparison);
    else
        click_comparison_markdown(&t, &c->comparison);
    return text_hand_over(&t, text, error);
}

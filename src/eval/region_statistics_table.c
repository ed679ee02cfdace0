/* Statistics of many cases, and as texts; declared in region_statistics.h. */
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/quote.h"
#include "eval/agreement.h"
#include "eval/region_statistics.h"
#include "eval/report.h"
#include "eval/statistics.h"
#include "eval/summary.h"
#include "image/align.h"

/* What was measured; the names of the files stay. */
static void case_clear(RegionCase *c) {
    memory_free(c->label);
    memory_free(c->region);
    memory_free(c->fault);
    warnings_free(&c->warnings);
    *c = (RegionCase){.image = c->image, .segmentation = c->segmentation};
}

void region_table_free(RegionTable *t) {
    for (size_t i = 0; i < t->count; i++) {
        case_clear(&t->item[i]);
        memory_free(t->item[i].image);
        memory_free(t->item[i].segmentation);
    }
    memory_free(t->item);
    warnings_free(&t->warnings);
    warnings_free(&t->of_all);
    *t = (RegionTable){0};
}

/* ---- Cases ---------------------------------------------------------------------------------- */

typedef struct Run {
    const CasePairs *pairs; /* segmentation, image */
    RegionTable *table;
    RegionRule rule;
    EvaluatedLabel named; /* the rule's one label, where values were added to it */
    LabelValues *values;  /* of each case */
    size_t max_bytes;
} Run;

static Status no_memory_for_labels(const Volume *map, Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for its labels",
                     volume_name(map));
}

static Status labels_of_case(RegionCase *c, const Run *r, const LabelValues *values,
                             const Volume *map, Error *error) {
    size_t count = r->rule.labels ? r->rule.labels : values->count;
    c->label = memory_new((count + 1) * sizeof *c->label);
    c->region = memory_new((count + 1) * sizeof *c->region);
    if (!c->label || !c->region) return no_memory_for_labels(map, error);
    for (size_t i = 0; i < count; i++)
        c->label[i] = r->rule.labels ? r->rule.label[i]
                                     : (EvaluatedLabel){.value = {values->value[i]}, .values = 1};
    c->count = count;
    return VOXPERT_OK;
}

static void spacing_take(RegionCase *c, Volume *image, const RegionRule *rule) {
    VolumeGrid *grid = &image->grid;
    if (grid->source == GRID_UNKNOWN && rule->spacing_xyz_mm[0] > 0.0) {
        grid->source = GRID_PIXDIM;
        memcpy(grid->spacing_xyz_mm, rule->spacing_xyz_mm, sizeof grid->spacing_xyz_mm);
    }
    memcpy(c->spacing_xyz_mm, grid->spacing_xyz_mm, sizeof c->spacing_xyz_mm);
    c->spacing_known = grid->source != GRID_UNKNOWN;
    c->flat = image->depth == 1;
}

static Status measure_case(const Run *r, size_t index, Error *error) {
    const VolumeReadOptions as_labels = {.labels = true, .max_bytes = r->max_bytes};
    const VolumeReadOptions as_image = {.max_bytes = r->max_bytes};
    const CasePair *pair = &r->pairs->item[index];
    RegionCase *c = &r->table->item[index];
    Volume *image = NULL, *map = NULL;
    bool left_out = false;
    Status status = volume_read(&map, pair->first, &as_labels, error);
    if (!status) status = volume_read(&image, pair->second, &as_image, error);
    if (!status) status = volume_align(map, image, error);
    if (!status) status = label_values_of(&r->values[index], map, true, 0, &left_out, error);
    if (!status) status = labels_of_case(c, r, &r->values[index], map, error);
    if (!status) {
        spacing_take(c, image, &r->rule);
        if (left_out) warnings_add(&c->warnings, "%s: -1 is no label", c->segmentation);
        warnings_merge(&c->warnings, &image->warnings);
        warnings_merge(&c->warnings, &map->warnings);
        status = regions_measure(c->region, image, map, c->label, c->count, error);
    }
    volume_free(image);
    volume_free(map);
    return status;
}

/* A case whose files cannot be used keeps no other from being measured. */
static Status run_case(void *context, size_t index, Error *error) {
    const Run *r = context;
    RegionCase *c = &r->table->item[index];
    Error why = {0};
    Status status = measure_case(r, index, &why);
    if (status == VOXPERT_BAD_INPUT) {
        c->count = 0;
        c->fault = memory_text(why.message);
        if (c->fault) return VOXPERT_OK;
    }
    if (status && error) *error = why;
    return status;
}

/* The first case's fault, where no case can be measured. */
static Status check_cases(RegionTable *t, Error *error) {
    for (size_t i = 0; i < t->count; i++) t->faults += t->item[i].fault != NULL;
    if (t->faults < t->count || t->count == 0) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT, "%s", t->item[0].fault);
}

static Status table_take(RegionTable *t, const CasePairs *pairs, Error *error) {
    t->item = memory_new((pairs->count + 1) * sizeof *t->item);
    bool ok = t->item;
    for (size_t i = 0; ok && i < pairs->count; i++) {
        RegionCase *c = &t->item[t->count++];
        c->segmentation = memory_text(pairs->item[i].first);
        c->image = memory_text(pairs->item[i].second);
        ok = c->segmentation && c->image;
    }
    if (ok) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu cases", pairs->count);
}

static Status warnings_gather(RegionTable *t, const CasePairs *pairs, Error *error) {
    t->alone = pairs->alone.count;
    warnings_merge(&t->warnings, &pairs->alone);
    for (size_t i = 0; i < t->count; i++) {
        if (t->item[i].fault)
            warnings_add(&t->warnings, "%s; the case is left out", t->item[i].fault);
        warnings_merge(&t->warnings, &t->item[i].warnings);
    }
    warnings_merge(&t->warnings, &t->of_all);
    if (!t->warnings.lines.failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the warnings of all cases");
}

static Status cases_measure(Run *r, const CaseWork *work, Error *error) {
    RegionTable *t = r->table;
    for (size_t i = 0; i < t->count; i++) {
        case_clear(&t->item[i]);
        label_values_free(&r->values[i]);
        r->values[i] = (LabelValues){0};
    }
    return cases_run(r->pairs, run_case, r, work, error);
}

/* Measures once more where the one label that is named has another value in the files; the label
 * keeps its name and its number. */
static Status measure_as_named(Run *r, size_t added, const CaseWork *work, Error *error) {
    r->rule.label = &r->named;
    Status status = cases_measure(r, work, error);
    for (size_t i = 0; i < r->table->count; i++)
        for (size_t k = 0; k < r->table->item[i].count; k++)
            r->table->item[i].label[k].values -= added;
    return status;
}

static Status labels_agree(Run *r, const CaseWork *work, Error *error) {
    RegionTable *t = r->table;
    LabelValues all = {0};
    const LabelSide side[2] = {{"segmentation", &all}, {0}};
    Status status = VOXPERT_OK;
    bool ok = true;
    for (size_t i = 0; i < t->count && ok; i++) ok = label_values_merge(&all, &r->values[i]);
    if (!ok) {
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the labels of all cases");
    } else if (r->rule.labels == 1) {
        r->named = r->rule.label[0];
        size_t added = agreement_extend(&r->named, &t->of_all, side);
        agreement_of_side(&t->of_all, &r->named, 1, side[0]);
        if (added) status = measure_as_named(r, added, work, error);
    } else {
        agreement_of_side(&t->of_all, r->rule.label, r->rule.labels, side[0]);
    }
    label_values_free(&all);
    return status;
}

Status region_table_make(RegionTable *out, const char *images, const char *segmentations,
                         const RegionRule *rule, const CaseWork *work, Error *error) {
    CasePairs pairs;
    Run run = {
        .pairs = &pairs, .table = out, .rule = *rule, .max_bytes = work ? work->max_bytes : 0};
    *out = (RegionTable){0};
    Status status = case_pairs_find(&pairs, segmentations, images,
                                    (PairRule){.partial = true, .channels = true}, error);
    size_t count = pairs.count;
    if (!status && !(run.values = memory_new((count + 1) * sizeof *run.values)))
        status = error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for %zu cases", count);
    if (!status) status = table_take(out, &pairs, error);
    if (!status) status = cases_measure(&run, work, error);
    if (!status) status = labels_agree(&run, work, error);
    if (!status) status = check_cases(out, error);
    if (!status) status = warnings_gather(out, &pairs, error);
    for (size_t i = 0; run.values && i < count; i++) label_values_free(&run.values[i]);
    memory_free(run.values);
    if (status) region_table_free(out);
    case_pairs_free(&pairs);
    return status;
}

/* ---- Over cases ----------------------------------------------------------------------------- */

/* The labels of all cases, by their first value; the caller frees, NULL: no memory. */
static EvaluatedLabel *all_labels(const RegionTable *t, size_t *count) {
    EvaluatedLabel *all = NULL;
    size_t capacity = 0;
    *count = 0;
    if (!memory_grow(&all, &capacity, 0, sizeof *all)) return NULL;
    for (size_t i = 0; i < t->count; i++) {
        for (size_t k = 0; k < t->item[i].count; k++) {
            const EvaluatedLabel *l = &t->item[i].label[k];
            size_t at = 0;
            while (at < *count && !same_label(&all[at], l)) at++;
            if (at < *count) continue;
            if (!memory_grow(&all, &capacity, *count, sizeof *all)) {
                memory_free(all);
                return NULL;
            }
            for (at = *count; at > 0 && all[at - 1].value[0] > l->value[0]; at--)
                all[at] = all[at - 1];
            all[at] = *l;
            ++*count;
        }
    }
    return all;
}

static bool is_size(int v) { return v >= REGION_AREA_PX && v <= REGION_VOLUME_ML; }

/* A size in mm that the case would have if its spacing were known. */
static bool lacks_spacing(const RegionCase *c, int v) {
    bool area = v == REGION_AREA_MM2, volume = v == REGION_VOLUME_MM3 || v == REGION_VOLUME_ML;
    return !c->spacing_known && (c->flat ? area : volume);
}

/* Of the cases that have the label; returns how many.  NaN of a size in mm that some of them lack:
 * it would be the mean of other cases than the rest of the row. */
static size_t aggregate(double out[REGION_VALUES], const RegionTable *t, const EvaluatedLabel *l,
                        Aggregation how, double *room) {
    size_t cases = 0;
    for (int v = 0; v < REGION_VALUES; v++) {
        size_t n = 0, lacking = 0;
        for (size_t i = 0; i < t->count; i++) {
            for (size_t k = 0; k < t->item[i].count; k++) {
                const RegionStatistics *s = &t->item[i].region[k];
                if (!s->present || !same_label(&t->item[i].label[k], l)) continue;
                lacking += lacks_spacing(&t->item[i], v);
                if (!isnan(s->value[v])) room[n++] = s->value[v];
            }
        }
        values_sort(room, n);
        out[v] = region_value_is_position((RegionValue)v) || lacking ? (double)NAN
                 : how == AGGREGATE_MEDIAN                           ? sorted_quantile(room, n, 0.5)
                                                                     : values_mean(room, n);
        if (v == REGION_VOXELS) cases = n;
    }
    return cases;
}

/* ---- Texts ---------------------------------------------------------------------------------- */

/* Which sizes a table has: areas where there are pictures, volumes where there are volumes. */
typedef struct Columns {
    bool pictures, volumes;
} Columns;

static Columns columns_of(const RegionTable *t) {
    Columns c = {.pictures = false};
    for (size_t i = 0; i < t->count; i++) {
        if (t->item[i].fault) continue;
        c.pictures |= t->item[i].flat;
        c.volumes |= !t->item[i].flat;
    }
    return c;
}

static bool is_shown(Columns c, int v) {
    if (v == REGION_AREA_PX || v == REGION_AREA_MM2) return c.pictures;
    return c.volumes || (v != REGION_VOXELS && v != REGION_VOLUME_MM3 && v != REGION_VOLUME_ML);
}

/* Writes a label of all cases with its aggregate. */
typedef void AggregateFn(Text *t, Columns c, const EvaluatedLabel *l,
                         const double value[REGION_VALUES], size_t cases, size_t index,
                         Aggregation how);

static void each_aggregate(Text *t, const RegionTable *table, Aggregation how, AggregateFn *row) {
    size_t count;
    double value[REGION_VALUES];
    EvaluatedLabel *all = all_labels(table, &count);
    double *room = memory_new((table->count + 1) * sizeof *room);
    t->failed |= !all || !room;
    for (size_t l = 0; l < count && all && room; l++) {
        size_t cases = aggregate(value, table, &all[l], how, room);
        row(t, columns_of(table), &all[l], value, cases, l, how);
    }
    memory_free(room);
    memory_free(all);
}

static const char *aggregation_name(Aggregation how) {
    return how == AGGREGATE_MEDIAN ? "median" : "mean";
}

static void csv_key(Text *t, const EvaluatedLabel *l) {
    text_add(t, l->values == 1 ? "," : ",\"");
    label_key(t, l);
    text_add(t, l->values == 1 ? "," : "\",");
    text_add_csv_field(t, l->name);
}

static void csv_values(Text *t, Columns c, const double value[REGION_VALUES]) {
    for (int v = 0; v < REGION_VALUES; v++) {
        if (!is_shown(c, v)) continue;
        text_add(t, ",");
        if (!is_size(v) || !isnan(value[v])) number_text(t, value[v], NUMBERS_TABLE);
    }
}

static void csv_aggregate(Text *t, Columns c, const EvaluatedLabel *l,
                          const double value[REGION_VALUES], size_t cases, size_t index,
                          Aggregation how) {
    (void)index;
    text_add(t, "%s", aggregation_name(how));
    csv_key(t, l);
    text_add(t, ",%zu", cases);
    csv_values(t, c, value);
    text_add(t, ",\n");
}

static void csv_warnings(Text *t, const RegionTable *table, const RegionCase *c) {
    Warnings all = {0};
    if (c->fault) warnings_add(&all, "%s", c->fault);
    warnings_merge(&all, &c->warnings);
    warnings_merge(&all, &table->of_all);
    text_add(t, ",");
    warnings_csv(t, &all);
    text_add(t, "\n");
    warnings_free(&all);
}

/* Of a case without a label, and of one that cannot be measured. */
static void csv_empty(Text *t, const RegionTable *table, const RegionCase *c) {
    text_add_csv_field(t, path_base(c->segmentation));
    text_add(t, ",,,%d", c->fault ? 0 : 1);
    for (int v = 0; v < REGION_VALUES; v++)
        if (is_shown(columns_of(table), v)) text_add(t, ",");
    csv_warnings(t, table, c);
}

void region_table_csv(Text *t, const RegionTable *table, Aggregation how) {
    text_add(t, "case,label,name,cases");
    const Columns columns = columns_of(table);
    for (int v = 0; v < REGION_VALUES; v++) {
        if (is_shown(columns, v))
            text_add(t, ",%s", region_value_name((RegionValue)v, !columns.volumes));
    }
    text_add(t, ",warnings\n");
    for (size_t i = 0; i < table->count; i++) {
        const RegionCase *c = &table->item[i];
        if (c->count == 0) csv_empty(t, table, c);
        for (size_t k = 0; k < c->count; k++) {
            text_add_csv_field(t, path_base(c->segmentation));
            csv_key(t, &c->label[k]);
            text_add(t, ",1");
            csv_values(t, columns, c->region[k].value);
            csv_warnings(t, table, c);
        }
    }
    if (how != AGGREGATE_NOT) each_aggregate(t, table, how, csv_aggregate);
}

static void json_values(Text *t, Columns c, const EvaluatedLabel *l,
                        const double value[REGION_VALUES], bool place) {
    const char *before = "";
    if (l->name[0]) {
        text_add(t, "\"name\": ");
        text_add_quoted(t, l->name);
        text_add(t, ", ");
    }
    for (int v = 0; v < REGION_VALUES; v++) {
        if (region_value_is_position((RegionValue)v) || !is_shown(c, v)) continue;
        text_add(t, "%s\"%s\": ", before, region_value_name((RegionValue)v, !c.volumes));
        before = ", ";
        if (v == REGION_TOUCHES_BORDER && place)
            text_add(t, "%s", value[v] > 0.0 ? "true" : "false");
        else
            number_text(t, value[v], NUMBERS_JSON);
    }
    if (!place || isnan(value[REGION_X0])) return;
    text_add(t, ", \"box_xyz\": [");
    for (int v = REGION_X0; v <= REGION_Z1; v++)
        text_add(t, "%s%.0f", v > REGION_X0 ? ", " : "", value[v]);
    text_add(t, "]");
}

static void json_key(Text *t, const EvaluatedLabel *l, size_t index, int indent) {
    text_add(t, "%s\n%*s\"", index ? "," : "", indent, "");
    label_key(t, l);
    text_add(t, "\": {");
}

static void json_aggregate(Text *t, Columns c, const EvaluatedLabel *l,
                           const double value[REGION_VALUES], size_t cases, size_t index,
                           Aggregation how) {
    (void)how;
    json_key(t, l, index, 8);
    text_add(t, "\"cases\": %zu, ", cases);
    json_values(t, c, l, value, false);
    text_add(t, "}");
}

static void json_case(Text *t, Columns columns, const RegionCase *c) {
    text_add(t, "{\"segmentation\": ");
    text_add_quoted(t, c->segmentation);
    text_add(t, ", \"image\": ");
    text_add_quoted(t, c->image);
    const double *mm = c->spacing_xyz_mm;
    if (c->spacing_known)
        text_add(t, ",\n         \"spacing_xyz_mm\": [%.9g, %.9g, %.9g]", mm[0], mm[1], mm[2]);
    else
        text_add(t, ",\n         \"spacing_xyz_mm\": null");
    text_add(t, ", \"labels\": {");
    for (size_t k = 0; k < c->count; k++) {
        json_key(t, &c->label[k], k, 12);
        json_values(t, columns, &c->label[k], c->region[k].value, true);
        text_add(t, "}");
    }
    text_add(t, "\n         }");
    if (c->fault) {
        text_add(t, ", \"error\": ");
        text_add_quoted(t, c->fault);
    }
    text_add(t, "}");
}

void region_table_json(Text *t, const RegionTable *table, Aggregation how) {
    text_add(t, "{\n    \"cases\": [");
    for (size_t i = 0; i < table->count; i++) {
        text_add(t, "%s\n        ", i ? "," : "");
        json_case(t, columns_of(table), &table->item[i]);
    }
    text_add(t, "\n    ]");
    if (how != AGGREGATE_NOT) {
        text_add(t, ",\n    \"aggregation\": \"%s\",\n    \"labels\": {", aggregation_name(how));
        each_aggregate(t, table, how, json_aggregate);
        text_add(t, "\n    }");
    }
    text_add(t, ",\n    \"files_left_out\": %zu", table->alone);
    text_add(t, ",\n    \"warnings\": ");
    warnings_json(t, &table->warnings, 4);
    text_add(t, "\n}\n");
}

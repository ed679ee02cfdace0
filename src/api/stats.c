/* What a segmentation measures. */
#include <string.h>

#include "api/internal.h"
#include "base/memory.h"
#include "eval/region_statistics.h"

struct VoxpertStats {
    RegionTable table;
};

VoxpertStatus voxpert_stats(VoxpertStats **out, const VoxpertStatsOptions *o, VoxpertCaseDone *done,
                            void *context, VoxpertError *error) {
    if (!out || !o || !o->images || !o->segmentations)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "statistics need images and segmentations");
    EvaluatedLabel *label = NULL;
    RegionRule rule = {.labels = o->label_count};
    CaseWork work = {.done = done, .context = context, .max_bytes = o->max_memory};
    *out = memory_new(sizeof **out);
    Status status =
        *out ? VOXPERT_OK : error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for statistics");
    if (!status) status = labels_take(&label, o->labels, o->label_count, error);
    if (!status) status = threads_open(&work.threads, o->threads, error);
    if (!status) status = spacing_take(rule.spacing_xyz_mm, o->spacing_xyz_mm, error);
    rule.label = label;
    if (!status)
        status =
            region_table_make(&(*out)->table, o->images, o->segmentations, &rule, &work, error);
    threads_close(work.threads);
    memory_free(label);
    if (!status) return status;
    voxpert_stats_free(*out);
    *out = NULL;
    return status;
}

void voxpert_stats_free(VoxpertStats *s) {
    if (!s) return;
    region_table_free(&s->table);
    memory_free(s);
}

const char *voxpert_stats_warnings(const VoxpertStats *s) {
    return s ? warnings_lines(&s->table.warnings) : "";
}

size_t voxpert_stats_left_out(const VoxpertStats *s) { return s ? s->table.alone : 0; }

size_t voxpert_stats_failed(const VoxpertStats *s) { return s ? s->table.faults : 0; }

VoxpertStatus voxpert_stats_report(const VoxpertStats *s, VoxpertReport form,
                                   const char *aggregation, char **text, VoxpertError *error) {
    Text t = {0};
    Aggregation how = !aggregation                         ? AGGREGATE_NOT
                      : strcmp(aggregation, "median") == 0 ? AGGREGATE_MEDIAN
                                                           : AGGREGATE_MEAN;
    if (!s || !text || (form != VOXPERT_REPORT_JSON && form != VOXPERT_REPORT_CSV))
        return error_set(error, VOXPERT_BAD_ARGUMENT, "statistics are reported as JSON or CSV");
    if (how == AGGREGATE_MEAN && strcmp(aggregation, "mean") != 0)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "\"%s\" is no aggregation: mean or median",
                         aggregation);
    if (form == VOXPERT_REPORT_JSON)
        region_table_json(&t, &s->table, how);
    else
        region_table_csv(&t, &s->table, how);
    return text_hand_over(&t, text, error);
}

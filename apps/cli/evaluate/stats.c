/* voxpert stats - how large labels are, where they lie, and what their images have there. */
#include <stdio.h>
#include <string.h>

#include <voxpert/evaluate.h>

#include "cli/common/claims.h"
#include "cli/common/common.h"
#include "cli/common/error.h"
#include "cli/common/labels_flag.h"
#include "cli/common/outputs.h"
#include "cli/common/paths.h"
#include "cli/common/progress.h"

static int stats_run(int argc, char **argv);

static const OptionRule rules[] = {
    {"--input", 'i', true, .place = 1},
    {"--segmentation", 's', true, .place = 2},
    {"--output", 'o', true},
    {"--overwrite"},
    {"--labels", .takes_value = true},
    {"--spacing", .takes_value = true},
    {"--aggregation", .takes_value = true, .words = "mean|median"},
    {0},
};

const Verb verb_stats = {
    .name = "stats",
    .summary = "measure size, intensities and position of labels",
    .usage =
        "usage: voxpert stats -i IMAGE|FOLDER -s SEGMENTATION|FOLDER [-o FILE] [FLAGS]\n"
        "\n"
        "Example: every label of a folder, and the median over its cases\n"
        "  voxpert stats -i imagesTr -s labelsTr -o stats.csv --aggregation median\n"
        "\n"
        "Per case and label: area of an image or volume, mean, median, standard deviation, "
        "least,\n"
        "largest and percentiles of the values, bounding box, whether it touches the border of "
        "the\n"
        "image, and connected components.  Files of the same name are a case; an image's may end "
        "in\n"
        "_0000.  Files without a partner are left out and listed; the exit code is then 1.\n"
        "\n"
        "  -i, --input PATH          an image, or a folder of them\n"
        "  -s, --segmentation PATH   its label map, or a folder of them\n"
        "  -o, --output FILE         .json or .csv; default: JSON on standard output\n"
        "      --overwrite           replace a file that is there\n"
        "      --labels LIST         1,2 or liver=1,tumour=2,both=1+2, or nnU-Net's dataset.json;\n"
        "                            default: every value but 0\n"
        "      --spacing X,Y[,Z]     sides of a pixel or voxel in mm, where images do not say "
        "them; "
        "else\n"
        "                            sizes in mm are left empty\n"
        "      --aggregation HOW     adds the mean, or median, over the cases that have a label\n",
    .rules = rules,
    .run = stats_run,
};

typedef struct StatsJob {
    Common common;
    VoxpertStatsOptions options;
    LabelsFlag labels;
    const char *output, *aggregation;
} StatsJob;

static VoxpertStatus stats_flags(StatsJob *job, const Options *o, VoxpertError *error) {
    static const char *const extensions[] = {".json", ".csv", NULL};
    job->options.images = options_value(o, "--input");
    job->options.segmentations = options_value(o, "--segmentation");
    job->options.threads = job->common.threads;
    job->options.max_memory = job->common.max_memory;
    job->output = options_value(o, "--output");
    if (!job->options.images || !job->options.segmentations)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--input and --segmentation are needed");
    VoxpertStatus status = options_word(o, "--aggregation", &job->aggregation, error);
    if (!status) status = labels_flag_read(&job->labels, options_value(o, "--labels"), error);
    if (!status) status = spacing_flag(job->options.spacing_xyz_mm, o, error);
    job->options.labels = job->labels.item;
    job->options.label_count = job->labels.count;
    if (!status && job->output) status = output_check("--output", job->output, extensions, error);
    Claims claims = {0};
    claims_read(&claims, job->options.images);
    claims_read(&claims, job->options.segmentations);
    claims_write(&claims, "--output", job->output, NULL);
    if (!status) status = claims_check(&claims, error);
    if (!status) status = output_is_new(job->output, options_has(o, "--overwrite"), error);
    claims_free(&claims);
    return status;
}

static VoxpertStatus write_file(const StatsJob *job, const VoxpertStats *stats,
                                VoxpertError *error) {
    char *text = NULL;
    Outputs outputs = {0};
    VoxpertReport form = name_ends(job->output, ".csv") ? VOXPERT_REPORT_CSV : VOXPERT_REPORT_JSON;
    VoxpertStatus status = voxpert_stats_report(stats, form, job->aggregation, &text, error);
    if (!status)
        status =
            voxpert_file_write(outputs_stage(&outputs, job->output), text, strlen(text), error);
    voxpert_free(text);
    if (!status) return outputs_commit(&outputs, error);
    outputs_explain(&outputs, error);
    outputs_drop(&outputs);
    return status;
}

/* Without a file the JSON is the result. */
static VoxpertStatus tell(const StatsJob *job, const VoxpertStats *stats, VoxpertError *error) {
    char *text = NULL;
    if (job->output && !job->common.json) {
        if (!job->common.quiet) puts(cli_shown(job->output));
        return VOXPERT_OK;
    }
    VoxpertStatus status =
        voxpert_stats_report(stats, VOXPERT_REPORT_JSON, job->aggregation, &text, error);
    if (!status) fputs(text, stdout);
    voxpert_free(text);
    return status;
}

static VoxpertStatus warn(const StatsJob *job, const VoxpertStats *stats, VoxpertError *error) {
    common_warn_lines(&job->common, voxpert_stats_warnings(stats));
    size_t count = voxpert_stats_left_out(stats), failed = voxpert_stats_failed(stats);
    if (failed)
        return error_say(error, VOXPERT_SOME_FAILED, "%zu case%s cannot be measured", failed,
                         failed == 1 ? "" : "s");
    if (count == 0) return VOXPERT_OK;
    return error_say(error, VOXPERT_SOME_FAILED, "%zu file%s without a partner %s left out", count,
                     count == 1 ? "" : "s", count == 1 ? "was" : "were");
}

static int stats_run(int argc, char **argv) {
    StatsJob job = {0};
    Options options;
    VoxpertError error = {0};
    VoxpertStats *stats = NULL;
    VoxpertStatus status =
        common_begin(&job.common, &options, &verb_stats, rules, false, argc, argv, &error);
    if (!status) status = stats_flags(&job, &options, &error);
    if (!status) {
        Progress progress = progress_begin(&job.common, "cases", 0);
        progress_keep(&progress, "no results were written");
        status = voxpert_stats(&stats, &job.options, progress_case, &progress, &error);
        progress_end(&progress);
    }
    if (!status && job.output) status = write_file(&job, stats, &error);
    if (!status) status = tell(&job, stats, &error);
    if (!status) status = warn(&job, stats, &error);
    voxpert_stats_free(stats);
    labels_flag_free(&job.labels);
    options_free(&options);
    return common_end(&job.common, status, &error);
}

/* voxpert evaluate - how good segmentations are, or a model that is asked with boxes and clicks. */
#include "cli/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/error.h"

static int evaluate_run(int argc, char **argv);
static void print_metrics(void);

const Verb verb_evaluate = {
    .name = "evaluate",
    .summary = "compare segmentations with references, or measure a model with clicks",
    .usage =
        "usage: voxpert evaluate -p PREDICTIONS -g REFERENCES [-o DIR] [FLAGS]\n"
        "       voxpert evaluate [-m MODEL] --data DIR[:OPTION...] --clicks N [-o DIR] [FLAGS]\n"
        "\n"
        "Example: two folders of label maps, and whether they are better than an earlier run's\n"
        "  voxpert evaluate -p new -g labels -o report --compare old/summary.json\n"
        "\n"
        "Files of the same name are a case; 2D pictures, or NIfTI with its spacing.  Into DIR go\n"
        "summary.json in nnU-Net's layout with further metrics, cases.csv, table.md, and, where\n"
        "gnuplot is installed, boxes.png and bland_altman.png.\n"
        "\n"
        "  -p, --predictions PATH    a label map, or a folder of them\n"
        "  -g, --references PATH     the same, of the truth\n"
        "  -o, --out DIR             where results go\n"
        "      --overwrite           replace results that are there\n"
        "      --labels LIST         1,2 or liver=1,tumour=2,both=1+2, or nnU-Net's dataset.json;\n"
        "                            default: every value but 0\n"
        "      --ignore VALUE        voxels that have it in the reference do not count, as those "
        "of "
        "-1\n"
        "                            never do\n"
        "      --spacing X,Y[,Z]     sides of a voxel in mm, where references do not say them; "
        "else\n"
        "                            distances and sizes are in pixels\n"
        "      --metrics LIST        what is measured beside nnU-Net's counts; default: all\n"
        "      --nsd-tol T           tolerance of nsd in mm, or in pixels where no spacing is "
        "known;\n"
        "                            default: 2; repeatable\n"
        "      --empty RULE          of a label that neither has: nan (default; no mean counts "
        "it),\n"
        "                            one (rightly nothing) or skip (no entry)\n"
        "      --format LIST         of nnunet,csv,md,png; default: all\n"
        "      --compare OTHER       other predictions, or their summary.json: paired bootstrap "
        "and\n"
        "                            Wilcoxon's test, comparison.json and comparison.md\n"
        "      --resamples N         of the bootstrap; default: 10000\n"
        "      --seed N              of the bootstrap; default: 0\n",
    .usage_more =
        "\n"
        "Of a model: Dice of each object after its box and clicks that correct the result, and\n"
        "after clicks alone; clicks.json, clicks.csv (by object), curve.csv, clicks.md, "
        "curve.png.\n"
        "\n"
        "  -m, --model FILE          default: the built-in model\n"
        "      --base FILE           of an adapter: the model that it was trained on\n"
        "      --preset NAME         how images are prepared\n"
        "      --strict              refuse a model file with tensors that do not belong to it\n"
        "      --data DIR            images/ and masks/, with options as in `voxpert train`;\n"
        "                            repeatable\n"
        "      --clicks N            1 to 50\n"
        "      --part PART           train, validation, test or all (default) of the data\n"
        "      --most N              objects of each set, evenly spread; default: all\n"
        "      --prompt-free         also each picture's whole foreground, without a prompt; and "
        "each\n"
        "                            class of it, where labels have names\n"
        "      --zoom, --no-zoom     encode crops around the prompts, or whole images; default: "
        "as\n"
        "                            the preset says\n",
    .print_more = print_metrics,
    .run = evaluate_run,
};

static const OptionRule rules[] = {
    {"--predictions", 'p', true},
    {"--references", 'g', true},
    {"--out", 'o', true},
    {"--overwrite"},
    {"--labels", .takes_value = true},
    {"--ignore", .takes_value = true},
    {"--spacing", .takes_value = true},
    {"--metrics", .takes_value = true},
    {"--nsd-tol", .takes_value = true, .repeats = true},
    {"--empty", .takes_value = true},
    {"--format", .takes_value = true},
    {"--compare", .takes_value = true},
    {"--resamples", .takes_value = true},
    {"--seed", .takes_value = true},
    {"--model", 'm', true},
    {"--base", .takes_value = true},
    {"--preset", .takes_value = true},
    {"--strict"},
    {"--data", .takes_value = true, .repeats = true},
    {"--clicks", .takes_value = true},
    {"--part", .takes_value = true},
    {"--most", .takes_value = true},
    {"--prompt-free"},
    {"--zoom"},
    {"--no-zoom"},
    {0},
};

static void print_metrics(void) {
    const char *name, *summary;
    puts("\nMetrics:");
    for (int i = 0; (name = voxpert_metric(i, &summary)); i++)
        printf("      %-22s%s\n", name, summary);
}

/* Flags of one use are none of the other's. */
static VoxpertStatus check_use(const Options *o, bool clicks, VoxpertError *error) {
    static const char *const of_maps[] = {"--predictions", "--references", "--labels",  "--ignore",
                                          "--spacing",     "--metrics",    "--nsd-tol", "--empty",
                                          "--compare",     "--resamples",  "--seed",    NULL};
    static const char *const of_models[] = {"--model", "--base",        "--preset", "--strict",
                                            "--data",  "--part",        "--most",   "--no-zoom",
                                            "--zoom",  "--prompt-free", NULL};
    const char *const *others = clicks ? of_maps : of_models;
    for (int i = 0; others[i]; i++) {
        if (!options_has(o, others[i])) continue;
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         clicks ? "%s does not go with --clicks" : "%s goes with --clicks",
                         others[i]);
    }
    return VOXPERT_OK;
}

static int evaluate_run(int argc, char **argv) {
    Options options;
    VoxpertError error = {0};
    EvaluateJob job = {.options = &options};
    VoxpertStatus status =
        common_begin(&job.common, &options, &verb_evaluate, rules, false, argc, argv, &error);
    bool clicks = !status && options_has(&options, "--clicks");
    if (!status) status = check_use(&options, clicks, &error);
    if (!status) {
        job.out = options_value(&options, "--out");
        job.overwrite = options_has(&options, "--overwrite");
        status = clicks ? evaluate_model(&job, &error) : evaluate_segmentations(&job, &error);
    }
    options_free(&options);
    return common_end(&job.common, status, &error);
}

/* voxpert evaluate - how good segmentations are, or a model that is asked with boxes and clicks. */
#include "cli/evaluate/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/common/paths.h"

static int evaluate_run(int argc, char **argv);
static void print_metrics(void);

static const char *metric_word(int index) { return voxpert_metric(index, NULL); }

static const OptionRule rules[] = {
    {"--predictions", 'p', true, .place = 1},
    {"--references", 'g', true, .place = 2},
    {"--out", 'o', true},
    {"--overwrite"},
    {"--labels", .takes_value = true},
    {"--ignore", .takes_value = true},
    {"--spacing", .takes_value = true},
    {"--metrics", .takes_value = true, .word_at = metric_word},
    {"--nsd-tol", .takes_value = true, .repeats = true},
    {"--empty", .takes_value = true, .words = "nan|one|skip"},
    {"--format", .takes_value = true, .words = "nnunet|csv|md|png|tex"},
    {"--compare", .takes_value = true, .repeats = true},
    {"--resamples", .takes_value = true},
    {"--seed", .takes_value = true},
    {"--model", 'm', true},
    {"--base", .takes_value = true},
    {"--preset", .takes_value = true, .word_at = preset_word},
    {"--strict"},
    {"--data", .takes_value = true, .repeats = true},
    {"--clicks", .takes_value = true},
    {"--simulate", .takes_value = true, .words = "box|clicks:1|clicks:3|clicks:5|free"},
    {"--part", .takes_value = true, .words = "train|validation|test|all"},
    {"--most", .takes_value = true},
    {"--prompt-free"},
    {"--zoom"},
    {"--no-zoom"},
    {0},
};

const Verb verb_evaluate = {
    .name = "evaluate",
    .summary = "compare segmentations with references, or measure models on a data set",
    .usage =
        "usage: voxpert evaluate -p PREDICTIONS -g REFERENCES [-o DIR] [FLAGS]\n"
        "       voxpert evaluate [-m MODEL] --data DIR[:OPTION...] [--part PART] [--simulate HOW]\n"
        "                        [--compare OTHER]... [-o DIR] [FLAGS]\n"
        "       voxpert evaluate [-m MODEL] --data DIR[:OPTION...] --clicks N [-o DIR] [FLAGS]\n"
        "       voxpert evaluate -p CLICKS.json --compare OTHER.json [-o DIR]\n"
        "\n"
        "Examples: two folders of label maps, and whether they are better than an earlier run's;\n"
        "a model against the built-in one on the test part of a data set\n"
        "  voxpert evaluate -p new -g labels -o report --compare old/summary.json\n"
        "  voxpert evaluate -m mine.safetensors --data skin --part test --compare built-in -o "
        "report\n"
        "\n"
        "Files of the same name are a case; 2D images, or NIfTI with its spacing.  Into DIR go\n"
        "summary.json in nnU-Net's layout with further metrics, cases.csv, table.md, paper.md, "
        ".csv\n"
        "and .tex with mean (SD) of all methods, and, where gnuplot is installed, boxes.png and\n"
        "bland_altman.png.\n"
        "\n"
        "  -p, --predictions PATH    a label map, or a folder of them\n"
        "  -g, --references PATH     the true label map, or a folder of them\n"
        "  -o, --out DIR             where results go\n"
        "      --overwrite           replace results that are there\n"
        "      --labels LIST         1,2 or liver=1,tumour=2,both=1+2, or nnU-Net's dataset.json;\n"
        "                            default: every value but 0\n"
        "      --ignore VALUE        voxels that have it in the reference do not count; those of "
        "-1\n"
        "                            never do\n"
        "      --spacing X,Y[,Z]     sides of a voxel in mm, where references do not say them; "
        "else\n"
        "                            distances and sizes are in pixels\n"
        "      --metrics LIST        what is measured beside nnU-Net's counts; default: all\n"
        "      --nsd-tol T           tolerance of nsd in mm, or in pixels where no spacing is "
        "known;\n"
        "                            default: 2; repeatable\n"
        "      --empty RULE          score of a label that is in neither: nan (default; not in "
        "means),\n"
        "                            one (1: correctly absent) or skip (no entry)\n"
        "      --format LIST         of nnunet,csv,md,png,tex; default: all\n"
        "      --compare OTHER       other predictions, another model (\"built-in\" is the "
        "built-in\n"
        "                            one), or a summary.json: paired bootstrap and Wilcoxon's\n"
        "                            test, comparison.json and comparison.md; repeatable\n"
        "      --resamples N         of the bootstrap; default: 10000\n"
        "      --seed N              of the bootstrap; default: 0\n",
    .usage_more =
        "\n"
        "Models: every case of the part is segmented with simulated prompts, and the label maps "
        "are\n"
        "evaluated; all models see images in the view of the first, as crops or whole.\n"
        "\n"
        "  -m, --model FILE          default: the built-in model\n"
        "      --base FILE           of an adapter: the model that it was trained on\n"
        "      --preset NAME         how images are prepared: sam, sam-med2d, sam-med2d-test, "
        "medsam,\n"
        "                            litemedsam, imis or voxpert; default: as the model says\n"
        "      --strict              refuse a model file with tensors that do not belong to it\n"
        "      --data DIR            images/ and masks/, with options as in `voxpert train`\n"
        "      --part PART           train, validation, test or all (default) of the data\n"
        "      --simulate HOW        box (default; of each object), clicks:N or free (no prompt)\n"
        "      --most N              cases, with --clicks objects of each set, evenly spread;\n"
        "                            default: all\n"
        "      --zoom, --no-zoom     encode crops around the prompts, or whole images; default: "
        "as\n"
        "                            the preset of the first model says\n"
        "\n"
        "With --clicks: Dice of each object after its box and clicks that correct the result, and\n"
        "after clicks alone; clicks.json, clicks.csv (by object), curve.csv, clicks.md, "
        "curve.png.\n"
        "--compare then takes the clicks.json of another run of the same objects; -p clicks.json\n"
        "--compare OTHER.json compares two runs without a model.\n"
        "\n"
        "      --clicks N            1 to 50; --data is then repeatable\n"
        "      --prompt-free         also each image's whole foreground, without a prompt; and "
        "each\n"
        "                            class of it, where labels have names\n",
    .print_more = print_metrics,
    .rules = rules,
    .run = evaluate_run,
};

static void print_metrics(void) {
    const char *name, *summary;
    puts("\nMetrics:");
    for (int i = 0; (name = voxpert_metric(i, &summary)); i++)
        printf("      %-22s%s\n", name, summary);
}

typedef enum Use { OF_MAPS, OF_MODEL, OF_CLICKS, OF_REPORTS } Use;

static Use use_of(const Options *o) {
    const char *predictions = options_value(o, "--predictions");
    if (options_has(o, "--clicks")) return OF_CLICKS;
    if (options_has(o, "--data")) return OF_MODEL;
    return predictions && name_ends(predictions, ".json") ? OF_REPORTS : OF_MAPS;
}

/* A flag that only some uses have. */
typedef struct OwnFlag {
    const char *name;
    unsigned uses; /* bit 1 << use */
    const char *with;
} OwnFlag;

enum {
    MAPS = 1 << OF_MAPS,
    MODEL = 1 << OF_MODEL,
    CLICKS = 1 << OF_CLICKS,
    REPORTS = 1 << OF_REPORTS
};

static VoxpertStatus check_use(const Options *o, Use use, VoxpertError *error) {
    static const OwnFlag flags[] = {
        {"--predictions", MAPS | REPORTS, "--references"},
        {"--references", MAPS, "--predictions"},
        {"--spacing", MAPS, "--predictions"},
        {"--ignore", MAPS, "--predictions"},
        {"--labels", MAPS | MODEL, NULL},
        {"--metrics", MAPS | MODEL, NULL},
        {"--nsd-tol", MAPS | MODEL, NULL},
        {"--empty", MAPS | MODEL, NULL},
        {"--format", MAPS | MODEL, NULL},
        {"--compare", MAPS | MODEL | CLICKS | REPORTS, NULL},
        {"--resamples", MAPS | MODEL | CLICKS | REPORTS, NULL},
        {"--seed", MAPS | MODEL | CLICKS | REPORTS, NULL},
        {"--simulate", MODEL, "--data"},
        {"--model", MODEL | CLICKS, "--data"},
        {"--base", MODEL | CLICKS, "--data"},
        {"--preset", MODEL | CLICKS, "--data"},
        {"--strict", MODEL | CLICKS, "--data"},
        {"--part", MODEL | CLICKS, "--data"},
        {"--most", MODEL | CLICKS, "--data"},
        {"--zoom", MODEL | CLICKS, "--data"},
        {"--no-zoom", MODEL | CLICKS, "--data"},
        {"--prompt-free", CLICKS, "--clicks"},
    };
    static const char *const mine[] = {"label maps of files", "--data", "--clicks",
                                       "a clicks.json"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!options_has(o, flags[i].name) || flags[i].uses >> use & 1) continue;
        if (use == OF_MAPS)
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s goes with %s", flags[i].name,
                             flags[i].with);
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s does not go with %s", flags[i].name,
                         mine[use]);
    }
    return VOXPERT_OK;
}

static int evaluate_run(int argc, char **argv) {
    Options options;
    VoxpertError error = {0};
    EvaluateJob job = {.options = &options};
    VoxpertStatus status =
        common_begin(&job.common, &options, &verb_evaluate, rules, false, argc, argv, &error);
    Use use = status ? OF_MAPS : use_of(&options);
    if (!status) status = check_use(&options, use, &error);
    if (!status) {
        job.out = options_value(&options, "--out");
        job.overwrite = options_has(&options, "--overwrite");
        status = use == OF_CLICKS    ? evaluate_model(&job, &error)
                 : use == OF_REPORTS ? evaluate_reports(&job, &error)
                                     : evaluate_segmentations(&job, use == OF_MODEL, &error);
    }
    options_free(&options);
    return common_end(&job.common, status, &error);
}

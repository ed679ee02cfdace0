/* voxpert experts - what is inside a mixture of experts, and changes to it. */
#include "cli/experts/experts.h"

#include <stdio.h>
#include <string.h>

#include "cli/common/error.h"
#include "cli/segment/engine.h"

static int experts_run(int argc, char **argv);

static const OptionRule list_rules[] = {
    {"--model", 'm', true, .place = 1},
    {"--base", .takes_value = true},
    {"--preset", .takes_value = true, .word_at = preset_word},
    {"--strict"},
    {0},
};

static const VerbPart parts[] = {
    {"list", list_rules, experts_list},    {"route", route_rules, experts_route},
    {"add", add_rules, experts_add},       {"remove", remove_rules, experts_remove},
    {"prune", prune_rules, experts_prune}, {0}};

const Verb verb_experts = {
    .name = "experts",
    .summary = "list, add, remove and prune experts, and show which of them tokens are sent to",
    .usage =
        "usage: voxpert experts list -m MODEL [--base FILE]\n"
        "       voxpert experts route -m MODEL [--base FILE] -i IMAGE|FOLDER ... [-o FOLDER]\n"
        "                             [--csv FILE] [PROMPTS]\n"
        "       voxpert experts add -m MODEL [--base FILE] -o OUT.safetensors --name NAME\n"
        "                           [--copy EXPERT | --seed N]\n"
        "       voxpert experts remove -m MODEL [--base FILE] -o OUT.safetensors --expert "
        "EXPERT\n"
        "       voxpert experts prune -m MODEL [--base FILE] --data DIR[:OPTION...] -o "
        "OUT.safetensors\n"
        "                             [--tolerance T] [--part PART] [--ask LIST]\n"
        "\n"
        "Example: which experts two kinds of images use\n"
        "  voxpert experts route -m skin.safetensors -i skin -i eyes -o seen --csv tokens.csv\n"
        "\n"
        "list: the experts of each layer, and whether its router chooses among them.  route: "
        "which\n"
        "experts the tokens of images are sent to.  Experts, layers and tokens count from 1.\n"
        "\n"
        "  -m, --model FILE          an adapter, or a whole model with experts\n"
        "      --base FILE           of an adapter: the model it was trained on; default: the "
        "built-in\n"
        "                            model\n"
        "      --preset NAME         how images are prepared: sam, sam-med2d, sam-med2d-test, "
        "medsam,\n"
        "                            litemedsam, imis or voxpert; default: as the model says\n"
        "      --strict              refuse a model file with tensors that do not belong to it\n"
        "\n"
        "route:\n"
        "  -i, --input IMAGE         or a folder of them; repeatable\n"
        "  -o, --output FOLDER       for figures: where each expert's tokens look and what mask "
        "each\n"
        "                            token would give, IMAGE_objectN.png; of several folders, "
        "which\n"
        "                            experts they use, matrix.png and .svg\n"
        "      --overwrite           replace figures and lines that are there\n"
        "      --csv FILE            a line for each image, object, layer and token: logits, "
        "gates,\n"
        "                            confidence, expert, chosen token, entropy of the token and "
        "mean\n"
        "                            of the image; a high mean may say that the image is "
        "unlike\n"
        "                            those that it was trained on\n"
        "      --box x0,y0,x1,y1, --point x,y:+, --mask FILE, --object N, --prompts FILE, --zoom,\n"
        "      --no-zoom, --expert auto|N|NAME, --slice k:57, --window LEVEL,WIDTH, --page N,\n"
        "      --no-exif, --cache DIR, --cache-half\n"
        "                            as of segment; of several images only --prompts, for a "
        "folder\n"
        "      --prompt-free         prompt tokens from the image: also where nothing is "
        "prompted\n",
    .usage_more =
        "\n"
        "add, remove:\n"
        "  -o, --output FILE         .safetensors that is not there yet; what was written is read "
        "back and\n"
        "                            compared\n"
        "      --name NAME           of the new expert: letters, digits, _, - and ., a letter "
        "first.  It is\n"
        "                            disabled: the router does not know it until it is trained "
        "again (train\n"
        "                            --release-experts), every answer stays what it was, to the "
        "last bit,\n"
        "                            and segment --expert NAME reaches it\n"
        "      --copy EXPERT         begin as that expert, a number or a name;\n"
        "      --seed N              or afresh, from this seed; default: 0\n"
        "      --expert EXPERT       the one to remove; those behind it move up\n"
        "\n"
        "prune: takes the least used expert token or expert out, measures, and leaves it out where "
        "the\n"
        "score allows; then the next, until all that are left are needed.\n"
        "  -o, --output FILE         .safetensors; the report goes beside it, FILE.prune.json\n"
        "      --overwrite           replace both\n"
        "      --data DIR            images/ and masks/, with options as in `voxpert train`; "
        "repeatable\n"
        "      --part PART           train, validation (default), test or all of the data\n"
        "      --most N              objects of each set, evenly spread; default: all\n"
        "      --ask LIST            box,clicks,prompt-free: the score is the mean of their Dice; "
        "default:\n"
        "                            all that the model can be asked\n"
        "      --clicks N            the last of N clicks counts; default: 1\n"
        "      --tolerance T         how far below the start's the score may come; default: 0.005\n"
        "      --min-tokens N        default: 1\n"
        "      --min-experts N       default: as many as the router keeps of a token\n"
        "      --cache DIR, --cache-half\n"
        "                            as of segment; without, embeddings stay in memory\n",
    .parts = parts,
    .run = experts_run,
};

/* ---- list ------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key, const char *otherwise) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : otherwise;
}

static long long number_of(const json_t *object, const char *key) {
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_layer(const json_t *layer) {
    size_t index;
    const json_t *e;
    long long number = number_of(layer, "layer");
    json_array_foreach(json_object_get(layer, "experts"), index, e) {
        printf("%lld\t%lld\t%s\t%lld\t%s\n", number, number_of(e, "expert"),
               cli_shown(text_of(e, "name", "-")), number_of(e, "parameters"),
               json_is_true(json_object_get(e, "held_back")) ? "disabled" : "routed");
    }
    if (json_is_true(json_object_get(layer, "degenerate")))
        printf("%lld\trouter degenerate: all weights are zero, every logit ties, and the first "
               "expert gets all\n",
               number);
}

/* Numbers, then a line for each layer and expert, for people and for cut(1). */
static void print_list(const json_t *about) {
    size_t index;
    const json_t *layer;
    printf("%s (%s): %lld tokens, %lld experts, %lld kept of a token, rank %lld\n",
           cli_shown(text_of(about, "system", "")), cli_shown(text_of(about, "mode", "")),
           number_of(about, "tokens"), number_of(about, "experts"), number_of(about, "kept"),
           number_of(about, "rank"));
    printf("update %s, gate %s, prompt tokens %lld\n", cli_shown(text_of(about, "update", "")),
           cli_shown(text_of(about, "gate", "")), number_of(about, "prompt_tokens"));
    const json_t *classes = json_object_get(about, "prompt_classes"), *name;
    json_array_foreach(classes, index, name)
        printf("%s%s", index ? ", " : "classes ", cli_shown(json_string_value(name)));
    if (classes) puts("");
    printf("base %s, identity %s\n", cli_shown(text_of(about, "base", "none")),
           cli_shown(text_of(about, "base_identity", "not stated")));
    puts("layer\texpert\tname\tparameters\trouter");
    json_array_foreach(json_object_get(about, "layers"), index, layer) print_layer(layer);
}

static VoxpertStatus list(const Common *common, const Options *options, VoxpertError *error) {
    EngineOptions engine = {0};
    VoxpertModel *model = NULL;
    char *text = NULL;
    Listener listener = {common, NULL};
    VoxpertStatus status = engine_flags(&engine, options, error);
    if (!status && !engine.model)
        status = error_say(error, VOXPERT_BAD_ARGUMENT, "--model is needed: whose experts");
    if (!status) status = engine_model(&listener, &model, &engine, error);
    if (!status) status = voxpert_experts_describe(model, &text, error);
    json_t *about = status ? NULL : json_loads(text, 0, NULL);
    if (!status && common->json)
        common_report(common, json_incref(about));
    else if (!status && !common->quiet)
        print_list(about);
    json_decref(about);
    voxpert_free(text);
    voxpert_model_close(model);
    return status;
}

int experts_list(const Verb *verb, int argc, char **argv) {
    Common common;
    Options options;
    VoxpertError error = {0};
    VoxpertStatus status =
        common_begin(&common, &options, verb, list_rules, false, argc, argv, &error);
    if (!status) status = list(&common, &options, &error);
    options_free(&options);
    return common_end(&common, status, &error);
}

/* ---- Parts ------------------------------------------------------------------------------ */

static const char *part_name(const void *context, int index) {
    (void)context;
    return parts[index].name;
}

static int experts_run(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : "";
    for (const VerbPart *p = parts; p->name; p++)
        if (strcmp(p->name, word) == 0) return p->run(&verb_experts, argc - 1, argv + 1);
    VoxpertError error = {0};
    Common common = common_of_failure(verb_experts.name, argc, argv);
    const char *near = closest(word, part_name, NULL);
    char known[128] = "";
    for (const VerbPart *p = parts; p->name; p++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", p->name);
    }
    bool none = !*word || *word == '-';
    VoxpertStatus status = VOXPERT_BAD_ARGUMENT;
    if (none)
        error_say(&error, status, "one of %s must stand first", known);
    else
        error_say(&error, status, "\"%s\" is none of %s%s%s%s", word, known,
                  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return common_end(&common, status, &error);
}

#include "cli/segment/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <voxpert/experts.h>

#include "cli/common/common.h"
#include "cli/common/error.h"
#include "cli/common/numbers.h"
#include "cli/common/paths.h"

/* ---- Targets ---------------------------------------------------------------------------- */

Target *targets_add(Targets *t, int number) {
    cli_grow(&t->item, (size_t)t->count, sizeof *t->item);
    t->item[t->count] = (Target){.number = number};
    return &t->item[t->count++];
}

void targets_free(Targets *t) {
    for (int i = 0; i < t->count; i++) {
        free(t->item[i].label);
        free(t->item[i].expert);
        free(t->item[i].class_name);
        free(t->item[i].points);
        free(t->item[i].text);
        free(t->item[i].mask_path);
        free(t->item[i].mask);
        free(t->item[i].low_res);
    }
    free(t->item);
    *t = (Targets){0};
}

VoxpertStatus target_box(Target *t, const double at[4], const char *who, VoxpertError *error) {
    if (t->has_box)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s: object %d has a box already", who,
                         t->number);
    t->box = (VoxpertBox){(float)at[0], (float)at[1], (float)at[2], (float)at[3]};
    t->has_box = true;
    return VOXPERT_OK;
}

VoxpertStatus target_text(Target *t, const char *text, const char *who, VoxpertError *error) {
    if (t->text)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s: object %d has a text already", who,
                         t->number);
    if (!text[strspn(text, " \t\r\n_-")])
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s: the name is empty", who);
    t->text = cli_text("%s", text);
    return VOXPERT_OK;
}

void target_point(Target *t, double x, double y, bool inside) {
    cli_grow(&t->points, (size_t)t->point_count, sizeof *t->points);
    t->points[t->point_count++] = (VoxpertPoint){(float)x, (float)y, inside};
}

VoxpertPrompt target_prompt(const Target *t) {
    return (VoxpertPrompt){.points = t->points,
                           .point_count = t->point_count,
                           .box = t->has_box ? &t->box : NULL,
                           .mask = t->mask,
                           .low_res = t->low_res,
                           .text = t->text};
}

static json_t *points_json(const Target *t) {
    json_t *points = json_array();
    for (int i = 0; i < t->point_count; i++)
        json_array_append_new(points,
                              json_pack("{s:[f, f], s:b}", "p", (double)t->points[i].x,
                                        (double)t->points[i].y, "positive", t->points[i].inside));
    return points;
}

json_t *targets_json(const Targets *t) {
    json_t *objects = json_array();
    for (int i = 0; i < t->count; i++) {
        const Target *from = &t->item[i];
        json_t *to = json_object();
        const VoxpertBox *b = &from->box;
        if (from->has_box)
            json_object_set_new(to, "boxes",
                                json_pack("[[f, f, f, f]]", (double)b->x0, (double)b->y0,
                                          (double)b->x1, (double)b->y1));
        if (from->point_count) json_object_set_new(to, "points", points_json(from));
        if (from->mask_path) json_object_set_new(to, "mask", json_string(from->mask_path));
        if (from->expert) json_object_set_new(to, "expert", json_string(from->expert));
        if (from->class_name) json_object_set_new(to, "class", json_string(from->class_name));
        if (from->text) json_object_set_new(to, "text", json_string(from->text));
        json_array_append_new(objects, to);
    }
    return json_pack("{s:o}", "objects", objects);
}

/* ---- From flags ------------------------------------------------------------------------- */

static Target *numbered(Targets *t, int number) {
    for (int i = 0; i < t->count; i++) {
        if (t->item[i].number == number) return &t->item[i];
    }
    return targets_add(t, number);
}

static VoxpertStatus point_flag(Target *t, const char *text, VoxpertError *error) {
    double at[2];
    size_t length = strlen(text);
    bool sign = length > 2 && text[length - 2] == ':' && strchr("+-", text[length - 1]);
    char *where = cli_text("%.*s", (int)(sign ? length - 2 : length), text);
    bool read = numbers_parse(at, 2, where);
    free(where);
    if (!read)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--point %s: must be x,y or x,y:+ (inside), or x,y:- (outside), two "
                         "finite numbers",
                         text);
    target_point(t, at[0], at[1], !sign || text[length - 1] == '+');
    return VOXPERT_OK;
}

static VoxpertStatus box_flag(Target *t, const char *text, VoxpertError *error) {
    double at[4];
    char who[96];
    if (!numbers_parse(at, 4, text))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--box %s: must be x0,y0,x1,y1, four finite numbers", text);
    snprintf(who, sizeof who, "--box %s", text);
    return target_box(t, at, who, error);
}

static VoxpertStatus mask_flag(Target *t, const char *path, VoxpertError *error) {
    if (t->mask_path)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--mask %s: object %d has a mask already",
                         path, t->number);
    t->mask_path = cli_text("%s", path);
    return VOXPERT_OK;
}

static VoxpertStatus text_flag(Target *t, const char *text, VoxpertError *error) {
    char who[96];
    if (!is_utf8(text))
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--text: the name is not UTF-8");
    snprintf(who, sizeof who, "--text %.80s", text);
    return target_text(t, text, who, error);
}

static VoxpertStatus prompt_flag(Target *t, const Option *o, VoxpertError *error) {
    if (strcmp(o->rule->name, "--box") == 0) return box_flag(t, o->value, error);
    if (strcmp(o->rule->name, "--point") == 0) return point_flag(t, o->value, error);
    if (strcmp(o->rule->name, "--mask") == 0) return mask_flag(t, o->value, error);
    return text_flag(t, o->value, error);
}

static bool is_prompt(const Option *o) {
    return strcmp(o->rule->name, "--box") == 0 || strcmp(o->rule->name, "--point") == 0 ||
           strcmp(o->rule->name, "--mask") == 0 || strcmp(o->rule->name, "--text") == 0;
}

static int count_of(const Options *options, const char *name) {
    int count = 0;
    for (int i = 0; i < options->count; i++)
        count += strcmp(options->item[i].rule->name, name) == 0;
    return count;
}

/* Without --object each box is an object, or each text, and points and a mask belong to the only
 * one. */
static VoxpertStatus without_objects(Targets *out, const Options *options, VoxpertError *error) {
    int boxes = count_of(options, "--box"), texts = count_of(options, "--text");
    int others = count_of(options, "--point") + count_of(options, "--mask");
    VoxpertStatus status = VOXPERT_OK;
    if (boxes > 1 && (others || texts))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "several --box together with --point, --mask or --text: say which object "
                         "each belongs to with --object N before them");
    if (texts > 1 && (others || boxes))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "several --text together with other prompts: say which object each "
                         "belongs to with --object N before them");
    for (int i = 0; !status && i < options->count; i++) {
        if (!is_prompt(&options->item[i])) continue;
        int number = boxes > 1 || texts > 1 ? out->count + 1 : 1;
        status = prompt_flag(numbered(out, number), &options->item[i], error);
    }
    return status;
}

static VoxpertStatus with_objects(Targets *out, const Options *options, VoxpertError *error) {
    long number = 0;
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; !status && i < options->count; i++) {
        const Option *o = &options->item[i];
        if (strcmp(o->rule->name, "--object") == 0) {
            if (!whole_parse(&number, o->value) || number < 1 || number > TARGET_VALUE_MAX)
                return error_say(error, VOXPERT_BAD_ARGUMENT,
                                 "--object %s: must be a whole number from 1 to %d", o->value,
                                 TARGET_VALUE_MAX);
        } else if (is_prompt(o) && !number) {
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: stands before the first --object",
                             o->rule->name, o->value);
        } else if (is_prompt(o)) {
            status = prompt_flag(numbered(out, (int)number), o, error);
        }
    }
    if (!status && number && !out->count)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--object %ld: no prompt follows it", number);
    return status;
}

static int by_number(const void *a, const void *b) {
    const Target *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

VoxpertStatus targets_from_flags(Targets *out, const Options *options, VoxpertError *error) {
    *out = (Targets){0};
    VoxpertStatus status = options_has(options, "--object") ? with_objects(out, options, error)
                                                            : without_objects(out, options, error);
    if (out->count) qsort(out->item, (size_t)out->count, sizeof *out->item, by_number);
    return status;
}

bool targets_place(const Targets *t) {
    for (int i = 0; i < t->count; i++)
        if (t->item[i].has_box || t->item[i].point_count || t->item[i].mask_path) return true;
    return false;
}

/* ---- Classes ---------------------------------------------------------------------------- */

static void add_class(Targets *t, const char *name) {
    Target *to = targets_add(t, t->count + 1);
    to->class_name = cli_text("%s", name);
    to->label = cli_text("%s", name);
}

VoxpertStatus targets_add_classes(Targets *t, const Options *options, VoxpertError *error) {
    for (int i = 0; i < options->count; i++) {
        const char *name = options->item[i].value;
        if (strcmp(options->item[i].rule->name, "--class") != 0) continue;
        if (!is_utf8(name))
            return error_say(error, VOXPERT_BAD_ARGUMENT, "--class: the name is not UTF-8");
        for (int k = 0; k < t->count; k++)
            if (strcmp(t->item[k].class_name, name) == 0)
                return error_say(error, VOXPERT_BAD_ARGUMENT, "--class %s: is there twice", name);
        add_class(t, name);
        if (t->count > 1 && (strcmp(name, "all") == 0 || strcmp(t->item[0].class_name, "all") == 0))
            return error_say(error, VOXPERT_BAD_ARGUMENT, "--class all: excludes other classes");
    }
    return VOXPERT_OK;
}

VoxpertStatus targets_expand_classes(Targets *t, const VoxpertModel *model, VoxpertError *error) {
    const char *name = t->count == 1 && !t->file ? t->item[0].class_name : NULL;
    int found;
    if (!name || strcmp(name, "all") != 0) return VOXPERT_OK;
    if (!voxpert_class_name(model, 1)) return voxpert_class_find(model, name, &found, error);
    targets_free(t);
    for (int i = 1; (name = voxpert_class_name(model, i)); i++) add_class(t, name);
    return VOXPERT_OK;
}

/* ---- Checks ----------------------------------------------------------------------------- */

VoxpertStatus targets_blame(const Targets *t, const Target *target, VoxpertError *error) {
    if (!t->file && t->count == 1) return error->status;
    if (!t->file) return error_before(error, "object %d", target->number);
    if (error->status == VOXPERT_BAD_ARGUMENT) error->status = VOXPERT_BAD_INPUT;
    error->field[0] = '\0'; /* it is in the file, and no flag */
    return error_before(error, "%s: object %d", t->file, target->number);
}

/* A sentence of each line, with the object that it is about, behind those that are there. */
static void add_lines(char **to, const Targets *t, const Target *target, const char *lines) {
    for (const char *at = lines; *at;) {
        int length = (int)strcspn(at, "\n");
        char *before = *to;
        char *object =
            t->count > 1 || t->file ? cli_text("object %d: ", target->number) : cli_text("%s", "");
        *to = cli_text("%s%s%.*s\n", before, object, length, at);
        free(before);
        free(object);
        at += length + (at[length] != '\0');
    }
}

VoxpertStatus targets_fit(Targets *t, const VoxpertImage *image, char **warnings,
                          VoxpertError *error) {
    VoxpertStatus status = VOXPERT_OK;
    *warnings = cli_text("%s", "");
    for (int i = 0; !status && i < t->count; i++) {
        Target *target = &t->item[i];
        char *lines = NULL;
        status =
            voxpert_prompt_fit(target->has_box ? &target->box : NULL, target->points,
                               target->point_count, image->width, image->height, &lines, error);
        if (!status) add_lines(warnings, t, target, lines);
        voxpert_free(lines);
    }
    return status;
}

static bool asks_nothing(const Target *t) {
    return !t->point_count && !t->has_box && !t->mask_path && !t->text;
}

VoxpertStatus targets_check(const Targets *t, const VoxpertImage *image, bool prompt_free,
                            VoxpertError *error) {
    static const float earlier[1];
    for (int i = 0; i < t->count; i++) {
        VoxpertPrompt prompt = target_prompt(&t->item[i]);
        if (t->item[i].class_name && !prompt_free) {
            error_say(error, VOXPERT_BAD_ARGUMENT, "a class is asked for with --prompt-free");
            return targets_blame(t, &t->item[i], error);
        }
        if (prompt_free && asks_nothing(&t->item[i])) continue;
        if (t->item[i].mask_path && !prompt.mask) prompt.low_res = earlier; /* loaded later */
        if (voxpert_prompt_check(&prompt, image->width, image->height, error))
            return targets_blame(t, &t->item[i], error);
    }
    return VOXPERT_OK;
}

/* ---- Masks ------------------------------------------------------------------------------ */

static bool is_logits(const Target *t) { return t->mask_path && name_ends(t->mask_path, ".npy"); }

/* Appends a line where a mask holds several labels: all are inside, which may not be meant. */
static void report_levels(char **warnings, const char *path, const uint16_t *labels,
                          size_t pixels) {
    bool *seen = cli_new(65536, sizeof *seen);
    int levels = 0;
    for (size_t i = 0; i < pixels; i++) {
        levels += labels[i] && !seen[labels[i]];
        seen[labels[i]] = true;
    }
    free(seen);
    if (levels < 2) return;
    char *before = *warnings;
    *warnings = cli_text("%s%s: holds %d values other than 0; all of them count as inside\n",
                         before, path, levels);
    free(before);
}

static VoxpertStatus load_mask(Target *t, const VoxpertImageFile *file,
                               const VoxpertFileOptions *options, char **warnings,
                               VoxpertError *error) {
    VoxpertFileOptions o = *options;
    uint16_t *labels = NULL;
    char *lines = NULL;
    int width, height;
    if (!name_is_nifti(t->mask_path)) o.slice_axis = 0; /* a picture of the slice */
    VoxpertStatus status =
        voxpert_labels_read_on(&labels, &width, &height, t->mask_path, file, &o, &lines, error);
    const VoxpertImage *image = voxpert_image_file_image(file);
    *warnings = cli_text("%s", lines ? lines : "");
    voxpert_free(lines);
    if (status) return status;
    if (width != image->width || height != image->height) {
        voxpert_free(labels);
        return error_say(error, VOXPERT_BAD_INPUT,
                         "%s: is %d x %d pixels, but the image is %d x %d", t->mask_path, width,
                         height, image->width, image->height);
    }
    size_t pixels = (size_t)width * (size_t)height, inside = 0;
    t->mask = cli_new(pixels, 1);
    for (size_t i = 0; i < pixels; i++) inside += t->mask[i] = labels[i] != 0;
    report_levels(warnings, t->mask_path, labels, pixels);
    voxpert_free(labels);
    if (inside) return VOXPERT_OK;
    return error_say(error, VOXPERT_BAD_INPUT, "%s: is empty: no pixel differs from 0",
                     t->mask_path);
}

VoxpertStatus targets_load_masks(Targets *t, const VoxpertImageFile *image,
                                 const VoxpertFileOptions *options, char **warnings,
                                 VoxpertError *error) {
    VoxpertStatus status = VOXPERT_OK;
    *warnings = cli_text("%s", "");
    for (int i = 0; !status && i < t->count; i++) {
        if (!t->item[i].mask_path || is_logits(&t->item[i])) continue;
        char *lines = NULL;
        status = load_mask(&t->item[i], image, options, &lines, error);
        add_lines(warnings, t, &t->item[i], lines);
        free(lines);
        if (status) targets_blame(t, &t->item[i], error);
    }
    return status;
}

static VoxpertStatus load_logits(Target *t, int side, char remark[256], VoxpertError *error) {
    size_t dim[4], wanted = (size_t)side;
    int rank;
    float *values = NULL;
    VoxpertStatus status = voxpert_npy_read(t->mask_path, &values, 4, &rank, dim, error);
    if (status) return status;
    if (rank < 2 || rank > 3 || dim[rank - 1] != wanted || dim[rank - 2] != wanted || !dim[0]) {
        voxpert_free(values);
        return error_say(error, VOXPERT_BAD_INPUT,
                         "%s: is no [n, %d, %d] array of this model's logits (--low-res)",
                         t->mask_path, side, side);
    }
    if (rank == 3 && dim[0] > 1)
        snprintf(remark, 256, "%s: holds %zu masks; the first is used", t->mask_path, dim[0]);
    size_t count = wanted * wanted;
    t->low_res = cli_new(count, sizeof *t->low_res);
    memcpy(t->low_res, values, count * sizeof *values);
    voxpert_free(values);
    for (size_t i = 0; i < count; i++) {
        if (t->low_res[i] - t->low_res[i] != 0.0f)
            return error_say(error, VOXPERT_BAD_INPUT, "%s: value %zu is not finite", t->mask_path,
                             i);
    }
    return VOXPERT_OK;
}

VoxpertStatus targets_load_logits(Targets *t, int side, char remark[256], VoxpertError *error) {
    remark[0] = '\0';
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; !status && i < t->count; i++) {
        if (!is_logits(&t->item[i])) continue;
        status = load_logits(&t->item[i], side, remark, error);
        if (status) targets_blame(t, &t->item[i], error);
    }
    return status;
}

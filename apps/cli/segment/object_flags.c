#include "cli/segment/object_flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <voxpert/experts.h>

#include "cli/common/common.h"
#include "cli/common/error.h"
#include "cli/common/numbers.h"

/* ---- From flags ------------------------------------------------------------------------- */

static VoxpertStatus find_number(VoxpertObject **out, VoxpertObjects *t, int number,
                                 VoxpertError *error) {
    for (int i = 0; i < t->count; i++) {
        *out = &t->item[i];
        if (t->item[i].number == number) return VOXPERT_OK;
    }
    return voxpert_objects_add(t, number, out, error);
}

/* What the library refuses, behind the flag. */
static VoxpertStatus refused(VoxpertStatus status, const char *flag, const char *text,
                             VoxpertError *error) {
    return status ? error_before(error, "%s %.80s", flag, text) : VOXPERT_OK;
}

static VoxpertStatus point_flag(VoxpertObject *t, const char *text, VoxpertError *error) {
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
    return voxpert_object_point(t, at[0], at[1], !sign || text[length - 1] == '+', error);
}

static VoxpertStatus box_flag(VoxpertObject *t, const char *text, VoxpertError *error) {
    double at[4];
    if (!numbers_parse(at, 4, text))
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "--box %s: must be x0,y0,x1,y1, four finite numbers", text);
    return refused(voxpert_object_box(t, at, error), "--box", text, error);
}

static VoxpertStatus text_flag(VoxpertObject *t, const char *text, VoxpertError *error) {
    if (!is_utf8(text))
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--text: the name is not UTF-8");
    return refused(voxpert_object_set(t, VOXPERT_OBJECT_TEXT, text, error), "--text", text, error);
}

static VoxpertStatus prompt_flag(VoxpertObjects *to, int number, const Option *o,
                                 VoxpertError *error) {
    const char *flag = o->rule->name;
    VoxpertObject *t;
    VoxpertStatus status = find_number(&t, to, number, error);
    if (status) return status;
    if (strcmp(flag, "--box") == 0) return box_flag(t, o->value, error);
    if (strcmp(flag, "--point") == 0) return point_flag(t, o->value, error);
    if (strcmp(flag, "--text") == 0) return text_flag(t, o->value, error);
    return refused(voxpert_object_set(t, VOXPERT_OBJECT_MASK, o->value, error), "--mask", o->value,
                   error);
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
static VoxpertStatus without_objects(VoxpertObjects *out, const Options *options,
                                     VoxpertError *error) {
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
        status = prompt_flag(out, number, &options->item[i], error);
    }
    return status;
}

static VoxpertStatus with_objects(VoxpertObjects *out, const Options *options,
                                  VoxpertError *error) {
    long number = 0;
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; !status && i < options->count; i++) {
        const Option *o = &options->item[i];
        if (strcmp(o->rule->name, "--object") == 0) {
            if (!whole_parse(&number, o->value) || number < 1 || number > VOXPERT_OBJECTS_MOST)
                return error_say(error, VOXPERT_BAD_ARGUMENT,
                                 "--object %s: must be a whole number from 1 to %d", o->value,
                                 VOXPERT_OBJECTS_MOST);
        } else if (is_prompt(o) && !number) {
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: stands before the first --object",
                             o->rule->name, o->value);
        } else if (is_prompt(o)) {
            status = prompt_flag(out, (int)number, o, error);
        }
    }
    if (!status && number && !out->count)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "--object %ld: no prompt follows it", number);
    return status;
}

static int by_number(const void *a, const void *b) {
    const VoxpertObject *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

VoxpertStatus objects_from_flags(VoxpertObjects *out, const Options *options, VoxpertError *error) {
    *out = (VoxpertObjects){0};
    VoxpertStatus status = options_has(options, "--object") ? with_objects(out, options, error)
                                                            : without_objects(out, options, error);
    if (out->count) qsort(out->item, (size_t)out->count, sizeof *out->item, by_number);
    return status;
}

bool objects_place(const VoxpertObjects *t) {
    for (int i = 0; i < t->count; i++)
        if (t->item[i].has_box || t->item[i].point_count || t->item[i].mask_path) return true;
    return false;
}

/* ---- Classes ---------------------------------------------------------------------------- */

static VoxpertStatus add_class(VoxpertObjects *t, const char *name, VoxpertError *error) {
    VoxpertObject *to;
    VoxpertStatus status = voxpert_objects_add(t, t->count + 1, &to, error);
    if (!status) status = voxpert_object_set(to, VOXPERT_OBJECT_CLASS, name, error);
    return status ? status : voxpert_object_set(to, VOXPERT_OBJECT_LABEL, name, error);
}

VoxpertStatus objects_add_classes(VoxpertObjects *t, const Options *options, VoxpertError *error) {
    for (int i = 0; i < options->count; i++) {
        const char *name = options->item[i].value;
        if (strcmp(options->item[i].rule->name, "--class") != 0) continue;
        if (!is_utf8(name))
            return error_say(error, VOXPERT_BAD_ARGUMENT, "--class: the name is not UTF-8");
        for (int k = 0; k < t->count; k++)
            if (strcmp(t->item[k].class_name, name) == 0)
                return error_say(error, VOXPERT_BAD_ARGUMENT, "--class %s: is there twice", name);
        VoxpertStatus status = add_class(t, name, error);
        if (status) return status;
        if (t->count > 1 && (strcmp(name, "all") == 0 || strcmp(t->item[0].class_name, "all") == 0))
            return error_say(error, VOXPERT_BAD_ARGUMENT, "--class all: excludes other classes");
    }
    return VOXPERT_OK;
}

VoxpertStatus objects_expand_classes(VoxpertObjects *t, const VoxpertModel *model,
                                     VoxpertError *error) {
    const char *name = t->count == 1 && !t->file ? t->item[0].class_name : NULL;
    int found;
    if (!name || strcmp(name, "all") != 0) return VOXPERT_OK;
    if (!voxpert_class_name(model, 1)) return voxpert_class_find(model, name, &found, error);
    voxpert_objects_free(t);
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 1; !status && (name = voxpert_class_name(model, i)); i++)
        status = add_class(t, name, error);
    return status;
}

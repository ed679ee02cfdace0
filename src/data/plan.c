#include "data/plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/quote.h"
#include "base/text.h"

/* ---- What is wanted ------------------------------------------------------------------------- */

static const char **new_paths(Catalog *c, Finding *f, size_t count) {
    const char **paths = catalog_memory(c, count, sizeof *paths);
    f->moved = paths;
    f->moves = paths ? count : 0;
    return paths;
}

void plan_rename(Catalog *c, Finding *f, const char *from, const char *to) {
    plan_aside(c, f, from);
    f->renamed = to;
}

void plan_aside(Catalog *c, Finding *f, const char *path) {
    const char **paths = new_paths(c, f, 1);
    if (paths) paths[0] = path;
}

void plan_aside_case(Catalog *c, Finding *f, const CatalogCase *item) {
    bool own_label = item->form == LABELS_MAP || item->form == LABELS_CSR;
    size_t n = 0;
    const char **paths = new_paths(c, f, item->images + (own_label ? item->labels : 0));
    for (size_t i = 0; paths && i < item->images; i++) paths[n++] = item->image[i];
    for (size_t i = 0; paths && own_label && i < item->labels; i++) paths[n++] = item->label[i];
}

void plan_json(Finding *f) { f->rewrites = true; }

/* ---- Paths that were taken ------------------------------------------------------------------ */

/* Open addressing; NULL is free. */
typedef struct PathSet {
    const char **slot;
    size_t size, count; /* size: a power of two */
} PathSet;

static const char **slot_of(const PathSet *s, const char *path) {
    size_t at = (size_t)hash_fnv1a(path, strlen(path)) & (s->size - 1);
    while (s->slot[at] && strcmp(s->slot[at], path) != 0) at = (at + 1) & (s->size - 1);
    return &s->slot[at];
}

static bool set_open(PathSet *s, size_t paths) {
    *s = (PathSet){.size = 16};
    while (s->size < 4 * paths) s->size *= 2;
    s->slot = memory_new(s->size * sizeof *s->slot);
    return s->slot != NULL;
}

static bool set_holds(const PathSet *s, const char *path) { return *slot_of(s, path) != NULL; }
static void set_add(PathSet *s, const char *path) { *slot_of(s, path) = path; }
static size_t set_index(const PathSet *s, const char *path) {
    return (size_t)(slot_of(s, path) - s->slot);
}

/* ---- Safety --------------------------------------------------------------------------------- */

typedef struct Plan {
    Catalog *c;
    PathSet from, to;     /* of moves that are planned */
    const char **target;  /* [from.size]: the new name of a renamed one; NULL: it is set aside */
    PathSet image;        /* of all cases */
    PathSet alike;        /* masks that only the names of the others explain, and that stay so */
    bool empties;         /* findings would set aside a file of every case */
    char root[PATH_MAX];  /* without links */
    size_t labels, files; /* of nnU-Net's training part that are set aside */
    json_int_t training;  /* what numTraining becomes; -1: it stays */
} Plan;

static bool exists(const char *path) {
    struct stat s;
    return lstat(path, &s) == 0;
}

static bool leaves_folder(const char *relative) {
    for (const char *p = relative; *p; p += strcspn(p, "/"), p += *p == '/') {
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || !p[2])) return true;
    }
    return *relative == '/';
}

/* The deepest folder above `path` that is there must lie below the root, links followed. */
static bool is_inside(const Plan *p, const char *path) {
    char folder[PATH_MAX], real[PATH_MAX];
    size_t length = strlen(path), above = strlen(p->root);
    if (length >= sizeof folder) return false;
    memcpy(folder, path, length + 1);
    do {
        char *slash = strrchr(folder, '/');
        if (!slash || slash == folder) return false;
        *slash = '\0';
    } while (!exists(folder));
    if (!realpath(folder, real) || strncmp(real, p->root, above) != 0) return false;
    return real[above] == '/' || real[above] == '\0' || above == 1;
}

/* Why a path cannot be planned; NULL: it can. */
static const char *refusal(const Plan *p, const char *path) {
    const char *relative = catalog_relative(p->c, path);
    if (!text_is_plain(path)) return "the name holds characters that a shell script had better not";
    if (relative == path || leaves_folder(relative) || !is_inside(p, path))
        return "the file lies outside the data set's folder";
    return NULL;
}

/* ---- Words ---------------------------------------------------------------------------------- */

static void add_word(Text *t, const char *path) {
    Text word = {0};
    text_add(&word, *path == '-' ? "./%s" : "%s", path);
    if (word.chars) text_add_shell_word(t, word.chars);
    t->failed |= word.failed;
    text_free(&word);
}

/* What a command ends with: that it did nothing is printed, and the plan's exit code says it. */
static void add_else(Text *t, const char *what, const char *path) {
    text_add(t, " || { echo %s: ", what);
    add_word(t, path);
    text_add(t, " >&2; failed=1; }");
}

static void add_move(Text *t, const char *from, const char *to, bool folder_is_there) {
    size_t above = (size_t)(path_base(to) - to);
    Text folder = {0};
    text_add(&folder, "%.*s", above > 1 ? (int)above - 1 : 1, to);
    if (t->length) text_add(t, "\n");
    if (!folder_is_there) {
        text_add(t, "mkdir -p ");
        add_word(t, folder.chars ? folder.chars : "");
        text_add(t, " && ");
    }
    text_add(t, "mv -n ");
    add_word(t, from);
    text_add(t, " ");
    add_word(t, to);
    text_add(t, " && test ! -e ");
    add_word(t, from);
    add_else(t, "not moved", from);
    t->failed |= folder.failed;
    text_free(&folder);
}

static const char *kept_text(Catalog *c, Text *t) {
    c->failed |= t->failed;
    const char *kept = catalog_text(c, "%s", t->chars ? t->chars : "");
    text_free(t);
    return kept;
}

/* ---- Moves ---------------------------------------------------------------------------------- */

/* A name that is free. */
static const char *aside_name(Plan *p, const char *path) {
    Catalog *c = p->c;
    for (int n = 1; n < 1000 && !c->failed; n++) {
        const char *folder = n > 1 ? catalog_text(c, "set_aside_%d", n) : "set_aside";
        const char *to = catalog_text(c, "%s/%s/%s", c->root, folder, catalog_relative(c, path));
        if (!exists(to) && !set_holds(&p->to, to)) return to;
    }
    return NULL;
}

/* Sets without lists of their files: a list would name what is no longer there, and a file that
 * says groups would. */
static bool may_set_aside(const Catalog *c) {
    bool folders = c->format == DATA_PAIRS || c->format == DATA_NNUNET ||
                   c->format == DATA_CHALLENGE || c->format == DATA_SAM_MED3D;
    return folders && !c->from_list && !c->folds && !c->groups;
}

static void count_aside(Plan *p, const char *path) {
    const char *relative = catalog_relative(p->c, path);
    p->labels += text_starts(relative, "labelsTr/");
    p->files += text_starts(relative, "labelsTr/") || text_starts(relative, "imagesTr/");
}

static const char *move_target(Plan *p, const Finding *f, const char *from) {
    const char *to = f->renamed ? f->renamed : aside_name(p, from);
    if (!to || exists(to) || set_holds(&p->to, to)) return NULL;
    return to;
}

/* What commands above will have made of a path: itself, its new name, or NULL: it is set aside. */
static const char *path_then(const Plan *p, const char *path) {
    while (path && set_holds(&p->from, path)) path = p->target[set_index(&p->from, path)];
    return path;
}

static bool twin_goes(const Plan *p, const Finding *f) {
    return f->rule == RULE_SAME_VOXELS && !f->outside &&
           !path_then(p, catalog_text(p->c, "%s/%s", p->c->root, f->file));
}

/* The fewer names there are, the less they explain. */
static bool takes_alike(const Plan *p, const Finding *f) {
    bool any = false;
    for (size_t k = 0; k < f->moves; k++) any |= set_holds(&p->alike, f->moved[k]);
    return any;
}

static bool sets_aside(const Finding *f) { return f->moves && !f->renamed; }

/* The images of cases, and the files that findings would set aside; false: no memory. */
static bool case_files_open(PathSet *image, PathSet *gone, const Catalog *c) {
    size_t images = 1, moves = 1;
    for (size_t i = 0; i < c->cases; i++) images += c->item[i].images;
    for (size_t i = 0; i < c->findings; i++) moves += c->finding[i].moves;
    if (!set_open(image, images) || !set_open(gone, moves)) return false;
    for (size_t i = 0; i < c->cases; i++)
        for (size_t k = 0; k < c->item[i].images; k++) set_add(image, c->item[i].image[k]);
    for (size_t i = 0; i < c->findings; i++)
        for (size_t k = 0; sets_aside(&c->finding[i]) && k < c->finding[i].moves; k++)
            set_add(gone, c->finding[i].moved[k]);
    return true;
}

static bool is_kept(const PathSet *gone, const CatalogCase *item) {
    for (size_t k = 0; k < item->images; k++)
        if (set_holds(gone, item->image[k])) return false;
    return true;
}

/* Fills p->image where findings would set every case aside. */
static bool find_last_cases(Plan *p) {
    PathSet gone;
    size_t kept = 0;
    if (!case_files_open(&p->image, &gone, p->c)) return false;
    for (size_t i = 0; i < p->c->cases; i++) kept += is_kept(&gone, &p->c->item[i]);
    p->empties = kept == 0;
    memory_free(gone.slot);
    return true;
}

/* A set from which every case was taken would be read by what else lies there. */
static bool takes_last_case(const Plan *p, const Finding *f) {
    bool any = false;
    for (size_t k = 0; p->empties && sets_aside(f) && k < f->moves; k++)
        any |= set_holds(&p->image, f->moved[k]);
    return any;
}

/* Some of a case's files may be planned by another finding. */
static void plan_moves(Plan *p, Finding *f) {
    Text t = {0};
    if (twin_goes(p, f)) f->note = "a command above sets the other one aside";
    if (!f->renamed && !may_set_aside(p->c)) {
        f->note = "a list names the file: take its entry out of the list, too";
        return;
    }
    for (size_t i = 0; i < f->moves && !f->note; i++) {
        if (exists(f->moved[i])) f->note = refusal(p, f->moved[i]);
        if (!f->note && f->renamed) f->note = refusal(p, f->renamed);
    }
    if (!f->note && takes_alike(p, f))
        f->note = "its mask is called otherwise: rename all masks by hand first";
    if (!f->note && takes_last_case(p, f))
        f->note = "no case would be left: mend the file, or take away the set as a whole";
    for (size_t i = 0; i < f->moves && !f->note; i++) {
        const char *from = path_then(p, f->moved[i]);
        if (!from || !exists(f->moved[i]) || (f->renamed && from != f->moved[i])) continue;
        const char *to = move_target(p, f, from);
        if (!to || !is_inside(p, to)) {
            f->note = "its new name is taken already";
            continue;
        }
        set_add(&p->from, from);
        set_add(&p->to, to);
        p->target[set_index(&p->from, from)] = f->renamed;
        if (!f->renamed) count_aside(p, from);
        add_move(&t, from, to, f->renamed);
    }
    if (t.length)
        f->fix = kept_text(p->c, &t);
    else if (!f->note && f->moves)
        f->note = "a command above moves the file already";
    text_free(&t);
}

/* Where one name must stay, a rule that explains all names would not be seen in the new ones. */
static void keep_names_alike(Plan *p) {
    bool stays = false;
    for (size_t i = 0; i < p->c->findings; i++) {
        const Finding *f = &p->c->finding[i];
        if (f->rule != RULE_SAME_STEM || !f->renamed || !f->moves) continue;
        stays |= refusal(p, f->moved[0]) || refusal(p, f->renamed) || exists(f->renamed);
    }
    for (size_t i = 0; stays && i < p->c->findings; i++) {
        Finding *f = &p->c->finding[i];
        if (f->rule != RULE_SAME_STEM || !f->renamed || !f->moves) continue;
        f->note = refusal(p, f->moved[0]);
        if (!f->note) f->note = "another of these names cannot be planned: rename all by hand";
        set_add(&p->alike, f->moved[0]);
    }
}

/* A channel too many in every case is one that has no name: the files are right. */
static void keep_common_surplus(Catalog *c) {
    size_t surplus = 0, cases = 0;
    for (size_t i = 0; i < c->cases; i++) cases += !c->item[i].listed;
    for (size_t i = 0; i < c->findings; i++)
        surplus += c->finding[i].rule == RULE_CHANNELS && c->finding[i].moves;
    if (cases < 2 || surplus < cases) return;
    for (size_t i = 0; i < c->findings; i++) {
        Finding *f = &c->finding[i];
        if (f->rule != RULE_CHANNELS || !f->moves) continue;
        f->moves = 0;
        f->note = "every case has the channel: name it in channel_names";
    }
}

/* ---- dataset.json --------------------------------------------------------------------------- */

static const char *backup_name(Catalog *c, const char *path) {
    const char *name = catalog_text(c, "%s.before", path);
    for (int n = 2; n < 1000 && exists(name); n++) name = catalog_text(c, "%s.before_%d", path, n);
    return name;
}

/* The line END cannot be in it: JSON's lines begin with a brace, a bracket, a blank or a quote. */
static void add_json(Plan *p, Text *t, const char *path) {
    json_t *mended = json_copy(p->c->mended);
    if (p->training >= 0) json_object_set_new(mended, "numTraining", json_integer(p->training));
    char *json = json_dumps(mended, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    json_decref(mended);
    t->failed |= !json;
    if (t->length) text_add(t, "\n");
    const char *before = backup_name(p->c, path);
    text_add(t, "test ! -e ");
    add_word(t, before);
    text_add(t, " && cp ");
    add_word(t, path);
    text_add(t, " ");
    add_word(t, before);
    text_add(t, " && cat > ");
    add_word(t, path);
    text_add(t, " <<'END'");
    add_else(t, "not written", path);
    text_add(t, "\n%s\nEND", json ? json : "");
    free(json);
}

static bool is_regular(const char *path) {
    struct stat s;
    return lstat(path, &s) == 0 && S_ISREG(s.st_mode);
}

/* numTraining counts the labels that are left. */
static bool follow_count(Plan *p) {
    Catalog *c = p->c;
    json_t *training = json_object_get(c->mended, "numTraining");
    json_int_t left = (json_int_t)(c->counted - p->labels);
    if (!p->files || !json_is_integer(training) || json_integer_value(training) == left)
        return false;
    p->training = left; /* `mended` stays: plans are settled again after the pixels were read */
    return true;
}

/* The first finding that needs it writes the file for all. */
static void plan_file(Plan *p) {
    Catalog *c = p->c;
    const char *path = catalog_text(c, "%s/dataset.json", c->root);
    if (!c->mended) return;
    bool follows = follow_count(p), done = false;
    const char *why = is_regular(path) ? refusal(p, path) : "it is no file of its own";
    for (size_t i = 0; i < c->findings; i++) {
        Finding *f = &c->finding[i];
        bool counts = f->rewrites || (follows && f->fix && !f->renamed && f->moves);
        if (!counts) continue;
        if (why || done) {
            if (f->rewrites) f->note = why ? why : "the command above writes it";
            continue;
        }
        Text t = {0};
        if (f->fix) text_add(&t, "%s", f->fix);
        add_json(p, &t, path);
        f->fix = kept_text(c, &t);
        done = true;
    }
}

/* ---- All of it ------------------------------------------------------------------------------ */

Status plan_settle(Catalog *c, Error *error) {
    Plan p = {.c = c, .training = -1};
    size_t paths = 1;
    keep_common_surplus(c);
    for (size_t i = 0; i < c->findings; i++) {
        Finding *f = &c->finding[i];
        if (f->moves || f->rewrites) f->fix = f->note = NULL;
        paths += f->moves;
    }
    bool ok = set_open(&p.from, paths) && set_open(&p.to, paths) && set_open(&p.alike, paths) &&
              find_last_cases(&p);
    p.target = ok ? memory_new(p.from.size * sizeof *p.target) : NULL;
    ok = p.target != NULL;
    c->failed |= !ok;
    if (ok && realpath(c->root, p.root)) {
        keep_names_alike(&p);
        for (size_t i = 0; i < c->findings; i++) {
            if (c->finding[i].moves) plan_moves(&p, &c->finding[i]);
        }
        plan_file(&p);
    }
    memory_free(p.target);
    memory_free(p.from.slot);
    memory_free(p.to.slot);
    memory_free(p.alike.slot);
    memory_free(p.image.slot);
    if (!c->failed) return VOXPERT_OK;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for what mends it", c->place);
}

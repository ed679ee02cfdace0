#include "data/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/challenge.h"
#include "data/load.h"
#include "data/plan.h"
#include "data/split_record.h"
#include "image/align.h"

/* ---- Images ------------------------------------------------------------------------------- */

/* What an image holds, by name: shape and values. */
typedef struct Content {
    char hash[HASH_TEXT];
    const CatalogCase *item;
    SampleType type;
    bool volume;
} Content;

/* What a list said of the image when it was written. */
static void check_content(Catalog *c, const CatalogCase *item, const char *hash) {
    if (strcmp(item->content, hash) == 0) return;
    catalog_find(c, RULE_CONTENT, item->image[0], "holds other values than %s says", c->from_list)
        ->field = "content";
}

static Status check_values(Catalog *c, const CatalogCase *item, const char *file, const Volume *v,
                           Content *content, Error *error) {
    Hash hash;
    size_t not_finite;
    volume_content(content->hash, v, &not_finite);
    if (item->content && file == item->image[0]) check_content(c, item, content->hash);
    hash_begin(&hash);
    hash_add(&hash, content->hash, sizeof content->hash);
    Status status = item->archive ? challenge_fingerprint(&hash, file, error) : VOXPERT_OK;
    if (item->archive) hash_end(&hash, content->hash);
    if (status || !not_finite) return status;
    Finding *f = catalog_find(c, RULE_FINITE, file, "%zu voxels are NaN or infinite", not_finite);
    catalog_facts(c, f, json_pack("{s:I}", "voxels", (json_int_t)not_finite));
    return VOXPERT_OK;
}

/* One file of several colours holds all channels. */
static void check_colours(Catalog *c, const CatalogCase *item, const Volume *v) {
    size_t found = v->channels - (v->alpha ? 1 : 0);
    bool asked = c->format == DATA_NNUNET && c->channels && item->images == 1;
    if (!asked || found == c->channels || (found == 1 && !item->colours)) return;
    Finding *f =
        catalog_find(c, RULE_CHANNELS, item->image[0],
                     "holds %zu channels, but there are %zu channel_names", found, c->channels);
    catalog_facts(
        c, f,
        json_pack("{s:I, s:I}", "expected", (json_int_t)c->channels, "found", (json_int_t)found));
}

/* Channels are read one by one and never reordered. */
static void check_agree(Catalog *c, const char *file, const Volume *first, const Volume *other) {
    AxisMap map;
    bool same = first->width == other->width && first->height == other->height &&
                first->depth == other->depth && first->frames == other->frames;
    if (grids_relate(&map, first, other) == GRIDS_SAME) return;
    catalog_find(c, RULE_CHANNELS_AGREE, file, "%s than in the first channel",
                 same ? "another affine" : "another shape");
}

/* The challenges' boxes are cut at the width and the height, not at the last pixel: those are
 * inside. */
static void check_box(Catalog *c, const char *file, const ChallengeBox *b, const Volume *image) {
    const char *what = NULL;
    bool ordered = b->low[0] <= b->high[0] && b->low[1] <= b->high[1];
    bool inside = b->low[0] >= 0.0 && b->low[1] >= 0.0 && b->high[0] <= (double)image->width &&
                  b->high[1] <= (double)image->height;
    if (!ordered)
        what = "has swapped corners, in an image";
    else if (!inside)
        what = "reaches outside the image";
    if (what)
        catalog_find(c, RULE_PROMPTS, file, "the box %g,%g,%g,%g %s of %zu x %zu pixels", b->low[0],
                     b->low[1], b->high[0], b->high[1], what, image->width, image->height)
            ->warning = true;
}

/* Training needs none of them. */
static Status check_prompts(Catalog *c, const CatalogCase *item, const Volume *image,
                            Error *error) {
    ChallengePrompts prompts;
    Error reason = {0};
    Status status = challenge_prompts(&prompts, item->image[0], &reason);
    for (size_t i = 0; !status && i < prompts.boxes; i++)
        check_box(c, item->image[0], &prompts.box[i], image);
    challenge_prompts_free(&prompts);
    if (status == VOXPERT_BAD_INPUT) {
        catalog_find(c, RULE_PROMPTS, item->image[0], "%s", reason.message)->warning = true;
        return VOXPERT_OK;
    }
    if (status && error) *error = reason;
    return status;
}

static Status check_case(Catalog *c, const CatalogCase *item, Content *content, Error *error) {
    Volume *first = NULL;
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < item->images; i++) {
        Volume *v = NULL;
        Error reason = {0};
        Content other;
        if (!file_exists(item->image[i])) continue;
        status = case_image(&v, item, i, &reason);
        if (status) {
            if (error) *error = reason;
            status = check_readable(c, status, item, item->image[i], &reason);
            continue;
        }
        status = check_values(c, item, item->image[i], v, i ? &other : content, error);
        check_warnings(c, item->image[i], v);
        if (i == 0) content->type = v->type, content->volume = v->depth > 1;
        if (i && first) check_agree(c, item->image[i], first, v);
        if (i == 0) {
            check_colours(c, item, v);
            first = v;
        } else {
            volume_free(v);
        }
    }
    if (!status && first && item->archive) status = check_prompts(c, item, first, error);
    if (!status) status = check_case_labels(c, item, first, error);
    volume_free(first);
    return status;
}

/* ---- Sample types ------------------------------------------------------------------------- */

static bool is_byte(SampleType type) { return type == SAMPLE_U8 || type == SAMPLE_I8; }

enum { SAMPLE_TYPES = SAMPLE_F64 + 1 };

/* "4 uint8, 3 float32": all types but one. */
static void list_types(Text *out, const size_t count[SAMPLE_TYPES], int but) {
    size_t types = 0;
    for (int t = 0; t < SAMPLE_TYPES; t++) {
        if (t == but || !count[t]) continue;
        text_add(out, "%s%zu %s", types++ ? ", " : "", count[t], sample_name((SampleType)t));
    }
}

/* Images of 8 bits among others lost values that the others have, or were scaled before. */
static void check_types(Catalog *c, const Content *list, size_t n, bool volumes) {
    size_t count[SAMPLE_TYPES] = {0}, all = 0, bytes = 0;
    int usual = 0;
    for (size_t i = 0; i < n; i++) {
        if (!*list[i].hash || list[i].volume != volumes) continue;
        all++;
        bytes += is_byte(list[i].type);
        count[list[i].type]++;
    }
    for (int t = 1; t < SAMPLE_TYPES; t++) usual = count[t] > count[usual] ? t : usual;
    if (!bytes || bytes == all) return;
    const Content *odd = NULL;
    for (size_t i = n; i-- > 0;) {
        bool counts = *list[i].hash && list[i].volume == volumes;
        if (counts && (int)list[i].type != usual) odd = &list[i];
    }
    if (!odd) return;
    Text types = {0};
    list_types(&types, count, usual);
    Finding *f = catalog_find(c, RULE_SAMPLE_TYPE, odd->item->image[0],
                              "%zu of %zu %s have another sample type than the others (%s, not %s)",
                              all - count[usual], all, volumes ? "volumes" : "images",
                              types.chars ? types.chars : "", sample_name((SampleType)usual));
    f->warning = true;
    c->failed |= types.failed;
    text_free(&types);
}

/* ---- Twins -------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b) {
    const Content *p = a, *q = b;
    int order = strcmp(p->hash, q->hash);
    return order ? order : (p->item > q->item) - (p->item < q->item);
}

static void check_twins(Catalog *c, Content *list, size_t n) {
    if (n) qsort(list, n, sizeof *list, by_hash);
    for (size_t i = 1; i < n; i++) {
        const CatalogCase *a = list[i - 1].item, *b = list[i].item;
        if (!*list[i].hash || strcmp(list[i - 1].hash, list[i].hash) != 0 ||
            strcmp(a->source, b->source) == 0)
            continue;
        bool apart = a->listed && b->listed && a->part != b->part;
        Finding *f = catalog_find(c, RULE_SAME_VOXELS, a->image[0], "%s and %s hold the same%s",
                                  a->name, b->name, apart ? ", on both sides of the split" : "");
        f->other = catalog_relative(c, b->image[0]);
        f->warning = !apart;
        plan_aside_case(c, f, b);
    }
}

Status catalog_check(Catalog *c, CheckProgress *progress, void *context, Error *error) {
    Status status = VOXPERT_OK;
    Content *list = memory_new((c->cases + 1) * sizeof *list);
    if (!list)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory to check it", c->place);
    for (size_t i = 0; !status && i < c->cases; i++) {
        if (progress && !progress(context, i, c->cases)) {
            status = error_set(error, VOXPERT_INTERRUPTED, "%s: interrupted after %zu cases",
                               c->place, i);
            break;
        }
        list[i].item = &c->item[i];
        status = check_case(c, &c->item[i], &list[i], error);
    }
    for (int volumes = 0; !status && volumes < 2; volumes++)
        check_types(c, list, c->cases, volumes);
    if (!status) check_twins(c, list, c->cases);
    if (!status && c->failed)
        status =
            error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: no memory for what was found", c->place);
    if (!status) status = plan_settle(c, error);
    memory_free(list);
    return status;
}

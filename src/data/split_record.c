#include "data/split_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/load.h"

enum { METADATA_DIGITS = 16 };

static Status no_memory(Error *error) {
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the record of a split");
}

void split_record_free(SplitRecord *r) {
    for (size_t i = 0; i < r->count; i++) {
        memory_free(r->item[i].set);
        memory_free(r->item[i].name);
    }
    memory_free(r->item);
    *r = (SplitRecord){0};
}

static Status add_entry(SplitRecord *r, SplitEntry entry, Error *error) {
    if (memory_grow(&r->item, &r->capacity, r->count, sizeof *r->item)) {
        r->item[r->count++] = entry;
        return VOXPERT_OK;
    }
    memory_free(entry.set);
    memory_free(entry.name);
    return no_memory(error);
}

static SplitRule other_rule(SplitRule rule) {
    return rule == SPLIT_RULE_SET ? SPLIT_RULE_GROUP : SPLIT_RULE_SET;
}

Status split_record_add(SplitRecord *r, const Catalog *c, const CatalogCase *item, SplitPart part,
                        const char *content, Error *error) {
    SplitEntry entry = {.set = memory_text(c->name), .name = memory_text(item->name), .part = part};
    if (!item->listed && part == item->part) {
        entry.rule = split_rule_version(c->options.rule);
        entry.other = split_part(other_rule(entry.rule), c->name, item->group);
    }
    size_t digits = strnlen(content, HASH_TEXT - 1);
    memcpy(entry.content, content, digits);
    if (entry.set && entry.name) return add_entry(r, entry, error);
    memory_free(entry.set);
    memory_free(entry.name);
    return no_memory(error);
}

Status split_record_inherit(SplitRecord *r, const SplitRecord *from, Error *error) {
    Status status = VOXPERT_OK;
    for (size_t i = 0; !status && i < from->count; i++) {
        SplitEntry entry = {.part = from->item[i].part};
        memcpy(entry.content, from->item[i].content, sizeof entry.content);
        if (entry.part != SPLIT_TEST) status = add_entry(r, entry, error);
    }
    return status;
}

/* ---- Sorted entries ------------------------------------------------------------------------- */

static int compare_contents(const SplitEntry *a, const SplitEntry *b) {
    int order = memcmp(a->content, b->content, METADATA_DIGITS);
    return order ? order : strcmp(a->content, b->content);
}

static int by_content(const void *a, const void *b) {
    const SplitEntry *const *p = a, *const *q = b;
    int order = compare_contents(*p, *q);
    return order ? order : (int)(*p)->part - (int)(*q)->part;
}

/* NULL: no memory. */
static const SplitEntry **sorted_entries(const SplitRecord *r) {
    const SplitEntry **list = memory_new((r->count + 1) * sizeof *list);
    for (size_t i = 0; list && i < r->count; i++) list[i] = &r->item[i];
    if (list && r->count) qsort(list, r->count, sizeof *list, by_content);
    return list;
}

/* The first of the entries of a content, which is the one for training. */
static const SplitEntry *find_sorted(const SplitEntry **list, size_t count, const char *content) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(list[middle]->content, content, METADATA_DIGITS) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const SplitEntry *found = NULL;
    for (; low < count && memcmp(list[low]->content, content, METADATA_DIGITS) == 0; low++) {
        if (list[low]->part == SPLIT_TEST) continue;
        if (!found || list[low]->part < found->part) found = list[low];
    }
    return found;
}

Status split_record_digest(char out[HASH_TEXT], const SplitRecord *r, Error *error) {
    Hash hash;
    const SplitEntry **list = sorted_entries(r);
    if (!list) return no_memory(error);
    hash_begin(&hash);
    for (size_t i = 0; i < r->count; i++) {
        const char *part = split_part_name(list[i]->part);
        hash_add(&hash, list[i]->content, strlen(list[i]->content));
        hash_add(&hash, " ", 1);
        hash_add(&hash, part, strlen(part));
        hash_add(&hash, "\n", 1);
    }
    hash_end(&hash, out);
    memory_free(list);
    return VOXPERT_OK;
}

/* ---- Written -------------------------------------------------------------------------------- */

static void add_json(Text *out, json_t *json, size_t flags) {
    char *text = json ? json_dumps(json, flags) : NULL;
    out->failed |= !text;
    if (text) text_add(out, "%s", text);
    free(text);
    json_decref(json);
}

/* The cases of one set; entries without names, which were inherited, are of none. */
static json_t *cases_of(const SplitRecord *r, size_t first, bool *failed) {
    json_t *cases = json_array();
    for (size_t i = first; i < r->count; i++) {
        const SplitEntry *e = &r->item[i];
        if (!e->set || strcmp(e->set, r->item[first].set) != 0) continue;
        *failed |= json_array_append_new(cases, json_pack("{s:s, s:s, s:s}", "name", e->name,
                                                          "part", split_part_name(e->part),
                                                          "content", e->content)) != 0;
    }
    return cases;
}

/* Of the first case whose part no list says. */
static json_t *rule_of(const SplitRecord *r, size_t first) {
    for (size_t i = first; i < r->count; i++) {
        const SplitEntry *e = &r->item[i];
        if (e->rule && e->set && strcmp(e->set, r->item[first].set) == 0)
            return json_integer((int)e->rule);
    }
    return json_null();
}

static bool set_is_new(const SplitRecord *r, size_t at) {
    if (!r->item[at].set) return false;
    for (size_t i = 0; i < at; i++) {
        if (r->item[i].set && strcmp(r->item[i].set, r->item[at].set) == 0) return false;
    }
    return true;
}

/* The contents of inherited cases: those without a set. */
static json_t *inherited_of(const SplitRecord *r, SplitPart part) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->count; i++) {
        const SplitEntry *e = &r->item[i];
        if (e->part == part && !e->set) json_array_append_new(list, json_string(e->content));
    }
    return list;
}

const char *split_record_odd_name(const SplitRecord *r) {
    for (size_t i = 0; i < r->count; i++) {
        const SplitEntry *e = &r->item[i];
        if (e->set && !text_is_utf8(e->set, strlen(e->set))) return e->set;
        if (e->name && !text_is_utf8(e->name, strlen(e->name))) return e->name;
    }
    return NULL;
}

/* The first digits of every content of that part, each once; what was trained on is of no other. */
static json_t *contents_of(const SplitRecord *r, SplitPart part) {
    const SplitEntry **sorted = sorted_entries(r);
    json_t *list = sorted ? json_array() : NULL;
    for (size_t i = 0; list && i < r->count; i++) {
        const SplitEntry *e = sorted[i];
        if (e->part != part || find_sorted(sorted, r->count, e->content) != e) continue;
        json_array_append_new(list, json_stringn(e->content, METADATA_DIGITS));
    }
    memory_free(sorted);
    return list;
}

void split_record_file(Text *out, const SplitRecord *r) {
    char digest[HASH_TEXT];
    json_t *sets = json_array();
    bool failed = split_record_digest(digest, r, NULL) != VOXPERT_OK;
    for (size_t i = 0; !failed && i < r->count; i++) {
        if (!set_is_new(r, i)) continue;
        json_t *cases = cases_of(r, i, &failed);
        failed |=
            json_array_append_new(sets, json_pack("{s:s, s:o, s:o}", "name", r->item[i].set, "rule",
                                                  rule_of(r, i), "cases", cases)) != 0;
    }
    json_t *inherited = json_pack("{s:o, s:o}", "training", inherited_of(r, SPLIT_TRAIN),
                                  "validation", inherited_of(r, SPLIT_VALIDATION));
    out->failed |= failed;
    add_json(out,
             json_pack("{s:s, s:i, s:s, s:o, s:o}", "format", "voxpert-split", "version", 1,
                       "digest", failed ? "" : digest, "sets", sets, "inherited", inherited),
             JSON_INDENT(1));
    text_add(out, "\n");
}

void split_record_metadata(Text *out, const SplitRecord *r) {
    char digest[HASH_TEXT];
    if (split_record_digest(digest, r, NULL)) {
        out->failed = true;
        return;
    }
    add_json(out,
             json_pack("{s:i, s:s, s:o, s:o}", "version", 1, "digest", digest, "training",
                       contents_of(r, SPLIT_TRAIN), "validation", contents_of(r, SPLIT_VALIDATION)),
             JSON_COMPACT);
}

/* ---- Read ----------------------------------------------------------------------------------- */

static bool is_content(const char *text) {
    size_t digits = text ? strspn(text, "0123456789abcdef") : 0;
    return digits >= METADATA_DIGITS && digits < HASH_TEXT && text[digits] == '\0';
}

static Status read_part(SplitRecord *out, json_t *root, SplitPart part, const char *where,
                        Error *error) {
    size_t i;
    json_t *value, *list = json_object_get(root, split_part_name(part));
    Status status = VOXPERT_OK;
    if (!json_is_array(list))
        return error_set(error, VOXPERT_BAD_MODEL,
                         "%s: its metadata \"" SPLIT_METADATA "\" holds no list \"%s\"", where,
                         split_part_name(part));
    json_array_foreach(list, i, value) {
        SplitEntry entry = {.part = part};
        if (!is_content(json_string_value(value)))
            return error_set(error, VOXPERT_BAD_MODEL,
                             "%s: entry %zu of \"%s\" in its metadata \"" SPLIT_METADATA
                             "\" is no hash of 16 to 64 hexadecimal digits",
                             where, i, split_part_name(part));
        memcpy(entry.content, json_string_value(value), strlen(json_string_value(value)));
        status = add_entry(out, entry, error);
        if (status) return status;
    }
    return VOXPERT_OK;
}

Status split_record_parse(SplitRecord *out, const char *metadata, const char *where, Error *error) {
    json_error_t reason;
    *out = (SplitRecord){0};
    if (!metadata) return VOXPERT_OK;
    json_t *root = json_loads(metadata, 0, &reason);
    Status status = VOXPERT_OK;
    if (!root && json_error_code(&reason) == json_error_out_of_memory) return no_memory(error);
    if (!json_is_object(root))
        status = error_set(error, VOXPERT_BAD_MODEL,
                           "%s: its metadata \"" SPLIT_METADATA "\" is no JSON object", where);
    if (!status) status = read_part(out, root, SPLIT_TRAIN, where, error);
    if (!status) status = read_part(out, root, SPLIT_VALIDATION, where, error);
    const char *digest = json_string_value(json_object_get(root, "digest"));
    if (!status && is_content(digest)) memcpy(out->digest, digest, strlen(digest));
    json_decref(root);
    if (status) split_record_free(out);
    return status;
}

/* ---- Contents ------------------------------------------------------------------------------- */

void volume_content(char out[HASH_TEXT], const Volume *v, size_t *not_finite) {
    enum { CHUNK = 4096 };
    float value[CHUNK];
    Hash hash;
    const uint64_t size[] = {v->frames, v->depth, v->height, v->width, v->channels};
    size_t samples = volume_samples(v), odd = 0;
    hash_begin(&hash);
    hash_add(&hash, size, sizeof size);
    for (size_t from = 0; from < samples; from += CHUNK) {
        size_t n = samples - from < CHUNK ? samples - from : CHUNK;
        volume_values(value, v, from, n);
        hash_add(&hash, value, n * sizeof *value);
        for (size_t i = 0; i < n; i++) odd += isfinite(value[i]) ? 0 : 1;
    }
    hash_end(&hash, out);
    if (not_finite) *not_finite = odd;
}

Status case_content(char out[HASH_TEXT], const CatalogCase *item, Error *error) {
    Volume *image;
    Status status = case_image(&image, item, 0, error);
    if (!status) volume_content(out, image, NULL);
    volume_free(image);
    return status;
}

/* ---- Overlap -------------------------------------------------------------------------------- */

void split_overlap_free(SplitOverlap *o) {
    memory_free(o->item);
    memory_free(o->then);
    *o = (SplitOverlap){0};
}

Status split_overlap_find(SplitOverlap *out, const SplitRecord *now, const SplitRecord *trained,
                          Error *error) {
    *out = (SplitOverlap){.item = memory_new((now->count + 1) * sizeof *out->item),
                          .then = memory_new((now->count + 1) * sizeof *out->then)};
    const SplitEntry **list = sorted_entries(trained);
    if (!list || !out->item || !out->then) {
        memory_free(list);
        split_overlap_free(out);
        return no_memory(error);
    }
    for (size_t i = 0; i < now->count; i++) {
        const SplitEntry *found = find_sorted(list, trained->count, now->item[i].content);
        if (!found) continue;
        out->item[out->count] = i;
        out->then[out->count++] = found->part;
        out->training += found->part == SPLIT_TRAIN;
    }
    memory_free(list);
    return VOXPERT_OK;
}

int split_overlap_remedy(const SplitRecord *now, const SplitOverlap *o) {
    SplitRule rule = SPLIT_RULE_DEFAULT; /* of the first test case that was trained on */
    for (size_t i = 0; i < o->count; i++) {
        const SplitEntry *e = &now->item[o->item[i]];
        if (o->then[i] != SPLIT_TRAIN || e->part != SPLIT_TEST) continue;
        if (!e->rule || (rule && e->rule != rule)) return 0;
        rule = e->rule;
    }
    for (size_t i = 0; i < o->count; i++) {
        const SplitEntry *e = &now->item[o->item[i]];
        if (o->then[i] == SPLIT_TRAIN && e->rule == rule && e->other == SPLIT_TEST) return 0;
    }
    return rule ? (int)other_rule(rule) : 0;
}

/* ---- Review --------------------------------------------------------------------------------- */

/* How many cases of the part there are, and how many of them were trained on or validated. */
typedef struct PartCount {
    size_t all, trained, validated;
    const SplitEntry *first; /* that was trained on, else validated */
} PartCount;

static PartCount count_seen(const SplitReview *review, const SplitOverlap *o) {
    const SplitRecord *now = review->now;
    PartCount n = {0};
    bool every = review->part == SPLIT_PARTS;
    for (size_t i = 0; i < now->count; i++)
        n.all += every || now->item[i].part == (SplitPart)review->part;
    for (size_t i = 0; i < o->count; i++) {
        const SplitEntry *e = &now->item[o->item[i]];
        bool trained = o->then[i] == SPLIT_TRAIN;
        if (!every && e->part != (SplitPart)review->part) continue;
        if ((trained && !n.trained) || !n.first) n.first = e;
        n.trained += trained;
        n.validated += !trained;
    }
    return n;
}

static Status refuse(const SplitReview *review, PartCount n, int remedy, Error *error) {
    char advice[120] = "a list of cases that it was not trained on";
    if (remedy)
        snprintf(advice, sizeof advice,
                 "version %d of the split (split=%d), by which it was trained on none of its test "
                 "part",
                 remedy, remedy);
    return error_set(error, VOXPERT_BAD_INPUT,
                     "%s was trained on %zu of the %zu cases of part \"%s\", such as %s/%s: "
                     "they test nothing; take other data, or %s",
                     review->model, n.trained, n.all, split_part_name((SplitPart)review->part),
                     n.first->set, n.first->name, advice);
}

static Status judge(Warnings *w, const SplitReview *review, PartCount n, int remedy, Error *error) {
    const char *part =
        review->part == SPLIT_PARTS ? "all" : split_part_name((SplitPart)review->part);
    size_t seen = n.trained ? n.trained : n.validated;
    if (!seen) return VOXPERT_OK;
    if (n.trained && review->refused) return refuse(review, n, remedy, error);
    warnings_add(w,
                 "%s was %s %zu of the %zu cases of part \"%s\", such as %s/%s: scores on them "
                 "say little about other data",
                 review->model, n.trained ? "trained on" : "validated on", seen, n.all, part,
                 n.first->set, n.first->name);
    return VOXPERT_OK;
}

Status split_review(Warnings *w, const SplitReview *review, Error *error) {
    SplitRecord trained;
    SplitOverlap overlap = {0};
    Status status = split_record_parse(&trained, review->metadata, review->model, error);
    if (status || !trained.count) return status;
    status = split_overlap_find(&overlap, review->now, &trained, error);
    if (!status)
        status = judge(w, review, count_seen(review, &overlap),
                       split_overlap_remedy(review->now, &overlap), error);
    split_overlap_free(&overlap);
    split_record_free(&trained);
    return status;
}

/* ---- Of a catalog --------------------------------------------------------------------------- */

Status catalog_split_record(SplitRecord *out, const Catalog *c, CheckProgress *progress,
                            void *context, Error *error) {
    Status status = VOXPERT_OK;
    *out = (SplitRecord){0};
    for (size_t i = 0; !status && i < c->cases; i++) {
        char content[HASH_TEXT];
        if (progress && !progress(context, i, c->cases))
            status = error_set(error, VOXPERT_INTERRUPTED, "%s: interrupted after %zu cases",
                               c->place, i);
        if (!status) status = case_content(content, &c->item[i], error);
        if (!status)
            status = split_record_add(out, c, &c->item[i], c->item[i].part, content, error);
    }
    if (status) split_record_free(out);
    return status;
}

void split_record_list(Text *out, const SplitRecord *r, const char *set, const char *data) {
    bool failed = false;
    json_t *cases = r->count ? cases_of(r, 0, &failed) : json_array();
    out->failed |= failed;
    add_json(out,
             json_pack("{s:s, s:i, s:s, s:s, s:o}", "format", "voxpert-list", "version", 1, "name",
                       set, "data", data, "cases", cases),
             JSON_INDENT(1));
    text_add(out, "\n");
}

#include "data/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

bool name_is_leftover(const char *name) {
    static const char *const ends[] = {".txt", ".md",  ".ini", ".db",   ".lnk",  ".log",       "~",
                                       ".tmp", ".bak", ".swp", ".part", ".html", ".crdownload"};
    static const char *const begins[] = {"readme", "license", "changelog"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (text_ends(name, ends[i])) return true;
    }
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        size_t length = strlen(begins[i]);
        if (strncasecmp(name, begins[i], length) == 0 && !name[length]) return true;
    }
    return *name == '.';
}

/* ---- Affixes -------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool holds(const char *const *sorted, size_t count, const char *text) {
    return count && bsearch(&text, sorted, count, sizeof *sorted, by_text);
}

/* The longest text that both hold; the first of equal ones. */
static size_t common_part(const char *a, const char *b, size_t *in_a, size_t *in_b) {
    size_t most = 0;
    for (size_t i = 0; a[i]; i++) {
        for (size_t k = 0; b[k]; k++) {
            size_t n = 0;
            while (a[i + n] && a[i + n] == b[k + n]) n++;
            if (n > most) most = n, *in_a = i, *in_b = k;
        }
    }
    return most;
}

static Affixes candidate(Catalog *c, const char *image, const char *label, size_t *core) {
    size_t at = 0, of = 0;
    *core = common_part(image, label, &at, &of);
    return (Affixes){
        catalog_text(c, "%.*s", (int)at, image), catalog_text(c, "%s", image + at + *core),
        catalog_text(c, "%.*s", (int)of, label), catalog_text(c, "%s", label + of + *core)};
}

const char *affixes_image(Catalog *c, const Affixes *a, const char *label) {
    size_t length = strlen(label), before = strlen(a->label_prefix),
           after = strlen(a->label_suffix);
    if (length <= before + after || strncmp(label, a->label_prefix, before) != 0 ||
        strcmp(label + length - after, a->label_suffix) != 0)
        return NULL;
    return catalog_text(c, "%s%.*s%s", a->image_prefix, (int)(length - before - after),
                        label + before, a->image_suffix);
}

static bool explains(Catalog *c, const Affixes *a, const char *const *image, size_t images,
                     const char *const *label, size_t labels) {
    size_t pairs = 0, fewest = images < labels ? images : labels;
    bool one_side =
        (!*a->image_prefix && !*a->image_suffix) || (!*a->label_prefix && !*a->label_suffix);
    for (size_t i = 0; i < labels; i++) {
        const char *partner = affixes_image(c, a, label[i]);
        pairs += partner && holds(image, images, partner);
    }
    return pairs && pairs == fewest && (pairs > 1 || one_side);
}

bool affixes_find(Affixes *out, Catalog *c, const char **image, size_t images, const char **label,
                  size_t labels) {
    enum { TRIES = 32 };
    if (!images || !labels) return false;
    qsort(image, images, sizeof *image, by_text);
    qsort(label, labels, sizeof *label, by_text);
    for (size_t i = 0; i < images && i < TRIES; i++) {
        for (size_t k = 0; k < labels && k < TRIES; k++) {
            size_t core;
            *out = candidate(c, image[i], label[k], &core);
            if (core && explains(c, out, image, images, label, labels)) return true;
        }
        if (images > labels) continue; /* this image may be one without a label */
        break;
    }
    return false;
}

static void add_affixes(Text *t, const char *who, const char *prefix, const char *suffix) {
    if (!*prefix && !*suffix) return;
    if (t->length) text_add(t, ", ");
    text_add(t, "%s have", who);
    if (*prefix) text_add(t, " the prefix %s", prefix);
    if (*prefix && *suffix) text_add(t, " and");
    if (*suffix) text_add(t, " the suffix %s", suffix);
}

const char *affixes_describe(Catalog *c, const Affixes *a) {
    Text t = {0};
    add_affixes(&t, "all images", a->image_prefix, a->image_suffix);
    add_affixes(&t, "all labels", a->label_prefix, a->label_suffix);
    c->failed |= t.failed;
    const char *text = catalog_text(c, "%s", t.chars ? t.chars : "");
    text_free(&t);
    return text;
}

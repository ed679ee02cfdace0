#include <voxpert/voxpert.h>

#include "base/memory.h"
#include "base/quote.h"

static char *copy_with(void (*add)(Text *t, const char *text), const char *text) {
    Text t = {0};
    text_add(&t, "%s", "");
    add(&t, text ? text : "");
    if (!t.failed) return t.chars;
    text_free(&t);
    return NULL;
}

char *voxpert_text_printable(const char *text) { return copy_with(text_add_printable, text); }

char *voxpert_text_csv(const char *text) { return copy_with(text_add_csv_field, text); }

/* What was odd about one file of a case, as findings. */
#include <string.h>

#include "data/check.h"
#include "data/plan.h"

Status check_readable(Catalog *c, Status status, const CatalogCase *item, const char *file,
                      const Error *error) {
    if (status != VOXPERT_BAD_INPUT) return status;
    const char *why = error->message;
    size_t length = strlen(file);
    if (strncmp(why, file, length) == 0) why += length + strspn(why + length, ": ");
    plan_aside_case(c, catalog_find(c, RULE_READABLE, file, "%s", why), item);
    return VOXPERT_OK;
}

void check_warnings(Catalog *c, const char *file, const Volume *v) {
    const char *next = warnings_lines(&v->warnings), *sentence, *name = volume_name(v);
    size_t length, before = strlen(name);
    while (warnings_next(&next, &sentence, &length)) {
        if (length > before + 2 && strncmp(sentence, name, before) == 0)
            sentence += before + 2, length -= before + 2;
        catalog_find(c, RULE_DECODED, file, "%.*s", (int)length, sentence)->warning = true;
    }
}

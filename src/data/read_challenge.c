/* MedSAM's challenges: a folder of .npz files with imgs and gts, or one of them. */
#include "base/text.h"
#include "data/challenge.h"
#include "data/reader.h"

static void add_file(Catalog *c, const char *path) {
    const char *stem = reader_stem(c, path);
    CatalogCase *item = catalog_add_case(c);
    *item = (CatalogCase){.name = stem,
                          .source = path,
                          .stem = stem,
                          .image = reader_one(c, path),
                          .images = 1,
                          .archive = true};
    bool labelled;
    c->failed |= challenge_has_labels(&labelled, path, NULL) != VOXPERT_OK;
    if (!labelled) return; /* what is to be segmented has none */
    item->form = LABELS_ARRAY;
    item->label = item->image;
    item->labels = 1;
}

Status read_challenge(Catalog *c, Error *error) {
    FileNames names;
    if (!file_is_folder(c->place)) {
        add_file(c, c->place);
        return VOXPERT_OK;
    }
    Status status = reader_files(&names, c->root, error);
    for (size_t i = 0; !status && i < names.count; i++) {
        if (text_ends(names.name[i], ".npz"))
            add_file(c, catalog_text(c, "%s/%s", c->root, names.name[i]));
    }
    file_names_free(&names);
    return status;
}

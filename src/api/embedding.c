/* Embeddings to and from files, memory and the session's cache folder. */
#include <string.h>

#include "api/internal.h"
#include "predict/embedding.h"

static Status embedding_type(ElementType *out, const char *type, Error *error) {
    *out = strcmp(type, "f16") == 0 ? ELEMENT_F16 : ELEMENT_F32;
    if (*out == ELEMENT_F16 || strcmp(type, "f32") == 0) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_ARGUMENT, "type \"%s\" is unknown; f32 or f16", type);
}

static Status save(VoxpertSession *session, Output to, const char *type, Error *error) {
    Predictor *p = session_begin(session);
    ElementType element;
    Status status = embedding_type(&element, type, error);
    if (!status) status = predictor_encode(p, crop_whole(&p->picture), error);
    return status ? status : embedding_save(p, to, element, error);
}

VoxpertStatus voxpert_embedding_save(VoxpertSession *session, const char *path, const char *type,
                                     VoxpertError *error) {
    if (!session || !path || !type) return null_argument("voxpert_embedding_save", error);
    return save(session, output_file(path), type, error);
}

VoxpertStatus voxpert_embedding_save_memory(VoxpertSession *session, const char *type, void **bytes,
                                            size_t *size, VoxpertError *error) {
    if (bytes) *bytes = NULL;
    if (!session || !type || !bytes || !size)
        return null_argument("voxpert_embedding_save_memory", error);
    OutputBytes made = {0};
    Status status = save(session, (Output){"an embedding", &made}, type, error);
    *bytes = made.data, *size = made.size;
    return status;
}

VoxpertStatus voxpert_embedding_keep(VoxpertSession *session, const char *type,
                                     VoxpertError *error) {
    if (!session || !type) return null_argument("voxpert_embedding_keep", error);
    Predictor *p = session_begin(session);
    ElementType element;
    Status status = embedding_type(&element, type, error);
    if (status) return status;
    if (!p->cache.folder || !p->picture.rgb)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "%s was set",
                         p->cache.folder ? "no image" : "no cache folder");
    return predictor_ensure(p, element, error);
}

static Status look_at_whole(Predictor *p, Error *error) {
    if (!p->picture.rgb) return error_set(error, VOXPERT_BAD_ARGUMENT, "no image was set");
    p->view =
        view_of(&p->model->preset, crop_whole(&p->picture), p->model->system.sam.config.image);
    return VOXPERT_OK;
}

VoxpertStatus voxpert_embedding_load(VoxpertSession *session, const char *path,
                                     VoxpertError *error) {
    if (!session || !path) return null_argument("voxpert_embedding_load", error);
    Status status = look_at_whole(session->predictor, error);
    return status ? status : embedding_load(session->predictor, path, error);
}

VoxpertStatus voxpert_embedding_load_memory(VoxpertSession *session, const void *bytes, size_t size,
                                            VoxpertError *error) {
    if (!session || !bytes) return null_argument("voxpert_embedding_load_memory", error);
    Status status = look_at_whole(session->predictor, error);
    return status ? status
                  : embedding_load_memory(session->predictor, bytes, size, "an embedding", error);
}

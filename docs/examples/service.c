/* service - what a server does with the library: the model and the image are bytes in memory, the
 * encoder is a call of its own that can be stopped, and the mask comes back as bytes.
 *
 *     service MODEL IMAGE X0 Y0 X1 Y1
 *
 * prints how far the encoder was when it was stopped, and the area of the mask. */
#include <stdio.h>
#include <stdlib.h>

#include <voxpert/voxpert.h>

typedef struct Bytes {
    void *data;
    size_t size;
} Bytes;

/* Where a server would take them from a request or an archive. */
static Bytes bytes_of(const char *path) {
    Bytes b = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (!file) return b;
    if (fseek(file, 0, SEEK_END) == 0 && ftell(file) > 0) b.size = (size_t)ftell(file);
    rewind(file);
    b.data = malloc(b.size + 1);
    if (b.data && fread(b.data, 1, b.size, file) != b.size) {
        free(b.data);
        b.data = NULL;
    }
    fclose(file);
    return b;
}

/* As if the client went away in the middle; voxpert_session_interrupt does the same from any other
 * thread. */
static int stop_half_way(void *context, size_t done, size_t total) {
    size_t *stopped_at = context;
    *stopped_at = done;
    return done >= total / 2;
}

static size_t area_of(const VoxpertMasks *masks) {
    size_t pixels = (size_t)masks->width * (size_t)masks->height, area = 0;
    for (size_t i = 0; i < pixels; i++) area += masks->bytes[i];
    return area;
}

static VoxpertStatus serve(VoxpertSession *session, const VoxpertBox *box, VoxpertError *error) {
    const VoxpertPrompt prompt = {.box = box};
    const VoxpertSegmentOptions options = {.masks = VOXPERT_MASK_BYTES};
    VoxpertMasks masks = {0};
    size_t stopped_at = 0;
    voxpert_session_progress(session, stop_half_way, &stopped_at);
    VoxpertStatus status = voxpert_encode(session, error);
    if (status == VOXPERT_INTERRUPTED)
        printf("stopped before block %zu of the encoder: %s\n", stopped_at + 1, error->message);

    voxpert_session_progress(session, NULL, NULL); /* the session can be used again at once */
    status = voxpert_encode(session, error);
    if (!status) status = voxpert_segment(session, &prompt, &options, &masks, error);
    if (!status) printf("%zu pixels\n", area_of(&masks));
    voxpert_masks_free(&masks);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: %s MODEL IMAGE X0 Y0 X1 Y1\n", argv[0]);
        return VOXPERT_BAD_ARGUMENT;
    }
    const VoxpertBox box = {strtof(argv[3], NULL), strtof(argv[4], NULL), strtof(argv[5], NULL),
                            strtof(argv[6], NULL)};
    Bytes weights = bytes_of(argv[1]), scan = bytes_of(argv[2]);
    VoxpertModel *model = NULL;
    VoxpertImageFile *file = NULL;
    VoxpertSession *session = NULL;
    VoxpertError error;
    VoxpertStatus status =
        voxpert_model_open_memory(&model, weights.data, weights.size, argv[1], NULL, &error);
    if (!status)
        status = voxpert_image_file_open_memory(&file, scan.data, scan.size, argv[2], NULL, &error);
    if (!status) status = voxpert_session_open(&session, model, &error);
    if (!status) status = voxpert_set_image(session, voxpert_image_file_image(file), &error);
    if (!status) status = serve(session, &box, &error);
    if (status) fprintf(stderr, "%s\n", error.message);
    voxpert_session_close(session);
    voxpert_image_file_close(file);
    voxpert_model_close(model);
    free(weights.data); /* after the model, which reads it */
    free(scan.data);
    return (int)status;
}

/* one_box - the smallest useful program: one image, one box, one mask.
 *
 *     one_box scan.png 40 52 120 131 mask.png [MODEL]
 *
 * Without MODEL the model that is built into the library is used. */
#include <stdio.h>
#include <stdlib.h>

#include <voxpert/voxpert.h>

/* A mask for viewers: 0 and 255. */
static VoxpertStatus write_mask(const VoxpertImageFile *file, const VoxpertMasks *masks,
                                const char *path, VoxpertError *error) {
    size_t pixels = (size_t)masks->width * (size_t)masks->height;
    uint16_t *labels = malloc(pixels * sizeof *labels);
    if (!labels) return VOXPERT_OUT_OF_MEMORY;
    for (size_t i = 0; i < pixels; i++) labels[i] = masks->logits[i] > masks->threshold ? 255 : 0;
    VoxpertStatus status = voxpert_labels_write(file, labels, path, error);
    free(labels);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 7) {
        fprintf(stderr, "usage: %s IMAGE X0 Y0 X1 Y1 MASK.png [MODEL]\n", argv[0]);
        return VOXPERT_BAD_ARGUMENT;
    }
    const VoxpertBox box = {strtof(argv[2], NULL), strtof(argv[3], NULL), strtof(argv[4], NULL),
                            strtof(argv[5], NULL)};
    const VoxpertPrompt prompt = {.box = &box};
    VoxpertImageFile *file = NULL;
    VoxpertModel *model = NULL;
    VoxpertSession *session = NULL;
    VoxpertMasks masks = {0};
    VoxpertError error = {VOXPERT_OK, "out of memory"};

    VoxpertStatus status = voxpert_image_file_open(&file, argv[1], NULL, &error);
    if (!status) status = voxpert_model_open(&model, argc > 7 ? argv[7] : NULL, NULL, &error);
    if (!status) status = voxpert_session_open(&session, model, &error);
    if (!status) status = voxpert_set_image(session, voxpert_image_file_image(file), &error);
    if (!status) status = voxpert_segment(session, &prompt, NULL, &masks, &error);
    if (!status) status = write_mask(file, &masks, argv[6], &error);
    if (status)
        fprintf(stderr, "%s\n", error.message);
    else
        printf("%s: predicted overlap %.2f\n", argv[6], (double)masks.iou[0]);

    voxpert_masks_free(&masks);
    voxpert_session_close(session);
    voxpert_model_close(model);
    voxpert_image_file_close(file);
    return (int)status;
}

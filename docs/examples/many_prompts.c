/* many_prompts - an image is encoded once, which is slow, and then asked often, which is fast:
 * first with one click, then with a second one and what was answered before.
 *
 *     many_prompts scan.png 60 70 75 90 [MODEL]
 *
 * The first point lies inside the object, the second outside of it. */
#include <stdio.h>
#include <stdlib.h>

#include <voxpert/voxpert.h>

static size_t area_of(const VoxpertMasks *masks) {
    size_t pixels = (size_t)masks->width * (size_t)masks->height, area = 0;
    for (size_t i = 0; i < pixels; i++) area += masks->logits[i] > masks->threshold;
    return area;
}

static void tell(const char *what, const VoxpertMasks *masks) {
    printf("%-24s %7zu pixels, predicted overlap %.2f, encoded in %.3f s, decoded in %.3f s\n",
           what, area_of(masks), (double)masks->iou[0], masks->encode_seconds,
           masks->decode_seconds);
}

static VoxpertStatus click(VoxpertSession *session, const VoxpertPoint points[2],
                           VoxpertError *error) {
    /* Without a crop, so that both answers are of the same view and the first can refine the
     * second; of one ambiguous click all three candidates are asked for. */
    const VoxpertSegmentOptions three = {.multimask = true, .zoom = -1}, one = {.zoom = -1};
    VoxpertMasks first = {0}, second = {0};
    VoxpertPrompt prompt = {.points = points, .point_count = 1};

    VoxpertStatus status = voxpert_segment(session, &prompt, &three, &first, error);
    if (!status) {
        tell("one click", &first);
        prompt.point_count = 2;
        prompt.low_res = first.low_res; /* the best candidate comes first */
        status = voxpert_segment(session, &prompt, &one, &second, error);
    }
    if (!status) tell("and one outside", &second);
    voxpert_masks_free(&first);
    voxpert_masks_free(&second);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: %s IMAGE X Y X_OUTSIDE Y_OUTSIDE [MODEL]\n", argv[0]);
        return VOXPERT_BAD_ARGUMENT;
    }
    const VoxpertPoint points[2] = {
        {.x = strtof(argv[2], NULL), .y = strtof(argv[3], NULL), .inside = 1},
        {.x = strtof(argv[4], NULL), .y = strtof(argv[5], NULL), .inside = 0}};
    VoxpertImageFile *file = NULL;
    VoxpertModel *model = NULL;
    VoxpertSession *session = NULL;
    VoxpertError error;

    VoxpertStatus status = voxpert_image_file_open(&file, argv[1], NULL, &error);
    if (!status) status = voxpert_model_open(&model, argc > 6 ? argv[6] : NULL, NULL, &error);
    if (!status) status = voxpert_session_open(&session, model, &error);
    if (!status) status = voxpert_set_image(session, voxpert_image_file_image(file), &error);
    if (!status) status = click(session, points, &error);
    if (status) fprintf(stderr, "%s\n", error.message);

    voxpert_session_close(session);
    voxpert_model_close(model);
    voxpert_image_file_close(file);
    return (int)status;
}

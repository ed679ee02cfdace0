/* The whole way from pixels and a box to a mask, for those who need one. */
#include "api/internal.h"

static Status segment(const VoxpertModel *model, const VoxpertImage *image, const VoxpertBox *box,
                      uint8_t *mask, Error *error) {
    const VoxpertPrompt prompt = {.box = box};
    const VoxpertSegmentOptions options = {.masks = VOXPERT_MASK_BYTES};
    VoxpertSession *session = NULL;
    VoxpertMasks masks = {0};
    Status status = voxpert_session_open(&session, model, error);
    if (!status) status = voxpert_set_image(session, image, error);
    if (!status) status = voxpert_segment(session, &prompt, &options, &masks, error);
    if (!status) voxpert_masks_binary(&masks, 0, mask);
    voxpert_masks_free(&masks);
    voxpert_session_close(session);
    return status;
}

VoxpertStatus voxpert_segment_box(const VoxpertModel *model, const uint8_t *pixels, int width,
                                  int height, int channels, const float box_xyxy[4], uint8_t *mask,
                                  VoxpertError *error) {
    if (!pixels || !box_xyxy || !mask) return null_argument("voxpert_segment_box", error);
    const VoxpertImage image = {
        .pixels = pixels, .width = width, .height = height, .channels = channels};
    const VoxpertBox box = {box_xyxy[0], box_xyxy[1], box_xyxy[2], box_xyxy[3]};
    VoxpertModel *own = NULL;
    Status status = model ? VOXPERT_OK : voxpert_model_open(&own, NULL, NULL, error);
    if (!status) status = segment(model ? model : own, &image, &box, mask, error);
    voxpert_model_close(own);
    return status;
}

#include "api/internal.h"
#include "base/memory.h"
#include "image/mask_clean.h"
#include "image/regions.h"
#include "image/rle.h"

#include <string.h>

void routing_free(VoxpertRouting *r) {
    memory_free(r->logits);
    memory_free(r->gates);
    memory_free(r->confidence);
    *r = (VoxpertRouting){0};
}

void voxpert_masks_free(VoxpertMasks *masks) {
    if (!masks) return;
    memory_free(masks->logits);
    memory_free(masks->bytes);
    memory_free(masks->bits);
    memory_free(masks->iou);
    memory_free(masks->low_res);
    routing_free(&masks->routing);
    *masks = (VoxpertMasks){0};
}

void voxpert_masks_binary(const VoxpertMasks *masks, int which, uint8_t *mask) {
    if (!masks || !mask || which < 0 || which >= masks->count) return;
    size_t width = (size_t)masks->width, height = (size_t)masks->height, row = (width + 7) / 8;
    const float *logits = masks->logits ? masks->logits + (size_t)which * width * height : NULL;
    const uint8_t *bits = masks->bits ? masks->bits + (size_t)which * height * row : NULL;
    if (masks->bytes) memcpy(mask, masks->bytes + (size_t)which * width * height, width * height);
    for (size_t y = 0; !masks->bytes && y < height; y++)
        for (size_t x = 0; x < width; x++)
            mask[y * width + x] = logits ? logits[y * width + x] > masks->threshold
                                  : bits ? bits[y * row + x / 8] >> (7 - x % 8) & 1
                                         : 0;
}

VoxpertStatus voxpert_mask_clean(uint8_t *mask, int width, int height,
                                 const VoxpertCleanup *cleanup, VoxpertError *error) {
    if (!mask || !cleanup || width < 1 || height < 1)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_mask_clean: an empty mask");
    size_t size[3] = {1, (size_t)height, (size_t)width};
    Status status = VOXPERT_OK;
    if (cleanup->fill_holes) status = mask_fill_holes(mask, size, error);
    if (!status && cleanup->min_size > 0)
        status = mask_remove_small(mask, size, NEIGHBOURS_ALL, (size_t)cleanup->min_size, error);
    if (!status && cleanup->keep_largest)
        status = mask_keep_largest(mask, size, NEIGHBOURS_ALL, error);
    return status;
}

Status rle_hand_over(Rle *code, char **rle, Error *error) {
    Text text = {0};
    rle_to_text(code, &text);
    rle_free(code);
    *rle = text.chars;
    if (!text.failed) return VOXPERT_OK;
    text_free(&text);
    *rle = NULL;
    return error_set(error, VOXPERT_OUT_OF_MEMORY, "no memory for the run lengths");
}

VoxpertStatus voxpert_mask_rle(const uint8_t *mask, int width, int height, char **rle,
                               VoxpertError *error) {
    if (!mask || !rle || width < 1 || height < 1)
        return error_set(error, VOXPERT_BAD_ARGUMENT, "voxpert_mask_rle: an empty mask");
    *rle = NULL;
    Rle code;
    Status status = rle_encode(&code, mask, (Extent){(size_t)height, (size_t)width}, error);
    return status ? status : rle_hand_over(&code, rle, error);
}

#include "eval/lesions.h"

#include "base/memory.h"
#include "tests/check.h"

/* Three pieces of truth, the middle one of which is missed; a fourth in the prediction alone. */
static const uint8_t truth[3 * 8] = {
    1, 1, 0, 0, 0, 0, 0, 0, //
    1, 1, 0, 1, 0, 0, 1, 0, //
    0, 0, 0, 1, 0, 0, 0, 1,
};
static const uint8_t prediction[3 * 8] = {
    0, 0, 0, 0, 0, 0, 1, 1, //
    0, 1, 0, 0, 0, 0, 1, 0, //
    0, 0, 0, 0, 0, 1, 0, 0,
};
static const size_t size[3] = {1, 3, 8};

TEST(a_lesion_is_found_by_a_single_voxel) {
    Lesions l;
    CHECK(!lesions_count(&l, truth, prediction, size, NEIGHBOURS_ALL, NULL));
    CHECK(l.truth == 3 && l.found == 2);
    CHECK(l.prediction == 2 && l.matching == 2); /* a diagonal joins the last two */
}

TEST(neighbours_decide_what_a_lesion_is) {
    Lesions l;
    CHECK(!lesions_count(&l, truth, prediction, size, NEIGHBOURS_FACES, NULL));
    CHECK(l.truth == 4 && l.found == 2);
    CHECK(l.prediction == 3 && l.matching == 2);
}

TEST(empty_masks_have_no_lesions) {
    const uint8_t none[24] = {0};
    Lesions l;
    CHECK(!lesions_count(&l, none, prediction, size, NEIGHBOURS_ALL, NULL));
    CHECK(l.truth == 0 && l.found == 0 && l.prediction == 2 && l.matching == 0);
}

TEST(every_failed_allocation_is_reported) {
    Status status = VOXPERT_OUT_OF_MEMORY;
    Lesions l;
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        memory_fail_at(n, false);
        status = lesions_count(&l, truth, prediction, size, NEIGHBOURS_ALL, NULL);
        CHECK(n > 1 || status == VOXPERT_OUT_OF_MEMORY);
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK);
}

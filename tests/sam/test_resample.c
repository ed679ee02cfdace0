/* The rows of weights that docs/spec/sam.md, 4.1, gives for PyTorch's kernels.  Tolerance 1e-7: the
 * figures have eight digits. */
#include "sam/resample.h"

#include <string.h>

#include "tests/check.h"

enum { MOST = 128 };

/* What output row `row` of a table [from,from,1] takes from each input row. */
static void row_weights(float *out, int from, int to, int row, bool bicubic) {
    static float table[64 * 64], resampled[64 * 64];
    for (int j = 0; j < from; j++) {
        for (int i = 0; i < from * from; i++) table[i] = i / from == j ? 1.0f : 0.0f;
        positions_resample(resampled, table, from, to, 1, bicubic);
        out[j] = resampled[row * to];
    }
}

static void check_row(int to, int row, int first, const float *want, size_t n) {
    float got[64], expected[64] = {0};
    memcpy(expected + first, want, n * sizeof *want);
    row_weights(got, 64, to, row, true);
    CHECK_CLOSE(got, expected, 64, 1e-7f, 0.0f);
}

TEST(antialiased_bicubic_has_the_weights_of_timm) {
    static const float middle[] = {-0.01171875f, -0.03515625f, 0.11328125f,  0.43359375f,
                                   0.43359375f,  0.11328125f,  -0.03515625f, -0.01171875f};
    static const float edge[] = {0.46443515f, 0.46443515f, 0.12133891f, -0.0376569f, -0.0125523f};
    static const float quarter[] = {-0.00170898f, -0.01098633f, -0.01831055f, -0.01196289f,
                                    0.02270508f,  0.09741211f,  0.18188477f,  0.2409668f,
                                    0.2409668f,   0.18188477f,  0.09741211f,  0.02270508f,
                                    -0.01196289f, -0.01831055f, -0.01098633f, -0.00170898f};
    check_row(32, 16, 29, middle, 8);
    check_row(32, 0, 0, edge, 5);
    check_row(16, 8, 26, quarter, 16);
}

TEST(plain_bilinear_looks_at_two_rows_however_much_it_shrinks) {
    float got[64], want[64] = {0};
    want[33] = want[34] = 0.5f;
    row_weights(got, 64, 16, 8, false); /* source 4 (8 + 0.5) - 0.5 = 33.5 */
    CHECK_CLOSE(got, want, 64, 1e-7f, 0.0f);
}

TEST(an_unchanged_table_stays_as_it_is) {
    float table[8 * 8 * 2], out[8 * 8 * 2];
    for (int i = 0; i < 8 * 8 * 2; i++) table[i] = (float)(i * 7 % 13);
    for (int bicubic = 0; bicubic < 2; bicubic++) {
        positions_resample(out, table, 8, 8, 2, bicubic);
        CHECK_CLOSE(out, table, 8 * 8 * 2, 1e-6f, 0.0f);
    }
}

TEST(relative_tables_keep_their_middle) {
    float table[127], out[MOST];
    for (int i = 0; i < 127; i++) table[i] = (float)i;
    relative_resample(out, table, 127, 63, 1);
    CHECK_CLOSE(out, ((float[]){0.507936508f, 2.523809524f}), 2, 0.0f, 1e-7f);
    CHECK(out[31] == 63.0f);
    relative_resample(out, table, 127, 31, 1);
    CHECK_CLOSE(out, ((float[]){1.548387097f, 5.645161290f}), 2, 0.0f, 1e-7f);
    CHECK(out[15] == 63.0f);
}

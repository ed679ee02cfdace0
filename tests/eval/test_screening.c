#include "screen/screening.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/data/small_set.h"

enum { SIDE = 32 };

/* ---- Limits ------------------------------------------------------------------------------- */

TEST(limits_are_so_many_robust_deviations_from_the_median) {
    double values[9] = {1, 2, 3, 4, 5, 6, 7, 8, 100};
    SetLimit l = set_limit_of(values, 9, FAULT_PIECES, 2.0);
    /* median 5; distances 0 1 1 2 2 3 3 4 95, their median 2 */
    CHECK(l.known && !l.logarithm && fabs(l.median - 5.0) < 1e-12);
    CHECK(fabs(l.scale - 2.9652) < 1e-12 && fabs(l.high - 10.9304) < 1e-12 && isinf(l.low));
}

TEST(without_spread_around_the_median_the_mean_distance_counts) {
    double values[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 11};
    SetLimit l = set_limit_of(values, 10, FAULT_PIECES, 3.5);
    CHECK(l.known && fabs(l.scale - 1.2533) < 1e-12);
    double same[8] = {2, 2, 2, 2, 2, 2, 2, 2};
    l = set_limit_of(same, 8, FAULT_PIECES, 3.5);
    CHECK(!l.known && isinf(l.high));
}

TEST(ratios_are_compared_by_their_logarithms) {
    double values[9] = {0.01, 0.02, 0.04, 0.08, 0.16, 0.0, (double)NAN, 0.32, 0.64};
    SetLimit l = set_limit_of(values, 9, FAULT_RATIO, 1.0);
    CHECK(!l.known); /* 0 and NaN have no logarithm: 7 are too few */
    double more[8] = {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 0.08};
    l = set_limit_of(more, 8, FAULT_RATIO, 1.0);
    CHECK(l.known && l.logarithm && fabs(exp(l.median) - 0.08) < 1e-12);
    CHECK(fabs(l.low * l.high - 0.08 * 0.08) < 1e-12 && l.low > 0.0);
    double tiny[8] = {1e-6, 1, 1, 2, 2, 3, 3, 4};
    l = set_limit_of(tiny, 8, FAULT_SMALLEST, 1.0);
    CHECK(isinf(l.high) && isfinite(l.low));
}

/* ---- Sets --------------------------------------------------------------------------------- */

/* Case `i`: noise of the given strength, a square of 10 pixels, brighter by 60. */
static void add_pair(const SmallSet *s, int i, unsigned strength, bool empty) {
    uint8_t image[SIDE * SIDE], mask[SIDE * SIDE] = {0};
    char name[64];
    for (int k = 0; k < SIDE * SIDE; k++) {
        int x = k % SIDE, y = k / SIDE;
        mask[k] = !empty && x >= 8 && x < 18 && y >= 8 && y < 18;
        unsigned noise = (unsigned)(k * 7919 + i * 104729) * 2654435761u >> 24;
        image[k] = (uint8_t)(60u + 60u * mask[k] + noise * strength / 16u);
    }
    snprintf(name, sizeof name, "images/c%02d.png", i);
    small_image(s, name, SIDE, SIDE, image);
    snprintf(name, sizeof name, "masks/c%02d.png", i);
    small_image(s, name, SIDE, SIDE, mask);
}

static void screened(Screening *out, Catalog *c, const SmallSet *s, ScreeningRule rule) {
    Error error = {0};
    Status status = catalog_open(c, s->folder, NULL, &error);
    if (!status) status = screening_run(out, c, rule, NULL, NULL, &error);
    check_report(status == VOXPERT_OK, __FILE__, __LINE__, "%s", error.message);
}

TEST(the_blurred_case_of_a_set_is_rejected_and_so_is_an_empty_one) {
    SmallSet s;
    Catalog c;
    Screening r;
    small_set_open(&s);
    for (int i = 0; i < 10; i++) add_pair(&s, i, i == 4 ? 1 : 7 + (unsigned)i % 3, i == 7);
    screened(&r, &c, &s, (ScreeningRule){.limits = LIMITS_SET});
    CHECK(r.count == 10 && r.measured == 10 && r.accepted == 8 && r.own_limits);
    CHECK(!r.item[4].accepted && r.item[4].set >> FAULT_LAPLACIAN & 1);
    CHECK(strstr(r.item[4].reason, "laplacian_variance") && strstr(r.item[4].reason, "(set)"));
    CHECK(!r.item[7].accepted && strstr(r.item[7].reason, "no foreground"));
    Text csv = {0}, json = {0}, list = {0};
    screening_csv(&csv, &r);
    Text listed = {0};
    screening_json(&json, &r);
    screening_list(&list, &r, s.folder);
    CHECK(strstr(csv.chars, "\nc04,") && strstr(csv.chars, ",no,"));
    json_t *report = json_loads(json.chars, 0, NULL);
    CHECK(json_integer_value(json_object_get(report, "accepted")) == 8);
    CHECK(json_array_size(json_object_get(report, "case")) == 10);
    json_decref(report);
    small_bytes(&s, "good.json", list.chars, list.length);
    Catalog kept;
    REQUIRE(!catalog_open(&kept, small_path(&s, "good.json"), NULL, NULL));
    CHECK(kept.cases == 8 && kept.findings == 0 && strcmp(kept.name, c.name) == 0);
    CHECK(!kept.item[0].listed && kept.item[0].part == c.item[0].part);
    catalog_close(&kept);
    CHECK(!strstr(list.chars, "\"part\""));
    c.item[0].listed = true; /* what the set lists, its list lists */
    screening_list(&listed, &r, s.folder);
    CHECK(strstr(listed.chars, "\"part\""));
    text_free(&listed);
    CHECK(!screening_sheet(small_path(&s, "worst.png"), &r, 4, NULL));
    CHECK(file_exists(small_path(&s, "worst.png")));
    text_free(&csv);
    text_free(&json);
    text_free(&list);
    screening_free(&r);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(few_cases_are_judged_by_fixed_limits) {
    SmallSet s;
    Catalog c;
    Screening r;
    small_set_open(&s);
    add_pair(&s, 0, 8, false);
    add_pair(&s, 1, 0, false); /* two grey values: blurred, no entropy */
    small_text(&s, "images/c02.png", "no picture");
    small_text(&s, "masks/c02.png", "no picture");
    screened(&r, &c, &s, (ScreeningRule){.limits = LIMITS_SET});
    CHECK(!r.own_limits && r.measured == 2 && r.accepted == 1 && r.item[0].accepted);
    CHECK(strstr(r.item[1].reason, "entropy_bits") && strstr(r.item[1].reason, "(fixed)"));
    CHECK(strstr(r.item[2].reason, "cannot be read") && !r.item[2].measured);
    screening_free(&r);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(of_a_volume_the_slice_with_the_most_foreground_is_measured) {
    SmallSet s;
    Catalog c;
    ScreenedPicture p;
    Error error = {0};
    uint8_t images[4 * 6 * 5], labels[4 * 6 * 5] = {0};
    small_set_open(&s);
    for (int i = 0; i < 120; i++) images[i] = (uint8_t)i;
    labels[2 * 30 + 3] = labels[2 * 30 + 4] = 1, labels[3 * 30] = 2;
    const SmallArray arrays[] = {{"imgs", "|u1", 3, {4, 6, 5}, images, sizeof images},
                                 {"gts", "|u1", 3, {4, 6, 5}, labels, sizeof labels}};
    small_npz(&s, "a.npz", arrays, 2);
    REQUIRE(!catalog_open(&c, s.folder, NULL, &error));
    CHECK(!screened_picture(&p, &c, &c.item[0], &error));
    CHECK(p.slice == 2 && p.picture.width == 5 && p.picture.height == 6);
    CHECK(p.mask[3] == 1 && p.mask[4] == 1 && p.mask[0] == 0 && p.picture.rgb[0] == 60);
    screened_picture_free(&p);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(screening_survives_every_failed_allocation) {
    SmallSet s;
    small_set_open(&s);
    add_pair(&s, 0, 8, false);
    add_pair(&s, 1, 9, false);
    Catalog c;
    REQUIRE(!catalog_open(&c, s.folder, NULL, NULL));
    bool done = false;
    for (size_t n = 1; !done && n < 2000; n++) {
        Screening r;
        Error error = {0};
        memory_fail_at(n, false);
        Status status = screening_run(&r, &c, (ScreeningRule){0}, NULL, NULL, &error);
        if (!status) status = screening_sheet(small_path(&s, "worst.png"), &r, 2, &error);
        done = memory_requests() < n;
        memory_fail_at(0, false);
        CHECK(status == VOXPERT_OK || status == VOXPERT_OUT_OF_MEMORY);
        CHECK(!done || (status == VOXPERT_OK && r.accepted == 2));
        screening_free(&r);
    }
    CHECK(done);
    catalog_close(&c);
    small_set_close(&s);
}

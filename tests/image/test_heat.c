/* A glow over a picture. */
#include "draw/heat.h"

#include <math.h>
#include <string.h>

#include "tests/check.h"

static double brightness(Colour c) { return 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue; }

TEST(stronger_is_brighter_at_every_step) {
    for (int i = 1; i <= 100; i++)
        CHECK(brightness(heat_colour(i / 100.0)) > brightness(heat_colour((i - 1) / 100.0)));
}

TEST(values_beyond_0_and_1_are_those) {
    Colour low = heat_colour(-3.0), zero = heat_colour(0.0), high = heat_colour(9.0),
           one = heat_colour(1.0);
    CHECK(memcmp(&low, &zero, sizeof low) == 0 && memcmp(&high, &one, sizeof high) == 0);
}

TEST(nothing_leaves_the_picture_and_more_covers_more_of_it) {
    uint8_t rgb[4 * 3];
    static const float values[] = {0.0f, 0.3f, 1.0f, -1.0f};
    memset(rgb, 100, sizeof rgb);
    heat_draw((Canvas){rgb, {1, 4}}, values);
    for (int i = 0; i < 3; i++) CHECK(rgb[i] == 100 && rgb[9 + i] == 100);
    CHECK(rgb[6] > 200 && rgb[3] != 100 && rgb[3] < rgb[6]);
}

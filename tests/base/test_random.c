#include "base/random.h"

#include <math.h>

#include "base/hash.h"
#include "tests/check.h"

TEST(random_numbers_depend_on_the_key_alone) {
    Random a = random_begin(1, 2, 3, 4), b = random_begin(1, 2, 3, 4), c = random_begin(1, 2, 3, 5);
    random_bits(&b);
    uint64_t second = random_bits(&b);
    random_bits(&a);
    CHECK(random_bits(&a) == second);
    random_bits(&c);
    CHECK(random_bits(&c) != second);
}

TEST(random_numbers_have_their_moments) {
    Random r = random_begin(7, 0, 0, 0);
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < 20000; i++) {
        double x = random_normal(&r);
        sum += x, square += x * x;
    }
    CHECK(fabs(sum / 20000) < 0.03 && fabs(square / 20000 - 1.0) < 0.05);
    int seen[3] = {0};
    for (int i = 0; i < 3000; i++) seen[random_integer(&r, -1, 1) + 1]++;
    CHECK(seen[0] > 850 && seen[1] > 850 && seen[2] > 850);
}

TEST(fnv1a_is_the_published_one) { CHECK(hash_fnv1a("a", 1) == 0xAF63DC4C8601EC8Cu); }

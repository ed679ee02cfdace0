#include "base/arena.h"

#include "tests/check.h"

TEST(arena_gives_aligned_memory_and_takes_it_back) {
    Arena a;
    CHECK(arena_open(&a, 1 << 16, NULL) == VOXPERT_OK);
    size_t mark = a.used;
    unsigned char *p = arena_alloc(&a, 3), *q = arena_alloc(&a, 100);
    CHECK(p && q && (size_t)(q - p) == ARENA_ALIGN);
    arena_release(&a, mark);
    CHECK(arena_alloc(&a, 1) == p);
    CHECK(a.peak == 192);
    arena_close(&a);
}

TEST(full_arena_returns_null_and_is_unchanged) {
    Arena a;
    CHECK(arena_open(&a, 4096, NULL) == VOXPERT_OK);
    CHECK(arena_alloc(&a, 4096) != NULL);
    CHECK(arena_alloc(&a, 1) == NULL);
    CHECK(arena_alloc(&a, (size_t)-8) == NULL);
    CHECK(a.used == 4096);
    arena_close(&a);
}

TEST(measuring_arena_counts_what_no_machine_has) {
    Arena a;
    CHECK(arena_open_measuring(&a, NULL) == VOXPERT_OK);
    CHECK(arena_alloc(&a, (size_t)1 << 37) != NULL);
    arena_release(&a, 0);
    CHECK(a.peak == (size_t)1 << 37);
    arena_close(&a);
}

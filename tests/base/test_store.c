#include "base/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tests/check.h"

enum { ARRAY = 1 << 20, ARRAYS = 40 };

static unsigned char value_of(int array, size_t at) {
    return (unsigned char)((unsigned)array * 7u + (unsigned)(at >> 9));
}

static void fill(Store *s, unsigned char *array[ARRAYS]) {
    for (int i = 0; i < ARRAYS; i++) {
        CHECK(store_new(s, &array[i], ARRAY, NULL) == VOXPERT_OK);
        CHECK(array[i][0] == 0 && array[i][ARRAY - 1] == 0);
        for (size_t k = 0; k < ARRAY; k += 512) array[i][k] = value_of(i, k);
    }
}

static void expect(Store *s, unsigned char *array[ARRAYS]) {
    for (int i = 0; i < ARRAYS; i++) {
        bool same = true;
        for (size_t k = 0; k < ARRAY; k += 512) same = same && array[i][k] == value_of(i, k);
        CHECK(same);
        store_touch(s, ARRAY);
    }
}

static void drop(Store *s, unsigned char *array[ARRAYS]) {
    for (int i = 0; i < ARRAYS; i++) store_free(s, array[i], ARRAY);
    CHECK(s->held == 0);
    store_close(s);
}

/* Resident pages of shared mappings, which are files: field 3 of statm. */
static size_t shared_pages(void) {
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && !fgets(line, sizeof line, file)) line[0] = '\0';
    if (file) fclose(file);
    size_t all, resident, shared = 0;
    return sscanf(line, "%zu %zu %zu", &all, &resident, &shared) == 3 ? shared : 0;
}

TEST(without_a_budget_all_is_in_memory) {
    Store s = {0};
    unsigned char *array[ARRAYS];
    fill(&s, array);
    CHECK(s.held == (size_t)ARRAYS * ARRAY && store_filed(&s) == 0);
    expect(&s, array);
    drop(&s, array);
}

TEST(over_the_budget_arrays_lie_in_a_file_and_keep_their_contents) {
    Store s = {.budget = 16 << 20};
    unsigned char *array[ARRAYS];
    size_t before = shared_pages() * (size_t)sysconf(_SC_PAGESIZE);
    fill(&s, array);
    CHECK(s.held == 8 << 20 && store_filed(&s) == (size_t)(ARRAYS - 8) * ARRAY);
    CHECK(store_resident(&s) <= 16 << 20);
    for (int round = 0; round < 3; round++) expect(&s, array);
    size_t after = shared_pages() * (size_t)sysconf(_SC_PAGESIZE);
    check_report(after < before + (12 << 20), __FILE__, __LINE__,
                 "%zu bytes of the file were in memory before, %zu after", before, after);
    drop(&s, array);
}

TEST(a_store_that_is_mapped_takes_nothing_of_the_heap) {
    Store s = {.mapped = true};
    double *one = NULL, *two = NULL;
    CHECK(!store_new(&s, &one, 3 * sizeof *one, NULL) && !store_new(&s, &two, sizeof *two, NULL));
    CHECK(s.held == 0);
    one[2] = 2.5, *two = 1.0;
    CHECK((char *)two >= (char *)(one + 3) && one[2] == 2.5);
    store_free(&s, one, 3 * sizeof *one);
    store_close(&s);
}

TEST(a_folder_that_cannot_hold_it_is_named) {
    Error error = {0};
    Store s = {.mapped = true};
    char *before = memory_text(getenv("TMPDIR"));
    setenv("TMPDIR", "/nowhere/at/all", 1);
    void *array;
    CHECK(store_new(&s, &array, 100, &error) == VOXPERT_BAD_OUTPUT && !array);
    CHECK(strstr(error.message, "/nowhere/at/all") != NULL);
    CHECK(strcmp(error.field, "data-memory") == 0);
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    memory_free(before);
    store_close(&s);
}

TEST(without_memory_there_is_a_sentence) {
    Error error = {0};
    Store s = {.mapped = true}, heap = {0};
    void *array;
    memory_fail_at(1, true);
    CHECK(store_new(&s, &array, 100, &error) == VOXPERT_OUT_OF_MEMORY && !array);
    CHECK(store_new(&heap, &array, 100, &error) == VOXPERT_OUT_OF_MEMORY && !array);
    memory_fail_at(0, false);
    CHECK(heap.held == 0);
    store_close(&s);
}

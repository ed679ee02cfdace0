#include "nn/params.h"

#include <math.h>
#include <string.h>

#include "tests/check.h"
#include "tests/stored.h"
#include "tests/workbench.h"

static Param *declare(Params *p, const char *name, Layout layout, int rank, const int *dim) {
    return params_declare(p, name, layout, rank, dim, INITIAL_UNIFORM, 4);
}

static void fill(float *values, size_t n, float from) {
    for (size_t i = 0; i < n; i++) values[i] = from + (float)i;
}

/* a [2,3], b [4] under the prefix "x." */
static void declare_two(Params *p) {
    size_t outer = params_enter(p, "x");
    declare(p, "a", LAYOUT_PLAIN, 2, (int[]){2, 3});
    declare(p, "b", LAYOUT_PLAIN, 1, (int[]){4});
    params_leave(p, outer);
}

/* ---- Binding -------------------------------------------------------------------------------- */

TEST(one_message_names_what_is_missing_misshapen_and_surplus) {
    Params p = {0};
    declare_two(&p);
    declare(&p, "gone", LAYOUT_PLAIN, 1, (int[]){4});
    Stored *s = stored_new(64);
    stored_add(s, "x.a", 2, (int[]){3, 2});
    stored_add(s, "x.b", 1, (int[]){4});
    stored_add(s, "extra", 1, (int[]){1});
    Checkpoint *c = stored_open(s, NULL);
    Error error;
    CHECK(params_bind(&p, c, false, NULL, 0, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "stored") != NULL);
    CHECK(strstr(error.message, "missing: gone") != NULL);
    CHECK(strstr(error.message, "x.a is [3,2] and should be [2,3]") != NULL);
    CHECK(strstr(error.message, "surplus: extra") != NULL);
    checkpoint_close(c);
    stored_free(s);
    params_free(&p);
}

static Status bind_stated(Params *p, const char *metadata, Error *error) {
    Stored *s = stored_new(64);
    stored_add(s, "x.a", 2, (int[]){2, 3});
    stored_add(s, "x.b", 1, (int[]){4});
    Checkpoint *c = stored_open(s, metadata);
    Status status = params_bind(p, c, false, NULL, 0, error);
    checkpoint_close(c);
    stored_free(s);
    return status;
}

TEST(a_stated_precision_is_taken_and_an_unknown_one_refused) {
    Params p = {0};
    Error error;
    declare_two(&p);
    CHECK(bind_stated(&p, "\"precision\": \"int8\"", &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "stored: its metadata \"precision\" is \"int8\"") != NULL);
    CHECK(!params_find(&p, "x.a")->bound);
    CHECK(bind_stated(&p, "\"precision\": \"\"", &error) == VOXPERT_BAD_MODEL);
    CHECK(bind_stated(&p, "\"precision\": \"f32\"", &error) == VOXPERT_OK);
    CHECK(p.precision == PRECISION_F32 && !params_precision_to_state(&p));
    CHECK(bind_stated(&p, NULL, &error) == VOXPERT_OK);
    params_free(&p);
}

TEST(surplus_only_warns_unless_strict) {
    Params p = {0};
    declare_two(&p);
    Stored *s = stored_new(64);
    fill(stored_add(s, "x.a", 2, (int[]){2, 3}), 6, 1.0f);
    fill(stored_add(s, "x.b", 1, (int[]){4}), 4, 7.0f);
    stored_add(s, "extra", 1, (int[]){1});
    Checkpoint *c = stored_open(s, NULL);
    char warning[256];
    Error error;
    CHECK(params_bind(&p, c, false, warning, sizeof warning, &error) == VOXPERT_OK);
    CHECK(strcmp(warning, "extra") == 0);
    CHECK(params_find(&p, "x.b")->tensor.data[3] == 10.0f);
    CHECK(params_bind(&p, c, true, NULL, 0, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "surplus: extra") != NULL);
    checkpoint_close(c);
    stored_free(s);
    params_free(&p);
}

TEST(names_known_as_unused_are_no_surplus) {
    Params p = {0};
    declare_two(&p);
    size_t outer = params_enter(&p, "x");
    params_ignore(&p, "head.*");
    params_leave(&p, outer);
    Stored *s = stored_new(64);
    stored_add(s, "x.a", 2, (int[]){2, 3});
    stored_add(s, "x.b", 1, (int[]){4});
    stored_add(s, "x.head.weight", 1, (int[]){2});
    Checkpoint *c = stored_open(s, NULL);
    char warning[256] = "?";
    Error error;
    CHECK(params_bind(&p, c, true, warning, sizeof warning, &error) == VOXPERT_OK);
    CHECK(warning[0] == '\0');
    checkpoint_close(c);
    stored_free(s);
    params_free(&p);
}

TEST(hundreds_of_missing_names_are_cut_in_the_message) {
    Params p = {0};
    for (int i = 0; i < 300; i++) {
        size_t outer = params_enter(&p, "blocks.%d", i);
        declare(&p, "weight", LAYOUT_PLAIN, 1, (int[]){4});
        params_leave(&p, outer);
    }
    Stored *s = stored_new(4);
    stored_add(s, "other", 1, (int[]){1});
    Checkpoint *c = stored_open(s, NULL);
    Error error;
    CHECK(params_bind(&p, c, false, NULL, 0, &error) == VOXPERT_BAD_MODEL);
    CHECK(strstr(error.message, "blocks.0.weight") != NULL);
    CHECK(strstr(error.message, "...") != NULL);
    CHECK(strlen(error.message) < sizeof error.message - 1);
    checkpoint_close(c);
    stored_free(s);
    params_free(&p);
}

TEST(an_optional_parameter_may_be_missing_and_is_then_initialized) {
    Params p = {0};
    declare_two(&p);
    params_find(&p, "x.b")->optional = true;
    Stored *s = stored_new(64);
    fill(stored_add(s, "x.a", 2, (int[]){2, 3}), 6, 1.0f);
    Checkpoint *c = stored_open(s, NULL);
    CHECK(params_bind(&p, c, true, NULL, 0, NULL) == VOXPERT_OK);
    CHECK(params_initialize(&p, 1, NULL) == VOXPERT_OK);
    CHECK(params_find(&p, "x.a")->tensor.data[5] == 6.0f); /* untouched */
    CHECK(params_find(&p, "x.b")->tensor.data != NULL);
    checkpoint_close(c);
    stored_free(s);
    params_free(&p);
}

/* ---- Values that nothing can be computed with ------------------------------------------------ */

/* Whether binding a w [4,3,2,2] whose value `index` is `value` is refused with its name. */
static bool refuses(Layout layout, bool variance, size_t index, float value) {
    Params p = {0};
    Param *w = declare(&p, "w", layout, 4, (int[]){4, 3, 2, 2});
    w->variance = variance;
    Stored *s = stored_new(64);
    float *values = stored_add(s, "w", 4, (int[]){4, 3, 2, 2});
    fill(values, 48, 0.0f);
    values[index] = value;
    Checkpoint *c = stored_open(s, NULL);
    Error error = {0};
    Status status = params_bind(&p, c, true, NULL, 0, &error);
    if (status)
        CHECK(
            status == VOXPERT_BAD_MODEL && strstr(error.message, "tensor w: ") &&
            strstr(error.message, value < 0.0f ? "a variance is below 0" : "not a finite number"));
    checkpoint_close(c);
    stored_free(s);
    params_free(&p);
    return status != VOXPERT_OK;
}

TEST(a_value_that_is_not_finite_is_refused_wherever_it_lies) {
    static const float odd[] = {NAN, INFINITY, 0x1p127f * 2.0f};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        for (size_t at = 0; at < 48; at += at < 20 ? 1 : 9) {
            CHECK(refuses(LAYOUT_PLAIN, false, at, odd[i]));
            CHECK(refuses(LAYOUT_CONVOLUTION, false, at, odd[i]));
        }
    CHECK(!refuses(LAYOUT_PLAIN, false, 5, 0x1.fffffep127f) &&
          !refuses(LAYOUT_PLAIN, false, 5, -1.0f));
    CHECK(!refuses(LAYOUT_PLAIN, false, 5, 0x1p-149f));
}

TEST(a_variance_below_zero_is_refused) {
    CHECK(refuses(LAYOUT_PLAIN, true, 5, -0x1p-149f));
    CHECK(!refuses(LAYOUT_PLAIN, true, 5, 0.0f));
}

/* ---- Layouts -------------------------------------------------------------------------------- */

TEST(every_layout_goes_in_and_comes_out_as_published) {
    static const struct {
        Layout layout;
        int rank, dim[4];
        size_t at; /* where element [1,0,0,1] of those with four axes lies in memory */
    } cases[] = {
        {LAYOUT_PLAIN, 2, {5, 7}, 0},
        {LAYOUT_CONVOLUTION, 4, {4, 3, 2, 2}, 1 * 12 + 1 * 3 + 0},
        {LAYOUT_TRANSPOSED_CONVOLUTION, 4, {3, 5, 2, 2}, (1 * 5 + 0) * 3 + 1},
        {LAYOUT_DEPTHWISE, 4, {6, 1, 3, 3}, 1 * 6 + 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Params p = {0};
        Param *q = declare(&p, "w", cases[i].layout, cases[i].rank, cases[i].dim);
        CHECK(param_own(q, NULL) == VOXPERT_OK);
        size_t n = tensor_size(&q->tensor);
        float in[128], out[128];
        fill(in, n, 0.0f);
        param_write(q, in);
        param_read(q, out);
        CHECK(memcmp(in, out, n * sizeof *in) == 0);
        if (cases[i].rank == 4) {
            size_t area = (size_t)cases[i].dim[2] * (size_t)cases[i].dim[3];
            CHECK(q->tensor.data[cases[i].at] == (float)((size_t)cases[i].dim[1] * area + 1));
        }
        params_free(&p);
    }
}

/* ---- Packing -------------------------------------------------------------------------------- */

TEST(matrices_are_packed_and_tables_stay_in_their_file) {
    for (const Kernels *const *k = kernels_available(); *k; k++) {
        Params p = {0};
        Param *matrix = declare(&p, "matrix", LAYOUT_PLAIN, 2, (int[]){8, 16});
        Param *table = declare(&p, "table", LAYOUT_PLAIN, 2, (int[]){8, 16});
        matrix->matrix = true;
        Stored *s = stored_new(256);
        stored_add(s, "matrix", 2, (int[]){8, 16});
        const float *rows = stored_add(s, "table", 2, (int[]){8, 16});
        Checkpoint *c = stored_open(s, NULL);
        CHECK(params_bind(&p, c, true, NULL, 0, NULL) == VOXPERT_OK);
        Workbench *w = workbench_open(*k, 0, 1 << 20);
        CHECK(params_pack(&p, NULL, *k, &w->worker, false, true, NULL) == VOXPERT_OK);
        CHECK((matrix->packed != NULL) == ((*k)->weight_bytes(8, 16, false) > 0));
        CHECK(table->tensor.data == rows && !table->owned && !table->packed);
        workbench_close(w);
        checkpoint_close(c);
        stored_free(s);
        params_free(&p);
    }
}

/* ---- Training and identity ------------------------------------------------------------------ */

TEST(globs_train_parameters_and_never_buffers) {
    Params p = {0};
    declare_two(&p);
    declare(&p, "y.c", LAYOUT_PLAIN, 1, (int[]){4})->buffer = true;
    CHECK(params_train(&p, "*", true) == 2);
    CHECK(!params_find(&p, "y.c")->tensor.needs_grad);
    CHECK(params_train(&p, "x.b", false) == 1);
    CHECK(params_find(&p, "x.a")->tensor.needs_grad);
    CHECK(params_train(&p, "z*", true) == 0);
    params_free(&p);
}

static void identity_of(bool turned, float a0, char text[HASH_TEXT]) {
    Params p = {0};
    declare_two(&p);
    Stored *s = stored_new(64);
    float *b = turned ? stored_add(s, "x.b", 1, (int[]){4}) : NULL;
    float *a = stored_add(s, "x.a", 2, (int[]){2, 3});
    if (!turned) b = stored_add(s, "x.b", 1, (int[]){4});
    fill(a, 6, a0);
    fill(b, 4, 2.0f);
    stored_add(s, "extra", 1, (int[]){1});
    Checkpoint *c = stored_open(s, NULL);
    CHECK(params_bind(&p, c, false, NULL, 0, NULL) == VOXPERT_OK);
    CHECK(params_identity(&p, text, NULL) == VOXPERT_OK);
    checkpoint_close(c);
    stored_free(s);
    params_free(&p);
}

TEST(identity_is_of_names_and_values_not_of_their_order) {
    char one[HASH_TEXT], turned[HASH_TEXT], other[HASH_TEXT];
    identity_of(false, 1.0f, one);
    identity_of(true, 1.0f, turned);
    identity_of(false, 1.5f, other);
    CHECK(strcmp(one, turned) == 0);
    CHECK(strcmp(one, other) != 0);
}

TEST(fresh_values_depend_on_seed_and_name_alone) {
    float values[2][6];
    for (int i = 0; i < 2; i++) {
        Params p = {0};
        if (i) declare(&p, "before", LAYOUT_PLAIN, 1, (int[]){9});
        declare_two(&p);
        CHECK(params_initialize(&p, 3, NULL) == VOXPERT_OK);
        memcpy(values[i], params_find(&p, "x.a")->tensor.data, sizeof values[i]);
        params_free(&p);
    }
    CHECK(memcmp(values[0], values[1], sizeof values[0]) == 0);
    for (int i = 0; i < 6; i++) CHECK(values[0][i] >= -0.5f && values[0][i] <= 0.5f);
}

/* A system of one file, or of an adapter and its base. */
#include "systems/systems.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tests/check.h"
#include "tests/systems/shapes.h"
#include "tests/workbench.h"

enum { EXPERTS = 3, TOKENS = 2 };

static SegmoteConfig few_experts(const SamConfig *sam) {
    SegmoteConfig c = segmote_config_paper(sam);
    c.experts.experts.tokens = TOKENS;
    c.experts.experts.experts = EXPERTS;
    c.experts.experts.rank = 8;
    c.experts.pool.heads = 2;
    return c;
}

/* ---- Files in memory ------------------------------------------------------------------------ */

typedef struct Files {
    Stored *base_bytes, *adapter_bytes;
    Checkpoint *base, *adapter;
    char identity[HASH_TEXT];
} Files;

static void store(Stored *s, const Params *p, const char *const *globs) {
    for (size_t i = 0; i < p->count; i++) {
        const Param *q = p->item[i];
        if (param_matches(q, globs)) param_read(q, stored_add(s, q->name, q->rank, q->dim));
    }
}

/* `parent`: the identity that the adapter states; NULL: that of the base. */
static void files_open(Files *f, uint64_t seed, const char *parent) {
    SamConfig config = shape_tiny();
    SegmoteConfig experts = few_experts(&config);
    Sam sam;
    Segmote segmote;
    sam_declare(&sam, &config);
    CHECK(params_initialize(&sam.params, seed, NULL) == VOXPERT_OK);
    CHECK(params_identity(&sam.params, f->identity, NULL) == VOXPERT_OK);
    f->base_bytes = stored_new(1 << 20);
    store(f->base_bytes, &sam.params, NULL);
    segmote_declare(&segmote, &sam.params, &sam, NULL, &experts);
    CHECK(params_initialize(&sam.params, seed, NULL) == VOXPERT_OK);
    f->adapter_bytes = stored_new(1 << 20);
    store(f->adapter_bytes, &sam.params, segmote_trained(&segmote));

    char *json = segmote_config_write(&experts), *sam_json = sam_config_write(&config);
    Text metadata = {0}, whole = {0};
    text_add(&metadata, "\"parent_sha256\": \"%s\", \"config\": \"", parent ? parent : f->identity);
    for (const char *c = json; *c; c++) text_add(&metadata, *c == '"' ? "\\\"" : "%c", *c);
    text_add(&metadata, "\"");
    text_add(&whole, "\"config\": \"");
    for (const char *c = sam_json; *c; c++) text_add(&whole, *c == '"' ? "\\\"" : "%c", *c);
    text_add(&whole, "\"");
    f->base = stored_open(f->base_bytes, whole.chars);
    f->adapter = stored_open(f->adapter_bytes, metadata.chars);
    text_free(&metadata);
    text_free(&whole);
    memory_free(json);
    memory_free(sam_json);
    sam_free(&sam);
}

static void files_close(Files *f) {
    checkpoint_close(f->base);
    checkpoint_close(f->adapter);
    stored_free(f->base_bytes);
    stored_free(f->adapter_bytes);
}

static Status open_both(System *s, const Files *f, const Checkpoint *base, Error *error) {
    return system_open(s, f->adapter, base, true, NULL, 0, error);
}

/* ---- Opening -------------------------------------------------------------------------------- */

TEST(an_adapter_opens_on_the_base_it_was_trained_on) {
    Files f;
    System s;
    Error error = {0};
    files_open(&f, 1, NULL);
    CHECK(system_needs_base(f.adapter) && !system_needs_base(f.base));
    check_report(open_both(&s, &f, f.base, &error) == VOXPERT_OK, __FILE__, __LINE__, "%s",
                 error.message);
    CHECK(s.ops == &segmote_system && s.adapter);
    CHECK(s.segmote.config.experts.experts.experts == EXPERTS);
    system_close(&s);
    files_close(&f);
}

TEST(another_base_is_refused_and_both_are_named) {
    Files f, other;
    System s;
    Error error = {0};
    files_open(&f, 1, NULL);
    files_open(&other, 2, NULL);
    CHECK(open_both(&s, &f, other.base, &error) == VOXPERT_BAD_MODEL);
    f.identity[16] = other.identity[16] = '\0';
    CHECK(strstr(error.message, f.identity) && strstr(error.message, other.identity));
    system_close(&s);
    files_close(&f);
    files_close(&other);
}

TEST(an_adapter_alone_asks_for_its_base) {
    Files f;
    System s;
    Error error = {0};
    files_open(&f, 1, NULL);
    CHECK(open_both(&s, &f, NULL, &error) == VOXPERT_BAD_MODEL);
    CHECK(strcmp(error.field, "base") == 0);
    system_close(&s);
    files_close(&f);
}

TEST(a_base_is_a_system_of_its_own) {
    Files f;
    System s;
    files_open(&f, 1, NULL);
    CHECK(system_open(&s, f.base, NULL, true, NULL, 0, NULL) == VOXPERT_OK);
    CHECK(s.ops == &sam_system && !s.adapter);
    size_t cells = (size_t)sam_grid(&s.sam) * (size_t)sam_grid(&s.sam);
    CHECK(system_image_floats(&s) == cells * (size_t)s.sam.config.prompt.dim);
    system_close(&s);
    files_close(&f);
}

/* ---- Deciding ------------------------------------------------------------------------------- */

static const float box[] = {4.0f, 6.0f, 30.0f, 44.0f};
static const Prompts one_box = {.batch = 1, .boxes = 1, .box = box};

typedef struct Scene {
    Files files;
    System system;
    Workbench *w;
    SystemImage image;
} Scene;

static void scene_open(Scene *s) {
    files_open(&s->files, 1, NULL);
    CHECK(open_both(&s->system, &s->files, s->files.base, NULL) == VOXPERT_OK);
    s->w = workbench_open(NULL, 0, (size_t)64 << 20);
    int size = s->system.sam.config.image;
    Tensor *pixels = workbench_tensor(s->w, 4, (int[]){1, size, size, 3}, 5);
    s->image = system_encode(&s->w->cx, &s->system, pixels);
}

static void scene_close(Scene *s) {
    workbench_close(s->w);
    system_close(&s->system);
    files_close(&s->files);
}

/* Fresh routers are all zero: every logit ties, and the lowest expert and token win. */
TEST(ties_go_to_the_lowest) {
    Scene s;
    scene_open(&s);
    SystemOutput a = system_decode(&s.w->cx, &s.system, &s.image, &one_box, &(DecodeOptions){0});
    CHECK(compute_ok(&s.w->cx));
    CHECK(a.experts.chosen[0] == 0);
    for (int t = 0; t < TOKENS; t++) {
        const float *row = a.experts.routed[0]->data + t * (3 * EXPERTS + 1);
        CHECK(row[0] > 0.99f && row[1] < 0.01f && row[2] < 0.01f);
    }
    scene_close(&s);
}

TEST(a_forced_expert_gets_every_token_and_the_first_is_what_ties_chose) {
    Scene s;
    scene_open(&s);
    Compute *cx = &s.w->cx;
    SystemOutput free = system_decode(cx, &s.system, &s.image, &one_box, &(DecodeOptions){0});
    SystemOutput one =
        system_decode(cx, &s.system, &s.image, &one_box, &(DecodeOptions){.expert = 1});
    SystemOutput two =
        system_decode(cx, &s.system, &s.image, &one_box, &(DecodeOptions){.expert = 2});
    CHECK(compute_ok(cx));
    for (int t = 0; t < TOKENS; t++)
        CHECK(two.experts.routed[1]->data[t * (3 * EXPERTS + 1) + 1] > 0.99f);
    CHECK(memcmp(free.masks->data, one.masks->data, tensor_bytes(free.masks)) == 0);
    CHECK(memcmp(free.masks->data, two.masks->data, tensor_bytes(free.masks)) != 0);
    scene_close(&s);
}

TEST(the_image_alone_is_prompt_enough) {
    Scene s;
    scene_open(&s);
    Prompts nothing = {.batch = 1};
    SystemOutput a = system_decode(&s.w->cx, &s.system, &s.image, &nothing,
                                   &(DecodeOptions){.prompt_free = true});
    CHECK(compute_ok(&s.w->cx));
    CHECK(a.masks->dim[1] == 1 && a.experts.sparse->dim[1] == 2);
    SystemOutput all = system_decode(&s.w->cx, &s.system, &s.image, &nothing,
                                     &(DecodeOptions){.prompt_free = true, .multimask = true});
    CHECK(all.masks->dim[1] == TOKENS && all.iou->dim[1] == TOKENS);
    scene_close(&s);
}

/* A box guides the image's prompt tokens and takes their place in nothing: as a pass that asks for
 * them.  Without them it is another answer. */
TEST(prompt_tokens_that_always_act_are_guided_by_the_box) {
    Scene s;
    scene_open(&s);
    Compute *cx = &s.w->cx;
    DecodeOptions plain = {0}, asked = {.prompt_free = true};
    SystemOutput without = system_decode(cx, &s.system, &s.image, &one_box, &plain);
    SystemOutput with = system_decode(cx, &s.system, &s.image, &one_box, &asked);
    s.system.segmote.experts.config.ppt = PPT_ALWAYS;
    SystemOutput always = system_decode(cx, &s.system, &s.image, &one_box, &plain);
    CHECK(compute_ok(cx));
    size_t bytes = tensor_bytes(with.masks);
    CHECK(always.experts.sparse->dim[1] == 2);
    CHECK(memcmp(always.masks->data, with.masks->data, bytes) == 0);
    CHECK(memcmp(always.masks->data, without.masks->data, bytes) != 0);
    scene_close(&s);
}

/* Fresh routers are as sure of each expert: a third. */
TEST(a_confidence_that_is_left_out_changes_the_answer) {
    Scene s;
    scene_open(&s);
    Prompts nothing = {.batch = 1};
    DecodeOptions asked = {.prompt_free = true};
    SystemOutput a = system_decode(&s.w->cx, &s.system, &s.image, &nothing, &asked);
    for (int i = 0; i < 2; i++) s.system.segmote.experts.layer[i].config.unweighted = true;
    SystemOutput b = system_decode(&s.w->cx, &s.system, &s.image, &nothing, &asked);
    CHECK(compute_ok(&s.w->cx));
    CHECK(memcmp(a.masks->data, b.masks->data, tensor_bytes(a.masks)) != 0);
    scene_close(&s);
}

/* ---- Configuration -------------------------------------------------------------------------- */

static SegmoteConfig named_experts(const SamConfig *sam) {
    SegmoteConfig c = few_experts(sam);
    c.experts.ppt = PPT_ALWAYS;
    c.quiet = true;
    c.experts.experts.unweighted = true;
    c.experts.experts.held_back = 1u << 1;
    strcpy(c.name[1], "skin");
    strcpy(c.name[2], "eye");
    c.experts.pool.classes = 2;
    strcpy(c.class_name[0], "liver");
    strcpy(c.class_name[1], "left \"kidney\"");
    return c;
}

TEST(an_expert_is_found_by_its_number_or_its_name) {
    static const char *const words[] = {"1", "3", "skin", "eye", "0", "4", "", "ski", "Skin"};
    static const int want[] = {0, 2, 1, 2, -1, -1, -1, -1, -1};
    SamConfig sam = shape_tiny();
    SegmoteConfig c = named_experts(&sam);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        check_report(segmote_expert(&c, words[i]) == want[i], __FILE__, __LINE__, "\"%s\"",
                     words[i]);
}

TEST(a_config_without_names_and_holds_says_nothing_of_them) {
    SamConfig sam = shape_tiny();
    SegmoteConfig c = few_experts(&sam);
    char *json = segmote_config_write(&c);
    CHECK(!strstr(json, "names") && !strstr(json, "held_back") && !strstr(json, "classes"));
    CHECK(!strstr(json, "ppt") && !strstr(json, "noise") && !strstr(json, "confidence"));
    memory_free(json);
}

TEST(a_config_reads_back_as_it_was_written) {
    SamConfig sam = shape_tiny();
    SegmoteConfig c = named_experts(&sam), again;
    char *json = segmote_config_write(&c);
    CHECK(segmote_config_parse(&again, json, "file", &sam, NULL, NULL) == VOXPERT_OK);
    char *twice = segmote_config_write(&again);
    CHECK(strcmp(json, twice) == 0);
    CHECK(again.experts.ppt == PPT_ALWAYS && again.quiet && again.experts.experts.unweighted);
    CHECK(again.experts.pool.classes == 2 && segmote_class(&again, "left \"kidney\"") == 1);
    CHECK(segmote_class(&again, "Liver") == -1 && segmote_class(&again, "") == -1);
    memory_free(json);
    memory_free(twice);
}

TEST(a_config_that_cannot_be_is_refused_by_the_field_or_the_rule) {
    static const char *const wrong[][2] = {{"\"kept\": 1", "\"kept\": 9"},
                                           {"\"experts\": 3", "\"experts\": 99"},
                                           {"\"tokens\": 2", "\"tokens\": 0"},
                                           {"\"rank\": 8", "\"rang\": 8"},
                                           {"\"pool.heads\": 2", "\"pool.heads\": 3"},
                                           {"\"residual\"", "\"sideways\""},
                                           {"\"always\"", "\"never\""},
                                           {"\"always\"", "true"},
                                           {"\"noise\": false", "\"noise\": 0"},
                                           {"\"confidence\": false", "\"confidence\": \"no\""},
                                           {"[1]", "[3]"},
                                           {"[1]", "[-1]"},
                                           {"[1]", "1"},
                                           {"[1]", "[0, 1, 2]"},
                                           {"\"skin\"", "\"7skin\""},
                                           {"\"skin\"", "\"auto\""},
                                           {"\"skin\"", "\"eye\""},
                                           {"\"skin\", ", ""},
                                           {"\"skin\"", "5"},
                                           {"\"liver\"", "\"all\""},
                                           {"\"liver\"", "\"a,b\""},
                                           {"\"liver\"", "\"\""},
                                           {"\"liver\"", "\" liver\""},
                                           {"\"liver\"", "\"li\\nver\""},
                                           {"\"liver\"", "\"left \\\"kidney\\\"\""},
                                           {"\"liver\"", "5"},
                                           {"\"liver\"", "null"},
                                           {"\"liver\"", "[\"liver\"]"},
                                           {"[\"liver\", \"left \\\"kidney\\\"\"]", "[]"},
                                           {"[\"liver\", \"left \\\"kidney\\\"\"]", "\"liver\""},
                                           {"[\"liver\", \"left \\\"kidney\\\"\"]", "{}"},
                                           {"\"pool.tokens\": 2", "\"pool.tokens\": 0"}};
    SamConfig sam = shape_tiny();
    SegmoteConfig c = named_experts(&sam), out;
    char *json = segmote_config_write(&c);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[1024];
        const char *at = strstr(json, wrong[i][0]);
        Error error = {0};
        CHECK(at != NULL);
        if (!at) continue;
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - json), json, wrong[i][1],
                 at + strlen(wrong[i][0]));
        CHECK(segmote_config_parse(&out, text, "some.file", &sam, NULL, &error) ==
              VOXPERT_BAD_MODEL);
        CHECK(strstr(error.message, "some.file"));
    }
    memory_free(json);
}

/* As many as there may be, and one more; names as long as they may be, and one byte longer. */
static bool takes_classes(int count, int length) {
    SamConfig sam = shape_tiny();
    SegmoteConfig c = few_experts(&sam), out;
    Text text = {0};
    char *json = segmote_config_write(&c);
    text_add(&text, "%.*s, \"prompt_classes\": [", (int)strlen(json) - 1, json);
    for (int i = 0; i < count; i++) text_add(&text, "%s\"%0*d\"", i ? ", " : "", length, i);
    text_add(&text, "]}");
    Status status = segmote_config_parse(&out, text.chars, "some.file", &sam, NULL, NULL);
    CHECK(status || out.experts.pool.classes == count);
    text_free(&text);
    memory_free(json);
    return !status;
}

TEST(classes_are_at_most_as_many_and_as_long_as_there_is_room) {
    CHECK(takes_classes(CLASSES_MAX, 5) && !takes_classes(CLASSES_MAX + 1, 5));
    CHECK(takes_classes(2, CLASS_NAME - 1) && !takes_classes(2, CLASS_NAME));
}

/* Plans of `check` for sets whose names are made to hurt: they are run by a shell in a sandbox. */
#include "data/plan.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/quote.h"
#include "base/random.h"
#include "data/check.h"
#include "tests/check.h"
#include "tests/data/small_set.h"

enum { ROUNDS = 120, CASES = 4 };

/* ---- What a folder holds ----------------------------------------------------------------------
 */

static uint64_t all_contents; /* of regular files below a folder, whatever they are called */
static size_t all_files, foreign;
static const char *inner; /* what lies below it is not foreign */

static int add_file(const char *path, const struct stat *info, int kind, struct FTW *at) {
    FileMap map;
    (void)info, (void)at;
    if (strncmp(path, inner, strlen(inner)) != 0) foreign++;
    if (kind != FTW_F || strstr(path, "dataset.json")) return 0;
    if (file_map(&map, path, VOXPERT_BAD_INPUT, NULL)) return 1;
    all_contents += hash_fnv1a(map.bytes, map.size);
    all_files++;
    file_unmap(&map);
    return 0;
}

static void look(const SmallSet *s) {
    all_contents = 0, all_files = foreign = 0;
    CHECK(!nftw(s->folder, add_file, 16, FTW_PHYS));
}

/* ---- Hostile names ----------------------------------------------------------------------------
 */

static void hostile_name(char *out, size_t size, Random *random) {
    static const char *const pieces[] = {"a",
                                         "case",
                                         " ",
                                         "'",
                                         "\"",
                                         "$(touch PWNED)",
                                         "`touch PWNED`",
                                         ";touch PWNED;",
                                         "\n",
                                         "\ntouch PWNED\n",
                                         "&&touch PWNED",
                                         "|",
                                         "-rf",
                                         "--",
                                         "*",
                                         "?",
                                         "~",
                                         "#",
                                         "\\",
                                         "\x01",
                                         "\xff",
                                         "\xc3\xa9",
                                         "\xe2\x80\xae",
                                         "{a,b}",
                                         "!",
                                         "\t",
                                         "..",
                                         "_0000",
                                         "END",
                                         "\nEND\ntouch PWNED\n",
                                         "%s%n",
                                         "'$(touch PWNED)'",
                                         "$HOME",
                                         "\r",
                                         "=",
                                         "\x7f",
                                         "(2, 3, 4, 1)"};
    const int64_t last = (int64_t)(sizeof pieces / sizeof *pieces) - 1;
    size_t n = 0;
    int64_t count = random_integer(random, 1, 4);
    for (int64_t i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, size - n, "%s", pieces[random_integer(random, 0, last)]);
    if (*out == '.') *out = 'd'; /* hidden names are left alone */
}

typedef struct Hostile {
    const SmallSet *s;
    Random *random;
    const char *set; /* its folder's name */
} Hostile;

static int chance(Hostile *h, int in) { return random_integer(h->random, 1, in) == 1; }

static void put_file(Hostile *h, const char *folder, const char *name, int number) {
    char path[400];
    const uint8_t values[12] = {(uint8_t)number, 1, (uint8_t)(chance(h, 6) ? 9 : 1)};
    snprintf(path, sizeof path, "%s/%s/%s", h->set, folder, name);
    if (chance(h, 8)) return;
    if (chance(h, 6))
        small_text(h->s, path, "no image at all");
    else if (chance(h, 8))
        small_image(h->s, path, 3, 4, values);
    else
        small_image(h->s, path, 4, 3, values);
}

/* The writer of images wants an ending that it knows: the file is renamed to the hostile one. */
static void put_case(Hostile *h, const char *images, const char *labels, const char *suffix,
                     int number) {
    static const char *const endings[] = {".png", ".png", ".png", ".bmp", ".x'$(touch PWNED)'"};
    char name[180], file[240], plain[32], from[400], to[400];
    hostile_name(name, sizeof name, h->random);
    const char *ending = endings[random_integer(h->random, 0, 4)];
    for (int i = 0; i < 2; i++) {
        const char *folder = i ? labels : images;
        snprintf(plain, sizeof plain, "%d.png", number);
        put_file(h, folder, plain, i ? 0 : number);
        snprintf(file, sizeof file, "%s%s%s", name, i || chance(h, 5) ? "" : suffix, ending);
        snprintf(from, sizeof from, "%s/%s/%s", h->set, folder, plain);
        snprintf(to, sizeof to, "%s/%s/%s", h->set, folder, file);
        if (file_exists(small_path(h->s, from)) && !file_exists(small_path(h->s, to)))
            CHECK(!rename(small_path(h->s, from), small_path(h->s, to)));
    }
}

static void make_pairs(Hostile *h) {
    char path[64];
    for (int i = 0; i < CASES; i++) put_case(h, "images", "masks", "", chance(h, 4) ? 3 : 10 + i);
    snprintf(path, sizeof path, "%s/images/.keep", h->set);
    small_text(h->s, path, "i");
    snprintf(path, sizeof path, "%s/masks/.keep", h->set);
    small_text(h->s, path, "m");
}

/* Masks with a suffix, some twice, of images that are often the same: what is renamed is set aside,
 * too, and a second mask is one too many. */
static void make_suffixed(Hostile *h) {
    static const char *const suffixes[] = {"", "_mask", "_mask", "_0000"};
    static const uint8_t bright[2][12] = {{200, 3}, {90, 7}}, mask[12] = {0, 1};
    char name[180], path[400];
    int64_t cases = random_integer(h->random, 1, 5);
    for (int64_t i = 0; i < cases; i++) {
        hostile_name(name, sizeof name, h->random);
        snprintf(path, sizeof path, "%s/images/%s.png", h->set, name);
        if (!file_exists(small_path(h->s, path)))
            small_image(h->s, path, 4, chance(h, 5) ? 2 : 3, bright[chance(h, 3)]);
        for (int n = chance(h, 5) ? 2 : 1; n > 0 && !chance(h, 6); n--) {
            const char *suffix = suffixes[random_integer(h->random, 0, 3)];
            snprintf(path, sizeof path, "%s/labels/%s%s.png", h->set, name, suffix);
            if (!file_exists(small_path(h->s, path))) small_image(h->s, path, 4, 3, mask);
        }
    }
    snprintf(path, sizeof path, "%s/images/.keep", h->set);
    small_text(h->s, path, "i");
    snprintf(path, sizeof path, "%s/labels/.keep", h->set);
    small_text(h->s, path, "m");
}

static void make_nnunet(Hostile *h) {
    char path[64], label[180], quoted[400] = "";
    Text json = {0};
    for (int i = 0; i < CASES; i++) put_case(h, "imagesTr", "labelsTr", "_0000", 10 + i);
    hostile_name(label, sizeof label, h->random);
    snprintf(quoted, sizeof quoted, "%s", text_is_utf8(label, strlen(label)) ? label : "liver");
    text_add(&json, "{\"channel_names\": {\"0\": \"CT\"}, \"labels\": {");
    if (!chance(h, 3)) text_add(&json, "\"background\": 0, ");
    text_add_quoted(&json, quoted);
    text_add(&json, ": %s}, \"numTraining\": %d, \"file_ending\": \"%s\"}",
             chance(h, 4) ? "\"1\"" : "1", chance(h, 3) ? CASES : 77,
             chance(h, 3)   ? "png"
             : chance(h, 3) ? ".nii.gz"
                            : ".png");
    snprintf(path, sizeof path, "%s/dataset.json", h->set);
    if (!json.failed) small_text(h->s, path, json.chars);
    text_free(&json);
    snprintf(path, sizeof path, "%s/imagesTr/.keep", h->set);
    small_text(h->s, path, "i");
}

/* ---- A plan, run -------------------------------------------------------------------------- */

/* The number of findings; the plan as a script, where `script` is given. */
static size_t findings_of(const char *set, Text *script, size_t *commands) {
    Catalog c;
    Error error = {0};
    Status status = catalog_open(&c, set, NULL, &error);
    if (!status) status = catalog_check(&c, NULL, NULL, &error);
    check_report(!status, __FILE__, __LINE__, "%s", error.message);
    size_t count = c.findings;
    if (script) text_add(script, "set -e\n");
    for (size_t i = 0; script && i < count; i++) {
        if (!c.finding[i].fix) continue;
        text_add(script, "%s\n", c.finding[i].fix);
        ++*commands;
    }
    catalog_close(&c);
    return count;
}

static int run_script(const SmallSet *s) {
    char command[400];
    snprintf(command, sizeof command, "cd '%s' && sh plan.sh >out.txt 2>&1 </dev/null", s->folder);
    return system(command);
}

static size_t run_round(uint64_t seed) {
    SmallSet s;
    Text script = {0};
    size_t commands = 0;
    char folder[400];
    Random random = random_begin(seed, 0, 0, 0);
    Hostile h = {&s, &random, seed % 3 ? "set" : "-s'et $(touch PWNED)"};
    small_set_open(&s);
    small_text(&s, "outside.txt", "stays");
    small_text(&s, "out.txt", "");
    static void (*const make[])(Hostile *) = {make_pairs, make_nnunet, make_suffixed};
    make[seed / 3 % 3](&h);
    snprintf(folder, sizeof folder, "%s/%s", s.folder, h.set);
    size_t before = findings_of(folder, &script, &commands);
    small_text(&s, "plan.sh", script.chars);
    inner = folder;
    look(&s);
    size_t files = all_files, others = foreign;
    uint64_t contents = all_contents;
    if (truncate(small_path(&s, "out.txt"), 0)) CHECK(0);
    int ended = run_script(&s);
    check_report(ended == 0, __FILE__, __LINE__, "seed %llu: the plan stopped with %d:\n%s",
                 (unsigned long long)seed, ended, script.chars);
    look(&s);
    check_report(foreign == others && all_files == files && all_contents == contents, __FILE__,
                 __LINE__, "seed %llu: files were changed, lost or made:\n%s",
                 (unsigned long long)seed, script.chars);
    size_t after = findings_of(folder, NULL, NULL);
    check_report(commands ? after < before : after == before, __FILE__, __LINE__,
                 "seed %llu: %zu findings before, %zu after:\n%s", (unsigned long long)seed, before,
                 after, script.chars);
    text_free(&script);
    small_set_close(&s);
    return commands;
}

TEST(plans_for_hostile_names_harm_nothing_and_mend_something) {
    const char *more = getenv("PLAN_ROUNDS");
    size_t commands = 0;
    for (uint64_t seed = 1; seed <= (more ? strtoul(more, NULL, 10) : ROUNDS); seed++)
        commands += run_round(seed);
    CHECK(commands > 60);
}

/* ---- Single cases ------------------------------------------------------------------------- */

static const Finding *open_and_find(Catalog *c, const SmallSet *s, DataRule rule) {
    CHECK(!catalog_open(c, s->folder, NULL, NULL) && !catalog_check(c, NULL, NULL, NULL));
    for (size_t i = 0; i < c->findings; i++) {
        if (c->finding[i].rule == rule) return &c->finding[i];
    }
    return NULL;
}

TEST(a_name_that_cannot_be_quoted_is_reported_and_not_planned) {
    static const char *const names[] = {"images/a\nb.png", "images/a\x01.png", "images/\xff.png",
                                        "images/\xe2\x80\xae.png"};
    for (int i = 0; i < 4; i++) {
        SmallSet s;
        Catalog c;
        small_set_open(&s);
        small_image(&s, names[i], 4, 3, NULL);
        small_text(&s, "masks/.keep", "");
        const Finding *f = open_and_find(&c, &s, RULE_HAS_LABEL);
        CHECK(f && !f->fix && f->note && strstr(f->note, "shell"));
        catalog_close(&c);
        small_set_close(&s);
    }
}

TEST(an_ending_that_is_a_command_is_not_run) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_nnunet(&s);
    for (int i = 1; i <= 3; i++) {
        char from[64], to[64];
        snprintf(from, sizeof from, "imagesTr/c_%d_0000.png", i);
        snprintf(to, sizeof to, "imagesTr/c_%d_0000.x'$(touch PWNED)'", i);
        CHECK(!rename(small_path(&s, from), small_path(&s, to)));
    }
    const Finding *f = open_and_find(&c, &s, RULE_ENDING);
    CHECK(f && f->fix && strstr(f->fix, "<<'END'"));
    small_text(&s, "plan.sh", f->fix);
    CHECK(run_script(&s) == 0 && !file_exists(small_path(&s, "PWNED")));
    catalog_close(&c);
    f = open_and_find(&c, &s, RULE_ENDING);
    check_report(!f || !f->field, __FILE__, __LINE__, "%s", f ? f->detail : "");
    catalog_close(&c);
    small_set_close(&s);
}

TEST(nothing_is_planned_through_links_that_lead_outside) {
    SmallSet s, other;
    Catalog c;
    small_set_open(&s);
    small_set_open(&other);
    small_text(&s, "masks/.keep", "");
    small_image(&other, "a.png", 4, 3, NULL);
    CHECK(!symlink(other.folder, small_path(&s, "images")));
    const Finding *f = open_and_find(&c, &s, RULE_HAS_LABEL);
    CHECK(f && !f->fix && f->note && strstr(f->note, "outside"));
    catalog_close(&c);
    small_set_close(&s);
    small_set_close(&other);
}

TEST(a_case_that_is_set_aside_goes_as_a_whole_and_is_not_counted) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_nnunet(&s);
    small_text(&s, "labelsTr/c_2.png", "no image");
    const Finding *f = open_and_find(&c, &s, RULE_READABLE);
    CHECK(f && f->fix && strstr(f->fix, "imagesTr/c_2_0000.png") &&
          strstr(f->fix, "labelsTr/c_2.png") && strstr(f->fix, "\"numTraining\": 2"));
    small_text(&s, "plan.sh", f->fix);
    CHECK(run_script(&s) == 0);
    catalog_close(&c);
    CHECK(!open_and_find(&c, &s, RULE_COUNT) && c.findings == 0 && c.cases == 2);
    catalog_close(&c);
    small_set_close(&s);
}

/* Without any case the ending that is stated would be taken for a mistake. */
TEST(the_last_case_is_not_set_aside) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_nnunet(&s);
    for (int i = 1; i <= 3; i++) {
        char image[64], other[64];
        snprintf(image, sizeof image, "imagesTr/c_%d_0000.png", i);
        snprintf(other, sizeof other, "imagesTr/c_%d_0000.bmp", i);
        if (i == 1)
            small_text(&s, image, "no image at all");
        else
            CHECK(!rename(small_path(&s, image), small_path(&s, other)));
    }
    size_t commands = 0, before = findings_of(s.folder, NULL, NULL);
    const Finding *f = open_and_find(&c, &s, RULE_READABLE);
    CHECK(f && !f->fix && f->note && strstr(f->note, "no case would be left"));
    catalog_close(&c);
    Text script = {0};
    CHECK(findings_of(s.folder, &script, &commands) == before && commands > 0);
    small_text(&s, "plan.sh", script.chars);
    CHECK(run_script(&s) == 0 && findings_of(s.folder, NULL, NULL) < before);
    text_free(&script);
    small_set_close(&s);
}

TEST(what_a_list_names_is_not_set_aside) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    small_text(&s, "a.png", "no image");
    small_text(&s, "m.png", "no image");
    small_text(&s, "image2label_train.json", "{\"a.png\": [\"m.png\"]}");
    const Finding *f = open_and_find(&c, &s, RULE_READABLE);
    CHECK(f && !f->fix && f->note && strstr(f->note, "list"));
    catalog_close(&c);
    small_set_close(&s);
}

TEST(one_rule_for_all_names_is_seen) {
    static const struct {
        const char *image[2], *mask[2], *words;
    } sets[] = {{{"c0", "c1"}, {"c0_mask", "c1_mask"}, "all labels have the suffix _mask"},
                {{"img_1", "img_2"}, {"gt_1", "gt_2"}, "the prefix"},
                {{"c0_img", "c1_img"}, {"c0_seg", "c1_seg"}, "all images have the suffix"}};
    for (int i = 0; i < 3; i++) {
        SmallSet s;
        Catalog c;
        Text script = {0};
        char name[64];
        small_set_open(&s);
        for (int k = 0; k < 2; k++) {
            const uint8_t image[12] = {(uint8_t)(k + 1), 9}, mask[12] = {0, 1};
            snprintf(name, sizeof name, "images/%s.png", sets[i].image[k]);
            small_image(&s, name, 4, 3, image);
            snprintf(name, sizeof name, "masks/%s.bmp", sets[i].mask[k]);
            small_image(&s, name, 4, 3, mask);
        }
        const Finding *f = open_and_find(&c, &s, RULE_SAME_STEM);
        CHECK(c.findings == 2 && c.item[0].form == LABELS_MAP && !catalog_verdict(&c, NULL));
        check_report(f && f->warning && strstr(f->detail, sets[i].words), __FILE__, __LINE__, "%s",
                     f ? f->detail : "");
        for (size_t k = 0; k < c.findings; k++) text_add(&script, "%s\n", c.finding[k].fix);
        small_text(&s, "plan.sh", script.chars);
        CHECK(run_script(&s) == 0);
        catalog_close(&c);
        CHECK(!open_and_find(&c, &s, RULE_SAME_STEM) && c.findings == 0 && c.cases == 2);
        catalog_close(&c);
        text_free(&script);
        small_set_close(&s);
    }
}

/* ---- Masks that are called otherwise ------------------------------------------------------ */

/* Two cases that hold the same, their masks with a suffix. */
static void make_twins(const SmallSet *s, const char *second) {
    static const uint8_t image[12] = {7, 9}, mask[12] = {0, 1};
    const char *const names[] = {"a", second};
    char path[64];
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "images/%s.png", names[i]);
        small_image(s, path, 4, 3, image);
        snprintf(path, sizeof path, "labels/%s_mask.png", names[i]);
        small_image(s, path, 4, 3, mask);
    }
}

/* The findings that are left. */
static size_t run_plan(const SmallSet *s, size_t *before, size_t *commands) {
    Text script = {0};
    *commands = 0;
    *before = findings_of(s->folder, &script, commands);
    small_text(s, "plan.sh", script.chars);
    CHECK(run_script(s) == 0);
    text_free(&script);
    return findings_of(s->folder, NULL, NULL);
}

TEST(a_renamed_mask_is_set_aside_with_its_image) {
    SmallSet s;
    size_t before, commands;
    small_set_open(&s);
    make_twins(&s, "b");
    CHECK(run_plan(&s, &before, &commands) == 0 && before == 3 && commands == 3);
    CHECK(file_exists(small_path(&s, "labels/a.png")) &&
          file_exists(small_path(&s, "images/a.png")));
    CHECK(file_exists(small_path(&s, "set_aside/images/b.png")) &&
          file_exists(small_path(&s, "set_aside/labels/b.png")));
    small_set_close(&s);
}

TEST(masks_are_renamed_all_or_not_at_all) {
    SmallSet s;
    Catalog c;
    size_t before, commands;
    small_set_open(&s);
    make_twins(&s, "\t");
    CHECK(run_plan(&s, &before, &commands) == 3 && before == 3 && commands == 0);
    const Finding *f = open_and_find(&c, &s, RULE_SAME_STEM);
    for (size_t i = 0; f && i < c.findings; i++) CHECK(c.finding[i].note != NULL);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(a_second_mask_of_an_image_is_reported_and_set_aside) {
    static const uint8_t mask[12] = {0, 1};
    SmallSet s;
    size_t before, commands;
    small_set_open(&s);
    small_image(&s, "images/a.png", 4, 3, NULL);
    small_image(&s, "labels/a.png", 4, 3, mask);
    small_image(&s, "labels/a_0000.png", 4, 3, mask);
    small_image(&s, "images/b.png", 3, 4, NULL);
    small_image(&s, "labels/b_0000.png", 3, 4, mask);
    CHECK(small_breaches(&s, RULE_HAS_IMAGE) == 1 && small_breaches(&s, RULE_SAME_STEM) == 1);
    size_t after = run_plan(&s, &before, &commands);
    check_report(after < before && small_breaches(&s, RULE_HAS_IMAGE) == 0, __FILE__, __LINE__,
                 "%zu, then %zu", before, after);
    small_set_close(&s);
}

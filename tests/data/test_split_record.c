#include "data/split_record.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/check.h"
#include "tests/data/small_set.h"

enum { CASES = 12 };

/* Twelve pictures with masks in a folder of this name. */
static void make_pairs(const SmallSet *s, const char *folder) {
    for (int i = 0; i < CASES; i++) {
        char name[64];
        uint8_t image[12], mask[12] = {0, 1, 1};
        for (int k = 0; k < 12; k++) image[k] = (uint8_t)(9 * i + k);
        snprintf(name, sizeof name, "%s/images/p%02d_%d.png", folder, i / 2, i);
        small_image(s, name, 4, 3, image);
        snprintf(name, sizeof name, "%s/masks/p%02d_%d.png", folder, i / 2, i);
        small_image(s, name, 4, 3, mask);
    }
}

static void open_set(Catalog *c, const SmallSet *s, const char *name, CatalogOptions options) {
    Error error = {0};
    Status status = catalog_open(c, small_path(s, name), &options, &error);
    check_report(!status && c->cases > 0, __FILE__, __LINE__, "%s", error.message);
}

static size_t parts_that_differ(const Catalog *a, const Catalog *b) {
    size_t differ = 0;
    for (size_t i = 0; i < a->cases && i < b->cases; i++)
        differ += a->item[i].part != b->item[i].part;
    return differ;
}

TEST(a_folder_of_another_name_is_split_alike) {
    SmallSet s;
    Catalog a, b;
    small_set_open(&s);
    make_pairs(&s, "skin");
    make_pairs(&s, "lesions");
    open_set(&a, &s, "skin", (CatalogOptions){0});
    open_set(&b, &s, "lesions", (CatalogOptions){0});
    CHECK(a.cases == CASES && parts_that_differ(&a, &b) == 0);
    catalog_close(&a);
    catalog_close(&b);
    open_set(&a, &s, "skin", (CatalogOptions){.rule = SPLIT_RULE_SET});
    open_set(&b, &s, "lesions", (CatalogOptions){.rule = SPLIT_RULE_SET});
    CHECK(parts_that_differ(&a, &b) > 0);
    catalog_close(&a);
    catalog_close(&b);
    small_set_close(&s);
}

TEST(patients_and_groups_stay_together) {
    SmallSet s;
    Catalog c;
    small_set_open(&s);
    make_pairs(&s, "skin");
    open_set(&c, &s, "skin", (CatalogOptions){.patient = true});
    for (size_t i = 0; i + 1 < c.cases; i += 2) CHECK(c.item[i].part == c.item[i + 1].part);
    CHECK(strcmp(c.item[3].group, "p01") == 0);
    catalog_close(&c);
    small_text(&s, "skin/groups.csv",
               "\xef\xbb\xbfstem,group\r\np00_0,\"Miller, \"\"A\"\"\"\r\np00_1,x\np01_2,x\n");
    open_set(&c, &s, "skin", (CatalogOptions){0});
    CHECK(strcmp(c.item[0].group, "Miller, \"A\"") == 0);
    CHECK(strcmp(c.item[1].group, "x") == 0 && strcmp(c.item[2].group, "x") == 0);
    CHECK(c.item[1].part == c.item[2].part && c.item[1].part == split_part(0, "", "x"));
    CHECK(c.findings == 1 && c.finding[0].rule == RULE_GROUPS && c.finding[0].warning);
    CHECK(strstr(c.finding[0].detail, "9 of 12 cases have no line, such as p01_3") != NULL);
    catalog_close(&c);
    small_text(&s, "skin/groups.csv", "p00_0,a\nnobody,a\np00_0,b\np00_1\n");
    open_set(&c, &s, "skin", (CatalogOptions){0});
    size_t errors = 0;
    for (size_t i = 0; i < c.findings; i++) errors += !c.finding[i].warning;
    CHECK(errors == 2 && catalog_verdict(&c, NULL) == VOXPERT_BAD_INPUT);
    catalog_close(&c);
    small_set_close(&s);
}

TEST(groups_are_read_as_spreadsheets_write_them) {
    static const struct {
        const char *text;
        const char *group; /* of p00_0 */
        const char *error; /* part of a finding that is no warning; NULL: there is none */
    } sheets[] = {
        {"stem;group\r\np00_0;x\r\n", "x", NULL},
        {"Stem\tGroup\np00_0\t1,5\n", "1,5", NULL},
        {"p00_0;x\n", "x", NULL},
        {"site,group,stem\nA,x,p00_0\n,y,p00_1\n", "x", NULL},
        {" p00_0 , \"x\" \n", "x", NULL},
        {"stem,group\rp00_0,x\r", "x", NULL},
        {"stem,group\n\np00_0,\"x\np00_1,y\n", "p00_0", "line 3: a quote is not closed"},
        {"stem,group\np00_0,\"x\"y\n", "p00_0", "line 2: a quote ends inside a field"},
        {"stem,group\np00_0,\xff\n", "p00_0", "line 2: is no UTF-8"},
        {"\xff\xfes", "p00_0", "line 1: is UTF-16"},
        {"stem,group\np00_0,Miller, A\n", "p00_0", "line 2 has not two fields"},
        {"stem,group\np00_0,x,\np00_1\n", "x", "line 3 has not two fields"},
        {"site,stem,group\n1,p00_0,x\n2,p00_1,y,z\n", "x", "line 3 has not the fields"},
        {"p00_0,x,y\n", "p00_0", "line 1 has not two fields"},
        {"stem,group\np00_0,\n", "p00_0", "line 2 has not two fields"},
    };
    SmallSet s;
    small_set_open(&s);
    make_pairs(&s, "skin");
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        Catalog c;
        size_t errors = 0;
        small_text(&s, "skin/groups.csv", sheets[i].text);
        open_set(&c, &s, "skin", (CatalogOptions){0});
        check_report(strcmp(c.item[0].group, sheets[i].group) == 0, __FILE__, __LINE__,
                     "sheet %zu: %s", i, c.item[0].group);
        for (size_t k = 0; k < c.findings; k++) {
            if (c.finding[k].warning) continue;
            errors++;
            check_report(sheets[i].error && strstr(c.finding[k].detail, sheets[i].error), __FILE__,
                         __LINE__, "sheet %zu: %s", i, c.finding[k].detail);
        }
        CHECK(errors == (sheets[i].error != NULL));
        catalog_close(&c);
    }
    small_set_close(&s);
}

/* ---- Records -------------------------------------------------------------------------------- */

static void record_of(SplitRecord *r, const SmallSet *s, const char *folder, CatalogOptions how) {
    Catalog c;
    Error error = {0};
    open_set(&c, s, folder, how);
    Status status = catalog_split_record(r, &c, NULL, NULL, &error);
    check_report(!status && r->count == c.cases, __FILE__, __LINE__, "%s", error.message);
    catalog_close(&c);
}

static size_t count_part(const SplitRecord *r, SplitPart part) {
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) count += r->item[i].part == part;
    return count;
}

TEST(metadata_finds_the_cases_under_other_names) {
    SmallSet s;
    SplitRecord skin, alias, read;
    SplitOverlap o;
    Text metadata = {0};
    small_set_open(&s);
    make_pairs(&s, "skin");
    make_pairs(&s, "alias");
    if (rename(small_path(&s, "alias/images/p00_0.png"), small_path(&s, "alias/images/zz.png")) ||
        rename(small_path(&s, "alias/masks/p00_0.png"), small_path(&s, "alias/masks/zz.png")))
        CHECK(0);
    record_of(&skin, &s, "skin", (CatalogOptions){0});
    record_of(&alias, &s, "alias", (CatalogOptions){.rule = SPLIT_RULE_SET});
    split_record_metadata(&metadata, &skin);
    CHECK(!metadata.failed && !split_record_parse(&read, metadata.chars, "model", NULL));
    size_t train = count_part(&skin, SPLIT_TRAIN), other = count_part(&skin, SPLIT_VALIDATION);
    CHECK(train > 0 && read.count == train + other && strlen(read.digest) == HASH_TEXT - 1);
    CHECK(!split_overlap_find(&o, &alias, &read, NULL));
    CHECK(o.count == train + other && o.training == train);
    for (size_t i = 0; i < o.count; i++)
        CHECK(o.then[i] != SPLIT_TEST && (i == 0 || o.item[i - 1] < o.item[i]));
    split_overlap_free(&o);
    text_free(&metadata);
    split_record_free(&skin);
    split_record_free(&alias);
    split_record_free(&read);
    small_set_close(&s);
}

TEST(the_digest_depends_on_contents_and_parts_alone) {
    SmallSet s;
    SplitRecord a, b;
    char one[HASH_TEXT], two[HASH_TEXT];
    small_set_open(&s);
    make_pairs(&s, "skin");
    make_pairs(&s, "alias");
    record_of(&a, &s, "skin", (CatalogOptions){0});
    record_of(&b, &s, "alias", (CatalogOptions){0});
    SplitEntry first = b.item[0];
    b.item[0] = b.item[5];
    b.item[5] = first;
    CHECK(!split_record_digest(one, &a, NULL) && !split_record_digest(two, &b, NULL));
    CHECK(strcmp(one, two) == 0);
    b.item[5].part = b.item[5].part == SPLIT_TEST ? SPLIT_TRAIN : SPLIT_TEST;
    CHECK(!split_record_digest(two, &b, NULL) && strcmp(one, two) != 0);
    split_record_free(&a);
    split_record_free(&b);
    small_set_close(&s);
}

TEST(a_successor_inherits_what_was_trained_on) {
    SmallSet s;
    SplitRecord old, now = {0}, all;
    SplitOverlap o;
    Text file = {0};
    small_set_open(&s);
    make_pairs(&s, "skin");
    record_of(&old, &s, "skin", (CatalogOptions){0});
    CHECK(!split_record_inherit(&now, &old, NULL));
    CHECK(now.count == count_part(&old, SPLIT_TRAIN) + count_part(&old, SPLIT_VALIDATION));
    record_of(&all, &s, "skin", (CatalogOptions){0});
    CHECK(!split_overlap_find(&o, &all, &now, NULL) && o.count == now.count);
    split_record_file(&file, &now);
    CHECK(!file.failed && strstr(file.chars, "\"sets\": []") != NULL);
    CHECK(strstr(file.chars, now.item[0].content) != NULL);
    text_free(&file);
    split_record_file(&file, &old);
    CHECK(!file.failed && strstr(file.chars, "\"rule\": 2") && strstr(file.chars, "p00_0"));
    text_free(&file);
    split_overlap_free(&o);
    split_record_free(&old);
    split_record_free(&now);
    split_record_free(&all);
    small_set_close(&s);
}

TEST(metadata_holds_each_content_once_and_training_counts) {
    SmallSet s;
    SplitRecord skin, read;
    Text metadata = {0}, again = {0};
    small_set_open(&s);
    make_pairs(&s, "skin");
    record_of(&skin, &s, "skin", (CatalogOptions){0});
    size_t train = count_part(&skin, SPLIT_TRAIN), validation = count_part(&skin, SPLIT_VALIDATION);
    split_record_metadata(&metadata, &skin);
    CHECK(!split_record_parse(&read, metadata.chars, "model", NULL));
    CHECK(!split_record_inherit(&skin, &read, NULL));
    split_record_metadata(&again, &skin);
    split_record_free(&read);
    CHECK(!split_record_parse(&read, again.chars, "model", NULL));
    CHECK(count_part(&read, SPLIT_TRAIN) == train);
    CHECK(count_part(&read, SPLIT_VALIDATION) == validation);
    text_free(&again);
    split_record_free(&read);
    for (size_t i = 0; i < CASES; i++)
        skin.item[i].part = SPLIT_VALIDATION; /* some of them twice */
    split_record_metadata(&again, &skin);
    CHECK(!split_record_parse(&read, again.chars, "model", NULL));
    CHECK(count_part(&read, SPLIT_TRAIN) == train && read.count == CASES);
    text_free(&again);
    text_free(&metadata);
    split_record_free(&read);
    split_record_free(&skin);
    small_set_close(&s);
}

static int remedy_of(const SplitRecord *now, const SplitRecord *trained) {
    SplitOverlap o;
    CHECK(!split_overlap_find(&o, now, trained, NULL));
    int remedy = split_overlap_remedy(now, &o);
    split_overlap_free(&o);
    return remedy;
}

TEST(the_remedy_is_the_version_whose_test_part_is_new_to_the_model) {
    SmallSet s;
    SplitRecord first, second, alias;
    small_set_open(&s);
    make_pairs(&s, "skin");
    make_pairs(&s, "alias");
    record_of(&first, &s, "skin", (CatalogOptions){.rule = SPLIT_RULE_SET});
    record_of(&second, &s, "skin", (CatalogOptions){0});
    record_of(&alias, &s, "alias", (CatalogOptions){.rule = SPLIT_RULE_SET});
    CHECK(remedy_of(&second, &first) == 1); /* trained by 1, now 2 */
    CHECK(remedy_of(&first, &second) == 2);
    CHECK(remedy_of(&alias, &first) == 0 && remedy_of(&second, &alias) == 0); /* no version */
    CHECK(remedy_of(&first, &first) == 0); /* nothing to remedy */
    for (size_t i = 0; i < second.count; i++) second.item[i].rule = SPLIT_RULE_DEFAULT;
    CHECK(remedy_of(&second, &first) == 0); /* a list says the parts */
    split_record_free(&first);
    split_record_free(&second);
    split_record_free(&alias);
    small_set_close(&s);
}

TEST(metadata_that_is_no_record_is_refused) {
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"training\": []}",
        "{\"training\": [\"0123\"], \"validation\": []}",
        "{\"training\": [\"0123456789abcdeg\"], \"validation\": []}",
        "{\"training\": [7], \"validation\": []}"};
    SplitRecord r;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Error error = {0};
        CHECK(split_record_parse(&r, wrong[i], "model.safetensors", &error) == VOXPERT_BAD_MODEL);
        CHECK(strstr(error.message, "model.safetensors: ") == error.message && r.count == 0);
    }
    CHECK(!split_record_parse(&r, NULL, "", NULL) && r.count == 0);
}

TEST(a_list_that_gives_contents_is_checked_by_them) {
    SmallSet s;
    Catalog c;
    const uint8_t other[12] = {77};
    char content[HASH_TEXT], list[512];
    small_set_open(&s);
    make_pairs(&s, "skin");
    open_set(&c, &s, "skin", (CatalogOptions){0});
    CHECK(!case_content(content, &c.item[0], NULL));
    catalog_close(&c);
    snprintf(list, sizeof list,
             "{\"data\": \"skin\", \"cases\": [{\"name\": \"p00_0\", \"part\": \"test\", "
             "\"content\": \"%s\"}]}",
             content);
    small_text(&s, "list.json", list);
    for (int changed = 0; changed < 2; changed++) {
        size_t found = 0;
        if (changed) small_image(&s, "skin/images/p00_0.png", 4, 3, other);
        open_set(&c, &s, "list.json", (CatalogOptions){0});
        CHECK(!catalog_check(&c, NULL, NULL, NULL) && c.item[0].part == SPLIT_TEST);
        for (size_t i = 0; i < c.findings; i++) found += c.finding[i].rule == RULE_CONTENT;
        CHECK(found == (size_t)changed);
        catalog_close(&c);
    }
    small_set_close(&s);
}

TEST(short_memory_is_reported_and_leaks_nothing) {
    SmallSet s;
    Catalog c;
    Status status = VOXPERT_OUT_OF_MEMORY;
    small_set_open(&s);
    make_pairs(&s, "skin");
    open_set(&c, &s, "skin", (CatalogOptions){0});
    for (size_t n = 1; status == VOXPERT_OUT_OF_MEMORY; n++) {
        SplitRecord r = {0};
        memory_fail_at(n, false);
        status = split_record_add(&r, &c, &c.item[0], SPLIT_TRAIN, "0123456789abcdef", NULL);
        split_record_free(&r);
    }
    memory_fail_at(0, false);
    CHECK(status == VOXPERT_OK);
    catalog_close(&c);
    small_set_close(&s);
}

#include "eval/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

static char *made_folder(char *pattern, const char *const *names) {
    CHECK(mkdtemp(pattern) != NULL);
    for (; *names; names++) {
        char *path = path_join(pattern, *names);
        CHECK(!file_write(path, "", 0, NULL));
        memory_free(path);
    }
    return pattern;
}

static void remove_folder(const char *folder) {
    FileNames names;
    CHECK(!folder_list(&names, folder, NULL));
    for (size_t i = 0; i < names.count; i++) {
        char *path = path_join(folder, names.name[i]);
        unlink(path);
        memory_free(path);
    }
    file_names_free(&names);
    CHECK(rmdir(folder) == 0);
}

/* ---- Pairs ---------------------------------------------------------------------------------- */

static Status paired(CasePairs *p, const char *const *a, const char *const *b, PairRule rule,
                     Error *error) {
    char first[] = "/tmp/voxpert-first-XXXXXX", second[] = "/tmp/voxpert-second-XXXXXX";
    Status status = case_pairs_find(p, made_folder(first, a), made_folder(second, b), rule, error);
    remove_folder(first);
    remove_folder(second);
    return status;
}

static bool is_pair(const CasePairs *p, size_t i, const char *a, const char *b) {
    return strcmp(path_base(p->item[i].first), a) == 0 &&
           strcmp(path_base(p->item[i].second), b) == 0;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

TEST(files_of_one_stem_are_a_pair) {
    CasePairs p;
    CHECK(!paired(&p, NAMES("b.png", "a-1.png", "a.nii.gz", ".hidden.png", "notes.txt"),
                  NAMES("a-1.png", "a.nii", "b.tif", "plans.json"), (PairRule){.complete = true},
                  NULL));
    CHECK(p.count == 3 && is_pair(&p, 0, "a-1.png", "a-1.png"));
    CHECK(is_pair(&p, 1, "a.nii.gz", "a.nii") && is_pair(&p, 2, "b.png", "b.tif"));
    case_pairs_free(&p);
}

TEST(an_image_may_have_a_channels_number) {
    CasePairs p;
    Error error;
    const char *const *maps = NAMES("c.nii.gz"), *const *images = NAMES("c_0000.nii.gz", "d.nii");
    CHECK(!paired(&p, maps, images, (PairRule){.channels = true}, NULL));
    CHECK(p.count == 1 && is_pair(&p, 0, "c.nii.gz", "c_0000.nii.gz"));
    case_pairs_free(&p);
    CHECK(paired(&p, maps, images, (PairRule){.channels = false}, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "/c.nii.gz: there is no file of that name") != NULL);
}

TEST(a_header_and_its_voxels_are_one_file) {
    CasePairs p;
    CHECK(!paired(&p, NAMES("a.hdr", "a.img"), NAMES("a.nii"), (PairRule){.complete = true}, NULL));
    CHECK(p.count == 1 && is_pair(&p, 0, "a.hdr", "a.nii"));
    case_pairs_free(&p);
}

TEST(what_cannot_be_paired_is_named) {
    CasePairs p;
    Error error;
    CHECK(paired(&p, NAMES("a.png"), NAMES("a.png", "b.png"), (PairRule){.complete = true},
                 &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "/b.png: there is no file") && !p.item);
    CHECK(paired(&p, NAMES("a.png", "a.tif"), NAMES("a.png"), (PairRule){.complete = true},
                 &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "a.png and a.tif are files of one case") != NULL);
    CHECK(paired(&p, NAMES("a.txt"), NAMES("a.png"), (PairRule){.channels = true}, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "holds no images") != NULL);
    CHECK(case_pairs_find(&p, "/", "/dev/null", (PairRule){.complete = true}, &error) ==
          VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "/: is a folder, but /dev/null is none") != NULL);
}

TEST(what_has_no_partner_is_listed_where_that_is_allowed) {
    CasePairs p;
    Error error;
    const PairRule rule = {.partial = true, .channels = true};
    CHECK(!paired(&p, NAMES("a.png", "b.png", "c.png"),
                  NAMES("b_0000.png", "b_0001.png", "c.png", "d.png"), rule, NULL));
    CHECK(p.count == 2 && is_pair(&p, 0, "b.png", "b_0000.png") &&
          is_pair(&p, 1, "c.png", "c.png"));
    CHECK(p.alone.count == 2 && strstr(warnings_lines(&p.alone), "/a.png: there is no file"));
    CHECK(strstr(warnings_lines(&p.alone), "/d.png: there is no file") != NULL);
    case_pairs_free(&p);
    CHECK(paired(&p, NAMES("a.png"), NAMES("b.png"), rule, &error) == VOXPERT_BAD_INPUT);
    CHECK(strstr(error.message, "no file of it has one of the same name") && !p.item);
}

/* ---- Work ----------------------------------------------------------------------------------- */

enum { CASES = 40 };

typedef struct Job {
    int done[CASES];
    size_t bad, worse; /* cases that fail; CASES: none */
    size_t told, most;
} Job;

static Status do_case(void *context, size_t i, Error *error) {
    Job *job = context;
    job->done[i]++;
    if (i != job->bad && i != job->worse) return VOXPERT_OK;
    return error_set(error, VOXPERT_BAD_INPUT, "case %zu", i);
}

static void note_case(void *context, size_t done, size_t total, const char *name) {
    Job *job = context;
    job->told++;
    if (done > job->most) job->most = done;
    CHECK(total == CASES && strcmp(name, "x.png") == 0);
}

static Status run(Job *job, int threads, Error *error) {
    CasePair item[CASES];
    char first[] = "a/x.png";
    for (int i = 0; i < CASES; i++) item[i] = (CasePair){first, first};
    CaseWork work = {.done = note_case, .context = job};
    CHECK(!threads_open(&work.threads, threads, NULL));
    Status status = cases_run(&(CasePairs){item, CASES}, do_case, job, &work, error);
    threads_close(work.threads);
    return status;
}

TEST(every_case_is_done_once_on_any_number_of_threads) {
    for (int threads = 1; threads <= 7; threads += 3) {
        Job job = {.bad = CASES, .worse = CASES};
        CHECK(!run(&job, threads, NULL) && job.told == CASES && job.most == CASES);
        for (int i = 0; i < CASES; i++) CHECK(job.done[i] == 1);
    }
}

TEST(the_first_case_that_fails_is_the_one_reported) {
    for (int threads = 1; threads <= 7; threads += 2) {
        Error error = {0};
        Job job = {.bad = 31, .worse = 9};
        CHECK(run(&job, threads, &error) == VOXPERT_BAD_INPUT);
        CHECK(strcmp(error.message, "case 9") == 0);
        for (int i = 0; i < 9; i++) CHECK(job.done[i] == 1);
    }
}

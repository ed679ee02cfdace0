#include "eval/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "tests/check.h"

/* What gnuplot is given, by one that only writes it down. */
static char *script_of(Status (*draw)(const Evaluation *, const char *, const char **, Error *),
                       const Evaluation *e, const char **missing) {
    static const char program[] = "#!/bin/sh\ncat >\"${0%/*}/script\"\necho figure\n";
    char folder[] = "/tmp/voxpert-figures-XXXXXX", both[4096];
    char *before = memory_text(getenv("PATH"));
    CHECK(mkdtemp(folder) != NULL);
    char *plot = path_join(folder, "gnuplot"), *figure = path_join(folder, "figure.png"),
         *script = path_join(folder, "script"), *text = NULL;
    CHECK(!file_write(plot, program, strlen(program), NULL) && chmod(plot, 0755) == 0);
    snprintf(both, sizeof both, "%s:%s", folder, before);
    setenv("PATH", both, 1);
    CHECK(!draw(e, figure, missing, NULL));
    setenv("PATH", before, 1);
    FileMap map = {0};
    if (!*missing && !file_map(&map, script, VOXPERT_BAD_INPUT, NULL)) {
        text = memory_new(map.size + 1);
        memcpy(text, map.bytes, map.size);
    }
    file_unmap(&map);
    char *const all[] = {plot, figure, script};
    for (int i = 0; i < 3; i++) {
        unlink(all[i]);
        memory_free(all[i]);
    }
    CHECK(rmdir(folder) == 0);
    memory_free(before);
    return text;
}

static LabelScore scores[3][2];
static CaseScore cases[3];
static EvaluatedLabel labels[] = {{.value = {1}, .values = 1, .name = "it's"},
                                  {.value = {2}, .values = 1}};

static Evaluation made(unsigned groups) {
    Evaluation e = {.rule = {labels, 2, EMPTY_NAN, 0, {.groups = groups}},
                    .label = labels,
                    .item = cases,
                    .count = 3};
    for (int i = 0; i < 3; i++) {
        cases[i] = (CaseScore){.label = scores[i]};
        for (int l = 0; l < 2; l++) {
            for (int m = 0; m < METRICS; m++) scores[i][l].value[m] = 0.25 * (i + 1);
            scores[i][l].value[METRIC_VOLUME_REF] = l ? 0.0 : 100.0;
            scores[i][l].value[METRIC_VOLUME_PRED] = l ? 0.0 : 100.0 + 10.0 * i;
        }
    }
    return e;
}

TEST(boxes_hold_finite_values_and_count_the_others) {
    Evaluation e = made(1 << GROUP_DICE | 1 << GROUP_HD95);
    const char *missing = "";
    scores[0][0].value[METRIC_HD95_ELEMENTS] = (double)INFINITY;
    scores[1][1].value[METRIC_DICE] = (double)NAN;
    char *s = script_of(figure_boxes, &e, &missing);
    CHECK(!missing && s);
    CHECK(strstr(s, "set title 'Dice'") && strstr(s, "$m0l0 << EOD\n0.25\n0.5\n0.75\nEOD"));
    CHECK(strstr(s, "$m0l1 << EOD\n0.25\n0.75\nEOD") != NULL);
    CHECK(strstr(s, "set title '95 % Hausdorff distance, mm, 1 infinite left out'") != NULL);
    CHECK(strstr(s, "'1 it''s' 1, '2' 2)") && strstr(s, "layout 1,2"));
    memory_free(s);
}

TEST(volumes_are_drawn_with_their_limits) {
    const Evaluation e = made(1 << GROUP_VOLUME);
    const char *missing = "";
    char *s = script_of(figure_bland_altman, &e, &missing); /* differences 0, 10, 20: 10 +- 19.6 */
    CHECK(!missing && s);
    CHECK(strstr(s, "'1 it''s'.': mean 10, limits (1.96 SD) -9.6 to 29.6'") != NULL);
    CHECK(strstr(s, "100 0\n105 10\n110 20\nEOD") && strstr(s, "mean of both, mm3"));
    CHECK(!strstr(s, "plot $v1")); /* nothing is there in any case */
    memory_free(s);
}

TEST(where_there_is_nothing_to_draw_nothing_is_drawn) {
    Evaluation e = made(1 << GROUP_DICE);
    const char *missing = NULL;
    for (int i = 0; i < 6; i++) scores[i / 2][i % 2].value[METRIC_DICE] = (double)NAN;
    CHECK(!script_of(figure_boxes, &e, &missing));
    CHECK(missing && strcmp(missing, "no case has a finite value") == 0);
    CHECK(!script_of(figure_bland_altman, &e, &missing));
    CHECK(missing && strcmp(missing, "it needs the metric vol, which was not chosen") == 0);
    e.rule.metrics.groups = 1 << GROUP_VOLUME;
    for (int i = 0; i < 6; i++) scores[i / 2][i % 2].value[METRIC_VOLUME_REF] = (double)NAN;
    CHECK(!script_of(figure_bland_altman, &e, &missing));
    CHECK(missing && strcmp(missing, "no case has a label with a size") == 0);
}

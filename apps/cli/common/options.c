#include "cli/common/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/common_rules.h"
#include "cli/common/error.h"
#include "cli/common/numbers.h"

/* ---- Misspelt words --------------------------------------------------------------------- */

enum { WORD_MAX = 48 };

/* Levenshtein's distance. */
static int distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b);
    int row[WORD_MAX + 1];
    if (m > WORD_MAX || n > WORD_MAX) return WORD_MAX;
    for (size_t j = 0; j <= n; j++) row[j] = (int)j;
    for (size_t i = 1; i <= m; i++) {
        int corner = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= n; j++) {
            int changed = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            int shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = changed < shorter ? changed : shorter;
        }
    }
    return row[n];
}

const char *closest(const char *word, const char *(*word_at)(const void *context, int i),
                    const void *context) {
    const char *best = NULL, *known;
    int least = 1 + (int)strlen(word) / 3;
    for (int i = 0; (known = word_at(context, i)); i++) {
        int far = distance(word, known);
        if (far > least || (best && far == least)) continue;
        best = known;
        least = far;
    }
    return best;
}

/* ---- Parsing ---------------------------------------------------------------------------- */

const OptionRule *option_rule_at(const OptionRule *rules, int index) {
    int own = 0;
    while (rules[own].name) own++;
    const OptionRule *r = index < own ? &rules[index] : &common_rules[index - own];
    return r->name ? r : NULL;
}

static const char *name_at(const void *context, int index) {
    const OptionRule *r = option_rule_at(context, index);
    return r ? r->name : NULL;
}

static const OptionRule *rule_of(const OptionRule *rules, const char *word, size_t length) {
    const OptionRule *r;
    for (int i = 0; (r = option_rule_at(rules, i)); i++) {
        if (strlen(r->name) == length && strncmp(r->name, word, length) == 0) return r;
        if (r->letter && word[0] == '-' && word[1] == r->letter && word[2] == '\0') return r;
    }
    return NULL;
}

const OptionRule *option_rule_find(const OptionRule *rules, const char *flag) {
    return rule_of(rules, flag, strlen(flag));
}

bool option_word_at(char out[OPTION_WORD_MAX], const OptionRule *rule, int index) {
    const char *word = rule->word_at ? rule->word_at(index) : rule->words;
    for (int i = 0; !rule->word_at && word && i < index; i++) {
        word = strchr(word, '|');
        if (word) word++;
    }
    if (word) snprintf(out, OPTION_WORD_MAX, "%.*s", (int)strcspn(word, "|"), word);
    return word != NULL;
}

/* "-o" of "-omask.png" */
static const OptionRule *rule_of_letter(const OptionRule *rules, const char *word) {
    char flag[3] = {'-', word[1], '\0'};
    const OptionRule *r = word[1] == '-' ? NULL : rule_of(rules, flag, 2);
    return r && r->takes_value ? r : NULL;
}

static VoxpertStatus unknown(const OptionRule *rules, const char *word, size_t length,
                             VoxpertError *error) {
    char *flag = cli_text("%.*s", (int)length, word);
    const char *near = closest(flag, name_at, rules);
    error_say(error, VOXPERT_BAD_ARGUMENT, "unknown flag %s%s%s%s", flag,
              near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    free(flag);
    return VOXPERT_BAD_ARGUMENT;
}

static VoxpertStatus add(Options *o, const OptionRule *rule, const char *value,
                         VoxpertError *error) {
    for (int i = 0; i < o->count && !rule->repeats; i++) {
        if (o->item[i].rule == rule)
            return error_say(error, VOXPERT_BAD_ARGUMENT, "%s is given twice", rule->name);
    }
    cli_grow(&o->item, (size_t)o->count, sizeof *o->item);
    o->item[o->count++] = (Option){rule, value};
    return VOXPERT_OK;
}

/* Takes the flag at argv[*at], and its value. */
static VoxpertStatus take(Options *o, const OptionRule *rules, int argc, char **argv, int *at,
                          VoxpertError *error) {
    const char *word = argv[*at], *equals = strchr(word, '='), *value = NULL;
    size_t length = equals && word[1] == '-' ? (size_t)(equals - word) : strlen(word);
    const OptionRule *rule = rule_of(rules, word, length);
    if (rule && equals && word[1] == '-') {
        value = equals + 1;
    } else if (!rule && (rule = rule_of_letter(rules, word))) {
        value = word + 2;
    }
    if (!rule) return unknown(rules, word, length, error);
    if (value && !rule->takes_value)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s takes no value", rule->name);
    if (!value && rule->takes_value) {
        /* a value may begin with a minus, but not be a flag */
        if (*at + 1 < argc && !rule_of(rules, argv[*at + 1], strlen(argv[*at + 1])))
            value = argv[++*at];
    }
    if (rule->takes_value && (!value || !*value))
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s needs a value", rule->name);
    return add(o, rule, value, error);
}

VoxpertStatus options_parse(Options *out, const OptionRule *rules, bool takes_argument, int argc,
                            char **argv, VoxpertError *error) {
    *out = (Options){0};
    bool flags = true;
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 1; !status && i < argc; i++) {
        if (flags && strcmp(argv[i], "--") == 0)
            flags = false;
        else if (flags && argv[i][0] == '-' && argv[i][1])
            status = take(out, rules, argc, argv, &i, error);
        else if (takes_argument && !out->argument)
            out->argument = argv[i];
        else
            status = error_say(error, VOXPERT_BAD_ARGUMENT, "\"%s\" is no flag", argv[i]);
    }
    return status;
}

void options_free(Options *o) {
    free(o->item);
    *o = (Options){0};
}

/* ---- Asking ----------------------------------------------------------------------------- */

const Option *options_find(const Options *o, const char *name) {
    for (int i = 0; i < o->count; i++) {
        if (strcmp(o->item[i].rule->name, name) == 0) return &o->item[i];
    }
    return NULL;
}

bool options_has(const Options *o, const char *name) { return options_find(o, name) != NULL; }

const char *options_value(const Options *o, const char *name) {
    const Option *found = options_find(o, name);
    return found ? found->value : NULL;
}

VoxpertStatus options_whole(const Options *o, const char *name, long low, long high, int *out,
                            VoxpertError *error) {
    const char *text = options_value(o, name);
    long value;
    if (!text) return VOXPERT_OK;
    if (!whole_parse(&value, text) || value < low || value > high)
        return error_say(error, VOXPERT_BAD_ARGUMENT,
                         "%s %s: must be a whole number from %ld to %ld", name, text, low, high);
    *out = (int)value;
    return VOXPERT_OK;
}

VoxpertStatus options_number(const Options *o, const char *name, double low, double high,
                             float *out, VoxpertError *error) {
    const char *text = options_value(o, name);
    double value;
    if (!text) return VOXPERT_OK;
    if (!numbers_parse(&value, 1, text) || value < low || value > high)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: must be a number from %g to %g", name,
                         text, low, high);
    *out = (float)value;
    return VOXPERT_OK;
}

VoxpertStatus options_choice(const Options *o, const char *name, int *out, VoxpertError *error) {
    const Option *found = options_find(o, name);
    char word[OPTION_WORD_MAX], known[256] = "";
    if (!found) return VOXPERT_OK;
    for (int i = 0; option_word_at(word, found->rule, i); i++) {
        if (strcmp(found->value, word) == 0) {
            *out = i;
            return VOXPERT_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", word);
    }
    return error_say(error, VOXPERT_BAD_ARGUMENT, "%s %s: must be one of %s", name, found->value,
                     known);
}

VoxpertStatus options_word(const Options *o, const char *name, const char **out,
                           VoxpertError *error) {
    int place;
    VoxpertStatus status = options_choice(o, name, &place, error);
    if (!status && options_has(o, name)) *out = options_value(o, name);
    return status;
}

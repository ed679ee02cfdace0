#include "cli/common/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common/common_rules.h"
#include "cli/common/error.h"
#include "cli/common/numbers.h"
#include "cli/common/synonyms.h"

/* ---- Misspelt words --------------------------------------------------------------------- */

enum { WORD_MAX = 48 };

static int lesser(int a, int b) { return a < b ? a : b; }

/* Levenshtein's distance, in which two letters that are exchanged count as one change. */
static int distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b);
    int row[WORD_MAX + 1][WORD_MAX + 1];
    if (m > WORD_MAX || n > WORD_MAX) return WORD_MAX;
    for (size_t j = 0; j <= n; j++) row[0][j] = (int)j;
    for (size_t i = 1; i <= m; i++) {
        row[i][0] = (int)i;
        for (size_t j = 1; j <= n; j++) {
            row[i][j] = lesser(row[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
                               lesser(row[i - 1][j], row[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[i][j] = lesser(row[i][j], row[i - 2][j - 2] + 1);
        }
    }
    return row[m][n];
}

const char *closest(const char *word, const char *(*word_at)(const void *context, int i),
                    const void *context) {
    const char *best = NULL, *known;
    int least = (int)(strlen(word) - strspn(word, "-")) / 3; /* more is another word */
    if (least < 1) least = 1;
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

/* The row of another program's flag that holds for this verb, or NULL. */
static const Synonym *synonym(const OptionRule *rules, const char *word, size_t length) {
    const Synonym *s = NULL;
    while ((s = synonym_of_flag(word, length, s))) {
        if (!s->flag || option_rule_find(rules, s->flag)) break;
    }
    return s;
}

static VoxpertStatus unknown(const OptionRule *rules, const char *word, size_t length,
                             VoxpertError *error) {
    char *flag = cli_text("%.*s", (int)length, word);
    const Synonym *same = synonym(rules, word, length);
    const char *near = same ? same->flag : closest(flag, name_at, rules);
    if (same && !same->flag)
        error_say(error, VOXPERT_BAD_ARGUMENT, "unknown flag %s; %s", flag, same->advice);
    else
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

static const OptionRule *rule_of_synonym(Options *o, const OptionRule *rules, const char *word,
                                         size_t length) {
    const Synonym *same = synonym(rules, word, length);
    if (!same || !same->flag || same->only_suggest) return NULL;
    const OptionRule *rule = option_rule_find(rules, same->flag);
    cli_grow(&o->warning, (size_t)o->warnings, sizeof *o->warning);
    o->warning[o->warnings++] = cli_text("%.*s is taken as %s", (int)length, word, rule->name);
    return rule;
}

static bool is_number(const char *word) {
    double value;
    return numbers_parse(&value, 1, word);
}

/* "1,2,3,4" of --box 1 2 3 4, whose first number is argv[*at]; else that word. */
static const char *join_numbers(Options *o, int numbers, int argc, char **argv, int *at) {
    int count = 0;
    while (count < numbers && *at + count < argc && is_number(argv[*at + count])) count++;
    if (numbers < 2 || count < numbers) return argv[*at];
    char *joined = cli_text("%s", argv[*at]);
    for (int i = 1; i < numbers; i++) {
        char *longer = cli_text("%s,%s", joined, argv[++*at]);
        free(joined);
        joined = longer;
    }
    cli_grow(&o->owned, (size_t)o->owned_count, sizeof *o->owned);
    return o->owned[o->owned_count++] = joined;
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
    if (!rule && (rule = rule_of_synonym(o, rules, word, length)) && length < strlen(word))
        value = equals + 1;
    if (!rule) return unknown(rules, word, length, error);
    if (value && !rule->takes_value)
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s takes no value", rule->name);
    if (!value && rule->takes_value) {
        /* a value may begin with a minus, but not be a flag */
        if (*at + 1 < argc && !rule_of(rules, argv[*at + 1], strlen(argv[*at + 1])))
            ++*at, value = join_numbers(o, rule->numbers, argc, argv, at);
    }
    if (rule->takes_value && (!value || !*value))
        return error_say(error, VOXPERT_BAD_ARGUMENT, "%s needs a value", rule->name);
    return add(o, rule, value, error);
}

/* The rule whose value the next word without a flag is: the first by place that has none yet. */
static const OptionRule *rule_of_place(const Options *o, const OptionRule *rules) {
    const OptionRule *best = NULL;
    for (const OptionRule *r = rules; r->name; r++) {
        if (r->place && (r->repeats || !options_has(o, r->name)) &&
            (!best || r->place < best->place))
            best = r;
    }
    return best;
}

/* `word` [words], left when all flags were taken. */
static VoxpertStatus take_words(Options *o, const OptionRule *rules, char **word, int words,
                                VoxpertError *error) {
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 0; !status && i < words; i++) {
        const OptionRule *rule = is_number(word[i]) ? NULL : rule_of_place(o, rules);
        status =
            rule ? add(o, rule, word[i], error)
                 : error_say(error, VOXPERT_BAD_ARGUMENT, "\"%s\" is no flag%s", word[i],
                             is_number(word[i]) ? "; numbers of one flag have commas between them"
                                                : "");
    }
    return status;
}

VoxpertStatus options_parse(Options *out, const OptionRule *rules, bool takes_argument, int argc,
                            char **argv, VoxpertError *error) {
    *out = (Options){0};
    bool flags = true;
    int words = 0;
    char **word = cli_new((size_t)argc, sizeof *word);
    VoxpertStatus status = VOXPERT_OK;
    for (int i = 1; !status && i < argc; i++) {
        if (flags && strcmp(argv[i], "--") == 0)
            flags = false;
        else if (flags && argv[i][0] == '-' && argv[i][1])
            status = take(out, rules, argc, argv, &i, error);
        else if (takes_argument && !out->argument)
            out->argument = argv[i];
        else
            word[words++] = argv[i];
    }
    if (!status) status = take_words(out, rules, word, words, error);
    free(word);
    return status;
}

static void free_texts(char **text, int count) {
    for (int i = 0; i < count; i++) free(text[i]);
    free(text);
}

void options_free(Options *o) {
    free_texts(o->owned, o->owned_count);
    free_texts(o->warning, o->warnings);
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

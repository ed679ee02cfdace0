#include "cli/common/complete.h"

#include <stdio.h>
#include <string.h>

#include "cli/common/common.h"

static void offer(const char *word, const char *prefix) {
    if (strncmp(word, prefix, strlen(prefix)) == 0) puts(word);
}

static void offer_verbs(const Verb *const *verbs, const char *prefix) {
    for (int i = 0; verbs[i]; i++) offer(verbs[i]->name, prefix);
}

static void offer_parts(const VerbPart *parts, const char *prefix) {
    for (const VerbPart *p = parts; p->name; p++) offer(p->name, prefix);
    offer("--help", prefix);
}

static void offer_values(const OptionRule *rule, const char *prefix) {
    char word[OPTION_WORD_MAX];
    for (int i = 0; option_word_at(word, rule, i); i++) offer(word, prefix);
}

static void offer_flags(const OptionRule *rules, const char *prefix) {
    const OptionRule *r;
    for (int i = 0; (r = option_rule_at(rules, i)); i++) {
        const char letter[] = {'-', r->letter, '\0'};
        offer(r->name, prefix);
        if (r->letter) offer(letter, prefix);
    }
    offer("--help", prefix);
    offer("--version", prefix);
}

/* Of a verb, or of the part that the second word names; NULL: there is no such part. */
static const OptionRule *rules_of(const Verb *verb, const char *second) {
    if (verb->make_rules) return verb->make_rules();
    const VerbPart *p = verb->parts;
    while (p && p->name && strcmp(p->name, second) != 0) p++;
    return p ? p->rules : verb->rules;
}

/* `words` [count], of which the first are a verb and perhaps its part. */
static void complete_flags(const OptionRule *rules, int count, char **words) {
    const char *last = words[count - 1], *flag = words[count - 2];
    if (strcmp(flag, "=") == 0 && count > 2) flag = words[count - 3]; /* the shell parts --a=b */
    if (strcmp(last, "=") == 0) last = "";
    const OptionRule *rule = option_rule_find(rules, flag);
    if (rule && rule->takes_value)
        offer_values(rule, last);
    else if (*last == '-')
        offer_flags(rules, last);
}

static void complete(const Verb *const *verbs, int count, char **words) {
    const char *last = words[count - 1];
    if (count == 1) {
        offer_verbs(verbs, last);
        offer("help", last);
        offer("--help", last);
        offer("--version", last);
        return;
    }
    if (count == 2 && strcmp(words[0], "help") == 0) offer_verbs(verbs, last);
    while (*verbs && strcmp((*verbs)->name, words[0]) != 0) verbs++;
    if (!*verbs) return;
    if ((*verbs)->parts && count == 2) {
        offer_parts((*verbs)->parts, last);
        return;
    }
    const OptionRule *rules = rules_of(*verbs, words[1]);
    if (rules) complete_flags(rules, count, words);
}

int complete_line(const Verb *const *verbs, int count, char **words) {
    if (count > 0 && strcmp(words[0], "--") == 0) words++, count--;
    if (count > 0) complete(verbs, count, words);
    return 0;
}

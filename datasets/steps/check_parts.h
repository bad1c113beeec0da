// Rules of the step "check", made ready for cells.
#ifndef DATASETS_STEPS_CHECK_PARTS_H
#define DATASETS_STEPS_CHECK_PARTS_H

#include <regex.h>

#include "datasets/steps/state.h"

struct check_settings {
    char pattern[PARAM_TEXT_SIZE], low[PARAM_TEXT_SIZE], high[PARAM_TEXT_SIZE], set[PARAM_TEXT_SIZE];
    bool unique, not_missing;
    char flag[PARAM_TEXT_SIZE], columns[PARAM_TEXT_SIZE];
};

enum broken { RULES_KEPT, RULE_MISSING, RULE_LOW, RULE_HIGH, RULE_SET, RULE_PATTERN, RULE_UNIQUE };

struct rules {
    const struct check_settings *settings;
    double low, high; // −∞ and ∞ where there is none
    regex_t pattern;
    bool has_pattern;
    char **set; // [set_count]
    size_t set_count;
};

// Of a column of that type; a rule that makes no sense for it is refused, with the column's name.
enum status rules_make(const struct check_settings *settings, const char *column, enum column_type type,
                       struct rules *rules, struct error *error);
void rules_free(struct rules *rules);
// Which rule a cell that is there breaks, besides those of missing and unique cells.
enum broken rules_number(const struct rules *rules, enum column_type type, double value);
enum broken rules_word(const struct rules *rules, const char *word);
// The rule in words: "at least 0".
void rules_text(const struct rules *rules, enum broken broken, char *out, size_t size);

#endif

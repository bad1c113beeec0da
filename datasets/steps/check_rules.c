#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/cell_date.h"
#include "datasets/steps/check_parts.h"

static enum status read_bound(const char *text, const char *name, const char *column, enum column_type type,
                              double *bound, struct error *error) {
    if (text[0] == '\0')
        return STATUS_OK;
    if (type != COLUMN_NUMERIC && type != COLUMN_DATE)
        return error_set(error, STATUS_INVALID, "\"%s\" is a rule for numbers and dates, and column \"%s\" is %s", name,
                         column, column_type_name(type));
    bool good = type == COLUMN_DATE ? cell_date(text, strlen(text), bound) : number_parse(text, bound);
    if (good && !isnan(*bound))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "\"%s\" is \"%.80s\", and column \"%s\" holds %s", name, text, column,
                     type == COLUMN_DATE ? "dates: give one like 2020-01-31" : "numbers: give one");
}

static enum status read_set(const char *list, struct rules *rules, struct error *error) {
    char word[PARAM_TEXT_SIZE];
    rules->set = mem_alloc(strlen(list) + 1, sizeof *rules->set);
    if (rules->set == NULL)
        return error_memory(error, "the words of a set", strlen(list) * sizeof *rules->set);
    while (column_list_next(&list, word)) {
        rules->set[rules->set_count] = mem_string(word);
        if (rules->set[rules->set_count++] == NULL)
            return error_memory(error, "the words of a set", strlen(word));
    }
    return STATUS_OK;
}

static enum status read_pattern(const char *text, struct rules *rules, struct error *error) {
    char why[160];
    if (text[0] == '\0')
        return STATUS_OK;
    int code = regcomp(&rules->pattern, text, REG_EXTENDED | REG_NOSUB);
    rules->has_pattern = code == 0;
    if (code == 0)
        return STATUS_OK;
    regerror(code, &rules->pattern, why, sizeof why);
    return error_set(error, STATUS_INVALID, "\"pattern\" \"%.80s\" is no extended regular expression: %s", text, why);
}

enum status rules_make(const struct check_settings *settings, const char *column, enum column_type type,
                       struct rules *rules, struct error *error) {
    *rules = (struct rules){.settings = settings, .low = -INFINITY, .high = INFINITY};
    enum status status = read_bound(settings->low, "low", column, type, &rules->low, error);
    if (status == STATUS_OK)
        status = read_bound(settings->high, "high", column, type, &rules->high, error);
    if (status == STATUS_OK && rules->low > rules->high)
        status = error_set(error, STATUS_INVALID, "low must be at most high: no value can keep this rule");
    if (status == STATUS_OK)
        status = read_set(settings->set, rules, error);
    if (status == STATUS_OK)
        status = read_pattern(settings->pattern, rules, error);
    if (status != STATUS_OK)
        rules_free(rules);
    return status;
}

void rules_free(struct rules *rules) {
    for (size_t i = 0; i < rules->set_count; i++)
        mem_free(rules->set[i]);
    mem_free(rules->set);
    if (rules->has_pattern)
        regfree(&rules->pattern);
    *rules = (struct rules){0};
}

static bool is_in_set(const struct rules *rules, const char *text, enum column_type type, double value) {
    double number;
    for (size_t i = 0; i < rules->set_count; i++) {
        const char *word = rules->set[i];
        if (text_equal(word, text))
            return true;
        if (type == COLUMN_NUMERIC && number_parse(word, &number) && number == value) // 1.0 is 1
            return true;
        if (type == COLUMN_DATE && cell_date(word, strlen(word), &number) && number == value)
            return true;
    }
    return false;
}

static enum broken judge(const struct rules *rules, const char *text, enum column_type type, double value) {
    if (rules->set_count > 0 && !is_in_set(rules, text, type, value))
        return RULE_SET;
    if (rules->has_pattern && regexec(&rules->pattern, text, 0, NULL, 0) != 0)
        return RULE_PATTERN;
    return RULES_KEPT;
}

enum broken rules_number(const struct rules *rules, enum column_type type, double value) {
    char text[64];
    if (value < rules->low)
        return RULE_LOW;
    if (value > rules->high)
        return RULE_HIGH;
    if (rules->set_count == 0 && !rules->has_pattern)
        return RULES_KEPT;
    return judge(rules, number_cell_text(type, value, text), type, value);
}

enum broken rules_word(const struct rules *rules, const char *word) {
    return judge(rules, word, COLUMN_TEXT, NAN);
}

void rules_text(const struct rules *rules, enum broken broken, char *out, size_t size) {
    const struct check_settings *settings = rules->settings;
    static const char *const forms[] = {
        [RULES_KEPT] = "",      [RULE_MISSING] = "not missing", [RULE_LOW] = "at least ", [RULE_HIGH] = "at most ",
        [RULE_SET] = "one of ", [RULE_PATTERN] = "matching ",   [RULE_UNIQUE] = "unique"};
    const char *value = broken == RULE_LOW       ? settings->low
                        : broken == RULE_HIGH    ? settings->high
                        : broken == RULE_SET     ? settings->set
                        : broken == RULE_PATTERN ? settings->pattern
                                                 : "";
    snprintf(out, size, "%s%s", forms[broken], value);
}

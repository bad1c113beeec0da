// Values through a table; the table of a run's hyper-parameters is in params_train.c.
#include "core/params.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"

static const void *field(const struct param *row, const void *values) {
    return (const char *)values + row->offset;
}

static void *field_to_set(const struct param *row, void *values) {
    return (char *)values + row->offset;
}

static bool is_text(const struct param *row) {
    return row->type == PARAM_CHOICE || row->type == PARAM_TEXT || row->type == PARAM_WIDTHS ||
           row->type == PARAM_COLUMNS;
}

void params_defaults(const struct param_table *table, void *values) {
    memset(values, 0, table->struct_size);
    for (size_t i = 0; i < table->count; i++) {
        const struct param *row = &table->rows[i];
        struct error error;
        enum status status = params_set(table, values, row->name, row->fallback, &error);
        assert(status == STATUS_OK); // a default outside its own range
        (void)status;
    }
}

// '-' and '_' are the same.
static bool same_name(const char *a, const char *b) {
    for (; *a && *b; a++, b++) {
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    }
    return *a == *b;
}

const struct param *params_find(const struct param_table *table, const char *name) {
    for (size_t i = 0; i < table->count; i++) {
        if (same_name(table->rows[i].name, name))
            return &table->rows[i];
    }
    return NULL;
}

static enum status unknown_name(const struct param_table *table, const char *name, struct error *error) {
    enum { NAMES_TOLD = 12 }; // of a small table
    struct text_nearest nearest = text_nearest_of(name);
    char hint[TEXT_HINT_SIZE];
    for (size_t i = 0; i < table->count; i++)
        text_nearest_try(&nearest, table->rows[i].name);
    bool told = nearest.name || table->count <= NAMES_TOLD;
    return error_set(error, STATUS_INVALID, "there is no parameter \"%s\"; %s", name,
                     told ? text_nearest_hint(&nearest, hint) : "--help lists them all");
}

// ---- choices ----------------------------------------------------------------------------------

// Steps through "sgd|adam": false at the end.
static bool next_choice(const char **choices, char *out) {
    size_t length = strcspn(*choices, "|");
    if (length == 0)
        return false;
    assert(length < PARAM_TEXT_SIZE);
    memcpy(out, *choices, length);
    out[length] = '\0';
    *choices += length + ((*choices)[length] == '|');
    return true;
}

static bool choice_exists(const char *choices, const char *text) {
    char choice[PARAM_TEXT_SIZE];
    while (next_choice(&choices, choice)) {
        if (text_equal(choice, text))
            return true;
    }
    return false;
}

static void nudge_choice(const struct param *row, const char *now, int direction, char *out) {
    char first[PARAM_TEXT_SIZE] = "", before[PARAM_TEXT_SIZE] = "", choice[PARAM_TEXT_SIZE] = "";
    const char *rest = row->choices;
    bool found = false, done = false;
    while (!done && next_choice(&rest, choice)) {
        if (!first[0])
            memcpy(first, choice, sizeof first);
        if (direction > 0) {
            done = found;
            found = found || text_equal(choice, now);
        } else {
            found = text_equal(choice, now);
            done = found && before[0];
            if (!done)
                memcpy(before, choice, sizeof before);
        }
    }
    // past either end it goes on at the other
    const char *chosen = direction > 0 ? (done ? choice : first) : before;
    memcpy(out, chosen, strlen(chosen) + 1);
}

// ---- ranges -----------------------------------------------------------------------------------

static bool has_range(const struct param *row) {
    return row->low < row->high;
}

static bool in_range(const struct param *row, double value) {
    if (isnan(value))
        return false;
    if (!has_range(row))
        return true;
    return (row->low_open ? value > row->low : value >= row->low) &&
           (row->high_open ? value < row->high : value <= row->high);
}

static void number_range_text(const struct param *row, struct str *out) {
    char low[32], high[32];
    number_text(row->low, low);
    number_text(row->high, high);
    bool lowest = has_range(row) && isfinite(row->low), highest = has_range(row) && isfinite(row->high);
    if (row->type == PARAM_INTEGER)
        str_add(out, lowest || highest ? "a whole number " : "a whole number");
    else if (!lowest && !highest)
        str_add(out, "any number");
    if (lowest && highest && !row->low_open && !row->high_open) {
        str_format(out, "from %s to %s", low, high);
    } else {
        if (lowest)
            str_format(out, "%s %s", row->low_open ? "greater than" : "at least", low);
        if (highest)
            str_format(out, "%s%s %s", lowest ? " and " : "", row->high_open ? "less than" : "at most", high);
    }
    if (row->unit && row->unit[0])
        str_format(out, "%s%s", lowest || highest ? " " : " of ", row->unit);
}

static void choices_text(const struct param *row, struct str *out) {
    char choice[PARAM_TEXT_SIZE];
    const char *rest = row->choices;
    str_add(out, "one of ");
    for (bool first = true; next_choice(&rest, choice); first = false)
        str_format(out, "%s%s", first ? "" : ", ", choice);
}

char *params_range_text(const struct param *row, char *out) {
    char low[32], high[32];
    struct str text = {0};
    switch (row->type) {
    case PARAM_INTEGER:
    case PARAM_REAL:
        number_range_text(row, &text);
        break;
    case PARAM_SWITCH:
        str_add(&text, "yes or no");
        break;
    case PARAM_CHOICE:
        choices_text(row, &text);
        break;
    case PARAM_TEXT:
        str_format(&text, "text of at most %d bytes", PARAM_TEXT_SIZE - 1);
        break;
    case PARAM_WIDTHS:
        str_format(&text, "whole numbers from %s to %s, separated by commas", number_text(row->low, low),
                   number_text(row->high, high));
        break;
    case PARAM_COLUMNS:
        str_add(&text, "column names separated by commas; empty for all that fit");
        break;
    }
    snprintf(out, PARAM_TEXT_SIZE, "%s", str_text(&text));
    str_free(&text);
    return out;
}

static enum status refuse(const struct param *row, const char *text, const char *why, struct error *error) {
    char range[PARAM_TEXT_SIZE];
    return error_set(error, STATUS_INVALID, "%s %.80s: %smust be %s", row->label, text[0] ? text : "(empty)", why,
                     params_range_text(row, range));
}

// ---- setting ----------------------------------------------------------------------------------

static enum status set_integer(const struct param *row, void *to, const char *text, struct error *error) {
    int64_t value;
    if (!integer_parse(text, &value))
        return refuse(row, text, "", error);
    if (!in_range(row, (double)value))
        return refuse(row, text, "", error);
    *(int64_t *)to = value;
    return STATUS_OK;
}

static enum status set_real(const struct param *row, void *to, const char *text, struct error *error) {
    double value;
    if (!number_parse(text, &value))
        return refuse(row, text, "is not a number; ", error);
    if (!in_range(row, value))
        return refuse(row, text, "", error);
    *(double *)to = value;
    return STATUS_OK;
}

static enum status set_switch(const struct param *row, void *to, const char *text, struct error *error) {
    bool yes = text_equal(text, "yes") || text_equal(text, "on") || text_equal(text, "true") || text_equal(text, "1");
    bool no = text_equal(text, "no") || text_equal(text, "off") || text_equal(text, "false") || text_equal(text, "0");
    if (!yes && !no)
        return refuse(row, text, "", error);
    *(bool *)to = yes;
    return STATUS_OK;
}

// Reads one width and steps over the comma; false when it is not a whole number.
static bool next_width(const char **text, int64_t *width) {
    char digits[24];
    *text += strspn(*text, " ");
    size_t length = strcspn(*text, " ,");
    if (length >= sizeof digits)
        return false;
    memcpy(digits, *text, length);
    digits[length] = '\0';
    *text += length;
    *text += strspn(*text, " ");
    if (!integer_parse(digits, width) || (**text != ',' && **text != '\0'))
        return false;
    if (**text == ',')
        ++*text;
    return true;
}

size_t params_widths(const char *text, int64_t *widths, size_t most) {
    size_t count = 0;
    while (*text && count < most && next_width(&text, &widths[count]))
        count++;
    return count;
}

static bool widths_fit(const struct param *row, const char *text) {
    int64_t width;
    if (!*text || text[strlen(text) - 1] == ',')
        return false;
    while (*text) {
        if (!next_width(&text, &width) || !in_range(row, (double)width))
            return false;
    }
    return true;
}

static enum status set_text(const struct param *row, void *to, const char *text, struct error *error) {
    size_t length = strlen(text);
    if (length >= PARAM_TEXT_SIZE)
        return error_set(error, STATUS_INVALID, "%s %.40s…: has %zu bytes; at most %d are kept", row->label, text,
                         length, PARAM_TEXT_SIZE - 1);
    if (!utf8_valid(text, length))
        return refuse(row, text, "is not valid UTF-8; ", error);
    if (row->type == PARAM_CHOICE && !choice_exists(row->choices, text))
        return refuse(row, text, "", error);
    if (row->type == PARAM_WIDTHS && !widths_fit(row, text))
        return refuse(row, text, "", error);
    memset(to, 0, PARAM_TEXT_SIZE); // so that equal values are equal bytes
    memcpy(to, text, length);
    return STATUS_OK;
}

enum status params_set(const struct param_table *table, void *values, const char *name, const char *text,
                       struct error *error) {
    const struct param *row = params_find(table, name);
    if (!row)
        return unknown_name(table, name, error);
    void *to = field_to_set(row, values);
    switch (row->type) {
    case PARAM_INTEGER:
        return set_integer(row, to, text, error);
    case PARAM_REAL:
        return set_real(row, to, text, error);
    case PARAM_SWITCH:
        return set_switch(row, to, text, error);
    case PARAM_CHOICE:
    case PARAM_TEXT:
    case PARAM_WIDTHS:
    case PARAM_COLUMNS:
        break;
    }
    return set_text(row, to, text, error);
}

// ---- reading ----------------------------------------------------------------------------------

char *params_get(const struct param *row, const void *values, char *out) {
    const void *from = field(row, values);
    if (is_text(row))
        snprintf(out, PARAM_TEXT_SIZE, "%s", (const char *)from);
    else if (row->type == PARAM_INTEGER)
        snprintf(out, PARAM_TEXT_SIZE, "%" PRId64, *(const int64_t *)from);
    else if (row->type == PARAM_REAL)
        number_text(*(const double *)from, out);
    else
        snprintf(out, PARAM_TEXT_SIZE, "%s", *(const bool *)from ? "yes" : "no");
    return out;
}

bool params_equal(const struct param *row, const void *a, const void *b) {
    const void *left = field(row, a), *right = field(row, b);
    if (is_text(row))
        return text_equal(left, right);
    if (row->type == PARAM_INTEGER)
        return *(const int64_t *)left == *(const int64_t *)right;
    if (row->type == PARAM_REAL)
        return *(const double *)left == *(const double *)right;
    return *(const bool *)left == *(const bool *)right;
}

// ---- belonging to others -----------------------------------------------------------------------

// Cuts the next piece of `rest` up to `separator`. False at the end.
static bool next_piece(const char **rest, char separator, char *out) {
    const char ends[] = {separator, '\0'};
    size_t length = strcspn(*rest, ends);
    if (**rest == '\0')
        return false;
    assert(length < PARAM_TEXT_SIZE);
    memcpy(out, *rest, length);
    out[length] = '\0';
    *rest += length + ((*rest)[length] == separator);
    return true;
}

static const char any_text[] = "?";

// One condition, "name=a|b": is it so?
static bool condition_holds(const struct param_table *table, const char *condition, const void *values) {
    char name[PARAM_TEXT_SIZE], now[PARAM_TEXT_SIZE];
    const char *allowed = strchr(condition, '=') + 1;
    snprintf(name, sizeof name, "%.*s", (int)(allowed - 1 - condition), condition);
    params_get(params_find(table, name), values, now); // a choice, yes and no of a switch, or a text
    if (allowed[0] == '\0')
        return now[0] == '\0';
    return text_equal(allowed, any_text) ? now[0] != '\0' : choice_exists(allowed, now);
}

static void say_condition(const struct param_table *table, const struct param *row, const char *condition,
                          const void *values, char *why) {
    char name[PARAM_TEXT_SIZE], choice[PARAM_TEXT_SIZE], now[PARAM_TEXT_SIZE];
    const char *allowed = strchr(condition, '=') + 1;
    struct str text = {0};
    snprintf(name, sizeof name, "%.*s", (int)(allowed - 1 - condition), condition);
    const struct param *owner = params_find(table, name);
    params_get(owner, values, now);
    bool without = allowed[0] == '\0', choices = !without && !text_equal(allowed, any_text);
    str_format(&text, "%s is %s %s", row->label, without ? "not used with a" : "used with", owner->label);
    for (bool first = true; choices && next_choice(&allowed, choice); first = false)
        str_format(&text, "%s%s", first ? " " : ", ", choice);
    str_format(&text, "; it is %s", now[0] ? now : "not given");
    snprintf(why, PARAM_TEXT_SIZE, "%s", str_text(&text));
    str_free(&text);
}

bool params_used(const struct param_table *table, const struct param *row, const void *values, char *why) {
    char group[PARAM_TEXT_SIZE], condition[PARAM_TEXT_SIZE], failed[PARAM_TEXT_SIZE] = "";
    const char *groups = row->only ? row->only : "";
    bool used = row->only == NULL;
    while (!used && next_piece(&groups, ';', group)) {
        const char *conditions = group;
        used = true;
        while (used && next_piece(&conditions, '&', condition))
            used = condition_holds(table, condition, values);
        if (!used && failed[0] == '\0')
            memcpy(failed, condition, sizeof failed);
    }
    if (!used && why)
        say_condition(table, row, failed, values, why);
    return used;
}

// ---- nudging ----------------------------------------------------------------------------------

static double moved(const struct param *row, double value, int direction) {
    double step = row->step > 0 ? row->step : row->log_scale ? 2 : 1;
    if (row->log_scale)
        return direction > 0 ? value * step : value / step;
    return direction > 0 ? value + step : value - step;
}

// Six digits: 0.9 + 0.05 is to be 0.95. An open end cannot be reached: the value stays.
static void nudge_real(const struct param *row, double value, int direction, char *out) {
    char text[32];
    double next = moved(row, value, direction);
    snprintf(text, sizeof text, "%.5e", next);
    number_parse(text, &next);
    if (!in_range(row, next))
        next = direction > 0 ? (row->high_open ? value : row->high) : (row->low_open ? value : row->low);
    number_text(next, out);
}

static void nudge_integer(const struct param *row, int64_t value, int direction, char *out) {
    double next = round(moved(row, (double)value, direction));
    if (next == (double)value)
        next += direction > 0 ? 1 : -1;
    if (has_range(row))
        next = fmin(fmax(next, row->low), row->high);
    snprintf(out, PARAM_TEXT_SIZE, "%" PRId64, (int64_t)next);
}

char *params_nudge(const struct param *row, const void *values, int direction, char *out) {
    const void *from = field(row, values);
    if (row->type == PARAM_REAL)
        nudge_real(row, *(const double *)from, direction, out);
    else if (row->type == PARAM_INTEGER)
        nudge_integer(row, *(const int64_t *)from, direction, out);
    else if (row->type == PARAM_SWITCH)
        snprintf(out, PARAM_TEXT_SIZE, "%s", *(const bool *)from ? "no" : "yes");
    else if (row->type == PARAM_CHOICE)
        nudge_choice(row, from, direction, out);
    else
        params_get(row, values, out);
    return out;
}

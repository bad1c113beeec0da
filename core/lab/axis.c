#include "core/lab/axis.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/base/str.h"

enum { POINTS = 5, POINTS_MOST = 1000 };

static bool name_character(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

const char *axis_end(const char *text) {
    const char *at = text;
    while (*at) {
        size_t name = 0;
        while (*at == ',' && name_character(at[1 + name]))
            name++;
        if (name > 0 && at[1 + name] == '=')
            return at;
        at++;
    }
    return at;
}

bool assignment_next(const char **at, char name[PARAM_TEXT_SIZE], char value[PARAM_TEXT_SIZE]) {
    while (**at == ' ' || **at == ',')
        (*at)++;
    if (**at == '\0')
        return false;
    const char *end = axis_end(*at), *equals = memchr(*at, '=', (size_t)(end - *at));
    const char *stop = equals ? equals : end;
    snprintf(name, PARAM_TEXT_SIZE, "%.*s", (int)(stop - *at < 200 ? stop - *at : 200), *at);
    snprintf(value, PARAM_TEXT_SIZE, "%.*s", equals ? (int)(end - equals - 1 < 255 ? end - equals - 1 : 255) : 0,
             equals ? equals + 1 : "");
    *at = end;
    return true;
}

// "1e-4..1e-1", then ":log", ":linear", ":N" in any order.
static enum status parse_range(const char *name, char *text, struct axis *axis, struct error *error) {
    char *colon = strchr(text, ':'), *dots = strstr(text, "..");
    for (char *word = colon; word;) {
        char *next = strchr(word + 1, ':');
        *word++ = '\0';
        if (next)
            *next = '\0';
        if (text_equal(word, "log"))
            axis->log = true;
        else if (text_equal(word, "linear"))
            axis->log = false;
        else if (!integer_parse(word, &axis->points) || axis->points < 2 || axis->points > POINTS_MOST)
            return error_set(error, STATUS_INVALID,
                             "%s: \"%s\" behind a range must be log, linear or how many points a grid takes (2 to %d)",
                             name, word, POINTS_MOST);
        if (next)
            *next = ':';
        word = next;
    }
    *dots = '\0';
    if (!number_parse(text, &axis->low) || !number_parse(dots + 2, &axis->high) || !(axis->low < axis->high))
        return error_set(error, STATUS_INVALID, "%s: a range is two numbers, the smaller one first, such as 1e-4..1e-1",
                         name);
    if (axis->log && !(axis->low > 0))
        return error_set(error, STATUS_INVALID, "%s: a range in factors must begin above 0; write :linear behind it",
                         name);
    return STATUS_OK;
}

enum status axis_parse(const char *text, size_t length, struct axis *axis, struct error *error) {
    char copy[AXIS_TEXT];
    const char *equals = memchr(text, '=', length);
    *axis = (struct axis){.points = POINTS};
    if (!equals || equals == text || length >= sizeof copy)
        return error_set(error, STATUS_INVALID, "\"%.*s\": must be a parameter and its values, such as batch=16|32|64",
                         (int)(length < 80 ? length : 80), text);
    memcpy(copy, text, length);
    copy[length] = '\0';
    copy[equals - text] = '\0';
    const struct param *row = params_find(&train_table, copy);
    if (!row) {
        struct train_params scratch;
        params_defaults(&train_table, &scratch);
        enum status status = params_set(&train_table, &scratch, copy, "", error); // which names the nearest
        return status ? status : error_set(error, STATUS_INVALID, "there is no parameter \"%s\"", copy);
    }
    char *values = copy + (equals - text) + 1;
    snprintf(axis->name, sizeof axis->name, "%s", row->name);
    axis->log = row->log_scale;
    bool numeric = row->type == PARAM_REAL || row->type == PARAM_INTEGER;
    if (numeric && strstr(values, ".."))
        return parse_range(row->name, values, axis, error);
    if (values[0] == '\0' && row->type != PARAM_TEXT)
        return error_set(error, STATUS_INVALID, "%s: name its values, such as %s=16|32|64", row->name, row->name);
    snprintf(axis->values, sizeof axis->values, "%s", values);
    return STATUS_OK;
}

// ---- values ---------------------------------------------------------------------------------------------------

static bool is_whole(const struct axis *axis) {
    return params_find(&train_table, axis->name)->type == PARAM_INTEGER;
}

static size_t value_count(const struct axis *axis) {
    size_t count = 1;
    for (const char *at = axis->values; (at = strchr(at, '|')); at++)
        count++;
    return count;
}

static void value_at(const struct axis *axis, size_t index, char out[PARAM_TEXT_SIZE]) {
    const char *at = axis->values;
    for (; index > 0; index--)
        at = strchr(at, '|') + 1;
    size_t length = strcspn(at, "|");
    snprintf(out, PARAM_TEXT_SIZE, "%.*s", (int)(length < PARAM_TEXT_SIZE ? length : PARAM_TEXT_SIZE - 1), at);
}

// The number at share 0 … 1 of the range, to four digits: numbers that a person can read and say.
static void number_at(const struct axis *axis, double share, char out[PARAM_TEXT_SIZE]) {
    double value = axis->log ? axis->low * pow(axis->high / axis->low, share)
                             : axis->low + share * (axis->high - axis->low);
    if (is_whole(axis))
        snprintf(out, PARAM_TEXT_SIZE, "%.0f", value);
    else
        snprintf(out, PARAM_TEXT_SIZE, "%.4g", fmin(axis->high, fmax(axis->low, value)));
}

// A range of whole numbers has no more points than numbers; in factors, small ones may fall together.
static size_t point_count(const struct axis *axis) {
    size_t count = (size_t)axis->points;
    double numbers = floor(axis->high) - ceil(axis->low) + 1;
    return is_whole(axis) && numbers < (double)count ? (size_t)fmax(1, numbers) : count;
}

size_t axis_count(const struct axis *axis) {
    return axis->values[0] ? value_count(axis) : point_count(axis);
}

void axis_at(const struct axis *axis, size_t index, char out[PARAM_TEXT_SIZE]) {
    size_t count = axis_count(axis);
    if (axis->values[0])
        value_at(axis, index, out);
    else
        number_at(axis, count > 1 ? (double)index / (double)(count - 1) : 0, out);
}

void axis_draw(const struct axis *axis, uint64_t seed, uint64_t index, char out[PARAM_TEXT_SIZE]) {
    struct rng rng = rng_make(seed, RNG_LAB, index + 1);
    if (axis->values[0])
        value_at(axis, (size_t)rng_below(&rng, value_count(axis)), out);
    else if (is_whole(axis) && !axis->log)
        snprintf(out, PARAM_TEXT_SIZE, "%.0f",
                 ceil(axis->low) + (double)rng_below(&rng, (uint64_t)(floor(axis->high) - ceil(axis->low)) + 1));
    else
        number_at(axis, rng_uniform(&rng), out);
}

double axis_place(const struct axis *axis, const char *value) {
    char text[PARAM_TEXT_SIZE];
    double number = 0;
    size_t count = axis_count(axis);
    if (!axis->values[0] && number_parse(value, &number))
        return axis->log ? log(number / axis->low) / log(axis->high / axis->low)
                         : (number - axis->low) / (axis->high - axis->low);
    for (size_t i = 0; axis->values[0] && i < count; i++) {
        value_at(axis, i, text);
        if (strcmp(text, value) == 0)
            return count > 1 ? (double)i / (double)(count - 1) : 0.5;
    }
    return NAN;
}

// Every value must be one that the parameter can have; the ends of a range stand for it.
enum status axis_check(const struct axis *axis, const struct train_params *base, struct error *error) {
    struct train_params scratch = *base;
    char text[PARAM_TEXT_SIZE];
    enum status status = STATUS_OK;
    size_t count = axis->values[0] ? value_count(axis) : 2;
    for (size_t i = 0; i < count && !status; i++) {
        if (axis->values[0])
            value_at(axis, i, text);
        else
            number_at(axis, (double)i, text);
        status = params_set(&train_table, &scratch, axis->name, text, error);
    }
    return status;
}

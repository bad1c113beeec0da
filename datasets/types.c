#include "datasets/types.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "core/base/str.h"

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void trim(const char **text, size_t *length) {
    while (*length > 0 && is_blank((*text)[0])) {
        (*text)++;
        (*length)--;
    }
    while (*length > 0 && is_blank((*text)[*length - 1]))
        (*length)--;
}

// ---- numbers ----

#define EXACT_MOST ((int64_t)1 << 53)
enum { NUMBER_MOST = 400 }; // characters; the longest exact double has 1 077, and nobody writes it

bool number_cell_read(const char *text, size_t length, struct number_cell *number) {
    char copy[NUMBER_MOST + 1];
    trim(&text, &length);
    if (length == 0 || length > NUMBER_MOST)
        return false;
    // Words are told from numbers by their first character: only "inf", "nan" and kin look like words.
    if ((unsigned char)text[0] > '9' && strchr("iInN", text[0]) == NULL)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *number = (struct number_cell){0};
    if (!number_parse(copy, &number->value) || isnan(number->value))
        return false;
    size_t sign = copy[0] == '-' || copy[0] == '+', digits = sign;
    while (is_digit(copy[digits]))
        digits++;
    bool whole = digits == length && digits > sign;
    number->code = whole && copy[sign] == '0' && digits - sign > 1;
    int64_t exact; // the double is rounded: 2^53 + 1 reads as 2^53
    number->beyond =
        whole && digits - sign >= 16 && (!integer_parse(copy, &exact) || exact > EXACT_MOST || exact < -EXACT_MOST);
    return true;
}

// ---- dates ----

// Exactly `count` digits at text[*at]; moves behind them.
static bool take_digits(const char *text, size_t length, size_t *at, size_t count, int *value) {
    *value = 0;
    if (*at + count > length)
        return false;
    for (size_t i = 0; i < count; i++, (*at)++) {
        if (!is_digit(text[*at]))
            return false;
        *value = *value * 10 + (text[*at] - '0');
    }
    return true;
}

static bool take_char(const char *text, size_t length, size_t *at, char c) {
    if (*at >= length || text[*at] != c)
        return false;
    (*at)++;
    return true;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

// Days since 1970-01-01 in the proleptic Gregorian calendar, counted from 1 March of year 0.
static int64_t days_from_civil(int year, int month, int day) {
    int64_t y = year - (month <= 2 ? 1 : 0);
    int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

static bool take_fraction(const char *text, size_t length, size_t *at, double *fraction) {
    double unit = 0.1;
    size_t from = *at;
    for (; *at < length && is_digit(text[*at]); (*at)++, unit /= 10)
        *fraction += unit * (text[*at] - '0');
    return *at > from;
}

static bool take_time(const char *text, size_t length, size_t *at, double *seconds) {
    int hour, minute, second = 0;
    double fraction = 0;
    if (!take_digits(text, length, at, 2, &hour) || !take_char(text, length, at, ':') ||
        !take_digits(text, length, at, 2, &minute) || hour > 23 || minute > 59)
        return false;
    if (take_char(text, length, at, ':')) {
        if (!take_digits(text, length, at, 2, &second) || second > 60)
            return false;
        if (take_char(text, length, at, '.') && !take_fraction(text, length, at, &fraction))
            return false;
    }
    *seconds = hour * 3600 + minute * 60 + second + fraction;
    return true;
}

static bool take_zone(const char *text, size_t length, size_t *at, double *offset) {
    *offset = 0;
    if (*at == length || take_char(text, length, at, 'Z'))
        return true;
    int hour, minute = 0;
    double sign = text[*at] == '-' ? -1 : 1;
    if (!take_char(text, length, at, '+') && !take_char(text, length, at, '-'))
        return false;
    if (!take_digits(text, length, at, 2, &hour) || hour > 14)
        return false;
    bool colon = take_char(text, length, at, ':');
    if ((colon || *at < length) && (!take_digits(text, length, at, 2, &minute) || minute > 59))
        return false;
    *offset = sign * (hour * 3600 + minute * 60);
    return true;
}

bool cell_date(const char *text, size_t length, double *seconds) {
    trim(&text, &length);
    if (length < 10 || text[4] != '-' || text[7] != '-')
        return false;
    int year, month, day;
    size_t at = 0;
    if (!take_digits(text, length, &at, 4, &year) || !take_char(text, length, &at, '-') ||
        !take_digits(text, length, &at, 2, &month) || !take_char(text, length, &at, '-') ||
        !take_digits(text, length, &at, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    double time = 0, offset = 0;
    if (at < length) {
        if (!take_char(text, length, &at, 'T') && !take_char(text, length, &at, ' '))
            return false;
        if (!take_time(text, length, &at, &time) || !take_zone(text, length, &at, &offset))
            return false;
    }
    *seconds = (double)days_from_civil(year, month, day) * 86400.0 + time - offset;
    return at == length;
}

// ---- missing cells ----

static const char *const pandas_tokens[] = {
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A",      "NA",  "NULL",    "NaN",      "None", "n/a",  "nan",    "null",
};
#define PANDAS_TOKENS (sizeof pandas_tokens / sizeof *pandas_tokens)

enum status missing_tokens_make(struct missing_tokens *tokens, const char *const *extra, size_t extra_count,
                                struct error *error) {
    *tokens = (struct missing_tokens){0};
    tokens->items = mem_alloc(PANDAS_TOKENS + extra_count, sizeof *tokens->items);
    if (tokens->items == NULL)
        return error_memory(error, "missing tokens", (PANDAS_TOKENS + extra_count) * sizeof *tokens->items);
    for (size_t i = 0; i < PANDAS_TOKENS + extra_count; i++) {
        const char *text = i < PANDAS_TOKENS ? pandas_tokens[i] : extra[i - PANDAS_TOKENS];
        size_t length = strlen(text);
        trim(&text, &length);
        if (length == 0)
            continue;
        tokens->items[tokens->count++] = (struct missing_token){text, length};
        tokens->first[(unsigned char)text[0]] = true;
    }
    return STATUS_OK;
}

void missing_tokens_free(struct missing_tokens *tokens) {
    mem_free(tokens->items);
    tokens->items = NULL;
}

bool cell_missing(const struct missing_tokens *tokens, const char *text, size_t length) {
    trim(&text, &length);
    if (length == 0)
        return true;
    if (!tokens->first[(unsigned char)text[0]])
        return false;
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->items[i].length == length && memcmp(tokens->items[i].text, text, length) == 0)
            return true;
    return false;
}

bool cell_suspect(const char *text, size_t length) {
    static const char *const words[] = {"?",
                                        "-",
                                        "--",
                                        ".",
                                        "..",
                                        "*",
                                        "unknown",
                                        "missing",
                                        "none",
                                        "na",
                                        "n.a.",
                                        "nil",
                                        "not available",
                                        "undefined",
                                        "unspecified",
                                        "tbd",
                                        "x"};
    trim(&text, &length);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
            return true;
    return false;
}

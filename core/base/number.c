// Numbers as text, whatever the locale: the shortest text of a number, and the number of a text.
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/str.h"

enum { NUMBER_TEXT_SIZE = 32 };

static locale_t c_locale(void) {
    static _Atomic(locale_t) made;
    locale_t locale = made;
    if (!locale)
        made = locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); // a static object: never freed
    return locale;
}

static bool special_text(double value, char *out) {
    if (isfinite(value))
        return false;
    strcpy(out, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return true;
}

// count / 10^places, without zeros at the end of the fraction.
static void write_fixed(uint64_t count, int places, char *out) {
    char digits[24];
    int length = 0;
    for (; places > 0 && count % 10 == 0; places--)
        count /= 10;
    for (int i = 0; i < places; i++, count /= 10)
        digits[length++] = (char)('0' + count % 10);
    if (places > 0)
        digits[length++] = '.';
    do
        digits[length++] = (char)('0' + count % 10);
    while ((count /= 10) > 0);
    while (length > 0)
        *out++ = digits[--length];
    *out = '\0';
}

// The usual case, several times as fast as the C library: 6 to 9 digits, each a whole number of some 10^-places. False
// where doubles cannot tell which way to round, or the text would have an exponent.
static bool fast_float_text(float value, char *out) {
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
    static const double bounds[] = {1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5};
    double size = fabs((double)value);
    int before = -3; // digits before the point; less than 0: zeros behind it
    if (!(size >= 1e-4 && size < 1e5))
        return false;
    for (int i = 0; size >= bounds[i]; i++)
        before++;
    for (int digits = 6; digits <= 9; digits++) {
        double power = powers[digits - before], whole = nearbyint(size * power), back = whole / power;
        uint64_t bits;
        memcpy(&bits, &back, sizeof bits);
        bool between_floats = (bits & 0x1fffffff) == 0x10000000;
        if (between_floats || fabs(fabs(size * power - whole) - 0.5) < 1e-5)
            return false;
        if ((float)back < (float)size || (float)back > (float)size)
            continue;
        *out = '-';
        write_fixed((uint64_t)whole, digits - before, out + (value < 0));
        return true;
    }
    return false;
}

// The fewest places whose decimal reads back as `value`: whole / 10^places is exactly rounded (Clinger 1990), and below
// 10^15 a product's rounding cannot take it for a neighbor. False: %g would write an exponent, or more digits are needed.
static bool fast_text(double value, char *out) {
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
    double size = fabs(value);
    if (!(size >= 1e-4 && size < 1e9) || size == trunc(size))
        return false;
    for (int places = 1; places < (int)(sizeof powers / sizeof *powers) && size * powers[places] < 1e15; places++) {
        double whole = nearbyint(size * powers[places]);
        if (whole / powers[places] != size)
            continue;
        *out = '-';
        write_fixed((uint64_t)whole, places, out + (value < 0));
        return true;
    }
    return false;
}

// A decimal of 15 digits survives the way through a normal double (6 through a float), so a shorter
// one is found by printing 15 digits without trailing zeros. Below the normal range precision fades,
// and every length has to be tried.
char *number_text(double value, char out[32]) {
    if (special_text(value, out) || fast_text(value, out))
        return out;
    locale_t before = uselocale(c_locale());
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(out, NUMBER_TEXT_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    uselocale(before);
    return out;
}

char *number_text_float(float value, char out[32]) {
    if (special_text((double)value, out) || fast_float_text(value, out))
        return out;
    locale_t before = uselocale(c_locale());
    for (int digits = fabsf(value) < FLT_MIN ? 1 : 6; digits <= 9; digits++) {
        snprintf(out, NUMBER_TEXT_SIZE, "%.*g", digits, (double)value);
        if (strtof(out, NULL) == value)
            break;
    }
    uselocale(before);
    return out;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

struct decimal {
    uint64_t digits; // the first 19 significant ones
    int count;       // of significant digits
    int exponent;    // value = digits * 10^exponent
    const char *end;
};

static void scan_digits(struct decimal *number, bool fraction) {
    for (; is_digit(*number->end); number->end++) {
        if (number->count > 0 || *number->end != '0')
            number->count++;
        if (number->count <= 19)
            number->digits = number->digits * 10 + (uint64_t)(*number->end - '0');
        if (fraction)
            number->exponent--;
    }
}

// Reads digits[.digits][e[+-]digits] after the sign; false where the grammar is broken.
static bool scan_decimal(const char *text, struct decimal *number) {
    *number = (struct decimal){.end = text};
    scan_digits(number, false);
    bool some = number->end > text;
    if (*number->end == '.') {
        const char *point = number->end++;
        scan_digits(number, true);
        some = some || number->end > point + 1;
    }
    if (!some)
        return false;
    if (*number->end != 'e' && *number->end != 'E')
        return true;
    bool down = number->end[1] == '-';
    number->end += number->end[1] == '-' || number->end[1] == '+' ? 2 : 1;
    if (!is_digit(*number->end))
        return false;
    int written = 0;
    for (; is_digit(*number->end); number->end++)
        written = written < 100000 ? written * 10 + (*number->end - '0') : written;
    number->exponent += down ? -written : written;
    return true;
}

static bool parse_special(const char *text, double *value) {
    if (strcasecmp(text, "nan") == 0)
        *value = (double)NAN;
    else if (strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0)
        *value = (double)INFINITY;
    else
        return false;
    return true;
}

// Exact where both numbers are exact doubles (Clinger 1990); else the C library rounds.
static double decimal_value(const char *text, const struct decimal *number) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (number->count <= 15 && number->exponent >= -22 && number->exponent <= 22) {
        double digits = (double)number->digits;
        return number->exponent < 0 ? digits / powers[-number->exponent] : digits * powers[number->exponent];
    }
    locale_t before = uselocale(c_locale());
    double value = strtod(text, NULL);
    uselocale(before);
    return value;
}

bool number_parse(const char *text, double *value) {
    bool negative = *text == '-';
    const char *unsigned_text = text + (*text == '-' || *text == '+');
    struct decimal number;
    double magnitude;
    if (scan_decimal(unsigned_text, &number)) {
        if (*number.end != '\0')
            return false;
        magnitude = decimal_value(unsigned_text, &number);
    } else if (!parse_special(unsigned_text, &magnitude)) {
        return false;
    }
    *value = negative ? -magnitude : magnitude;
    return true;
}

bool integer_parse(const char *text, int64_t *value) {
    bool negative = *text == '-';
    const char *next = text + (*text == '-' || *text == '+');
    int64_t sum = 0;
    if (!is_digit(*next))
        return false;
    for (; is_digit(*next); next++) {
        int digit = *next - '0';
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, negative ? -digit : digit, &sum))
            return false;
    }
    if (*next != '\0')
        return false;
    *value = sum;
    return true;
}

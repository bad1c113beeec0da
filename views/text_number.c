// Numbers for people; the declarations stand in views/text.h.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/text.h"

static char locale_point[8] = ".";
static char locale_group[8] = " ";

void text_locale_set(const char *point, const char *group) {
    bool usable = point && point[0] && strlen(point) < sizeof locale_point;
    snprintf(locale_point, sizeof locale_point, "%s", usable ? point : ".");
    usable = group && group[0] && strlen(group) < sizeof locale_group;
    snprintf(locale_group, sizeof locale_group, "%s", usable ? group : " ");
}

// `plain` is digits with an optional sign, '.' and tail ("-1234.50", "1.2e-05"), as printf in the C locale or any
// other writes them: the first character that is neither digit nor sign is the point.
static char *dress(const char *plain, enum number_form form, char out[TEXT_NUMBER_SIZE]) {
    size_t sign = plain[0] == '-', digits = strspn(plain + sign, "0123456789"), length = 0;
    bool screen = form == NUMBER_SCREEN;
    out[0] = '\0';
    if (sign)
        out[length++] = '-';
    for (size_t i = 0; i < digits; i++) {
        if (screen && i > 0 && (digits - i) % 3 == 0)
            length += (size_t)snprintf(out + length, TEXT_NUMBER_SIZE - length, "%s", locale_group);
        if (length + 1 < TEXT_NUMBER_SIZE)
            out[length++] = plain[sign + i];
    }
    const char *rest = plain + sign + digits;
    if (digits > 0 && rest[0] && rest[0] != 'e') {
        length += (size_t)snprintf(out + length, TEXT_NUMBER_SIZE - length, "%s", screen ? locale_point : ".");
        rest++;
        while (*rest && (*rest < '0' || *rest > '9')) // a point of several bytes
            rest++;
    }
    snprintf(out + length, TEXT_NUMBER_SIZE - length, "%s", rest);
    return out;
}

char *text_integer(int64_t value, enum number_form form, char out[TEXT_NUMBER_SIZE]) {
    char plain[24];
    snprintf(plain, sizeof plain, "%lld", (long long)value);
    return dress(plain, form, out);
}

static bool not_a_number(double value, char out[TEXT_NUMBER_SIZE]) {
    if (isfinite(value))
        return false;
    snprintf(out, TEXT_NUMBER_SIZE, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return true;
}

char *text_fixed(double value, int decimals, enum number_form form, char out[TEXT_NUMBER_SIZE]) {
    if (not_a_number(value, out))
        return out;
    if (fabs(value) >= 1e15)
        return text_real(value, decimals + 1, form, out);
    char plain[40];
    snprintf(plain, sizeof plain, "%.*f", decimals > 12 ? 12 : decimals < 0 ? 0 : decimals, value);
    return dress(strtod(plain, NULL) == 0 && plain[0] == '-' ? plain + 1 : plain, form, out);
}

char *text_real(double value, int digits, enum number_form form, char out[TEXT_NUMBER_SIZE]) {
    if (not_a_number(value, out))
        return out;
    digits = digits < 1 ? 1 : digits > 17 ? 17 : digits;
    char plain[40];
    double size = fabs(value);
    if (size >= pow(10, digits) && size < 1e9)
        snprintf(plain, sizeof plain, "%.0f", value);
    else
        snprintf(plain, sizeof plain, "%.*g", digits, value);
    return dress(plain, form, out);
}

static char *with_unit(char *number, const char *unit) {
    size_t length = strlen(number);
    snprintf(number + length, TEXT_NUMBER_SIZE - length, " %s", unit);
    return number;
}

char *text_percent(double share, int decimals, enum number_form form, char out[TEXT_NUMBER_SIZE]) {
    return with_unit(text_fixed(share * 100, decimals, form, out), "%");
}

// Three significant digits under the unit that keeps the number in [1, 1000).
static char *scaled(double value, const char *const *units, int last, enum number_form form,
                    char out[TEXT_NUMBER_SIZE]) {
    int unit = 0;
    while (unit < last && fabs(value) >= 999.5) {
        value /= 1000;
        unit++;
    }
    int decimals = unit == 0 ? 0 : fabs(value) < 9.995 ? 2 : fabs(value) < 99.95 ? 1 : 0;
    text_fixed(value, decimals, form, out);
    return units[unit][0] ? with_unit(out, units[unit]) : out;
}

char *text_bytes(double bytes, enum number_form form, char out[TEXT_NUMBER_SIZE]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    return scaled(bytes, units, 5, form, out);
}

char *text_count(double count, enum number_form form, char out[TEXT_NUMBER_SIZE]) {
    static const char *const units[] = {"", "k", "M", "G", "T"};
    return scaled(count, units, 4, form, out);
}

#include "datasets/cell_number.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/base/str.h"
#include "datasets/cell_text.h"

#define EXACT_MOST ((int64_t)1 << 53)
enum { NUMBER_MOST = 400 }; // characters; the longest exact double has 1 077, and nobody writes it

// ---- the value of digits and a power of ten --------------------------------------------------------

// digits · 10^exponent, correctly rounded; false where that takes more than one exact operation.
static bool scale(uint64_t digits, int exponent, double *value) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (digits <= (uint64_t)EXACT_MOST && exponent >= -22 && exponent <= 22) {
        *value = exponent < 0 ? (double)digits / powers[-exponent] : (double)digits * powers[exponent];
        return true;
    }
#if LDBL_MANT_DIG == 64
    // Digits below 2^64 and powers up to 10^27 = 2^27 · 5^27, 5^27 < 2^64, are exact with 64 bits, so one
    // operation rounds once to 64 bits. Rounding again to 53 gives what rounding once would, unless the 64 bits
    // lie exactly between two doubles, where the first rounding hid on which side the number was.
    static const long double wide[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
                                       1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
                                       1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    if (exponent >= -27 && exponent <= 27) {
        long double near = exponent < 0 ? (long double)digits / wide[-exponent] : (long double)digits * wide[exponent];
        uint64_t bits;
        memcpy(&bits, &near, sizeof bits);
        *value = (double)near;
        return (bits & 0x7FF) != 0x400;
    }
#endif
    return false;
}

// ---- plain numbers of any length -------------------------------------------------------------------

struct digits {
    uint64_t value;
    size_t count; // digits, leading zeros too
};

// Takes digits at *at; what is beyond 19 of them overflows, and the caller sees the count.
static inline void take_digits(const char *text, size_t length, size_t *at, struct digits *digits) {
    size_t from = *at;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (uint64_t word; *at + 8 <= length && number_digits8(word = number_load8(text + *at)); *at += 8)
        digits->value = digits->value * 100000000 + number_value8(word);
#endif
    for (; *at < length && is_digit(text[*at]); (*at)++)
        digits->value = digits->value * 10 + (uint64_t)(text[*at] - '0');
    digits->count += *at - from;
}

static bool take_exponent(const char *text, size_t length, size_t *at, int *exponent) {
    if (*at == length || (text[*at] != 'e' && text[*at] != 'E'))
        return *at == length;
    (*at)++;
    bool down = *at < length && text[*at] == '-';
    if (*at < length && (text[*at] == '-' || text[*at] == '+'))
        (*at)++;
    size_t from = *at;
    int written = 0;
    for (; *at < length && is_digit(text[*at]); (*at)++)
        written = written < 100000 ? written * 10 + (text[*at] - '0') : written;
    *exponent += down ? -written : written;
    return *at > from && *at == length;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static uint64_t point_in(uint64_t word) { // the lowest bit that is set is in the first point's byte
    uint64_t apart = word ^ 0x2E2E2E2E2E2E2E2Eu;
    return (apart - 0x0101010101010101u) & ~apart & 0x8080808080808080u;
}

// Moves the bytes below the point's up over it; `in` comes in at the bottom.
static uint64_t close_gap(uint64_t word, uint64_t point, uint64_t in) {
    unsigned at = (unsigned)__builtin_ctzll(point) / 8;
    uint64_t before = word & (((uint64_t)1 << 8 * at) - 1);
    uint64_t after = at == 7 ? 0 : word >> (8 * (at + 1)) << (8 * (at + 1));
    return after | before << 8 | in;
}

// 9 to 16 digits and points, as two words of eight characters; up to 15 digits are exact in a double.
static bool read_two_words(const char *text, size_t length, bool negative, struct number_cell *number) {
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    unsigned shift = 8 * (unsigned)(16 - length);
    uint64_t high = number_load8(text) << shift | (shift == 0 ? 0 : 0x3030303030303030u >> (64 - shift));
    uint64_t low = number_load8(text + length - 8), point;
    unsigned fraction = 0;
    bool has_point = true;
    if ((point = point_in(low)) != 0) {
        fraction = 7 - (unsigned)__builtin_ctzll(point) / 8;
        low = close_gap(low, point, high >> 56);
        high = high << 8 | 0x30;
    } else if ((point = point_in(high)) != 0) {
        fraction = 15 - (unsigned)__builtin_ctzll(point) / 8;
        high = close_gap(high, point, 0x30);
    } else {
        has_point = false;
    }
    if (!number_digits8(high) || !number_digits8(low))
        return false;
    uint64_t digits = number_value8(high) * 100000000 + number_value8(low);
    if (!has_point && (digits > (uint64_t)EXACT_MOST || text[0] == '0'))
        return false; // codes and what is beyond a double: looked at with care
    double value = (double)digits / powers[fraction];
    bool real = has_point ? (double)(int64_t)value != value : digits == (uint64_t)EXACT_MOST;
    number->value = negative ? -value : value;
    number->ways = has_point ? NUMBER_WAYS_POINT : NUMBER_WAYS_ALL;
    number->seen = (real ? NUMBER_SEEN_REAL : 0u) | (has_point ? 0u : NUMBER_SEEN_LONG);
    number->code = number->beyond = false;
    return true;
}
#endif

bool number_cell_long(const char *text, size_t length, struct number_cell *number) {
    bool negative = length > 0 && text[0] == '-';
    size_t sign = negative || (length > 0 && text[0] == '+'), at = sign;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (length - sign > 8 && length - sign <= 16 && read_two_words(text + sign, length - sign, negative, number))
        return true;
#endif
    struct digits digits = {0};
    take_digits(text, length, &at, &digits);
    size_t whole = digits.count;
    bool point = at < length && text[at] == '.';
    if (point) {
        at++;
        take_digits(text, length, &at, &digits);
    }
    size_t fraction = digits.count - whole;
    int exponent = -(int)fraction;
    bool plain = at == length;
    double value;
    if (digits.count == 0 || digits.count > 19 || !take_exponent(text, length, &at, &exponent) ||
        !scale(digits.value, exponent, &value))
        return false;
    bool integer = plain && !point, code = integer && whole > 1 && text[sign] == '0';
    bool either = plain && fraction == 3 && whole >= 1 && whole <= 3 && text[sign] != '0';
    bool beyond = integer && digits.value > (uint64_t)EXACT_MOST;
    bool real = value >= (double)EXACT_MOST || (!integer && trunc(value) != value);
    number->value = negative ? -value : value;
    number->ways = point ? NUMBER_WAYS_POINT | (either ? 1u << NUMBER_GROUPS_POINT : 0u) : NUMBER_WAYS_ALL;
    number->seen = (!real    ? 0u
                    : either ? NUMBER_SEEN_EITHER_POINT
                             : NUMBER_SEEN_REAL) |
                   (code ? NUMBER_SEEN_CODE : 0u) | (beyond ? NUMBER_SEEN_BEYOND : 0u) |
                   (either ? NUMBER_SEEN_EITHER : 0u) | (integer && whole > 3 ? NUMBER_SEEN_LONG : 0u);
    number->code = code;
    number->beyond = beyond;
    return true;
}

// What the fast way leaves: more than 19 digits, great exponents, "inf".
static bool read_any(const char *text, size_t length, struct number_cell *number) {
    char copy[NUMBER_MOST + 1];
    // Words are told from numbers by their first character: only "inf", "nan" and kin look like words.
    if (length > NUMBER_MOST || ((unsigned char)text[0] > '9' && strchr("iInN", text[0]) == NULL))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *number = (struct number_cell){0};
    if (!number_parse(copy, &number->value) || isnan(number->value))
        return false;
    size_t sign = copy[0] == '-' || copy[0] == '+', digits = sign + strspn(copy + sign, "0123456789");
    bool whole = digits == length && digits > sign, point = strchr(copy, '.') != NULL;
    int64_t exact; // the double is rounded: 2^53 + 1 reads as 2^53
    number->code = whole && copy[sign] == '0' && digits - sign > 1;
    number->beyond =
        whole && digits - sign >= 16 && (!integer_parse(copy, &exact) || exact > EXACT_MOST || exact < -EXACT_MOST);
    bool either = point && digits + 4 == length && digits - sign >= 1 && digits - sign <= 3 && copy[sign] != '0' &&
                  strspn(copy + digits + 1, "0123456789") == 3;
    bool real = trunc(number->value) != number->value || fabs(number->value) >= (double)EXACT_MOST;
    number->ways = point ? NUMBER_WAYS_POINT | (either ? 1u << NUMBER_GROUPS_POINT : 0u) : NUMBER_WAYS_ALL;
    number->seen = (!real    ? 0u
                    : either ? NUMBER_SEEN_EITHER_POINT
                             : NUMBER_SEEN_REAL) |
                   (number->code ? NUMBER_SEEN_CODE : 0u) | (number->beyond ? NUMBER_SEEN_BEYOND : 0u) |
                   (either ? NUMBER_SEEN_EITHER : 0u) | (whole && digits - sign > 3 ? NUMBER_SEEN_LONG : 0u);
    return true;
}

bool number_cell_read(const char *text, size_t length, struct number_cell *number) {
    cell_trim(&text, &length);
    return length > 0 && (number_cell_long(text, length, number) || read_any(text, length, number));
}

// ---- separators between thousands, decimal comma ---------------------------------------------------

static const struct {
    char decimal, group; // group: 0 = none, ' ' and '\'' have kin in Unicode
    const char *example;
} ways[NUMBER_WAYS] = {
    [NUMBER_POINT] = {'.', 0, "1234.5"},
    [NUMBER_COMMA] = {',', 0, "1234,5"},
    [NUMBER_GROUPS_COMMA] = {'.', ',', "1,234.5"},
    [NUMBER_GROUPS_POINT] = {',', '.', "1.234,5"},
    [NUMBER_BLANKS_POINT] = {'.', ' ', "1 234.5"},
    [NUMBER_BLANKS_COMMA] = {',', ' ', "1 234,5"},
    [NUMBER_APOSTROPHE_POINT] = {'.', '\'', "1'234.5"},
    [NUMBER_APOSTROPHE_COMMA] = {',', '\'', "1'234,5"},
};

char number_way_decimal(enum number_way way) {
    return ways[way].decimal;
}
const char *number_way_groups(enum number_way way) {
    static const char *const groups[] = {"", ",", ".", " ", "'"};
    size_t i = 0;
    while (groups[i][0] != ways[way].group)
        i++;
    return groups[i];
}
const char *number_way_example(enum number_way way) {
    return ways[way].example;
}

// The separator at `text`: its length, 0 = there is none. No-break space, thin and narrow spaces, U+2019.
static size_t separator(const char *text, size_t length, char group) {
    static const char *const blanks[] = {"\xc2\xa0", "\xe2\x80\x89", "\xe2\x80\xaf"};
    if (length == 0 || group == 0)
        return 0;
    if (*text == group)
        return 1;
    for (size_t i = 0; group == ' ' && i < sizeof blanks / sizeof *blanks; i++)
        if (length > strlen(blanks[i]) && memcmp(text, blanks[i], strlen(blanks[i])) == 0)
            return strlen(blanks[i]);
    return group == '\'' && length > 3 && memcmp(text, "\xe2\x80\x99", 3) == 0 ? 3 : 0;
}

struct plain { // a number without separators and with a decimal point
    char text[NUMBER_MOST + NUMBER_PADDING];
    size_t length, groups, whole, fraction;
    bool rest; // an exponent or a word follows
};

static size_t copy_digits(const char *text, size_t length, size_t *at, struct plain *plain) {
    size_t from = *at;
    for (; *at < length && is_digit(text[*at]); (*at)++)
        plain->text[plain->length++] = text[*at];
    return *at - from;
}

// Every separator has one to three digits before the first, exactly three after each, and no zero leads.
static bool copy_whole(const char *text, size_t length, size_t *at, char group, struct plain *plain) {
    size_t first = *at;
    plain->whole = copy_digits(text, length, at, plain);
    for (size_t width; (width = separator(text + *at, length - *at, group)) > 0; plain->groups++) {
        if (plain->groups == 0 && (plain->whole == 0 || plain->whole > 3 || text[first] == '0'))
            return false;
        *at += width;
        size_t digits = copy_digits(text, length, at, plain);
        if (digits != 3)
            return false;
        plain->whole += digits;
    }
    return true;
}

// Four numbers up to 255 with points between them are an address, not a number.
static bool is_address(const char *text, size_t length) {
    int parts = 1, part = 0;
    for (size_t i = 0; i < length; i++) {
        part = text[i] == '.' ? 0 : part * 10 + (text[i] - '0');
        parts += text[i] == '.';
        if (part > 255)
            return false;
    }
    return parts == 4;
}

static bool make_plain(const char *text, size_t length, enum number_way way, struct plain *plain) {
    plain->length = plain->groups = plain->whole = plain->fraction = 0;
    size_t at = 0;
    if (length > NUMBER_MOST)
        return false;
    if (at < length && (text[at] == '-' || text[at] == '+'))
        plain->text[plain->length++] = text[at++];
    if (!copy_whole(text, length, &at, ways[way].group, plain))
        return false;
    if (at < length && text[at] == ways[way].decimal) {
        at++;
        plain->text[plain->length++] = '.';
        plain->fraction = copy_digits(text, length, &at, plain);
    }
    plain->rest = at < length;
    if (plain->rest && (plain->groups > 0 || strchr("eEiInN", text[at]) == NULL))
        return false;
    memcpy(plain->text + plain->length, text + at, length - at);
    plain->length += length - at;
    return way != NUMBER_GROUPS_POINT || plain->groups != 3 || plain->rest || !is_address(text, length);
}

// Whether the text is written with one separator that could be a decimal one or one between thousands.
static bool is_either(const struct plain *plain, enum number_way way) {
    size_t digits = plain->whole + plain->fraction;
    if (plain->rest || digits < 4 || digits > 6)
        return false;
    bool group = plain->groups == 1 && plain->fraction == 0 && (ways[way].group == ',' || ways[way].group == '.');
    bool decimal = plain->groups == 0 && plain->fraction == 3 && plain->text[strspn(plain->text, "+-")] != '0';
    return group || decimal;
}

static bool read_as(const char *text, size_t length, enum number_way way, struct number_cell *number) {
    struct plain plain;
    if (!make_plain(text, length, way, &plain) || !number_cell_read(plain.text, plain.length, number))
        return false;
    bool either = is_either(&plain, way), real = (number->seen & (NUMBER_SEEN_REAL | NUMBER_SEEN_EITHER_POINT)) != 0;
    number->ways = 1u << way;
    number->seen &= NUMBER_SEEN_CODE | NUMBER_SEEN_BEYOND;
    number->seen |= (either ? NUMBER_SEEN_EITHER : 0u) | (plain.groups > 0 ? NUMBER_SEEN_GROUPS : 0u);
    if (real && either)
        number->seen |= ways[way].decimal == '.' ? NUMBER_SEEN_EITHER_POINT : NUMBER_SEEN_EITHER_COMMA;
    else if (real)
        number->seen |= NUMBER_SEEN_REAL;
    if (!plain.rest && plain.groups == 0 && plain.fraction == 0 && plain.whole > 3)
        number->seen |= NUMBER_SEEN_LONG;
    return true;
}

bool number_cell_read_as(const char *text, size_t length, enum number_way way, struct number_cell *number) {
    if (way == NUMBER_POINT)
        return number_cell_read(text, length, number);
    cell_trim(&text, &length);
    return length > 0 && read_as(text, length, way, number);
}

bool number_cell_ways(const char *text, size_t length, unsigned wanted, struct number_cell *number) {
    struct number_cell sum = {0};
    cell_trim(&text, &length);
    if (length == 0)
        return false;
    if (number_cell_read(text, length, &sum)) // says all ways that can read it
        sum.ways &= wanted;
    else
        for (int way = NUMBER_POINT + 1; way < NUMBER_WAYS; way++) {
            struct number_cell one;
            if ((wanted >> way & 1) == 0 || !read_as(text, length, (enum number_way)way, &one))
                continue;
            sum.ways |= one.ways;
            sum.seen |= one.seen;
        }
    sum.code = (sum.seen & NUMBER_SEEN_CODE) != 0;
    sum.beyond = (sum.seen & NUMBER_SEEN_BEYOND) != 0;
    *number = sum;
    return sum.ways != 0;
}

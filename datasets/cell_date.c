#include "datasets/cell_date.h"

#include <string.h>
#include <strings.h>

#include "datasets/cell_number.h"
#include "datasets/cell_text.h"

// ---- days -------------------------------------------------------------------------------------------

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool is_day(int year, int month, int day) {
    return month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= days_in_month(year, month));
}

// Days since 1970-01-01 in the proleptic Gregorian calendar, years 0 … 9999, counted from 1 March of year -400.
int64_t date_days(int64_t year, int month, int day) {
    unsigned y = (unsigned)(year + 400 - (month <= 2));
    unsigned day_of_year = (153u * (unsigned)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (unsigned)day - 1;
    return (int64_t)(y * 365 + y / 4 - y / 100 + y / 400 + day_of_year) - 719468 - 146097;
}

// ---- a text read from left to right -----------------------------------------------------------------

struct scan {
    const char *text;
    size_t length, at;
};

static bool more(const struct scan *scan) {
    return scan->at < scan->length;
}
static char peek(const struct scan *scan) {
    return more(scan) ? scan->text[scan->at] : '\0';
}
static bool take(struct scan *scan, char c) {
    if (!more(scan) || scan->text[scan->at] != c)
        return false;
    scan->at++;
    return true;
}
static bool take_blanks(struct scan *scan) {
    size_t from = scan->at;
    while (more(scan) && is_blank(peek(scan)))
        scan->at++;
    return scan->at > from;
}

// A comma, blanks, or a comma and then blanks.
static bool take_comma_or_blanks(struct scan *scan) {
    bool comma = take(scan, ',');
    return take_blanks(scan) || comma;
}

// `least` to `most` digits and no more of them; how many, 0 = not so.
static int take_number(struct scan *scan, int least, int most, int *value) {
    int count = 0;
    *value = 0;
    for (; count <= most && is_digit(peek(scan)); count++)
        if (count < most)
            *value = *value * 10 + (scan->text[scan->at++] - '0');
        else
            return 0;
    return count >= least ? count : 0;
}
static bool take_two(struct scan *scan, int most, int *value) {
    return take_number(scan, 2, 2, value) == 2 && *value <= most;
}

static size_t letters(const struct scan *scan) {
    size_t count = 0;
    while (scan->at + count < scan->length && is_letter(scan->text[scan->at + count]))
        count++;
    return count;
}

// One of `names`, whole or its first letters, three at least (with or without a point); -1 = none.
static int take_name(struct scan *scan, const char *const *names, int count) {
    size_t length = letters(scan);
    for (int i = 0; i < count; i++)
        if (length >= 3 && length <= strlen(names[i]) && strncasecmp(scan->text + scan->at, names[i], length) == 0) {
            scan->at += length;
            if (length < strlen(names[i]))
                take(scan, '.');
            return i;
        }
    return -1;
}

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

// ---- time and zone ----------------------------------------------------------------------------------

static bool take_fraction(struct scan *scan, double *fraction) {
    uint64_t digits = 0, unit = 1;
    size_t from = scan->at;
    for (; is_digit(peek(scan)); scan->at++)
        if (unit < 1000000000000000) {
            digits = digits * 10 + (uint64_t)(peek(scan) - '0');
            unit *= 10;
        }
    *fraction = (double)digits / (double)unit;
    return scan->at > from;
}

// AM and PM, after blanks or not: 12 AM is 0, 12 PM is 12.
static bool take_half(struct scan *scan, int *hour) {
    size_t from = scan->at;
    take_blanks(scan);
    char c = peek(scan);
    bool half = letters(scan) == 2 && strchr("aApP", c) != NULL && strchr("mM", scan->text[scan->at + 1]) != NULL;
    if (!half) {
        scan->at = from;
        return true;
    }
    scan->at += 2;
    if (*hour < 1 || *hour > 12)
        return false;
    *hour = *hour % 12 + (c == 'p' || c == 'P' ? 12 : 0);
    return true;
}

static bool take_time(struct scan *scan, bool strict, double *seconds) {
    int hour, minute, second = 0;
    double fraction = 0;
    if (take_number(scan, strict ? 2 : 1, 2, &hour) == 0 || hour > 23 || !take(scan, ':') ||
        !take_two(scan, 59, &minute))
        return false;
    if (take(scan, ':')) {
        if (!take_two(scan, 60, &second))
            return false;
        if ((take(scan, '.') || take(scan, ',')) && !take_fraction(scan, &fraction))
            return false;
    }
    if (!strict && !take_half(scan, &hour))
        return false;
    *seconds = hour * 3600 + minute * 60 + second + fraction;
    return true;
}

// "101500" after YYYYMMDD and "T".
static bool take_basic_time(struct scan *scan, double *seconds) {
    int time;
    size_t from = scan->at;
    if (take_number(scan, 6, 6, &time) == 0 || time / 10000 > 23 || time / 100 % 100 > 59 || time % 100 > 60) {
        scan->at = from;
        return false;
    }
    *seconds = time / 10000 * 3600 + time / 100 % 100 * 60 + time % 100;
    return true;
}

static bool take_zone(struct scan *scan, double *offset) {
    *offset = 0;
    if (take(scan, 'Z') || take(scan, 'z'))
        return true;
    if (letters(scan) == 3 &&
        (strncasecmp(scan->text + scan->at, "UTC", 3) == 0 || strncasecmp(scan->text + scan->at, "GMT", 3) == 0)) {
        scan->at += 3;
        return true;
    }
    int hour, minute = 0;
    double sign = peek(scan) == '-' ? -1 : 1;
    if (!take(scan, '+') && !take(scan, '-'))
        return false;
    bool four = scan->at + 4 <= scan->length && is_digit(scan->text[scan->at + 2]);
    if (four) {
        int both;
        if (take_number(scan, 4, 4, &both) == 0)
            return false;
        hour = both / 100;
        minute = both % 100;
    } else if (!take_two(scan, 14, &hour) || (take(scan, ':') && !take_two(scan, 59, &minute))) {
        return false;
    }
    *offset = sign * (hour * 3600 + minute * 60);
    return hour <= 14 && minute <= 59;
}

// ---- a date in any way ------------------------------------------------------------------------------

struct parsed {
    unsigned ways, seen;
    int year, first, second; // year, month, day; for day and month in either order: as written
    double time, offset;     // seconds
};

// What stands behind the day: nothing, or a time and perhaps a zone.
static bool take_rest(struct scan *scan, bool strict, struct parsed *parsed) {
    bool basic = parsed->ways == 1u << DATE_YMD;
    if (!more(scan))
        return true;
    bool letter = take(scan, 'T');
    bool apart = letter || (!strict && take_comma_or_blanks(scan)) || (strict && take(scan, ' '));
    if (!apart || !((basic && take_basic_time(scan, &parsed->time)) || take_time(scan, strict, &parsed->time)))
        return false;
    parsed->seen |= DATE_SEEN_TIME;
    if (!strict)
        take_blanks(scan);
    if (!more(scan))
        return true;
    parsed->seen |= DATE_SEEN_ZONE;
    return take_zone(scan, &parsed->offset) && !more(scan);
}

static bool take_year(struct scan *scan, struct parsed *parsed) {
    int digits = take_number(scan, 2, 4, &parsed->year);
    if (digits == 2) {
        parsed->year += parsed->year >= 69 ? 1900 : 2000;
        parsed->seen |= DATE_SEEN_SHORT_YEAR;
    }
    return digits == 2 || digits == 4;
}

static bool take_year_first(struct scan *scan, struct parsed *parsed) {
    char c = peek(scan);
    parsed->ways = c == '-' ? 1u << DATE_YMD_DASH : c == '/' ? 1u << DATE_YMD_SLASH : 1u << DATE_YMD_POINT;
    return (c == '-' || c == '/' || c == '.') && take(scan, c) && take_number(scan, 1, 2, &parsed->first) > 0 &&
           take(scan, c) && take_number(scan, 1, 2, &parsed->second) > 0 &&
           is_day(parsed->year, parsed->first, parsed->second);
}

static bool take_basic(int digits, struct parsed *parsed) {
    parsed->ways = 1u << DATE_YMD;
    parsed->year = digits / 10000;
    parsed->first = digits / 100 % 100;
    parsed->second = digits % 100;
    return cell_date_digits((unsigned)digits);
}

static bool take_month_name(struct scan *scan, int day, struct parsed *parsed) {
    char c = peek(scan);
    parsed->ways = 1u << DATE_D_MONTH_Y;
    bool dash = (c == '-' || c == '/') && take(scan, c);
    if (!dash) {
        take(scan, '.');
        take_blanks(scan);
    }
    parsed->first = take_name(scan, months, 12) + 1;
    parsed->second = day;
    bool apart = dash ? take(scan, c) : take_comma_or_blanks(scan);
    return parsed->first > 0 && apart && take_year(scan, parsed) && is_day(parsed->year, parsed->first, day);
}

// Two small numbers and a year: the order of day and month shows only where one of them is beyond 12. "1.2.10"
// may be a version and "1-2-10" a part number: there a short year wants two digits of the others too.
static bool take_either(struct scan *scan, int first, int digits, struct parsed *parsed) {
    char c = peek(scan);
    parsed->first = first;
    take(scan, c);
    int others = take_number(scan, 1, 2, &parsed->second);
    if (others == 0 || !take(scan, c) || !take_year(scan, parsed))
        return false;
    if (c != '/' && (parsed->seen & DATE_SEEN_SHORT_YEAR) != 0 && digits + others < 4)
        return false;
    unsigned day = c == '/' ? DATE_DMY_SLASH : c == '-' ? DATE_DMY_DASH : DATE_DMY_POINT;
    if (is_day(parsed->year, parsed->second, first))
        parsed->ways = 1u << day;
    if (c != '.' && is_day(parsed->year, first, parsed->second))
        parsed->ways |= 1u << (c == '/' ? DATE_MDY_SLASH : DATE_MDY_DASH);
    return parsed->ways != 0;
}

static bool take_digits_first(struct scan *scan, struct parsed *parsed) {
    int number, digits = take_number(scan, 1, 8, &number);
    char c = peek(scan);
    if (digits == 8)
        return take_basic(number, parsed);
    if (digits == 4) {
        parsed->year = number;
        return take_year_first(scan, parsed);
    }
    if (digits < 1 || digits > 2)
        return false;
    bool between = c == '/' || c == '-' || c == '.';
    if (between && scan->at + 1 < scan->length && is_digit(scan->text[scan->at + 1]))
        return take_either(scan, number, digits, parsed);
    return take_month_name(scan, number, parsed);
}

// "Jan 31, 2020"
static bool take_letters_first(struct scan *scan, struct parsed *parsed) {
    parsed->ways = 1u << DATE_MONTH_D_Y;
    parsed->first = take_name(scan, months, 12) + 1;
    if (parsed->first == 0 || !(take_blanks(scan) || take(scan, '-')) ||
        take_number(scan, 1, 2, &parsed->second) == 0 || !(take(scan, '-') || take_comma_or_blanks(scan)))
        return false;
    return take_year(scan, parsed) && is_day(parsed->year, parsed->first, parsed->second);
}

static bool parse(const char *text, size_t length, struct parsed *parsed) {
    struct scan scan = {text, length, 0};
    *parsed = (struct parsed){0};
    if (is_letter(peek(&scan)) && take_name(&scan, weekdays, 7) >= 0) {
        take(&scan, ',');
        take_blanks(&scan);
    }
    bool day = is_digit(peek(&scan)) ? take_digits_first(&scan, parsed) : take_letters_first(&scan, parsed);
    return day && take_rest(&scan, false, parsed);
}

static double seconds_of(const struct parsed *parsed, int month, int day) {
    return (double)date_days(parsed->year, month, day) * 86400.0 + parsed->time - parsed->offset;
}

bool cell_date_as(const char *text, size_t length, enum date_way way, double *seconds) {
    struct parsed parsed;
    cell_trim(&text, &length);
    if (length < 6 || !parse(text, length, &parsed) || (parsed.ways >> way & 1) == 0)
        return false;
    bool day_first = way == DATE_DMY_SLASH || way == DATE_DMY_DASH || way == DATE_DMY_POINT;
    *seconds =
        day_first ? seconds_of(&parsed, parsed.second, parsed.first) : seconds_of(&parsed, parsed.first, parsed.second);
    return true;
}

unsigned cell_date_ways(const char *text, size_t length, unsigned *seen) {
    struct parsed parsed;
    cell_trim(&text, &length);
    if (length < 6 || length > 64 || !parse(text, length, &parsed))
        return 0;
    *seen = parsed.seen;
    return parsed.ways;
}

bool cell_date_digits(unsigned digits) {
    return digits >= 19000101 && digits <= 20991231 &&
           is_day((int)(digits / 10000), (int)(digits / 100 % 100), (int)(digits % 100));
}

const char *date_way_example(enum date_way way) {
    static const char *const examples[DATE_WAYS] = {
        [DATE_YMD_DASH] = "2020-01-31",   [DATE_YMD_SLASH] = "2020/01/31",  [DATE_YMD_POINT] = "2020.01.31",
        [DATE_YMD] = "20200131",          [DATE_DMY_SLASH] = "31/01/2020",  [DATE_MDY_SLASH] = "01/31/2020",
        [DATE_DMY_DASH] = "31-01-2020",   [DATE_MDY_DASH] = "01-31-2020",   [DATE_DMY_POINT] = "31.01.2020",
        [DATE_D_MONTH_Y] = "31 Jan 2020", [DATE_MONTH_D_Y] = "Jan 31, 2020"};
    return examples[way];
}

// ---- ISO 8601 alone ---------------------------------------------------------------------------------

// Byte i: the two digits from i on as a number.
static uint64_t two_digits(uint64_t digits) {
    return digits * 10 + (digits >> 8);
}

// "YYYY-MM-DD" at text[0 … 9].
static bool iso_day(const char *text, int64_t *days) {
    const uint64_t dashes = 0x2D00002D00000000u, places = 0xFF0000FF00000000u; // "YYYY-MM-", and "YY-MM-DD" below
    uint64_t front = number_load8(text), back = number_load8(text + 2);
    uint64_t front_digits = (front & ~places) | (0x3030303030303030u & places);
    uint64_t back_digits = (back & ~(places >> 16)) | (0x3030303030303030u & places >> 16);
    if ((front & places) != dashes || !number_digits8(front_digits) || !number_digits8(back_digits))
        return false;
    uint64_t first = two_digits(front_digits - 0x3030303030303030u);
    uint64_t last = two_digits(back_digits - 0x3030303030303030u);
    int year = (int)(first & 0xFF) * 100 + (int)(first >> 16 & 0xFF), month = (int)(first >> 40 & 0xFF);
    int day = (int)(last >> 48 & 0xFF);
    if (!is_day(year, month, day))
        return false;
    *days = date_days(year, month, day);
    return true;
}

bool cell_date_fast(const char *text, size_t length, double *seconds) {
    int64_t days;
    if ((length != 10 && length != 19) || !iso_day(text, &days))
        return false;
    int64_t time = 0;
    if (length == 19) {
        unsigned d[9], wrong = text[10] != ' ' && text[10] != 'T';
        for (int i = 0; i < 8; i++) {
            d[i] = (unsigned)(unsigned char)text[11 + i] - '0';
            wrong |= i == 2 || i == 5 ? d[i] ^ (unsigned)(':' - '0') : d[i] > 9;
        }
        unsigned hour = d[0] * 10 + d[1], minute = d[3] * 10 + d[4], second = d[6] * 10 + d[7];
        if (wrong != 0 || hour > 23 || minute > 59 || second > 60)
            return false;
        time = hour * 3600 + minute * 60 + second;
    }
    *seconds = (double)(days * 86400 + time);
    return true;
}

bool cell_date(const char *text, size_t length, double *seconds) {
    cell_trim(&text, &length);
    if (cell_date_fast(text, length, seconds))
        return true;
    int64_t days;
    struct scan scan = {text, length, 10};
    struct parsed parsed = {0};
    if (length < 10 || !iso_day(text, &days) || !take_rest(&scan, true, &parsed))
        return false;
    *seconds = (double)days * 86400.0 + parsed.time - parsed.offset;
    return true;
}

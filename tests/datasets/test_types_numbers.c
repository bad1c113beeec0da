// Numbers in cells against the C library: the same double for millions of random and hard cells, the fast way
// and the careful way agreeing on everything they show; and the ways of writing with commas and separators.
#include "tests/support/test.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "datasets/cell_numbers.h"
#include "datasets/types.h"

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

// Every way of reading gives the C library's value.
static void check(const char *text) {
    char padded[128] = {0};
    size_t length = strlen(text);
    memcpy(padded, text, length);
    memset(padded + length, '7', NUMBER_PADDING); // what is behind a cell does not matter
    struct number_cell fast, careful;
    if (!number_cell_read(padded, length, &careful))
        fail_msg("'%s' was not read", text);
    double expected = strtod(text, NULL);
    if (memcmp(&careful.value, &expected, sizeof expected) != 0)
        fail_msg("'%s' read as %.17g, not %.17g", text, careful.value, expected);
    if (!number_cell_fast(padded, length, &fast))
        return;
    if (memcmp(&fast.value, &expected, sizeof expected) != 0)
        fail_msg("'%s' read fast as %.17g, not %.17g", text, fast.value, expected);
    if (fast.ways != careful.ways || fast.seen != careful.seen || fast.code != careful.code ||
        fast.beyond != careful.beyond)
        fail_msg("'%s': the fast way shows %x %x, the careful way %x %x", text, fast.ways, fast.seen, careful.ways,
                 careful.seen);
}

static void random_numbers_are_the_librarys(void **state) {
    (void)state;
    char text[96];
    for (int i = 0; i < 400000; i++) {
        double value;
        uint64_t bits = next_random();
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.*e", (int)(next_random() % 20), value);
        check(text);
        value = (double)(int64_t)next_random() / (double)(1ull << next_random() % 63);
        snprintf(text, sizeof text, "%.*f", (int)(next_random() % 12), value);
        check(text);
        snprintf(text, sizeof text, "%.17g", value);
        check(text);
        snprintf(text, sizeof text, "%" PRId64, (int64_t)next_random() >> next_random() % 64);
        check(text);
    }
}

// Digits with a point anywhere, of every length up to 24: the padding by zeros, the blocks of eight.
static void digits_with_a_point_anywhere(void **state) {
    (void)state;
    char text[64];
    for (int round = 0; round < 600; round++)
        for (int count = 1; count <= 24; count++)
            for (int point = -1; point <= count; point++) {
                int at = 0;
                if (round % 3 == 1)
                    text[at++] = '-';
                for (int i = 0; i < count; i++) {
                    if (i == point)
                        text[at++] = '.';
                    text[at++] = (char)('0' + (next_random() % 3 == 0 ? 0 : next_random() % 10));
                }
                if (point == count)
                    text[at++] = '.';
                text[at] = '\0';
                check(text);
            }
}

// Numbers half-way between two doubles, and next to that: from the decimal expansion of the midpoint, cut to 19 digits.
static void numbers_between_two_doubles(void **state) {
    (void)state;
    char text[64];
    static const char *const hard[] = {"9007199254740993",
                                       "9007199254740992.5",
                                       "9007199254740993.0000000001",
                                       "0.1e-6",
                                       "1e22",
                                       "1e23",
                                       "8.5e-23",
                                       "4503599627370497.5",
                                       "1.7976931348623157e308",
                                       "4.9e-324",
                                       "2.2250738585072011e-308",
                                       "9214843084008499e-22",
                                       "18014398509481985e-3",
                                       "9223372036854775807",
                                       "9999999999999999999e-27"};
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++)
        check(hard[i]);
    for (int i = 0; i < 200000; i++) {
        // m + 1/2 with m of 53 bits, times 2^-k for small k, has few enough digits to be written exactly
        uint64_t m = (next_random() >> 11) | (uint64_t)1 << 52;
        int k = (int)(next_random() % 10), nudge = (int)(next_random() % 3) - 1;
        long double middle = ((long double)m + 0.5L) / (long double)(1u << k);
        snprintf(text, sizeof text, "%.*Lf", (int)(next_random() % 4), middle);
        check(text);
        snprintf(text, sizeof text, "%" PRIu64 "e%d", 2 * m + 1 + (uint64_t)(int64_t)nudge,
                 (int)(next_random() % 56) - 28);
        check(text);
    }
}

static void what_is_no_number_is_refused(void **state) {
    (void)state;
    static const char *const words[] = {"",          "-",
                                        "+",         ".",
                                        "-.",        "e5",
                                        "1e",        "1e+",
                                        "1..2",      "1.2.3",
                                        "--1",       "+-1",
                                        "0x10",      "nan",
                                        "1 2",       "12a",
                                        "a12",       "1,5",
                                        "12345678a", "1234567.8.9",
                                        "1_000",     "123456789012345678901234567890x",
                                        "/1",        ":1",
                                        "1;",        "12:30"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char padded[64] = {0};
        size_t length = strlen(words[i]);
        memcpy(padded, words[i], length);
        memset(padded + length, '1', NUMBER_PADDING);
        struct number_cell cell;
        if (number_cell_fast(padded, length, &cell) || number_cell_read(padded, length, &cell))
            fail_msg("'%s' was read as %g", words[i], cell.value);
    }
}

static void ways_of_writing(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum number_way way;
        double value; // NAN: the way cannot read it
    } cells[] = {
        {"1,5", NUMBER_COMMA, 1.5},
        {"-1,5e3", NUMBER_COMMA, -1500},
        {"1.5", NUMBER_COMMA, (double)NAN},
        {"1,234.5", NUMBER_GROUPS_COMMA, 1234.5},
        {"-1,234,567", NUMBER_GROUPS_COMMA, -1234567},
        {"1234567", NUMBER_GROUPS_COMMA, 1234567},
        {"1,23", NUMBER_GROUPS_COMMA, (double)NAN},
        {"1234,567", NUMBER_GROUPS_COMMA, (double)NAN},
        {"0,123", NUMBER_GROUPS_COMMA, (double)NAN},
        {"1,234,56", NUMBER_GROUPS_COMMA, (double)NAN},
        {"1.234.567,25", NUMBER_GROUPS_POINT, 1234567.25},
        {"1.234", NUMBER_GROUPS_POINT, 1234},
        {"1.23", NUMBER_GROUPS_POINT, (double)NAN},
        {"192.168.100.200", NUMBER_GROUPS_POINT, (double)NAN},
        {"1 234 567", NUMBER_BLANKS_POINT, 1234567},
        {"1\xc2\xa0"
         "234,5",
         NUMBER_BLANKS_COMMA, 1234.5},
        {"1\xe2\x80\xaf"
         "234.5",
         NUMBER_BLANKS_POINT, 1234.5},
        {"1\xe2\x80\x89"
         "234",
         NUMBER_BLANKS_POINT, 1234},
        {"12 34", NUMBER_BLANKS_POINT, (double)NAN},
        {"1'234.5", NUMBER_APOSTROPHE_POINT, 1234.5},
        {"1\xe2\x80\x99"
         "234,5",
         NUMBER_APOSTROPHE_COMMA, 1234.5},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct number_cell cell, all;
        size_t length = strlen(cells[i].text);
        bool read = number_cell_read_as(cells[i].text, length, cells[i].way, &cell);
        if (read != !isnan(cells[i].value) || (read && cell.value != cells[i].value))
            fail_msg("'%s' as '%s': %s %g", cells[i].text, number_way_example(cells[i].way), read ? "read" : "refused",
                     read ? cell.value : 0);
        // what can be read in a way says so
        bool said = number_cell_ways(cells[i].text, length, NUMBER_WAYS_ALL, &all) && (all.ways >> cells[i].way & 1);
        assert_int_equal(said, read);
    }
}

// The set of ways that a plain number says it has is the set of ways that read it, and to the same value wherever
// the number has no separator.
static void the_ways_said_are_the_ways_that_read(void **state) {
    (void)state;
    static const char letters[] = "0123456789.,' -e";
    for (int i = 0; i < 300000; i++) {
        char text[16];
        size_t length = 1 + next_random() % 9;
        for (size_t k = 0; k < length; k++)
            text[k] = letters[next_random() % (sizeof letters - 1)];
        if (text[0] == ' ' || text[length - 1] == ' ')
            continue;
        struct number_cell all = {0}, one;
        bool any = number_cell_ways(text, length, NUMBER_WAYS_ALL, &all);
        unsigned ways = 0;
        for (int way = 0; way < NUMBER_WAYS; way++)
            ways |= number_cell_read_as(text, length, (enum number_way)way, &one) ? 1u << way : 0u;
        if (ways != (any ? all.ways : 0))
            fail_msg("'%.*s': said %x, read %x", (int)length, text, any ? all.ways : 0, ways);
    }
}

// One cell of digits, points and what else may stand among them; mostly short.
static size_t random_cell(char *text) {
    static const char bytes[] = "01234567890123456789....--+e/: ";
    size_t length = next_random() % (next_random() % 8 == 0 ? 20 : 10), at = 0;
    if (next_random() % 4 == 0) // digits with one point or none, as most cells are
        at = (size_t)sprintf(text, "%s%" PRIu64 "%s", next_random() % 2 ? "-" : "", next_random() % 100000,
                             next_random() % 2 ? "." : "");
    for (; at < length; at++)
        text[at] = bytes[next_random() % (next_random() % 4 == 0 ? sizeof bytes - 1 : 20)];
    memset(text + at, '7', NUMBER_PADDING);
    return at;
}

static bool is_left(const struct csv_cell *cell, const struct number_cell *number) {
    size_t digits = cell->length - (cell->length > 1 && cell->text[0] == '-');
    return digits > 8 || (number->seen & (NUMBER_SEEN_CODE | NUMBER_SEEN_EITHER)) != 0;
}

static void many_cells_at_once(void **state) {
    (void)state;
    numbers_read *read = numbers_reader();
    if (read == NULL)
        skip();
    uint64_t total = 0;
    for (int round = 0; round < 200000; round++) {
        char texts[NUMBERS_AT_ONCE][48];
        struct csv_cell cells[NUMBERS_AT_ONCE];
        double values[NUMBERS_AT_ONCE];
        struct numbers_seen seen = {.ways = NUMBER_WAYS_ALL}, want = {.ways = NUMBER_WAYS_ALL};
        for (size_t i = 0; i < NUMBERS_AT_ONCE; i++)
            cells[i] = (struct csv_cell){texts[i], random_cell(texts[i])};
        unsigned mask = read(cells, values, &seen);
        for (size_t i = 0; i < NUMBERS_AT_ONCE; i++) {
            struct number_cell number;
            bool fast = number_cell_fast(texts[i], cells[i].length, &number) && !is_left(&cells[i], &number);
            if (fast != (mask >> i & 1) || (fast && memcmp(&values[i], &number.value, sizeof number.value) != 0))
                fail_msg("'%.*s': read %u as %.17g", (int)cells[i].length, texts[i], mask >> i & 1, values[i]);
            want.ways &= fast ? number.ways : NUMBER_WAYS_ALL;
            want.seen |= fast ? number.seen : 0;
            want.count += fast;
        }
        assert_int_equal(seen.ways, want.ways);
        assert_int_equal(seen.seen, want.seen);
        assert_int_equal(seen.count, want.count);
        total += seen.count;
    }
    assert_true(total > 200000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_numbers_are_the_librarys),
        cmocka_unit_test(digits_with_a_point_anywhere),
        cmocka_unit_test(numbers_between_two_doubles),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(many_cells_at_once),
        cmocka_unit_test(ways_of_writing),
        cmocka_unit_test(the_ways_said_are_the_ways_that_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

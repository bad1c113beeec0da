// Dates in cells: many ways of writing against the seconds that pandas reads (tests/fixtures/dates.txt, made by
// make_dates.py), days that do not exist, and the fast way against the careful one.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "datasets/types.h"

static struct error error;

static void dates_are_those_of_pandas(void **state) {
    (void)state;
    char *text = NULL, *rest;
    size_t size, count = 0;
    assert_int_equal(file_read("tests/fixtures/dates.txt", 0, &text, &size, &error), STATUS_OK);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest), count++) {
        enum date_way way = (enum date_way)strtol(line, &line, 10);
        char *date = line + 1, *end = strchr(date, '\t');
        double expected = strtod(end + 1, NULL), seconds;
        size_t length = (size_t)(end - date);
        unsigned seen = 0;
        if (!cell_date_as(date, length, way, &seconds) || fabs(seconds - expected) > 1e-6)
            fail_msg("'%.*s' as '%s': %.6f, not %.6f", (int)length, date, date_way_example(way), seconds, expected);
        assert_true(cell_date_ways(date, length, &seen) >> way & 1);
        if (way == DATE_YMD_DASH) {
            double iso;
            assert_true(cell_date(date, length, &iso) && iso == seconds);
        }
    }
    assert_in_range(count, 300, 1000);
    mem_free(text);
}

static void days_that_do_not_exist(void **state) {
    (void)state;
    static const char *const bad[] = {"2021-02-29",
                                      "2021-13-01",
                                      "2021-00-10",
                                      "31/04/2020",
                                      "32/01/2020",
                                      "13/13/2020",
                                      "29.02.1900",
                                      "31 Feb 2020",
                                      "Feb 30, 2020",
                                      "20200230",
                                      "2020/1/32",
                                      "1/2/3",
                                      "1/2/202",
                                      "01/02-2020",
                                      "01/02/2020 25:00",
                                      "01/02/2020 13:00 PM",
                                      "2020-01-01T",
                                      "2020-01-01 10:00 X",
                                      "Foo 1, 2020",
                                      "Jan 2020",
                                      "12:30:00",
                                      "2020",
                                      "18991231",
                                      "21000101",
                                      "2020-01-01x",
                                      "2020-01-01 10:60",
                                      "2020-01-01T10:00+25:00",
                                      "1.2.10",
                                      "10.2.11",
                                      "1-2-10",
                                      "",
                                      "-"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        unsigned seen;
        double seconds;
        if (cell_date_ways(bad[i], strlen(bad[i]), &seen) != 0)
            fail_msg("'%s' counts as a date", bad[i]);
        assert_false(cell_date_fast(bad[i], strlen(bad[i]), &seconds));
    }
}

// The day's and the month's place is open below 13 and settled above.
static void day_and_month(void **state) {
    (void)state;
    unsigned seen = 0;
    double day, month;
    assert_int_equal(cell_date_ways("01/02/2020", 10, &seen), 1u << DATE_DMY_SLASH | 1u << DATE_MDY_SLASH);
    assert_int_equal(cell_date_ways("13/02/2020", 10, &seen), 1u << DATE_DMY_SLASH);
    assert_int_equal(cell_date_ways("02-13-2020", 10, &seen), 1u << DATE_MDY_DASH);
    assert_int_equal(cell_date_ways("01.02.2020", 10, &seen), 1u << DATE_DMY_POINT);
    assert_int_equal(seen, 0);
    assert_true(cell_date_as("01/02/2020", 10, DATE_DMY_SLASH, &day));
    assert_true(cell_date_as("01/02/2020", 10, DATE_MDY_SLASH, &month));
    assert_true(cell_date_as("Sept. 5, 2020", 13, DATE_MONTH_D_Y, &day) && day == 1599264000);
    assert_true(cell_date_as("01/02/2020", 10, DATE_DMY_SLASH, &day));
    assert_true(day == 1580515200 && month == 1577923200); // 1 February, 2 January
    assert_int_equal(cell_date_ways("31/12/69", 8, &seen), 1u << DATE_DMY_SLASH);
    assert_int_equal(seen, DATE_SEEN_SHORT_YEAR);
    assert_true(cell_date_as("31/12/69", 8, DATE_DMY_SLASH, &day) && day == -86400);
}

static void the_fast_way_is_the_careful_way(void **state) {
    (void)state;
    static const char letters[] = "0123456789-: T";
    unsigned random = 7;
    for (int i = 0; i < 2000000; i++) {
        char text[20] = "2020-01-31 10:20:30";
        size_t length = i % 2 == 0 ? 10 : 19;
        for (int k = 0; k < 2; k++) {
            random = random * 1664525 + 1013904223;
            text[(random >> 8) % length] = letters[(random >> 16) % (sizeof letters - 1)];
        }
        double fast, careful;
        // blanks at the ends are for the careful way alone
        bool edges = text[0] == ' ' || text[length - 1] == ' ';
        bool read = cell_date_fast(text, length, &fast), as = cell_date_as(text, length, DATE_YMD_DASH, &careful);
        if (read && (!as || fast != careful))
            fail_msg("'%.*s' read as %f and %f", (int)length, text, fast, careful);
        if (cell_date(text, length, &fast) && !read && !edges && length == 10)
            fail_msg("'%.*s' was not read by the fast way", (int)length, text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_those_of_pandas),
        cmocka_unit_test(days_that_do_not_exist),
        cmocka_unit_test(day_and_month),
        cmocka_unit_test(the_fast_way_is_the_careful_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

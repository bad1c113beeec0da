// Cells: numbers, dates (against known seconds), missing tokens.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/base/str.h"
#include "datasets/table.h"
#include "datasets/types.h"

static bool number(const char *text, struct number_cell *out) {
    return number_cell_read(text, strlen(text), out);
}

static void numbers_are_told_from_words(void **state) {
    (void)state;
    struct number_cell cell;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},
                {"-12", -12},
                {"+3.5", 3.5},
                {" 7 ", 7},
                {".5", 0.5},
                {"5.", 5},
                {"1e3", 1000},
                {"1E-2", 0.01},
                {"inf", INFINITY},
                {"-Infinity", -INFINITY},
                {"9007199254740992", 9007199254740992.0}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(number(good[i].text, &cell));
        assert_true(cell.value == good[i].value);
        assert_false(cell.code || cell.beyond);
    }
    static const char *const bad[] = {"",   " ", "a", "1a",  "1 2", "1,5",   "--1", "0x10",
                                      "e3", ".", "-", "nan", "1e",  "1.2.3", "é"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(number(bad[i], &cell));
}

static void codes_and_long_integers_are_marked(void **state) {
    (void)state;
    struct number_cell cell;
    static const char *const codes[] = {"007", "-01", "00"};
    for (size_t i = 0; i < 3; i++)
        assert_true(number(codes[i], &cell) && cell.code);
    static const char *const plain[] = {"0", "0.5", "-0", "10", "0e0", "00.5"};
    for (size_t i = 0; i < 6; i++)
        assert_true(number(plain[i], &cell) && !cell.code);
    assert_true(number("9007199254740994", &cell) && cell.beyond);
    assert_true(number("-12345678901234567890", &cell) && cell.beyond);
    assert_true(number("1e300", &cell) && !cell.beyond);
}

// The text need not end where the cell does, and nothing behind it is read.
static void only_the_cell_is_read(void **state) {
    (void)state;
    struct number_cell cell;
    double seconds;
    assert_true(number_cell_read("123456", 3, &cell) && cell.value == 123);
    assert_true(cell_date("2020-01-019", 10, &seconds));
}

static void dates_become_seconds(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds; // date -u -d TEXT +%s
    } good[] = {{"1970-01-01", 0},
                {"2000-02-29", 951782400},
                {"1900-03-01", -2203891200.0},
                {"0001-01-01", -62135596800.0},
                {"9999-12-31", 253402214400.0},
                {"2024-05-06T07:08:09", 1714979289},
                {"2024-05-06 07:08", 1714979280},
                {"2024-05-06T07:08:09.25Z", 1714979289.25},
                {"2024-05-06T07:08:09+02:00", 1714972089},
                {" 2024-05-06T07:08:09-0330", 1714991889}};
    double seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(cell_date(good[i].text, strlen(good[i].text), &seconds));
        if (seconds != good[i].seconds)
            fail_msg("%s: %.3f", good[i].text, seconds);
    }
    static const char *const bad[] = {"2023-02-29",
                                      "1900-02-29",
                                      "2020-13-01",
                                      "2020-00-10",
                                      "2020-1-1",
                                      "20200101",
                                      "2020-01-01x",
                                      "2020-01-01T",
                                      "2020-01-01T24:00",
                                      "2020-01-01T10:61",
                                      "2020-01-01T10:00+",
                                      "2020-01-01T10:00:00.",
                                      "2020-01-01T10:00+15:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(cell_date(bad[i], strlen(bad[i]), &seconds));
}

// Every day of 800 years, there and back through the calendar.
static void every_day_comes_back(void **state) {
    (void)state;
    struct error error;
    struct column *column = column_make("day", COLUMN_DATE, 1, &error);
    char out[64];
    double seconds;
    assert_non_null(column);
    for (int day = -146097; day < 146097; day++) {
        column->values[0] = day * 86400.0;
        const char *text = column_text(column, 0, out);
        assert_true(cell_date(text, strlen(text), &seconds));
        assert_true(seconds == day * 86400.0);
    }
    column->values[0] = 1714979289.25;
    assert_string_equal(column_text(column, 0, out), "2024-05-06T07:08:09.25");
    column->values[0] = -1;
    assert_string_equal(column_text(column, 0, out), "1969-12-31T23:59:59");
    column_release(column);
}

static bool missing(const struct missing_tokens *tokens, const char *text) {
    return cell_missing(tokens, text, strlen(text));
}

static void pandas_tokens_and_ones_own_are_missing(void **state) {
    (void)state;
    struct error error;
    struct missing_tokens tokens;
    static const char *const own[] = {"?", "-999", " "};
    static const char *const list[] = {"",     "  ",   "#N/A",   "#N/A N/A", "#NA",  "-1.#IND", "-1.#QNAN",
                                       "-NaN", "-nan", "1.#IND", "1.#QNAN",  "<NA>", "N/A",     "NA",
                                       "NULL", "NaN",  "None",   "n/a",      "nan",  "null",    " NA "};
    static const char *const not_list[] = {"na", "none", "Na", "0", "-", "NA?", "N", "1.#", "nil"};
    assert_int_equal(missing_tokens_make(&tokens, NULL, 0, &error), STATUS_OK);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        assert_true(missing(&tokens, list[i]));
    for (size_t i = 0; i < sizeof not_list / sizeof *not_list; i++)
        assert_false(missing(&tokens, not_list[i]));
    assert_false(missing(&tokens, "?"));
    missing_tokens_free(&tokens);
    assert_int_equal(missing_tokens_make(&tokens, own, 3, &error), STATUS_OK);
    assert_true(missing(&tokens, "?") && missing(&tokens, "-999") && missing(&tokens, "NA"));
    assert_false(missing(&tokens, "-99"));
    missing_tokens_free(&tokens);
}

static void tokens_of_one_column(void **state) {
    (void)state;
    static const char *const given[] = {"?", "age=0", "a=b=9"};
    struct missing_tokens tokens;
    struct error error;
    assert_int_equal(missing_tokens_column(&tokens, true, given, 3, "age", &error), STATUS_OK);
    assert_true(missing(&tokens, "?") && missing(&tokens, "0") && missing(&tokens, "NA") && missing(&tokens, "age=0"));
    assert_false(missing(&tokens, "9") || missing(&tokens, "b=9"));
    missing_tokens_free(&tokens);
    assert_int_equal(missing_tokens_column(&tokens, false, given, 3, "a=b", &error), STATUS_OK);
    assert_true(missing(&tokens, "9") && missing(&tokens, "") && missing(&tokens, "?"));
    assert_false(missing(&tokens, "0") || missing(&tokens, "NA"));
    missing_tokens_free(&tokens);
    assert_true(missing_tokens_name(given, 3, "age") && !missing_tokens_name(given, 3, "ag"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_told_from_words), cmocka_unit_test(codes_and_long_integers_are_marked),
        cmocka_unit_test(only_the_cell_is_read),       cmocka_unit_test(dates_become_seconds),
        cmocka_unit_test(every_day_comes_back),        cmocka_unit_test(pandas_tokens_and_ones_own_are_missing),
        cmocka_unit_test(tokens_of_one_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

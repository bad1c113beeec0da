#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/base/str.h"
#include "tests/support/test.h"

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// Fewest digits with which the C library's own printing reads back.
static int digits_needed(double value) {
    char text[40];
    int digits = 0;
    do {
        snprintf(text, sizeof text, "%.*e", digits++, value);
    } while (strtod(text, NULL) != value);
    return digits;
}

static int digits_written(const char *text) {
    int count = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (count == 0 && *text == '0'))
            continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

static void test_random_doubles_round_trip(void **state) {
    (void)state;
    struct rng rng = rng_make(1, RNG_TEST, 0);
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = rng_u64(&rng);
        if (i % 10 == 0)
            bits &= 0x800fffffffffffffu; // subnormal
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[32];
        number_text(value, text);
        assert_true(number_parse(text, &back));
        assert_true(bits_of(back) == bits);
        assert_true(bits_of(strtod(text, NULL)) == bits);
        if (i < 5000 || i % 10 == 0)
            assert_int_equal(digits_written(text), digits_needed(value));
    }
}

// The printing of the C library, cut to the fewest digits that read back, is the witness for decimals of few places.
static void test_decimals_are_written_as_printf_does(void **state) {
    (void)state;
    struct rng rng = rng_make(11, RNG_TEST, 0);
    for (int i = 0; i < 200000; i++) {
        char text[32], want[40];
        double power = pow(10, (double)rng_below(&rng, 14));
        double value = floor(rng_uniform(&rng) * pow(10, (double)rng_below(&rng, 17))) / power;
        value = i % 2 ? value : -value;
        if (i % 7 == 0 && value != 0) { // and what lies beside it
            uint64_t bits = bits_of(value) + 1;
            memcpy(&value, &bits, sizeof value);
        }
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(want, sizeof want, "%.*g", digits, value);
            if (strtod(want, NULL) == value)
                break;
        }
        assert_string_equal(number_text(value, text), want);
    }
}

static void test_random_floats_round_trip(void **state) {
    (void)state;
    struct rng rng = rng_make(2, RNG_TEST, 0);
    for (int i = 0; i < 50000; i++) {
        uint32_t bits = rng_u32(&rng), back_bits;
        if (i % 10 == 0)
            bits &= 0x807fffff;
        float value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[32];
        number_text_float(value, text);
        assert_true(strlen(text) <= 15);
        back = strtof(text, NULL);
        memcpy(&back_bits, &back, sizeof back_bits);
        assert_int_equal(back_bits, bits);
    }
}

// What "%.Ng" with the fewest digits gives.
static void test_floats_of_usual_size_are_written_as_by_the_library(void **state) {
    (void)state;
    struct rng rng = rng_make(3, RNG_TEST, 0);
    for (int i = 0; i < 400000; i++) {
        uint32_t bits = (uint32_t)rng_u64(&rng);
        float value;
        char text[32], want[32];
        bits = (bits & 0x807fffffu) | (uint32_t)(112 + (bits >> 23 & 31)) << 23; // 2^-15 … 2^16
        if (i % 3 == 0)
            bits &= ~0u << (i % 24); // few digits
        memcpy(&value, &bits, sizeof value);
        for (int digits = 6; digits <= 9; digits++) {
            snprintf(want, sizeof want, "%.*g", digits, (double)value);
            if (strtof(want, NULL) == value)
                break;
        }
        assert_string_equal(number_text_float(value, text), want);
    }
}

static void test_known_texts(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } known[] = {
        {0, "0"},
        {-0.0, "-0"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e23, "1e+23"},
        {32, "32"},
        {-1.5e-7, "-1.5e-07"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {5e-324, "5e-324"},
        {1.0 / 3, "0.3333333333333333"},
        {123456789012, "123456789012"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
    };
    char text[32];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_string_equal(number_text(known[i].value, text), known[i].text);
    assert_string_equal(number_text_float(0.1f, text), "0.1");
    assert_string_equal(number_text_float(16777216.0f, text), "16777216");
    assert_string_equal(number_text_float(1e-45f, text), "1e-45");
}

// Random decimals, long and short, against the C library.
static void test_parse_agrees_with_strtod(void **state) {
    (void)state;
    struct rng rng = rng_make(3, RNG_TEST, 0);
    for (int i = 0; i < 100000; i++) {
        char text[80];
        size_t length = 0, digits = 1 + rng_below(&rng, i % 4 == 0 ? 40 : 17), point = rng_below(&rng, digits + 1);
        if (rng_below(&rng, 2))
            text[length++] = "+-"[rng_below(&rng, 2)];
        for (size_t d = 0; d < digits; d++) {
            if (d == point)
                text[length++] = '.';
            text[length++] = (char)('0' + rng_below(&rng, 10));
        }
        text[length] = '\0';
        if (rng_below(&rng, 2))
            snprintf(text + length, sizeof text - length, "%c%d", "eE"[rng_below(&rng, 2)],
                     (int)rng_below(&rng, 60) - 30 + (i % 50 == 0 ? 300 : 0));
        double value;
        assert_true(number_parse(text, &value));
        assert_true(bits_of(value) == bits_of(strtod(text, NULL)));
    }
}

static void test_parse_edges(void **state) {
    (void)state;
    static const char *const good[] = {"1.", ".5", "1e5", "1E-5", "+3", "-0", "1e999", "inf", "-Infinity", "00012"};
    static const char *const bad[] = {"",     " 1",  "1 ",  "abc", "1e",     "1e+",   ".",       "+",    "--1",
                                      "0x10", "1,5", "1_0", "e5",  "nan(1)", "1.2.3", "infinit", "1e5x", "+ 1"};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(number_parse(good[i], &value));
        assert_true(bits_of(value) == bits_of(strtod(good[i], NULL)));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        value = 42;
        assert_false(number_parse(bad[i], &value));
        assert_true(value == 42);
    }
    assert_true(number_parse("NaN", &value) && isnan(value));
}

static void test_integers(void **state) {
    (void)state;
    int64_t value = 7;
    assert_true(integer_parse("9223372036854775807", &value) && value == INT64_MAX);
    assert_true(integer_parse("-9223372036854775808", &value) && value == INT64_MIN);
    assert_true(integer_parse("+007", &value) && value == 7);
    static const char *const bad[] = {"", "-", "1.0", "9223372036854775808", "-9223372036854775809", "1e3", " 1", "1 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(integer_parse(bad[i], &value));
    assert_true(value == 7);
}

static void test_locale_does_not_matter(void **state) {
    (void)state;
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < sizeof commas / sizeof commas[0] && !set; i++)
        set = setlocale(LC_NUMERIC, commas[i]);
    if (!set)
        skip(); // no locale with a decimal comma on this machine
    char text[32];
    double value;
    assert_string_equal(number_text(0.1, text), "0.1");
    assert_true(number_parse("0.12345678901234567890", &value) && value == 0.12345678901234567890);
    assert_false(number_parse("0,5", &value));
    setlocale(LC_NUMERIC, "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_doubles_round_trip),
        cmocka_unit_test(test_decimals_are_written_as_printf_does),
        cmocka_unit_test(test_random_floats_round_trip),
        cmocka_unit_test(test_floats_of_usual_size_are_written_as_by_the_library),
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_parse_agrees_with_strtod),
        cmocka_unit_test(test_parse_edges),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_locale_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/views/check.h"

#include <math.h>

#include "core/base/str.h"
#include "views/text.h"

static void widths_follow_unicode(void **state) {
    (void)state;
    assert_int_equal(text_width("abc", false), 3);
    assert_int_equal(text_width("日本", false), 4);          // East Asian wide
    assert_int_equal(text_width("e\xCC\x81", false), 1);     // e + combining acute
    assert_int_equal(text_width("🙂", false), 2);
    assert_int_equal(text_width("ｱ", false), 1);             // halfwidth katakana
    assert_int_equal(text_width("Ａ", false), 2);            // fullwidth
    assert_int_equal(text_width("각", false), 2);            // Hangul syllable
    assert_int_equal(text_width("ก็", false), 1);             // Thai with a mark above
    assert_int_equal(text_width("\xCC\x81", false), 1);      // a mark without a base stands on a circle
    assert_int_equal(text_width("👩\u200D🔬", false), 4);     // joiner dropped: two pictures
    assert_int_equal(text_width("❤\uFE0F", false), 1);       // selector dropped
    assert_int_equal(text_code_width(0x2500), 1);
    assert_int_equal(text_code_width(0x10FFFF), 1);
}

static void dangerous_characters_become_marks(void **state) {
    char out[64];
    (void)state;
    assert_string_equal(text_cut("a\033[31m", 20, false, out, sizeof out), "a␛[31m");
    assert_string_equal(text_cut("a\033b", 20, true, out, sizeof out), "a\\x1bb");
    assert_string_equal(text_cut("a\tb\nc", 20, true, out, sizeof out), "a\\tb\\nc");
    assert_string_equal(text_cut("a\tb", 20, false, out, sizeof out), "a␉b");
    assert_string_equal(text_cut("x\u202Ey", 20, false, out, sizeof out), "x\\u202ey");
    assert_string_equal(text_cut("x\u2066y\uFEFF", 20, false, out, sizeof out), "x\\u2066y\\ufeff");
    assert_string_equal(text_cut("\xC2\x9B" "31m", 20, false, out, sizeof out), "\\x9b31m"); // the one-character CSI
    assert_string_equal(text_cut("\x9B", 20, false, out, sizeof out), "\uFFFD");        // the byte alone is not UTF-8
    assert_string_equal(text_cut("\xFFz", 20, true, out, sizeof out), "?z");
    assert_string_equal(text_cut("\x7F", 20, false, out, sizeof out), "␡");
    assert_string_equal(text_cut("a\u2028b", 20, false, out, sizeof out), "a\\u2028b");
}

static void ascii_mode_finds_the_nearest_letter(void **state) {
    char out[64];
    (void)state;
    assert_string_equal(text_cut("Café – “naïve”… ─│┌ 日", 40, true, out, sizeof out), "Cafe - \"naive\"~ -|+ ??");
}

static void cutting_keeps_the_width(void **state) {
    char out[64];
    (void)state;
    assert_string_equal(text_cut("hello world", 5, false, out, sizeof out), "hell…");
    assert_string_equal(text_cut("hello", 5, false, out, sizeof out), "hello");
    assert_string_equal(text_cut("日本語", 4, false, out, sizeof out), "日…"); // a half of 本 is not shown
    assert_string_equal(text_cut("hello", 0, false, out, sizeof out), "");
    assert_string_equal(text_cut("hello", 3, true, out, sizeof out), "he~");
    assert_string_equal(text_cut_middle("/home/somebody/data.csv", 11, false, out, sizeof out), "/home…a.csv");
    assert_string_equal(text_pad("ab", 5, TEXT_RIGHT, false, out, sizeof out), "   ab");
    assert_string_equal(text_pad("ab", 5, TEXT_CENTER, false, out, sizeof out), " ab  ");
    assert_string_equal(text_pad("abcdef", 4, TEXT_LEFT, false, out, sizeof out), "abc…");
    assert_string_equal(text_cut("日本語", 9, false, out, 5), "日"); // a small buffer ends at a character
}

static bool is_clean(const char *text, bool ascii) {
    uint32_t code;
    for (size_t at = 0, step, length = strlen(text); (step = utf8_decode(text + at, length - at, &code)) > 0; at += step) {
        bool bidi = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E ||
                    code == 0x200F || code == 0x061C;
        if (code < ' ' || (code >= 0x7F && code < 0xA0) || bidi || (ascii && code > 0x7E))
            return false;
    }
    return utf8_valid(text, strlen(text));
}

static void random_bytes_come_out_clean_and_in_width(void **state) {
    uint32_t random = 42;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char in[48], out[512];
        size_t length = check_random(&random) % 40;
        for (size_t i = 0; i < length; i++) {
            // every other round from characters that matter, encoded
            uint32_t code = check_random(&random) % 4 == 0 ? 0x2000 + check_random(&random) % 0x80 : check_random(&random);
            in[i] = (char)(round % 2 && check_random(&random) % 3 == 0 ? (int)(0xE2 - (code & 1)) : (int)(code & 0xFF));
        }
        in[length] = '\0';
        bool ascii = round % 3 == 0;
        int columns = (int)(check_random(&random) % 30);
        text_pad(in, columns, (enum text_align)(round % 3), ascii, out, sizeof out);
        assert_true(is_clean(out, ascii));
        assert_int_equal(text_width(out, ascii), columns);
        assert_true(is_clean(text_cut_middle(in, columns, ascii, out, sizeof out), ascii));
        assert_true(text_width(out, ascii) <= columns);
    }
}

static void numbers_follow_the_locale(void **state) {
    char out[TEXT_NUMBER_SIZE];
    (void)state;
    assert_string_equal(text_integer(1234567, NUMBER_SCREEN, out), "1 234 567");
    assert_string_equal(text_integer(-123, NUMBER_SCREEN, out), "-123");
    assert_string_equal(text_integer(INT64_MIN, NUMBER_PLAIN, out), "-9223372036854775808");
    text_locale_set(",", ".");
    assert_string_equal(text_fixed(-12345.678, 2, NUMBER_SCREEN, out), "-12.345,68");
    assert_string_equal(text_fixed(-12345.678, 2, NUMBER_PLAIN, out), "-12345.68");
    assert_string_equal(text_real(0.00012, 3, NUMBER_SCREEN, out), "0,00012");
    text_locale_set(".", "");
    assert_string_equal(text_real(1234.5678, 6, NUMBER_SCREEN, out), "1 234.57");
    assert_string_equal(text_real(1234567, 3, NUMBER_SCREEN, out), "1 234 567");
    assert_string_equal(text_real(1.5e-9, 3, NUMBER_PLAIN, out), "1.5e-09");
    assert_string_equal(text_real(NAN, 3, NUMBER_PLAIN, out), "nan");
    assert_string_equal(text_real(-INFINITY, 3, NUMBER_PLAIN, out), "-inf");
    assert_string_equal(text_fixed(-0.001, 1, NUMBER_PLAIN, out), "0.0");
    assert_string_equal(text_percent(0.931, 1, NUMBER_PLAIN, out), "93.1 %");
    assert_string_equal(text_bytes(3.9e6, NUMBER_PLAIN, out), "3.90 MB");
    assert_string_equal(text_bytes(999, NUMBER_PLAIN, out), "999 B");
    assert_string_equal(text_count(41800, NUMBER_PLAIN, out), "41.8 k");
    assert_string_equal(text_count(999600, NUMBER_PLAIN, out), "1.00 M");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_follow_unicode),
        cmocka_unit_test(dangerous_characters_become_marks),
        cmocka_unit_test(ascii_mode_finds_the_nearest_letter),
        cmocka_unit_test(cutting_keeps_the_width),
        cmocka_unit_test(random_bytes_come_out_clean_and_in_width),
        cmocka_unit_test(numbers_follow_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

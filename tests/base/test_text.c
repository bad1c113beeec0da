#include <string.h>

#include "core/base/str.h"
#include "tests/support/test.h"

// Every code point against the table of RFC 3629, section 3.
static void test_every_code_round_trips(void **state) {
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char bytes[4];
        uint32_t back;
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        size_t size = utf8_encode(code, bytes);
        if (size != (code < 0x80 ? 1u : code < 0x800 ? 2u : code < 0x10000 ? 3u : 4u))
            fail();
        if (utf8_decode(bytes, size, &back) != size || back != code || !utf8_valid(bytes, size))
            fail();
    }
    char bytes[4];
    assert_int_equal(utf8_encode(0x20ac, bytes), 3); // the euro sign: e2 82 ac
    assert_memory_equal(bytes, "\xe2\x82\xac", 3);
    assert_int_equal(utf8_encode(0xd800, bytes), 3); // no character: U+FFFD
    assert_memory_equal(bytes, "\xef\xbf\xbd", 3);
}

static void test_invalid_sequences(void **state) {
    (void)state;
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",
                                      "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                                      "\xff",         "\xe2\x82",         "\xe2\x28\xa1",     "\xc3("};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint32_t code;
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &code), 1);
        assert_int_equal(code, 0xfffd);
    }
    uint32_t code;
    assert_int_equal(utf8_decode("a", 0, &code), 0);
    assert_true(utf8_valid("", 0));
}

static void test_cut(void **state) {
    (void)state;
    const char *text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"; // a é € 😀 z: ends after 1 3 6 10 11 bytes
    static const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t length = 0; length <= 11; length++)
        assert_int_equal(utf8_cut(text, length), kept[length]);
}

static void test_comparisons(void **state) {
    (void)state;
    assert_true(text_equal(NULL, NULL) && text_equal("a", "a"));
    assert_false(text_equal(NULL, "a") || text_equal("a", NULL) || text_equal("a", "b"));
    assert_true(text_starts("batch", "ba") && text_starts("batch", ""));
    assert_false(text_starts("b", "ba"));
    assert_true(text_ends("a.csv.gz", ".gz") && text_ends("a", ""));
    assert_false(text_ends("gz", ".gz"));
}

// Values from Levenshtein's definition; characters, not bytes, are counted.
static void test_distance(void **state) {
    (void)state;
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("saturday", "sunday"), 3);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("abc", ""), 3);
    assert_int_equal(text_distance("same", "same"), 0);
    assert_int_equal(text_distance("M\xc3\xbcller", "Muller"), 1);
    char longer[301];
    memset(longer, 'x', 300);
    longer[300] = '\0';
    assert_int_equal(text_distance(longer, ""), 300);
}

static void test_fuzzy(void **state) {
    (void)state;
    assert_true(text_fuzzy("lr", "learning rate") >= 0);
    assert_true(text_fuzzy("LR", "learning rate") >= 0);
    assert_true(text_fuzzy("rl", "learning rate") < 0);
    assert_true(text_fuzzy("xyz", "learning rate") < 0);
    assert_true(text_fuzzy("rates", "rate") < 0);
    assert_true(text_fuzzy("", "anything") >= 0);
    assert_true(text_fuzzy("rate", "learning rate") > text_fuzzy("rate", "regularized tree"));   // a run beats scraps
    assert_true(text_fuzzy("wd", "weight decay") > text_fuzzy("wd", "crowded"));                 // starts of words
    assert_true(text_fuzzy("run", "run") > text_fuzzy("run", "run with all the options shown")); // short beats long
    // the leftmost r is inside "learning"; the better match is the start of "rate"
    assert_true(text_fuzzy("lr", "learning rate") > text_fuzzy("lr", "learning_xxxx"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_round_trips),
        cmocka_unit_test(test_invalid_sequences),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_fuzzy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

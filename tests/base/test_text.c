#include <stdio.h>
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

static void test_base64(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, // RFC 4648, 10
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct str out = {0};
        str_add_base64(&out, pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(str_text(&out), pairs[i][1]);
        str_free(&out);
    }
}

static const char *hint(const char *word, const char *const *names, size_t count) {
    static char out[TEXT_HINT_SIZE];
    struct text_nearest nearest = text_nearest_of(word);
    for (size_t i = 0; i < count; i++)
        text_nearest_try(&nearest, names[i]);
    return text_nearest_hint(&nearest, out);
}

static void test_the_nearest_name_is_meant(void **state) {
    (void)state;
    static const char *const names[] = {"momentum", "batch", "bath"};
    assert_string_equal(hint("momentun", names, 3), "did you mean \"momentum\"?");
    assert_string_equal(hint("bathc", names, 3), "did you mean \"bath\"?"); // one letter, not two
    assert_string_equal(hint("optimizer", names, 3), "there are momentum, batch, bath");
    assert_string_equal(hint("b", names, 3), "there are momentum, batch, bath");
    assert_string_equal(hint("abth", names, 3), "did you mean \"bath\"?"); // swapped
    assert_string_equal(hint("botany", names, 3), "there are momentum, batch, bath"); // 3 or more of 6 letters are others
    assert_string_equal(hint("", names, 3), "there are momentum, batch, bath");
    static char many[100][8];
    const char *all[100];
    for (size_t i = 0; i < 100; i++) {
        snprintf(many[i], sizeof many[i], "name%02zu", i);
        all[i] = many[i];
    }
    const char *cut = hint("something", all, 100);
    assert_true(text_starts(cut, "there are name00, name01, "));
    assert_true(text_ends(cut, " …"));
    assert_in_range(strlen(cut), TEXT_NAMES_SIZE - 10, TEXT_NAMES_SIZE + 9);
    assert_string_equal(hint("name99x", all, 100), "did you mean \"name99\"?"); // also behind those listed
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_round_trips),
        cmocka_unit_test(test_invalid_sequences),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_fuzzy),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_the_nearest_name_is_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Text told to be UTF-8 many bytes at a time, against decoding it character by character.
#include <string.h>

#include "core/base/processor.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/utf8_run.h"
#include "tests/support/test.h"

enum { LONGEST = 300, VECTOR = 32, CHARACTER = 4 };

// Bytes from the front that are whole characters and no NUL, one after the other.
static size_t plain_run(const unsigned char *bytes, size_t count) {
    size_t at = 0;
    while (at < count && bytes[at] != 0) {
        uint32_t code = 0;
        size_t length = utf8_decode((const char *)bytes + at, count - at, &code);
        if (length == 1 && code == 0xfffd)
            break;
        at += length;
    }
    return at;
}

static void check(const unsigned char *bytes, size_t count) {
    size_t want = plain_run(bytes, count), have = utf8_run(bytes, count);
    if (have > want)
        fail_msg("%zu bytes are right, not %zu of %zu", want, have, count);
    assert_int_equal(plain_run(bytes, have), have); // no character is cut
    if (processor_set() >= PROCESSOR_AVX2 && have + VECTOR + CHARACTER < want)
        fail_msg("only %zu of %zu right bytes are seen", have, want);
}

// Characters of every length, and bytes that are wrong in every way, at every place of a vector.
static void test_texts_of_all_kinds(void **state) {
    (void)state;
    struct rng rng = rng_make(3, RNG_TEST, 0);
    for (int round = 0; round < 40000; round++) {
        unsigned char bytes[LONGEST + CHARACTER];
        size_t count = 0, wanted = rng_below(&rng, LONGEST);
        uint64_t kind = rng_below(&rng, 4);
        while (count < wanted) {
            static const uint32_t ends[] = {0x80, 0x800, 0x10000, 0x110000};
            uint32_t code = (uint32_t)rng_below(&rng, ends[kind == 0 ? 0 : rng_below(&rng, kind + 1)]);
            bool surrogate = code >= 0xd800 && code < 0xe000;
            count += utf8_encode(code == 0 || surrogate ? 'x' : code, (char *)bytes + count);
        }
        check(bytes, count);
        for (int change = 0; change < 3 && count > 0; change++) { // 0, next bytes, first bytes and none such
            bytes[rng_below(&rng, count)] = (unsigned char)rng_below(&rng, 256);
            check(bytes, count);
        }
    }
}

// All pairs and what may stand behind a first byte of three and four, across the end of a vector.
static void test_every_pair(void **state) {
    (void)state;
    unsigned char bytes[3 * VECTOR];
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t at = VECTOR - 3; at <= VECTOR; at++) {
                memset(bytes, 'a', sizeof bytes);
                bytes[at] = (unsigned char)first;
                bytes[at + 1] = (unsigned char)second;
                check(bytes, sizeof bytes);
                bytes[at + 2] = 0x80;
                check(bytes, sizeof bytes);
                bytes[at + 3] = 0xBF;
                check(bytes, sizeof bytes);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_of_all_kinds),
        cmocka_unit_test(test_every_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

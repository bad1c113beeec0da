#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/checksum.h"
#include "core/base/clock.h"
#include "tests/support/test.h"

static void test_clock_runs(void **state) {
    (void)state;
    double before = clock_now();
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    double passed = clock_now() - before;
    assert_true(passed >= 0.005 && passed < 5);
    assert_true(fabs(clock_wall() - (double)time(NULL)) < 2);
}

static double fake(void) {
    return 42;
}

static void test_clock_is_replaced(void **state) {
    (void)state;
    clock_replace(fake, fake);
    assert_true(clock_now() == 42 && clock_wall() == 42);
    clock_replace(NULL, NULL);
    assert_true(clock_wall() > 1e9);
}

static void test_clock_text(void **state) {
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } known[] = {
        {0, "0 ms"},           {0.012, "12 ms"}, {0.9994, "999 ms"}, {0.9996, "0:01"},
        {38, "0:38"},          {59.6, "1:00"},   {3599, "59:59"},    {3725, "1:02:05"},
        {360000, "100:00:00"}, {NAN, "-"},       {-1, "-"},          {INFINITY, "9999999:00:00"},
    };
    char text[16];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_string_equal(clock_text(known[i].seconds, text), known[i].text);
}

// RFC 3720, B.4.
static void test_crc32c_known_answers(void **state) {
    (void)state;
    unsigned char zeros[32] = {0}, ones[32], rising[32], falling[32];
    for (int i = 0; i < 32; i++) {
        ones[i] = 0xff;
        rising[i] = (unsigned char)i;
        falling[i] = (unsigned char)(31 - i);
    }
    assert_int_equal(checksum_crc32c(0, zeros, 32), 0x8a9136aa);
    assert_int_equal(checksum_crc32c(0, ones, 32), 0x62a8ab43);
    assert_int_equal(checksum_crc32c(0, rising, 32), 0x46dd794e);
    assert_int_equal(checksum_crc32c(0, falling, 32), 0x113fdb5c);
    assert_int_equal(checksum_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(checksum_crc32c(0, "", 0), 0);
    const char *digits = "123456789";
    for (size_t cut = 0; cut <= 9; cut++) // in two pieces
        assert_int_equal(checksum_crc32c(checksum_crc32c(0, digits, cut), digits + cut, 9 - cut), 0xe3069283);
}

// Flipping any one bit flips each result bit about half of the time.
static void test_hash_avalanche(void **state) {
    (void)state;
    unsigned char bytes[24] = "the quick brown fox";
    uint64_t before = checksum_hash64(bytes, 24, 1);
    int flips = 0;
    for (int bit = 0; bit < 24 * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        int changed = __builtin_popcountll(before ^ checksum_hash64(bytes, 24, 1));
        assert_true(changed > 8 && changed < 56);
        flips += changed;
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_true(abs(flips - 24 * 8 * 32) < 24 * 8 * 3);
    assert_true(before == checksum_hash64(bytes, 24, 1));
    assert_true(before != checksum_hash64(bytes, 24, 2));
    assert_true(checksum_hash64("\0\0", 1, 0) != checksum_hash64("\0\0", 2, 0));
    assert_true(checksum_hash64("", 0, 0) != checksum_hash64("\0", 1, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_runs),     cmocka_unit_test(test_clock_is_replaced),
        cmocka_unit_test(test_clock_text),     cmocka_unit_test(test_crc32c_known_answers),
        cmocka_unit_test(test_hash_avalanche),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

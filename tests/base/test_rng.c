#include <math.h>
#include <string.h>

#include "core/base/rng.h"
#include "tests/support/test.h"

// Random123's kat_vectors, philox4x32 with 10 rounds.
static void test_philox_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t out[4];
        philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

// The header's layout: key = seed, counter = (running, purpose << 24 | running's high bits, index).
static void test_stream_layout(void **state) {
    (void)state;
    struct rng rng = rng_make(0x1122334455667788u, RNG_AUGMENT, 0xaabbccdd00000007u);
    const uint32_t key[2] = {0x55667788, 0x11223344};
    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = {block, (uint32_t)RNG_AUGMENT << 24, 7, 0xaabbccdd};
        uint32_t out[4];
        philox(counter, key, out);
        for (int i = 0; i < 4; i++)
            assert_int_equal(rng_u32(&rng), out[i]);
    }
}

static void test_running_number_carries(void **state) {
    (void)state;
    struct rng rng = rng_make(1, RNG_TEST, 0);
    rng.counter[0] = 0xffffffff;
    for (int i = 0; i < 4; i++)
        rng_u32(&rng);
    const uint32_t counter[4] = {0, (uint32_t)RNG_TEST << 24 | 1, 0, 0}, key[2] = {1, 0};
    uint32_t out[4];
    philox(counter, key, out);
    assert_int_equal(rng_u32(&rng), out[0]);
}

static void test_streams_differ_and_repeat(void **state) {
    (void)state;
    struct rng a = rng_make(1, RNG_SPLIT, 0), same = a;
    struct rng others[] = {rng_make(2, RNG_SPLIT, 0), rng_make(1, RNG_INIT, 0), rng_make(1, RNG_SPLIT, 1)};
    uint64_t first = rng_u64(&a);
    assert_true(first == rng_u64(&same));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_true(first != rng_u64(&others[i]));
}

// Five standard errors of the mean and of the variance: fails by chance about once in a million.
static void test_uniform_moments(void **state) {
    (void)state;
    enum { DRAWS = 200000 };
    struct rng rng = rng_make(3, RNG_TEST, 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = rng_uniform(&rng);
        assert_true(u >= 0 && u < 1);
        sum += u;
        squares += (u - 0.5) * (u - 0.5);
    }
    assert_true(fabs(sum / DRAWS - 0.5) < 5 * sqrt(1.0 / 12 / DRAWS));
    assert_true(fabs(squares / DRAWS - 1.0 / 12) < 5 * sqrt(1.0 / 180 / DRAWS));
}

// E x = 0, E x^2 = 1, E x^4 = 3; their variances are 1, 2 and 96.
static void test_normal_moments(void **state) {
    (void)state;
    enum { DRAWS = 200000 };
    struct rng rng = rng_make(4, RNG_TEST, 0);
    double first = 0, second = 0, fourth = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = rng_normal(&rng);
        assert_true(isfinite(x));
        first += x;
        second += x * x;
        fourth += x * x * x * x;
    }
    assert_true(fabs(first / DRAWS) < 5 * sqrt(1.0 / DRAWS));
    assert_true(fabs(second / DRAWS - 1) < 5 * sqrt(2.0 / DRAWS));
    assert_true(fabs(fourth / DRAWS - 3) < 5 * sqrt(96.0 / DRAWS));
}

// Chi-square with 6 degrees of freedom: beyond 38.3 with probability 1e-6.
static void test_below_is_uniform(void **state) {
    (void)state;
    enum { BOUND = 7, DRAWS = 70000 };
    struct rng rng = rng_make(5, RNG_TEST, 0);
    int counts[BOUND] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint64_t draw = rng_below(&rng, BOUND);
        assert_true(draw < BOUND);
        counts[draw]++;
    }
    double chi = 0, expected = (double)DRAWS / BOUND;
    for (int i = 0; i < BOUND; i++)
        chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    assert_true(chi < 38.3);
    assert_true(rng_below(&rng, 1) == 0);
}

// With a bound of 3/4 of the range a plain remainder would favor the lowest third two to one.
static void test_below_has_no_remainder_bias(void **state) {
    (void)state;
    enum { DRAWS = 30000 };
    const uint64_t bound = 0xc000000000000000u;
    struct rng rng = rng_make(6, RNG_TEST, 0);
    int low = 0;
    for (int i = 0; i < DRAWS; i++)
        low += rng_below(&rng, bound) < bound / 3;
    assert_true(fabs(low - DRAWS / 3.0) < 5 * sqrt(DRAWS * 2.0 / 9));
}

// All 24 orders of four items, equally often: chi-square with 23 degrees of freedom, 1e-6 at 73.
static void test_shuffle_gives_every_order(void **state) {
    (void)state;
    enum { DRAWS = 24000 };
    int counts[256] = {0}, orders = 0;
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        uint32_t items[4] = {0, 1, 2, 3};
        struct rng rng = rng_make(7, RNG_SHUFFLE, draw);
        rng_shuffle(&rng, items, 4);
        counts[items[0] << 6 | items[1] << 4 | items[2] << 2 | items[3]]++;
    }
    double chi = 0;
    for (int i = 0; i < 256; i++) {
        orders += counts[i] > 0;
        chi += counts[i] > 0 ? (counts[i] - 1000.0) * (counts[i] - 1000.0) / 1000.0 : 0;
    }
    assert_int_equal(orders, 24);
    assert_true(chi < 73);
}

static void test_shuffle_keeps_items(void **state) {
    (void)state;
    uint32_t items[1000];
    char seen[1000] = {0};
    for (uint32_t i = 0; i < 1000; i++)
        items[i] = i;
    struct rng rng = rng_make(8, RNG_SHUFFLE, 0);
    rng_shuffle(&rng, items, 1000);
    for (int i = 0; i < 1000; i++)
        seen[items[i]]++;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(seen[i], 1);
    rng_shuffle(&rng, items, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_known_answers),      cmocka_unit_test(test_stream_layout),
        cmocka_unit_test(test_running_number_carries),    cmocka_unit_test(test_streams_differ_and_repeat),
        cmocka_unit_test(test_uniform_moments),           cmocka_unit_test(test_normal_moments),
        cmocka_unit_test(test_below_is_uniform),          cmocka_unit_test(test_below_has_no_remainder_bias),
        cmocka_unit_test(test_shuffle_gives_every_order), cmocka_unit_test(test_shuffle_keeps_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Rules for learning rate and batch size against the papers' formulas and their limits.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>

#include "core/lab/rules.h"
#include "tests/support/trainers.h"

static void assert_near(double value, double expected) {
    if (!(fabs(value - expected) <= 1e-12 * fabs(expected))) {
        fail_msg("%.17g is not %.17g", value, expected);
    }
}

static void factors(void **state) {
    (void)state;
    assert_near(rate_factor(RATE_STAYS, 8), 1);
    assert_near(rate_factor(RATE_SQRT, 4), 2);
    assert_near(rate_factor(RATE_LINEAR, 4), 4);
    assert_near(rate_factor(RATE_LINEAR, 0.25), 0.25);
    assert_near(rate_factor(RATE_ADASCALE, 4), 1);
    struct train_params params = test_params("lr_rule=linear");
    assert_int_equal(rate_rule_of(&params), RATE_LINEAR);
    params = test_params("lr_rule=adascale");
    assert_int_equal(rate_rule_of(&params), RATE_ADASCALE);
    params = test_params("batch=8");
    assert_int_equal(rate_rule_of(&params), RATE_STAYS);
}

// Johnson et al. 2020: r = (σ² + μ²)/(σ²/S + μ²); all noise: S, no noise: 1.
static void gain(void **state) {
    (void)state;
    assert_near(adascale_gain(64, 2, 32, 4), (2.0 + 2) / (2.0 / 4 + 2));
    assert_near(adascale_gain(64, 0, 32, 8), 8);
    assert_near(adascale_gain(64, -1, 32, 8), 8);
    assert_near(adascale_gain(0, 3, 32, 8), 1);
    assert_near(adascale_gain(0, 0, 32, 8), 1);
    assert_near(adascale_gain(64, 2, 32, 1), 1);
    assert_true(adascale_gain(64, 2, 32, 0.5) < 1);
}

static void towards_noise(void **state) {
    (void)state;
    struct train_params params = test_params("batch_rule=noise");
    struct noise_estimate estimate = {.noise_scale = 500, .low = 300, .resolved = true};
    assert_int_equal(batch_towards_noise(&params, &estimate, 64, 1000), 128);
    assert_int_equal(batch_towards_noise(&params, &estimate, 256, 1000), 256);
    assert_int_equal(batch_towards_noise(&params, &estimate, 1024, 10000), 512);
    assert_int_equal(batch_towards_noise(&params, &estimate, 64, 100), 64); // no room
    params.batch_share = 0.1;
    assert_int_equal(batch_towards_noise(&params, &estimate, 64, 1000), 64);
    assert_int_equal(batch_towards_noise(&params, &estimate, 128, 1000), 64);
    estimate.resolved = false; // at least `low`
    params.batch_share = 1;
    assert_int_equal(batch_towards_noise(&params, &estimate, 128, 1000), 256);
    assert_int_equal(batch_towards_noise(&params, &estimate, 1024, 10000), 1024);
    estimate.low = NAN;
    assert_int_equal(batch_towards_noise(&params, &estimate, 8, 1000), 8);
    estimate = (struct noise_estimate){.noise_scale = 0.1, .low = 0, .resolved = true};
    assert_int_equal(batch_towards_noise(&params, &estimate, 1, 1000), 1);
}

static void in_place_of_decay(void **state) {
    (void)state;
    assert_int_equal(batch_in_place_of_decay(1, 32, 32, 10000), 32);
    assert_int_equal(batch_in_place_of_decay(0.6, 32, 32, 10000), 32);
    assert_int_equal(batch_in_place_of_decay(0.5, 32, 32, 10000), 64);
    assert_int_equal(batch_in_place_of_decay(0.1, 32, 32, 10000), 256);
    assert_int_equal(batch_in_place_of_decay(0.1, 32, 32, 130), 128);
    assert_int_equal(batch_in_place_of_decay(0, 32, 256, 1000), 512);
    struct train_params params = test_params("batch_rule=increase schedule=cosine");
    assert_int_equal(batch_rule_most(&params, 1000), 250);
    assert_int_equal(batch_rule_most(&params, 2), 1);
    params.batch_most = 700;
    assert_int_equal(batch_rule_most(&params, 1000), 700);
    assert_int_equal(batch_rule_most(&params, 300), 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors),
        cmocka_unit_test(gain),
        cmocka_unit_test(towards_noise),
        cmocka_unit_test(in_place_of_decay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The trade-off line against numpy and against constants that are known, its interval against how often it holds, and
// where a run first reached a loss against losses that are known at every step.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/lab/experiment.h"
#include "core/lab/reach.h"
#include "core/lab/tradeoff.h"
#include "tests/support/fixture.h"

#define FIXTURE "tests/fixtures/tradeoff.txt"
enum { POINTS_MOST = 64 };

static struct error error;

static void assert_close(double value, double expected, double share) {
    if (!(fabs(value - expected) <= share * fabs(expected)))
        fail_msg("%.17g is not within %g of %.17g", value, share, expected);
}

static size_t read_points(const char *name, struct tradeoff_point *points) {
    double batch[POINTS_MOST], samples[POINTS_MOST];
    size_t count = fixture_read_from(FIXTURE, "batch", name, batch, POINTS_MOST);
    assert_int_equal(fixture_read_from(FIXTURE, "samples", name, samples, POINTS_MOST), count);
    for (size_t i = 0; i < count; i++)
        points[i] = (struct tradeoff_point){batch[i], samples[i]};
    return count;
}

// ---- the line ---------------------------------------------------------------------------------------------

static void line_is_numpys(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct tradeoff_point points[POINTS_MOST];
        struct tradeoff_line line;
        double expected[5];
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        size_t count = read_points(name, points);
        assert_int_equal(fixture_read_from(FIXTURE, "line", name, expected, 5), 5);
        assert_true(tradeoff_line_fit(points, count, &line));
        assert_close(line.e_min, expected[0], 1e-9);
        assert_close(line.s_min, expected[1], 1e-9);
        assert_close(line.e_variance, expected[2], 1e-8);
        assert_close(line.s_variance, expected[3], 1e-8);
        assert_close(line.covariance, expected[4], 1e-8);
    }
}

static void fiellers_ends_are_where_the_inequality_turns(void **state) {
    (void)state;
    static const char *const names[] = {"1", "2", "3", "4", "5"}; // one run for each batch size
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct tradeoff_point points[POINTS_MOST];
        struct tradeoff fit;
        double ends[2];
        size_t count = read_points(names[i], points);
        assert_int_equal(tradeoff_fit(points, count, 1, &fit, &error), STATUS_OK);
        assert_string_equal(fit.method, "fieller");
        if (fixture_read_from(FIXTURE, "fieller", names[i], ends, 2) != 2)
            fail_msg("case %s has no ends", names[i]);
        assert_close(fit.low, ends[0], 1e-7);
        assert_close(fit.high, ends[1], 1e-7);
        assert_close(fit.critical_batch, fit.e_min / fit.s_min, 1e-15);
    }
}

static void known_constants_come_back(void **state) {
    (void)state;
    const double e_min = 12345, s_min = 67;
    struct tradeoff_point points[8];
    struct tradeoff fit;
    for (int i = 0; i < 8; i++)
        points[i] = (struct tradeoff_point){8 << i, e_min + s_min * (8 << i)};
    assert_int_equal(tradeoff_fit(points, 8, 1, &fit, &error), STATUS_OK);
    assert_close(fit.e_min, e_min, 1e-10);
    assert_close(fit.s_min, s_min, 1e-10);
    assert_close(fit.low, e_min / s_min, 1e-6);
    assert_close(fit.high, e_min / s_min, 1e-6);
    // (S/Smin - 1)(E/Emin - 1) = 1 on every point, and the predicted time is S·t.
    double steps = points[3].samples / points[3].batch;
    assert_close((steps / s_min - 1) * (points[3].samples / e_min - 1), 1, 1e-10);
    assert_close(tradeoff_seconds(&fit, points[3].batch, 0.25), 0.25 * steps, 1e-9);
}

static struct tradeoff noisy_fit(uint64_t seed, size_t runs) {
    struct rng rng = rng_make(seed, RNG_TEST, runs);
    struct tradeoff_point points[POINTS_MOST];
    struct tradeoff fit;
    size_t count = 0;
    for (size_t run = 0; run < runs; run++)
        for (int i = 0; i < 8; i++, count++)
            points[count] = (struct tradeoff_point){
                8 << i, (20000 + 100.0 * (8 << i)) * exp(0.1 * rng_normal(&rng) - 0.005)};
    assert_int_equal(tradeoff_fit(points, count, seed, &fit, &error), STATUS_OK);
    return fit;
}

// Fieller's interval is exact for normal errors of known proportion; here errors are log-normal and weights are those
// of the points themselves, so a little is lost. A bootstrap of eight runs is known to be narrow.
static void intervals_hold_as_often_as_they_say(void **state) {
    (void)state;
    int fieller = 0, bootstrap = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct tradeoff fit = noisy_fit(seed, 1);
        fieller += fit.low <= 200 && 200 <= fit.high;
    }
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct tradeoff fit = noisy_fit(seed, 8);
        assert_string_equal(fit.method, "bootstrap");
        bootstrap += fit.low <= 200 && 200 <= fit.high;
    }
    print_message("Fieller holds in %d of 200, the bootstrap over 8 runs in %d of 60\n", fieller, bootstrap);
    assert_in_range(fieller, 180, 200);
    assert_in_range(bootstrap, 50, 60);
}

static void what_cannot_be_fitted_is_said(void **state) {
    (void)state;
    struct tradeoff fit;
    struct tradeoff_point one[] = {{8, 100}, {8, 120}}, two[] = {{8, 100}, {16, 120}}, flat[] = {{8, 100}, {16, 90}};
    assert_int_equal(tradeoff_fit(one, 2, 1, &fit, &error), STATUS_INVALID);
    assert_int_equal(tradeoff_fit(one, 0, 1, &fit, &error), STATUS_INVALID);
    assert_int_equal(tradeoff_fit(two, 2, 1, &fit, &error), STATUS_OK);
    assert_string_equal(fit.method, "none");
    assert_true(fit.resolved && isnan(fit.low) && isnan(fit.high));
    assert_int_equal(tradeoff_fit(flat, 2, 1, &fit, &error), STATUS_OK);
    assert_false(fit.resolved);
    assert_true(isnan(fit.critical_batch));
}

// ---- reaching a loss ----------------------------------------------------------------------------------------

enum { STEPS = 1000 };

// Loss 1 - k/STEPS of the weights after k steps of `batch` rows.
static void falling_steps(struct reach_step *steps, uint32_t batch) {
    for (uint64_t i = 0; i < STEPS; i++)
        steps[i] = (struct reach_step){.step = i + 1,
                                       .samples = (i + 1) * batch,
                                       .seconds = 0.5 * (double)(i + 1),
                                       .loss = 1 - (float)i / STEPS,
                                       .batch = batch};
}

static void loss_is_reached_where_the_weights_have_it(void **state) {
    (void)state;
    static struct reach_step steps[STEPS];
    static const uint32_t batches[] = {1, 8, 64, 512};
    for (size_t i = 0; i < 4; i++) {
        struct reach reach;
        struct reach_at at;
        falling_steps(steps, batches[i]);
        assert_int_equal(reach_make(steps, STEPS, 512, &reach, &error), STATUS_OK);
        assert_true(reach_find(&reach, 0.6, &at)); // by the weights after 400 steps
        assert_close(at.steps, 400, 1e-4);
        assert_close(at.samples, 400.0 * batches[i], 1e-4);
        assert_false(reach_find(&reach, 0.0005, &at));
        for (size_t j = 1; j < reach.count; j++)
            assert_true(reach.points[j].loss < reach.points[j - 1].loss);
        reach_free(&reach);
    }
}

static void what_follows_a_loss_that_is_not_finite_does_not_count(void **state) {
    (void)state;
    static struct reach_step steps[STEPS];
    struct reach reach;
    struct reach_at at;
    falling_steps(steps, 8);
    steps[300].loss = NAN;
    assert_int_equal(reach_make(steps, STEPS, 8, &reach, &error), STATUS_OK);
    assert_true(reach_find(&reach, 0.75, &at));
    assert_false(reach_find(&reach, 0.6, &at));
    reach_free(&reach);
}

static void a_figure_is_reached_between_its_measurements(void **state) {
    (void)state;
    const double accuracy[] = {0.5, 0.7, 0.6, 0.9};
    const struct reach_at where[] = {{10, 100, 1}, {20, 200, 2}, {30, 300, 3}, {40, 400, 4}};
    struct reach_at at;
    assert_true(reach_figure(accuracy, where, 4, 0.6, true, &at));
    assert_close(at.samples, 150, 1e-12);
    assert_true(reach_figure(accuracy, where, 4, 0.75, true, &at));
    assert_close(at.steps, 35, 1e-12);
    assert_true(reach_figure(accuracy, where, 4, 0.4, true, &at));
    assert_close(at.samples, 100, 1e-12);
    assert_false(reach_figure(accuracy, where, 4, 0.95, true, &at));
}

static void curve_has_its_ends(void **state) {
    (void)state;
    static struct reach_step steps[STEPS];
    struct reach_point points[50];
    falling_steps(steps, 8);
    size_t count = reach_curve(steps, STEPS, 8, points, 50);
    assert_in_range(count, 40, 50);
    assert_close(points[0].loss, 1, 1e-6);
    for (size_t i = 0; i < count; i++)
        assert_close(points[i].loss, 1 - points[i].steps / STEPS, 1e-5);
}

// ---- importance -----------------------------------------------------------------------------------------------

static void share_of_variance_is_that_of_the_analysis_of_variance(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        double x[POINTS_MOST], score[POINTS_MOST], expected = 0;
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        size_t count = fixture_read_from(FIXTURE, "x", name, x, POINTS_MOST);
        fixture_read_from(FIXTURE, "score", name, score, POINTS_MOST);
        fixture_read_from(FIXTURE, "share", name, &expected, 1);
        double share = experiment_importance(x, score, count, true);
        assert_true(fabs(share - expected) < 1e-12);
    }
    const double same[] = {1, 1, 1}, scores[] = {1, 2, 3};
    assert_true(isnan(experiment_importance(same, scores, 3, true)));
}

// A range falls into four groups of equal size: what is decided by the half alone is decided between groups.
static void ranges_are_compared_in_four_groups(void **state) {
    (void)state;
    double x[40], score[40], noise[40];
    struct rng rng = rng_make(1, RNG_TEST, 7);
    for (int i = 0; i < 40; i++) {
        x[i] = (i * 7) % 40;
        score[i] = x[i] < 20;
        noise[i] = rng_normal(&rng);
    }
    assert_close(experiment_importance(x, score, 40, false), 1, 1e-12);
    assert_true(experiment_importance(x, noise, 40, false) < 0.25);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_is_numpys),
        cmocka_unit_test(fiellers_ends_are_where_the_inequality_turns),
        cmocka_unit_test(known_constants_come_back),
        cmocka_unit_test(intervals_hold_as_often_as_they_say),
        cmocka_unit_test(what_cannot_be_fitted_is_said),
        cmocka_unit_test(loss_is_reached_where_the_weights_have_it),
        cmocka_unit_test(what_follows_a_loss_that_is_not_finite_does_not_count),
        cmocka_unit_test(a_figure_is_reached_between_its_measurements),
        cmocka_unit_test(curve_has_its_ends),
        cmocka_unit_test(share_of_variance_is_that_of_the_analysis_of_variance),
        cmocka_unit_test(ranges_are_compared_in_four_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The estimators against noise whose scale is known, against sums over all rows, and their interval against how often
// it holds; nothing that happens after the gradient may move them.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/lab/noise_meter.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

static void assert_near(double value, double expected, double most) {
    if (!(fabs(value - expected) <= most)) {
        fail_msg("%.17g is not within %g of %.17g", value, most, expected);
    }
}

// ---- the synthetic quadratic ------------------------------------------------------------------------

enum { DIMENSIONS = 100 };

// A batch of L = |w − x|²/2 with x ~ N(μ, σ²I), |w − μ| = 1: row gradients w − x.
static struct noise_sample quadratic(struct rng *rng, size_t batch, size_t part, double variance) {
    struct noise_sample sample = {.batch = batch, .part = part};
    double whole[DIMENSIONS] = {0};
    for (size_t p = 0; p < batch / part; p++) {
        double square = 0;
        for (size_t d = 0; d < DIMENSIONS; d++) {
            double sum = 0;
            for (size_t i = 0; i < part; i++) {
                sum += (d == 0 ? 1 : 0) - sqrt(variance) * rng_normal(rng);
            }
            square += sum / (double)part * (sum / (double)part);
            whole[d] += sum;
        }
        sample.part_sq += square * (double)part / (double)batch;
    }
    for (size_t d = 0; d < DIMENSIONS; d++) {
        sample.batch_sq += whole[d] / (double)batch * (whole[d] / (double)batch);
    }
    return sample;
}

// d·σ²/|w − μ|² = 200: the estimate is within 3 standard errors, its interval holds that often, and means are unbiased.
static void synthetic(void **state) {
    (void)state;
    const size_t shapes[][2] = {{64, 1}, {64, 8}, {256, 32}};
    for (size_t s = 0; s < 3; s++) {
        struct rng rng = rng_make(7, RNG_TEST, s);
        struct noise_average all = {0};
        int holds = 0, resolved = 0;
        enum { TRIALS = 40, SAMPLES = 40 };
        for (int trial = 0; trial < TRIALS; trial++) {
            struct noise_average average = {0};
            for (int i = 0; i < SAMPLES; i++) {
                struct noise_sample sample = quadratic(&rng, shapes[s][0], shapes[s][1], 2);
                noise_add(&average, &sample, 1);
                noise_add(&all, &sample, 1);
            }
            struct noise_estimate estimate = noise_estimate(&average);
            holds += estimate.low <= 200 && 200 <= estimate.high;
            resolved += estimate.resolved;
        }
        struct noise_estimate estimate = noise_estimate(&all);
        double standard_error = (estimate.high - estimate.low) / 2 / 2.5758;
        assert_true(fabs(estimate.noise_scale - 200) < 3 * standard_error);
        assert_true(standard_error < 200 * 0.06);
        assert_true(fabs(estimate.trace - 200) < 4 && fabs(estimate.gradient_sq - 1) < 0.1);
        assert_true(holds >= TRIALS - 3); // of 99 % of 40, 4 misses or more come once in 1000 times
        assert_true(resolved > TRIALS / 2);
    }
}

// Without a gradient there is only noise: no scale, and no upper end.
static void unresolved(void **state) {
    (void)state;
    struct noise_average average = {0};
    for (int i = 0; i < 20; i++) { // part_sq 2 ± …, batch_sq a little less than noise alone gives
        struct noise_sample sample = {.batch = 8, .part = 1, .part_sq = 8, .batch_sq = 0.9 + 0.005 * (i % 3)};
        noise_add(&average, &sample, 1);
    }
    struct noise_estimate estimate = noise_estimate(&average);
    assert_true(estimate.gradient_sq < 0 && !estimate.resolved);
    assert_true(isnan(estimate.noise_scale) && isinf(estimate.high));
    struct noise_average none = {0};
    assert_false(noise_estimate(&none).resolved);
}

// The same decay in both, divided last: what a plain loop over the history gives. Bias from the start is none.
static void moving_average(void **state) {
    (void)state;
    struct rng rng = rng_make(1, RNG_TEST, 9);
    struct noise_average average = {0};
    double trace = 0, gradient = 0, weight = 0;
    for (int i = 0; i < 30; i++) {
        struct noise_sample sample = quadratic(&rng, 32, 4, 0.1);
        double older = pow(0.9, 29 - i);
        trace += older * (sample.part_sq - sample.batch_sq) / (1 / 4.0 - 1 / 32.0);
        gradient += older * (32 * sample.batch_sq - 4 * sample.part_sq) / 28;
        weight += older;
        noise_add(&average, &sample, 0.9);
    }
    struct noise_estimate estimate = noise_estimate(&average);
    assert_near(estimate.trace, trace / weight, 1e-12);
    assert_near(estimate.noise_scale, trace / gradient, 1e-9);
}

// McCandlish et al. 2018, equation 2.11: at B equal to the noise scale twice the fewest steps and samples.
static void meaning(void **state) {
    (void)state;
    assert_near(noise_share_left(1800, 1800), 0.5, 1e-12);
    assert_near(noise_steps(100, 1e12, 100), 2, 1e-9);
    assert_near(noise_samples(100, 1e-9, 100), 2, 1e-9);
    assert_near(noise_steps(200, 50, 100), 0.6, 1e-12);
    assert_near(noise_samples(200, 50, 100), 1.2, 1e-12);
}

// ---- of a model ---------------------------------------------------------------------------------------

static struct noise_estimate estimate_of(struct trainer *trainer, size_t batch, size_t part, int samples,
                                         struct noise_average *average) {
    struct noise_meter meter = {.seed = 11};
    struct error error = {0};
    *average = (struct noise_average){0};
    for (int i = 0; i < samples; i++) {
        struct noise_sample sample;
        if (noise_measure(&meter, trainer, (uint64_t)i, batch, part, &sample, &error)) {
            fail_msg("%s", error.text);
        }
        noise_add(average, &sample, 1);
    }
    noise_meter_close(&meter);
    return noise_estimate(average);
}

static struct noise_exact exact_of(struct trainer *trainer) {
    struct noise_meter meter = {0};
    struct noise_exact exact;
    struct error error = {0};
    if (noise_exact(&meter, trainer, &exact, NULL, &error)) {
        fail_msg("%s", error.text);
    }
    noise_meter_close(&meter);
    return exact;
}

// Of few rows, most of which are in every batch: without the term for that, |G|² would be wrong by many standard
// errors, as the test shows too.
static void without_replacement(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_plane(40, 4, 1, 3); // 32 training rows
    struct trainer *trainer = test_trainer("model=linear batch=16 lr=0.05 weight_decay=0 epochs=1000", source, backend);
    for (int round = 0; round < 2; round++) {
        test_steps(trainer, 40, NULL); // towards the minimum, where |G|² is small
        struct noise_exact exact = exact_of(trainer);
        struct noise_average average;
        enum { SAMPLES = 4000 };
        struct noise_estimate estimate = estimate_of(trainer, 24, 2, SAMPLES, &average);
        double trace_error = sqrt((average.trace_sq / SAMPLES - estimate.trace * estimate.trace) / SAMPLES);
        double gradient_error =
            sqrt((average.gradient_sq / SAMPLES - estimate.gradient_sq * estimate.gradient_sq) / SAMPLES);
        assert_true(fabs(estimate.trace - exact.trace) < 3 * trace_error);
        assert_true(fabs(estimate.gradient_sq - exact.gradient_sq) < 3 * gradient_error);
        assert_true(fabs(estimate.gradient_sq - exact.trace / 32 - exact.gradient_sq) > 10 * gradient_error);
    }
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

// All rows one by one: numpy.trace(numpy.cov(g.T)) and |mean|², here as sums in double.
static void exact_by_hand(void **state) {
    (void)state;
    enum { FEATURES = 4 };
    struct backend *backend = test_backend("cpu");
    struct source *source = source_plane(50, FEATURES, 1, 3);
    struct trainer *trainer = test_trainer("model=linear batch=16", source, backend);
    size_t count, weights = trainer_model(trainer)->weight_count;
    const uint32_t *rows = trainer_rows(trainer, &count);
    float *zeros = mem_alloc(weights, sizeof *zeros);
    struct error error = {0};
    assert_int_equal(trainer_set_weights(trainer, zeros, &error), STATUS_OK);
    double mean[FEATURES + 1] = {0}, trace = 0, square = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k <= FEATURES; k++) { // at zeros the gradient of (0 − t)² is −2·t·(x, 1)
                double x = k < FEATURES ? (double)((const float *)source->features)[rows[i] * FEATURES + k] : 1;
                double g = -2 * (double)source->targets[rows[i]] * x;
                mean[k] += pass == 0 ? g / (double)count : 0;
                trace += pass == 1 ? (g - mean[k]) * (g - mean[k]) / (double)(count - 1) : 0;
            }
        }
    }
    for (size_t k = 0; k <= FEATURES; k++) {
        square += mean[k] * mean[k];
    }
    struct noise_exact exact = exact_of(trainer);
    assert_near(exact.trace, trace, 1e-5 * trace);
    assert_near(exact.gradient_sq, square, 1e-5 * square);
    assert_near(exact.noise_scale, trace / square, 1e-5 * trace / square);
    mem_free(zeros);
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

// At the same weights clipping, decay, momentum, learning rate and accumulation leave the samples as they are, to the
// bit.
static void only_the_gradient(void **state) {
    (void)state;
    static const char *const settings[] = {
        "model=mlp hidden=16 batch=16",
        "model=mlp hidden=16 batch=16 clip=0.001 weight_decay=0.5 momentum=0.5 lr=1",
        "model=mlp hidden=16 batch=16 micro_batch=4 weight_decay=0.2 decoupled=yes",
        "model=mlp hidden=16 batch=5 optimizer=adam ema=0.9",
    };
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(200, 4, 3, 2, 5);
    struct noise_sample first = {0};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct trainer *trainer = test_trainer(settings[i], source, backend);
        struct noise_meter meter = {.seed = 3};
        struct noise_sample sample;
        struct error error = {0};
        assert_int_equal(noise_measure(&meter, trainer, 5, 32, 4, &sample, &error), STATUS_OK);
        assert_int_equal(noise_measure(&meter, trainer, 6, 32, 4, &sample, &error), STATUS_OK);
        assert_int_equal(noise_measure(&meter, trainer, 5, 32, 4, &sample, &error), STATUS_OK); // (seed, index) alone
        first = i == 0 ? sample : first;
        assert_memory_equal(&sample.part_sq, &first.part_sq, sizeof sample.part_sq);
        assert_memory_equal(&sample.batch_sq, &first.batch_sq, sizeof sample.batch_sq);
        assert_true(noise_diversity(&sample) > 4.0 / 32 && sample.population == 160);
        noise_meter_close(&meter);
        trainer_close(trainer);
    }
    source_release(source);
    backend_close(backend);
}

static void shapes(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(200, 4, 3, 2, 5);
    struct trainer *plain = test_trainer("model=mlp hidden=8 batch=64", source, backend);
    struct trainer *norm = test_trainer("model=mlp hidden=8 batch_norm=yes batch=4", source, backend);
    struct noise_meter meter = {0};
    struct noise_exact exact;
    struct error error = {0};
    size_t batch, part;
    assert_true(noise_choose(plain, &batch, &part) && batch == 64 && part == 8);
    assert_true(noise_choose(norm, &batch, &part) && batch == 64 && part == 8);
    assert_int_equal(noise_check(plain, 32, 1, &error), STATUS_OK);
    assert_int_equal(noise_check(plain, 32, 5, &error), STATUS_INVALID);
    assert_int_equal(noise_check(plain, 32, 32, &error), STATUS_INVALID);
    assert_int_equal(noise_check(plain, 320, 32, &error), STATUS_INVALID);
    assert_int_equal(noise_check(norm, 32, 1, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "batch normalization"));
    assert_int_equal(noise_exact(&meter, norm, &exact, NULL, &error), STATUS_UNSUPPORTED);
    noise_meter_close(&meter);
    trainer_close(plain);
    trainer_close(norm);
    source_release(source);
    backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synthetic),           cmocka_unit_test(unresolved),    cmocka_unit_test(moving_average),
        cmocka_unit_test(meaning),             cmocka_unit_test(without_replacement),
        cmocka_unit_test(exact_by_hand),       cmocka_unit_test(only_the_gradient),
        cmocka_unit_test(shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

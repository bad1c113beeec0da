// Histograms against logarithms and plain comparisons, folding against a histogram of the wider reach, distance and
// gradients against what the trainer gives.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/lab/layers.h"
#include "core/lab/probe.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

enum { COUNT = 5000 };

static void bins_are_those_of_logarithms(void **state) {
    (void)state;
    float *weights = mem_alloc(COUNT, sizeof *weights);
    double *gradients = mem_alloc(COUNT, sizeof *gradients);
    uint32_t expected[GRADIENT_BINS] = {0}, placed[WEIGHT_BINS] = {0}, zeros = 0;
    struct rng rng = rng_make(1, RNG_TEST, 0);
    for (int i = 0; i < COUNT; i++) {
        weights[i] = (float)(0.3 * rng_normal(&rng));
        gradients[i] = i % 7 ? (double)(float)(rng_normal(&rng) * pow(10, 6 * rng_normal(&rng) - 4)) : 0;
        if (gradients[i] == 0) {
            zeros++;
            continue;
        }
        int bin = (int)floor(log2(fabs(gradients[i]))) + 34;
        expected[bin < 0 ? 0 : bin > 39 ? 39 : bin]++;
    }
    weights[17] = 1.3F; // reach 2
    struct layer_histogram made = histogram_make(weights, gradients, COUNT);
    assert_true(made.reach == 2);
    assert_int_equal(made.zeros, zeros);
    assert_memory_equal(made.gradients, expected, sizeof expected);
    for (int i = 0; i < COUNT; i++)
        for (int bin = 0; bin < WEIGHT_BINS; bin++)
            placed[bin] += (double)weights[i] >= 2 * (bin / 32.0 - 1) && (double)weights[i] < 2 * ((bin + 1) / 32.0 - 1);
    assert_memory_equal(made.weights, placed, sizeof placed);
    mem_free(weights);
    mem_free(gradients);
}

// Also at the edges: weights that are 0, powers of 2, or no numbers.
static void odd_values_have_their_place(void **state) {
    (void)state;
    const float weights[] = {0, -0.0F, 1, -1, 0.99999994F, NAN, INFINITY, 1e-30F};
    const double gradients[] = {1, 2, -4, 0, 1e-300, NAN, INFINITY, 1e300};
    struct layer_histogram made = histogram_make(weights, gradients, 8);
    assert_true(made.reach == 2);
    assert_true(made.weights[32] == 3 && made.weights[48] == 1 && made.weights[16] == 1 && made.weights[47] == 1);
    assert_int_equal(made.bad_weights, 2);
    assert_true(made.gradients[34] == 1 && made.gradients[35] == 1 && made.gradients[36] == 1);
    assert_int_equal(made.zeros, 2);         // 1e-300 is 0 as a float
    assert_int_equal(made.bad_gradients, 3); // 1e300 is infinite
    made = histogram_make((const float[]){0, 0}, (const double[]){0, 0}, 2);
    assert_true(made.reach == 1 && made.weights[32] == 2);
}

static void folding_loses_nothing(void **state) {
    (void)state;
    float weights[COUNT + 1];
    static double gradients[COUNT + 1], folded[WEIGHT_BINS];
    struct rng rng = rng_make(2, RNG_TEST, 0);
    for (int i = 0; i < COUNT; i++)
        weights[i] = (float)(0.2 * (rng_uniform(&rng) - 0.5));
    struct layer_histogram narrow = histogram_make(weights, gradients, COUNT);
    assert_true(narrow.reach == 0.125);
    weights[COUNT] = 3; // the same ones in bins up to 4
    struct layer_histogram wide = histogram_make(weights, gradients, COUNT + 1);
    assert_true(wide.reach == 4);
    histogram_fold(&narrow, 4, folded);
    for (int bin = 0; bin < WEIGHT_BINS; bin++)
        assert_true(folded[bin] == wide.weights[bin] - (bin == 56));
    histogram_fold(&narrow, 0.125, folded);
    for (int bin = 0; bin < WEIGHT_BINS; bin++)
        assert_true(folded[bin] == narrow.weights[bin]);
}

static void layers_are_seen_as_they_are(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(130, 4, 3, 2, 5);
    struct trainer *trainer = test_trainer("model=mlp hidden=8,6 batch=16 lr=0.05 seed=3", source, backend);
    struct layer_meter meter = {0};
    struct noise_meter draws = {.seed = 3};
    struct distance far;
    struct error error = {0};
    assert_int_equal(layers_measure(&meter, &draws, trainer, 0, &error), STATUS_OK);
    assert_true(meter.distance == 0 && meter.length > 0);
    test_steps(trainer, 60, NULL);
    const struct model *model = trainer_model(trainer);
    float *before = mem_alloc(model->weight_count, sizeof *before), *after = mem_alloc(model->weight_count, sizeof *after);
    assert_int_equal(trainer_weights(trainer, before, &error), STATUS_OK);
    assert_int_equal(layers_measure(&meter, &draws, trainer, 60, &error), STATUS_OK);
    assert_int_equal(probe_distance(trainer, &far, &error), STATUS_OK);
    assert_true(fabs(meter.distance - far.moved) < 1e-12 && fabs(meter.length - far.norm) < 1e-12);
    double moved = 0, gradient = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        struct layer_look look = layers_look(&meter, &draws, layer);
        uint32_t weights = 0, gradients = look.histogram.zeros;
        for (int bin = 0; bin < WEIGHT_BINS; bin++)
            weights += look.histogram.weights[bin];
        for (int bin = 0; bin < GRADIENT_BINS; bin++)
            gradients += look.histogram.gradients[bin];
        assert_int_equal(weights, layer->weight_count);
        assert_int_equal(gradients, layer->weight_count);
        moved += look.moved * look.moved;
    }
    assert_true(fabs(sqrt(moved) - far.moved) < 1e-9);
    for (size_t i = 0; i < model->weight_count; i++)
        gradient += draws.sum[i] * draws.sum[i];
    assert_true(gradient > 0);
    assert_int_equal(trainer_weights(trainer, after, &error), STATUS_OK);
    assert_memory_equal(before, after, model->weight_count * sizeof *after);
    // Drawn by its index alone: the same again.
    double *first = mem_copy(draws.sum, model->weight_count * sizeof *first);
    assert_int_equal(layers_measure(&meter, &draws, trainer, 61, &error), STATUS_OK);
    assert_true(memcmp(first, draws.sum, model->weight_count * sizeof *first) != 0);
    assert_int_equal(layers_measure(&meter, &draws, trainer, 60, &error), STATUS_OK);
    assert_memory_equal(first, draws.sum, model->weight_count * sizeof *first);
    mem_free(first);
    mem_free(before);
    mem_free(after);
    layer_meter_close(&meter);
    noise_meter_close(&draws);
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

// All rows at once: the gradient is that of the whole training set, whatever is drawn.
static void the_gradient_is_the_trainers(void **state) {
    (void)state;
    struct backend *backend = test_backend("ref");
    struct source *source = source_plane(50, 4, 0.5, 3);
    struct trainer *trainer = test_trainer("model=linear batch=40", source, backend);
    struct layer_meter meter = {0};
    struct noise_meter draws = {.seed = 9};
    struct gradient_figures figures;
    struct error error = {0};
    size_t count;
    const uint32_t *rows = trainer_rows(trainer, &count);
    double expected[5] = {0};
    assert_int_equal(count, 40);
    assert_int_equal(layers_rows(trainer), 40);
    assert_int_equal(trainer_gradient(trainer, rows, count, expected, &figures, &error), STATUS_OK);
    assert_int_equal(layers_measure(&meter, &draws, trainer, 5, &error), STATUS_OK);
    for (int i = 0; i < 5; i++)
        assert_true(fabs(draws.sum[i] - expected[i]) < 1e-5 * fabs(expected[i]) + 1e-7);
    layer_meter_close(&meter);
    noise_meter_close(&draws);
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_are_those_of_logarithms),
        cmocka_unit_test(odd_values_have_their_place),
        cmocka_unit_test(folding_loses_nothing),
        cmocka_unit_test(layers_are_seen_as_they_are),
        cmocka_unit_test(the_gradient_is_the_trainers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

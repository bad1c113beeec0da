// Sharpness against all corners of the box, distance and the line against sums over the weights.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/lab/probe.h"
#include "core/train/gradient.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

enum { FEATURES = 4, WEIGHTS = FEATURES + 1 };

static void assert_near(double value, double expected, double most) {
    if (!(fabs(value - expected) <= most)) {
        fail_msg("%.17g is not within %g of %.17g", value, most, expected);
    }
}

static double mean_loss(const struct source *source, const double *w, const uint32_t *rows, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double off = w[FEATURES] - (double)source->targets[rows[i]];
        for (size_t k = 0; k < FEATURES; k++) {
            off += w[k] * (double)((const float *)source->features)[rows[i] * FEATURES + k];
        }
        sum += off * off / (double)count;
    }
    return sum;
}

// A linear model's loss is convex, so that its maximum in a box is in one of the 2^5 corners.
static void sharpness_of_a_linear_model(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_plane(100, FEATURES, 0.5, 3);
    struct trainer *trainer = test_trainer("model=linear batch=16 lr=0.05 epochs=100", source, backend);
    test_steps(trainer, 100, NULL);
    size_t count;
    const uint32_t *rows = trainer_rows(trainer, &count);
    float weights[WEIGHTS], after[WEIGHTS];
    struct error error = {0};
    assert_int_equal(trainer_weights(trainer, weights, &error), STATUS_OK);
    const double boxes[] = {1e-3, 0.1};
    for (int b = 0; b < 2; b++) {
        struct sharpness found;
        double largest = 0, start[WEIGHTS], corner[WEIGHTS];
        for (int i = 0; i < WEIGHTS; i++) {
            start[i] = (double)weights[i];
        }
        for (int c = 0; c < 1 << WEIGHTS; c++) {
            for (int i = 0; i < WEIGHTS; i++) {
                corner[i] = start[i] + (c >> i & 1 ? 1 : -1) * boxes[b] * (fabs(start[i]) + 1);
            }
            largest = fmax(largest, mean_loss(source, corner, rows, count));
        }
        double loss = mean_loss(source, start, rows, count);
        assert_int_equal(probe_sharpness(trainer, rows, count, boxes[b], &found, NULL, &error), STATUS_OK);
        assert_near(found.loss, loss, 1e-5 * loss);
        assert_true(found.largest <= largest * (1 + 1e-5));
        assert_true(found.largest - found.loss > 0.9 * (largest - loss)); // a climb may end in a lower corner
        assert_near(found.sharpness, 100 * (found.largest - found.loss) / (1 + found.loss), 1e-9);
        assert_int_equal(trainer_weights(trainer, after, &error), STATUS_OK);
        assert_memory_equal(weights, after, sizeof weights);
    }
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

// Nets too, with batch norm by batches: never below the loss itself, wider boxes are sharper, nothing is left behind.
static void sharpness_of_nets(void **state) {
    (void)state;
    static const char *const settings[] = {"model=mlp hidden=8 batch=16 ema=0.9",
                                           "model=mlp hidden=8 batch_norm=yes batch=9"};
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(130, FEATURES, 3, 2, 5);
    for (int i = 0; i < 2; i++) {
        struct trainer *trainer = test_trainer(settings[i], source, backend);
        struct trainer *plain = test_trainer(settings[i], source, backend);
        test_steps(trainer, 20, NULL);
        test_steps(plain, 20, NULL);
        size_t count;
        const uint32_t *rows = trainer_rows(trainer, &count);
        struct sharpness narrow, wide;
        struct error error = {0};
        assert_int_equal(probe_sharpness(trainer, rows, count, 1e-3, &narrow, NULL, &error), STATUS_OK);
        assert_int_equal(probe_sharpness(trainer, rows, count, 1e-2, &wide, NULL, &error), STATUS_OK);
        assert_true(narrow.sharpness > 0 && narrow.steps >= 1 && wide.sharpness > narrow.sharpness);
        struct step_result a = test_step(trainer), b = test_step(plain);
        assert_memory_equal(&a.loss, &b.loss, sizeof a.loss);
        trainer_close(trainer);
        trainer_close(plain);
    }
    source_release(source);
    backend_close(backend);
}

static void distance_from_the_start(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(130, FEATURES, 3, 2, 5);
    struct trainer *trainer = test_trainer("model=mlp hidden=8 batch=16 seed=4", source, backend);
    size_t weights = trainer_model(trainer)->weight_count;
    float *start = mem_alloc(weights, sizeof *start), *now = mem_alloc(weights, sizeof *now);
    struct distance found;
    struct error error = {0};
    double moved = 0, norm = 0;
    assert_int_equal(trainer_weights(trainer, start, &error), STATUS_OK);
    assert_int_equal(probe_distance(trainer, &found, &error), STATUS_OK);
    assert_true(found.moved == 0 && found.norm == found.start && found.norm > 0);
    test_steps(trainer, 30, NULL);
    assert_int_equal(trainer_weights(trainer, now, &error), STATUS_OK);
    for (size_t i = 0; i < weights; i++) {
        moved += pow((double)now[i] - (double)start[i], 2);
        norm += pow((double)now[i], 2);
    }
    assert_int_equal(probe_distance(trainer, &found, &error), STATUS_OK);
    assert_near(found.moved, sqrt(moved), 1e-9);
    assert_near(found.norm, sqrt(norm), 1e-9);
    mem_free(start);
    mem_free(now);
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

// The ends are the two runs; a linear model's loss between them is the parabola through three points.
static void the_line_between_two(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_plane(100, FEATURES, 0.5, 3);
    struct trainer *a = test_trainer("model=linear batch=16 seed=1", source, backend);
    struct trainer *b = test_trainer("model=linear batch=8 seed=2 optimizer=adam lr=0.01", source, backend);
    test_steps(a, 20, NULL);
    test_steps(b, 5, NULL);
    struct evaluation train[5], validation[5], ends[2];
    struct error error = {0};
    assert_int_equal(trainer_evaluate(a, PART_TRAIN, &ends[0], NULL, &error), STATUS_OK);
    assert_int_equal(trainer_evaluate(b, PART_TRAIN, &ends[1], NULL, &error), STATUS_OK);
    assert_int_equal(probe_line(a, b, 5, train, validation, NULL, &error), STATUS_OK);
    assert_near(train[0].loss, ends[0].loss, 1e-9);
    assert_near(train[4].loss, ends[1].loss, 1e-9);
    // L(1/4) by the parabola through 0, 1/2 and 1
    double expected = 0.375 * train[0].loss + 0.75 * train[2].loss - 0.125 * train[4].loss;
    assert_near(train[1].loss, expected, 1e-5 * expected);
    assert_true(validation[3].rows == 20 && isfinite(validation[3].loss));
    struct evaluation again;
    assert_int_equal(trainer_evaluate(a, PART_TRAIN, &again, NULL, &error), STATUS_OK);
    assert_memory_equal(&again.loss, &ends[0].loss, sizeof again.loss);
    struct trainer *other = test_trainer("model=mlp hidden=3 batch=8", source, backend);
    assert_int_equal(probe_line(a, other, 5, train, validation, NULL, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "other layers"));
    trainer_close(a);
    trainer_close(b);
    trainer_close(other);
    source_release(source);
    backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharpness_of_a_linear_model),
        cmocka_unit_test(sharpness_of_nets),
        cmocka_unit_test(distance_from_the_start),
        cmocka_unit_test(the_line_between_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

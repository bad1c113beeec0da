// Gradients of chosen rows against formulas in double, and that looking at them changes nothing.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/gradient.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

static void assert_near(double value, double expected, double most) {
    if (!(fabs(value - expected) <= most)) {
        fail_msg("%.17g is not within %g of %.17g", value, most, expected);
    }
}

#define FEATURES 4
#define LINEAR_WEIGHTS (FEATURES + 1)

static double *gradient_of(struct trainer *trainer, const uint32_t *rows, size_t count,
                           struct gradient_figures *figures) {
    struct error error = {0};
    double *sum = mem_alloc(trainer_model(trainer)->weight_count, sizeof *sum);
    assert_non_null(sum);
    if (trainer_gradient(trainer, rows, count, sum, figures, &error)) {
        fail_msg("%s", error.text);
    }
    return sum;
}

// Of the mean of (w·x + b − t)²: 2·(w·x + b − t)·(x, 1), weights first, then the bias.
static void formula(const struct source *source, const float *weights, const uint32_t *rows, size_t count,
                    double gradient[LINEAR_WEIGHTS], double *loss) {
    memset(gradient, 0, LINEAR_WEIGHTS * sizeof *gradient);
    *loss = 0;
    for (size_t i = 0; i < count; i++) {
        const float *x = (const float *)source->features + (size_t)rows[i] * FEATURES;
        double off = (double)weights[FEATURES] - (double)source->targets[rows[i]];
        for (size_t k = 0; k < FEATURES; k++) {
            off += (double)weights[k] * (double)x[k];
        }
        *loss += off * off / (double)count;
        for (size_t k = 0; k < FEATURES; k++) {
            gradient[k] += 2 * off * (double)x[k] / (double)count;
        }
        gradient[FEATURES] += 2 * off / (double)count;
    }
}

static void check_linear(struct trainer *trainer, const struct source *source, const uint32_t *rows, size_t count) {
    float weights[LINEAR_WEIGHTS];
    double expected[LINEAR_WEIGHTS], loss, square = 0;
    struct gradient_figures figures;
    struct error error = {0};
    assert_int_equal(trainer_weights(trainer, weights, &error), STATUS_OK);
    formula(source, weights, rows, count, expected, &loss);
    double *gradient = gradient_of(trainer, rows, count, &figures);
    for (size_t k = 0; k < LINEAR_WEIGHTS; k++) {
        assert_near(gradient[k], expected[k], 2e-5);
        square += expected[k] * expected[k];
    }
    assert_near(figures.square, square, 1e-4 * square + 1e-9);
    assert_near(figures.loss, loss, 1e-5 * loss + 1e-9);
    mem_free(gradient);
}

// In memory and in a file; few rows and more than go through the model at once; the order given counts, not theirs.
static void linear(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    for (int stored = 0; stored < 2; stored++) {
        struct source *source = source_plane(5000, FEATURES, 0.5, 3);
        struct source *formulas = source_plane(5000, FEATURES, 0.5, 3);
        if (stored) {
            source_store(source);
        }
        struct trainer *trainer = test_trainer("model=linear batch=16 lr=0.01", source, backend);
        test_steps(trainer, 3, NULL);
        size_t count;
        const uint32_t *rows = trainer_rows(trainer, &count);
        assert_int_equal(count, 4000);
        check_linear(trainer, formulas, (uint32_t[]){17}, 1);
        check_linear(trainer, formulas, (uint32_t[]){4001, 3, 77}, 3);
        check_linear(trainer, formulas, rows, count);
        check_linear(trainer, formulas, rows + 10, 1);
        test_steps(trainer, 3, NULL);
        check_linear(trainer, formulas, rows + 5, 100);
        trainer_close(trainer);
        source_release(source);
        source_release(formulas);
    }
    backend_close(backend);
}

// With class weights the mean of the rows' own gradients is the gradient of all: that of the weighted mean loss.
static void weighted(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(60, FEATURES, 3, 2, 5);
    struct trainer *trainer = test_trainer("model=mlp hidden=8 class_weights=1,5,2 batch=8", source, backend);
    size_t count, weights = trainer_model(trainer)->weight_count;
    const uint32_t *rows = trainer_rows(trainer, &count);
    struct gradient_figures figures;
    struct evaluation evaluation;
    struct error error = {0};
    double *whole = gradient_of(trainer, rows, count, &figures);
    assert_int_equal(trainer_evaluate(trainer, PART_TRAIN, &evaluation, NULL, &error), STATUS_OK);
    assert_near(figures.loss, evaluation.loss, 1e-6);
    double *sum = mem_alloc(weights, sizeof *sum);
    assert_non_null(sum);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(trainer_gradient(trainer, rows + i, 1, sum, &figures, &error), STATUS_OK);
    }
    for (size_t i = 0; i < weights; i++) {
        assert_near(sum[i] / (double)count, whole[i], 1e-6);
    }
    mem_free(sum);
    mem_free(whole);
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

// A convolutional net on every backend that is here: a batch's gradient is the mean of its rows'.
static void pictures(void **state) {
    (void)state;
    const char *const names[] = {"cpu", "ref"};
    for (int i = 0; i < 2; i++) {
        struct backend *backend = test_backend(names[i]);
        struct source *source = source_bars(40, 3, 32, 4, 9);
        struct trainer *trainer = test_trainer("model=lenet5 batch=8 flip=yes crop_padding=2", source, backend);
        size_t count, weights = trainer_model(trainer)->weight_count;
        const uint32_t *rows = trainer_rows(trainer, &count);
        struct gradient_figures figures;
        struct error error = {0};
        double *whole = gradient_of(trainer, rows, 6, &figures), off = 0, *sum = mem_alloc(weights, sizeof *sum);
        double square = figures.square;
        assert_non_null(sum);
        for (size_t row = 0; row < 6; row++) {
            assert_int_equal(trainer_gradient(trainer, rows + row, 1, sum, &figures, &error), STATUS_OK);
        }
        for (size_t k = 0; k < weights; k++) {
            off += (sum[k] / 6 - whole[k]) * (sum[k] / 6 - whole[k]);
        }
        assert_true(square > 0 && off < 1e-8 * square);
        mem_free(sum);
        mem_free(whole);
        trainer_close(trainer);
        source_release(source);
        backend_close(backend);
    }
}

// Batch norm's running figures, Adam's moments, dropout's masks, averaged weights, the order of rows: none of it moves.
static void untouched(void **state) {
    (void)state;
    static const char *const settings[] = {
        "model=mlp hidden=8,8 batch_norm=yes dropout=0.2 optimizer=adam lr=0.01 ema=0.9 batch=7",
        "model=mlp hidden=8 batch=8 micro_batch=3 clip=0.5 weight_decay=0.1",
    };
    struct backend *backend = test_backend("cpu");
    for (int i = 0; i < 2; i++) {
        for (int stored = 0; stored < 2; stored++) {
            struct source *source = source_blobs(50, FEATURES, 3, 2, 5);
            if (stored) {
                source_store(source);
            }
            struct trainer *plain = test_trainer(settings[i], source, backend);
            struct trainer *looked = test_trainer(settings[i], source, backend);
            size_t count, weights = trainer_model(plain)->weight_count;
            const uint32_t *rows = trainer_rows(looked, &count);
            for (size_t step = 0; step < 25; step++) {
                struct gradient_figures figures;
                struct step_result a = test_step(plain), b;
                mem_free(gradient_of(looked, rows + step % 10, 2 + step, &figures));
                b = test_step(looked);
                assert_memory_equal(&a.loss, &b.loss, sizeof a.loss);
                assert_memory_equal(&a.gradient_norm, &b.gradient_norm, sizeof a.gradient_norm);
            }
            float *first = mem_alloc(weights, sizeof *first), *second = mem_alloc(weights, sizeof *second);
            struct evaluation one, two;
            struct error error = {0};
            assert_int_equal(trainer_weights(plain, first, &error), STATUS_OK);
            assert_int_equal(trainer_weights(looked, second, &error), STATUS_OK);
            assert_memory_equal(first, second, weights * sizeof *first);
            assert_int_equal(trainer_evaluate(plain, PART_VALIDATION, &one, NULL, &error), STATUS_OK);
            assert_int_equal(trainer_evaluate(looked, PART_VALIDATION, &two, NULL, &error), STATUS_OK);
            assert_memory_equal(&one.loss, &two.loss, sizeof one.loss);
            mem_free(first);
            mem_free(second);
            trainer_close(plain);
            trainer_close(looked);
            source_release(source);
        }
    }
    backend_close(backend);
}

static void refused(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(50, FEATURES, 3, 2, 5);
    struct trainer *trainer = test_trainer("model=mlp hidden=8 batch_norm=yes batch=8", source, backend);
    struct gradient_figures figures;
    struct error error = {0};
    assert_int_equal(trainer_gradient_least(trainer), 2);
    assert_int_equal(trainer_gradient(trainer, (uint32_t[]){1}, 1, NULL, &figures, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "batch normalization"));
    assert_int_equal(trainer_gradient(trainer, NULL, 0, NULL, &figures, &error), STATUS_INVALID);
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

// Whichever allocation fails, it is said, and the run goes on.
static void without_memory(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(50, FEATURES, 3, 2, 5);
    struct gradient_figures figures;
    struct error error = {0};
    unsigned long failed = 0;
    for (enum status status = STATUS_MEMORY; status != STATUS_OK; failed++) {
        struct trainer *trainer = test_trainer("model=mlp hidden=8 batch=8", source, backend);
        mem_fail_at(failed + 1);
        status = trainer_gradient(trainer, (uint32_t[]){1, 2}, 2, NULL, &figures, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY);
        assert_true(test_step(trainer).finite);
        trainer_close(trainer);
    }
    assert_true(failed > 4);
    source_release(source);
    backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear),    cmocka_unit_test(weighted), cmocka_unit_test(pictures),
        cmocka_unit_test(untouched), cmocka_unit_test(refused),  cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

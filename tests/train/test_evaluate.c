// Evaluation and prediction against sums computed here, row by row, from the trainer's own weights.
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/metrics.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define FEATURES 4
#define CLASSES 3

// Logits of a linear model (weights [outputs, features], then biases) in double.
static void logits_of(const struct source *source, uint32_t row, const float *weights, size_t outputs, double *logits) {
    const float *x = (const float *)source->features + (size_t)row * FEATURES;
    for (size_t o = 0; o < outputs; o++) {
        logits[o] = (double)weights[outputs * FEATURES + o];
        for (size_t i = 0; i < FEATURES; i++) {
            logits[o] += (double)weights[o * FEATURES + i] * (double)x[i];
        }
    }
}

static size_t probabilities_of(double logits[CLASSES]) {
    double sum = 0;
    size_t best = 0;
    for (size_t c = 0; c < CLASSES; c++) {
        best = logits[c] > logits[best] ? c : best;
    }
    for (size_t c = 0; c < CLASSES; c++) {
        sum += exp(logits[c]);
    }
    for (size_t c = 0; c < CLASSES; c++) {
        logits[c] = exp(logits[c]) / sum;
    }
    return best;
}

static struct trainer *trained(const char *settings, struct source *source, struct backend *backend, float *weights) {
    struct trainer *trainer = test_trainer(settings, source, backend);
    struct error error = {0};
    test_steps(trainer, 30, NULL);
    assert_int_equal(trainer_weights(trainer, weights, &error), STATUS_OK);
    return trainer;
}

static void classification(void **state) {
    (void)state;
    struct source *source = source_blobs(7000, FEATURES, CLASSES, 2, 5); // several batches and a short one
    struct backend *backend = test_backend("cpu");
    float weights[CLASSES * (FEATURES + 1)];
    struct trainer *trainer = trained("model=linear batch=32", source, backend, weights);
    for (int part = 0; part < 2; part++) {
        double loss = 0, correct = 0;
        for (size_t i = 0; i < source->part_count[part]; i++) {
            double p[CLASSES];
            uint32_t row = source->part_rows[part][i];
            logits_of(source, row, weights, CLASSES, p);
            correct += probabilities_of(p) == (size_t)source->labels[row];
            loss -= log(p[source->labels[row]]);
        }
        struct evaluation evaluation;
        struct error error = {0};
        assert_int_equal(trainer_evaluate(trainer, (enum part)part, &evaluation, NULL, &error), STATUS_OK);
        assert_int_equal(evaluation.rows, source->part_count[part]);
        assert_true(fabs(evaluation.loss / (loss / (double)evaluation.rows) - 1) < 1e-5);
        assert_true(fabs(evaluation.accuracy - correct / (double)evaluation.rows) < 1e-9);
        assert_true(isnan(evaluation.rmse) && isnan(evaluation.mae) && isnan(evaluation.r2));
    }
    test_close(trainer, backend, source);
}

static void regression(void **state) {
    (void)state;
    struct source *source = source_plane(3000, FEATURES, 0.5, 5);
    struct backend *backend = test_backend("ref");
    float weights[FEATURES + 1];
    struct trainer *trainer = trained("model=linear batch=32 lr=0.2 momentum=0", source, backend, weights);
    size_t rows = source->part_count[PART_VALIDATION];
    double squared = 0, absolute = 0, sum = 0, squares = 0, sd = source->target_sd;
    for (size_t i = 0; i < rows; i++) { // in the target's own unit
        double y;
        uint32_t row = source->part_rows[PART_VALIDATION][i];
        double target = (double)source->targets[row] * sd + source->target_mean;
        logits_of(source, row, weights, 1, &y);
        double wrong = y * sd + source->target_mean - target;
        squared += wrong * wrong;
        absolute += fabs(wrong);
        sum += target;
        squares += target * target;
    }
    double n = (double)rows;
    struct evaluation evaluation;
    struct error error = {0};
    assert_int_equal(trainer_evaluate(trainer, PART_VALIDATION, &evaluation, NULL, &error), STATUS_OK);
    assert_true(fabs(evaluation.rmse / sqrt(squared / n) - 1) < 1e-5);
    assert_true(fabs(evaluation.mae / (absolute / n) - 1) < 1e-5);
    assert_true(fabs(evaluation.r2 - (1 - squared / (squares - sum * sum / n))) < 1e-5);
    assert_true(fabs(evaluation.loss / (squared / n / sd / sd) - 1) < 1e-5);
    assert_true(isnan(evaluation.accuracy) && evaluation.rmse < 0.6 && evaluation.r2 > 0.9);
    struct step_result result = test_step(trainer);
    assert_true(fabs(result.rmse / (sqrt(result.loss) * sd) - 1) < 1e-6 && isnan(result.accuracy));
    test_close(trainer, backend, source);
}

static void r_squared_at_its_edges(void **state) {
    (void)state;
    struct source *source = source_zeros(3, shape_make(1, (int64_t[]){1}), DTYPE_F32, 0);
    const uint32_t rows[] = {0, 1, 2};
    struct evaluation evaluation;
    struct metrics perfect = {.rows = 3}, wrong = {.rows = 3, .squared = 2}, one = {.rows = 1, .squared = 1},
                   none = {0};
    metrics_finish(&perfect, source, rows, &evaluation); // constant targets: as scikit-learn's r2_score
    assert_true(evaluation.r2 == 1);
    metrics_finish(&wrong, source, rows, &evaluation);
    assert_true(evaluation.r2 == 0);
    metrics_finish(&one, source, rows, &evaluation);
    assert_true(isnan(evaluation.r2) && evaluation.rmse == 1);
    metrics_finish(&none, source, rows, &evaluation);
    assert_true(evaluation.rows == 0 && isnan(evaluation.loss) && isnan(evaluation.rmse));
    source_release(source);
}

static void empty_parts_and_cancelling(void **state) {
    (void)state;
    struct source *source = source_blobs(3000, FEATURES, CLASSES, 2, 5);
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer("model=linear batch=32", source, backend);
    struct evaluation evaluation;
    struct error error = {0};
    assert_int_equal(trainer_evaluate(trainer, PART_TEST, &evaluation, NULL, &error), STATUS_OK);
    assert_true(evaluation.rows == 0 && isnan(evaluation.loss) && isnan(evaluation.accuracy));
    struct task task = {0};
    assert_int_equal(trainer_evaluate(trainer, PART_TRAIN, &evaluation, &task, &error), STATUS_OK);
    assert_int_equal(atomic_load(&task.done), 2400);
    assert_int_equal(atomic_load(&task.total), 2400);
    task_cancel(&task);
    assert_int_equal(trainer_evaluate(trainer, PART_TRAIN, &evaluation, &task, &error), STATUS_CANCELLED);
    test_close(trainer, backend, source);
}

// Dropout and augmentation are off, and the run goes on as if nobody had looked.
static void evaluation_disturbs_nothing(void **state) {
    (void)state;
    struct source *source = source_bars(120, 1, 28, 3, 2);
    struct backend *backend = test_backend("cpu");
    const char *settings = "model=lenet5 batch=16 dropout=0.5 crop_padding=2 flip=yes";
    struct trainer *plain = test_trainer(settings, source, backend), *watched = test_trainer(settings, source, backend);
    double want[12], have[12];
    test_steps(plain, 12, want);
    for (size_t i = 0; i < 12; i++) {
        struct evaluation first, second;
        struct error error = {0};
        assert_int_equal(trainer_evaluate(watched, PART_VALIDATION, &first, NULL, &error), STATUS_OK);
        assert_int_equal(trainer_evaluate(watched, PART_VALIDATION, &second, NULL, &error), STATUS_OK);
        assert_true(first.loss == second.loss);
        test_steps(watched, 1, &have[i]);
    }
    assert_memory_equal(want, have, sizeof want);
    trainer_close(plain);
    trainer_close(watched);
    backend_close(backend);
    source_release(source);
}

static void predicted_probabilities(void **state) {
    (void)state;
    struct source *source = source_blobs(1500, FEATURES, CLASSES, 2, 5);
    struct source *other = source_noise(1200, FEATURES, 0, 9); // same encoding, other rows, no classes
    struct backend *backend = test_backend("cpu");
    float weights[CLASSES * (FEATURES + 1)];
    struct trainer *trainer = trained("model=linear batch=32", source, backend, weights);
    enum { COUNT = 1100 };
    uint32_t rows[COUNT];
    static float out[COUNT][CLASSES];
    struct error error = {0};
    for (uint32_t i = 0; i < COUNT; i++) {
        rows[i] = (i * 7) % 1200;
    }
    assert_int_equal(trainer_predict(trainer, other, rows, COUNT, &out[0][0], NULL, &error), STATUS_OK);
    for (size_t i = 0; i < COUNT; i++) {
        double p[CLASSES];
        logits_of(other, rows[i], weights, CLASSES, p);
        probabilities_of(p);
        for (size_t c = 0; c < CLASSES; c++) {
            assert_true(fabs((double)out[i][c] - p[c]) < 1e-5);
        }
    }
    struct source *wide = source_noise(10, FEATURES + 1, 2, 9);
    assert_int_equal(trainer_predict(trainer, wide, rows, 1, &out[0][0], NULL, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "5 of f32"));
    source_release(wide);
    trainer_close(trainer);
    backend_close(backend);
    source_release(other);
    source_release(source);
}

static void predicted_numbers(void **state) {
    (void)state;
    struct source *source = source_plane(500, FEATURES, 0.1, 5);
    struct backend *backend = test_backend("ref");
    float weights[FEATURES + 1], out[5];
    struct trainer *trainer = trained("model=linear batch=32 lr=0.02", source, backend, weights);
    const uint32_t rows[] = {499, 0, 3, 3, 120};
    struct error error = {0};
    assert_int_equal(trainer_predict(trainer, source, rows, 5, out, NULL, &error), STATUS_OK);
    for (size_t i = 0; i < 5; i++) {
        double y;
        logits_of(source, rows[i], weights, 1, &y);
        assert_true(fabs((double)out[i] - (y * source->target_sd + source->target_mean)) < 1e-4);
    }
    test_close(trainer, backend, source);
}

static void any_failed_allocation(void **state) {
    (void)state;
    struct source *source = source_plane(100, FEATURES, 0.1, 5);
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer("model=linear batch=32", source, backend);
    const uint32_t rows[] = {1, 2};
    enum status status = STATUS_MEMORY;
    for (unsigned long at = 1; status != STATUS_OK; at++) {
        struct evaluation evaluation;
        struct error error = {0};
        float out[2];
        mem_fail_at(at);
        status = trainer_evaluate(trainer, PART_VALIDATION, &evaluation, NULL, &error);
        status = status ? status : trainer_predict(trainer, source, rows, 2, out, NULL, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY);
    }
    test_close(trainer, backend, source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classification),
        cmocka_unit_test(regression),
        cmocka_unit_test(r_squared_at_its_edges),
        cmocka_unit_test(empty_parts_and_cancelling),
        cmocka_unit_test(evaluation_disturbs_nothing),
        cmocka_unit_test(predicted_probabilities),
        cmocka_unit_test(predicted_numbers),
        cmocka_unit_test(any_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

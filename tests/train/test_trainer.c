// Steps, live changes, epochs, determinism and refusals of the trainer.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

static const char *const backends[] = {"ref", "cpu"};

// With the weights at 0 and nothing learned, the loss of a step is the mean of its rows' targets²:
// over an epoch those must add up to the sum over all rows.
static void every_row_once_per_epoch_under_live_changes(void **state) {
    (void)state;
    enum { ROWS = 61 };
    struct source *source = source_zeros(ROWS, shape_make(1, (int64_t[]){1}), DTYPE_F32, 0);
    double total = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double target = exp2((double)i / 4);
        source_targets(source)[i] = (float)target;
        total += (double)source_targets(source)[i] * (double)source_targets(source)[i];
    }
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer("model=linear batch=7 epochs=6 lr=1e-30 momentum=0", source, backend);
    float weights[2] = {0, 0};
    struct error error = {0};
    struct rng rng = rng_make(2, RNG_TEST, 0);
    assert_int_equal(trainer_set_weights(trainer, weights, &error), STATUS_OK);
    double seen = 0;
    size_t rows = 0, epochs = 0;
    while (!trainer_finished(trainer)) {
        char text[32];
        snprintf(text, sizeof text, "%d", 1 + (int)rng_below(&rng, 30));
        test_set(trainer, "batch", text);
        struct step_result result = test_step(trainer);
        seen += result.loss * (double)result.batch;
        rows += result.batch;
        if (result.epoch_ended) {
            assert_int_equal(rows, ROWS);
            assert_true(fabs(seen / total - 1) < 1e-9);
            seen = 0;
            rows = 0;
            epochs++;
        }
    }
    assert_int_equal(epochs, 6);
    test_close(trainer, backend, source);
}

static void results_of_a_run(void **state) {
    (void)state;
    struct source *source = source_noise(50, 4, 3, 1);
    struct backend *backend = test_backend("ref");
    struct trainer *trainer =
        test_trainer("model=mlp hidden=8 batch=20 epochs=2 lr=0.1 schedule=polynomial", source, backend);
    const size_t batches[] = {20, 20, 10, 20, 20, 10};
    uint64_t samples = 0;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(trainer_steps_left(trainer), 6 - i);
        assert_false(trainer_finished(trainer));
        double rate = 0.1 * (1 - (double)samples / 100);
        struct step_result result = test_step(trainer);
        samples += batches[i];
        assert_int_equal(result.step, i + 1);
        assert_int_equal(result.batch, batches[i]);
        assert_int_equal(result.samples, samples);
        assert_true(fabs(result.epoch - (double)samples / 50) < 1e-12);
        assert_true(fabs(result.lr - rate) < 1e-12);
        assert_int_equal(result.epoch_ended, i == 2 || i == 5);
        assert_true(result.finite && result.accuracy >= 0 && result.accuracy <= 1 && isnan(result.rmse));
        assert_true(result.gradient_norm > 0 && result.weight_norm > 0 && result.update_norm > 0);
    }
    assert_true(trainer_finished(trainer));
    assert_int_equal(trainer_steps_left(trainer), 0);
    assert_int_equal(trainer_steps_done(trainer), 6);
    assert_true(trainer_epochs_done(trainer) == 2);
    struct step_result result;
    struct error error = {0};
    assert_int_equal(trainer_step(trainer, &result, &error), STATUS_STATE);
    assert_non_null(strstr(error.text, "epochs"));
    test_set(trainer, "epochs", "3");
    assert_int_equal(trainer_steps_left(trainer), 3);
    test_step(trainer);
    test_close(trainer, backend, source);
}

static void dropped_last_batches(void **state) {
    (void)state;
    struct source *source = source_noise(50, 4, 3, 1);
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer("model=linear batch=20 epochs=2 drop_last=yes", source, backend);
    assert_int_equal(trainer_steps_left(trainer), 4);
    assert_false(test_step(trainer).epoch_ended);
    struct step_result result = test_step(trainer);
    assert_true(result.epoch_ended && result.batch == 20 && result.epoch == 1 && result.samples == 40);
    test_step(trainer);
    test_set(trainer, "batch", "45"); // 30 rows are left: short only because the batch grew
    assert_int_equal(trainer_steps_left(trainer), 1);
    result = test_step(trainer);
    assert_true(result.epoch_ended && result.batch == 30);
    assert_true(trainer_finished(trainer));
    test_close(trainer, backend, source);
}

static void same_seed_same_bits(void **state) {
    (void)state;
    const char *runs[] = {"model=mlp hidden=32,16 batch=13 dropout=0.3 label_smoothing=0.1",
                          "model=mlp hidden=32,16 batch=13 dropout=0.3 label_smoothing=0.1",
                          "model=mlp hidden=32,16 batch=13 dropout=0.3 label_smoothing=0.1 seed=2"};
    for (size_t b = 0; b < 2; b++) {
        struct source *source = source_blobs(200, 6, 4, 2, 3);
        double losses[3][60];
        for (size_t i = 0; i < 3; i++) {
            struct backend *backend = test_backend(backends[b]);
            struct trainer *trainer = test_trainer(runs[i], source, backend);
            test_steps(trainer, 60, losses[i]);
            trainer_close(trainer);
            backend_close(backend);
        }
        assert_memory_equal(losses[0], losses[1], sizeof losses[0]);
        assert_memory_not_equal(losses[0], losses[2], sizeof losses[0]);
        source_release(source);
    }
}

static void same_seed_same_bits_on_augmented_images(void **state) {
    (void)state;
    for (size_t b = 0; b < 2; b++) {
        struct source *source = source_bars(60, 3, 32, 5, 3);
        double losses[2][8], plain[8];
        const char *settings = "model=lenet5 batch=12 crop_padding=3 flip=yes lr=0.02";
        for (size_t i = 0; i < 3; i++) {
            struct backend *backend = test_backend(backends[b]);
            struct trainer *trainer = test_trainer(i < 2 ? settings : "model=lenet5 batch=12 lr=0.02", source, backend);
            test_steps(trainer, 8, i < 2 ? losses[i] : plain);
            trainer_close(trainer);
            backend_close(backend);
        }
        assert_memory_equal(losses[0], losses[1], sizeof losses[0]);
        assert_memory_not_equal(losses[0], plain, sizeof plain);
        source_release(source);
    }
}

// The two backends see the same batches and masks: their losses differ by rounding only.
static void backends_agree(void **state) {
    (void)state;
    struct source *source = source_blobs(200, 6, 4, 2, 3);
    double losses[2][40];
    for (size_t b = 0; b < 2; b++) {
        struct backend *backend = test_backend(backends[b]);
        struct trainer *trainer = test_trainer("model=mlp hidden=32,16 batch=16 dropout=0.2 lr=0.02", source, backend);
        test_steps(trainer, 40, losses[b]);
        trainer_close(trainer);
        backend_close(backend);
    }
    for (size_t i = 0; i < 40; i++) {
        assert_true(fabs(losses[0][i] / losses[1][i] - 1) < 1e-4);
    }
    source_release(source);
}

static void steps_allocate_nothing(void **state) {
    (void)state;
    static const char *const ways[] = {"model=mlp hidden=8 batch=10 epochs=100",
                                       "model=mlp hidden=8 batch=10 epochs=100 optimizer=adam",
                                       "model=mlp_embedding hidden=8 batch=10 epochs=100"};
    for (size_t b = 0; b < 6; b++) {
        struct source *source = source_noise(45, 5, 3, 1);
        struct backend *backend = test_backend(backends[b % 2]);
        const char *settings = ways[b / 2];
        if (b >= 4) {
            source_index(source, 4, 20);
        }
        struct trainer *trainer = test_trainer(settings, source, backend);
        test_steps_allocate_nothing(trainer, 23); // over several epochs, each with a short batch
        test_set(trainer, "batch", "7");
        test_steps_allocate_nothing(trainer, 40);
        test_close(trainer, backend, source);
    }
}

static void changes_are_recorded(void **state) {
    (void)state;
    struct source *source = source_noise(64, 5, 3, 1);
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer("model=linear batch=16 lr=0.1 epochs=50", source, backend);
    struct error error = {0};
    size_t count;
    test_steps(trainer, 3, NULL);
    test_set(trainer, "lr", "0.02");
    assert_true(test_step(trainer).lr == 0.02);
    test_set(trainer, "lr", "0.02"); // not a change
    test_set(trainer, "batch", "8");
    assert_int_equal(test_step(trainer).batch, 8);
    const struct parameter_change *changes = trainer_changes(trainer, &count);
    assert_int_equal(count, 2);
    assert_int_equal(changes[0].step, 3);
    assert_string_equal(changes[0].name, "lr");
    assert_string_equal(changes[0].from, "0.1");
    assert_string_equal(changes[0].to, "0.02");
    assert_int_equal(changes[1].step, 4);
    assert_string_equal(changes[1].name, "batch");
    assert_string_equal(changes[1].to, "8");
    test_set(trainer, "schedule", "cosine"); // as if it had been so from the start
    double done = trainer_epochs_done(trainer);
    assert_true(fabs(test_step(trainer).lr - 0.02 * (1 + cos(acos(-1) * done / 50)) / 2) < 1e-15);
    assert_int_equal(trainer_set(trainer, "hidden", "8", &error), STATUS_STATE);
    assert_non_null(strstr(error.text, "hidden widths"));
    assert_int_equal(trainer_set(trainer, "batch", "65", &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "batch size 65 is larger than the 64 training rows"));
    assert_int_equal(trainer_set(trainer, "batch", "0", &error), STATUS_INVALID);
    assert_int_equal(trainer_set(trainer, "lr", "nan", &error), STATUS_INVALID);
    assert_int_equal(trainer_set(trainer, "lr", "-1", &error), STATUS_INVALID);
    assert_int_equal(trainer_set(trainer, "flip", "yes", &error), STATUS_INVALID);
    assert_int_equal(trainer_set(trainer, "learning", "1", &error), STATUS_INVALID);
    trainer_changes(trainer, &count);
    assert_int_equal(count, 3);
    assert_int_equal(trainer_params(trainer)->batch, 8);
    test_close(trainer, backend, source);
}

// A batch whose plan cannot be made leaves the run as it was, to the bit.
static void failed_changes_change_nothing(void **state) {
    (void)state;
    struct source *source = source_noise(64, 5, 3, 1);
    struct backend *backend = test_backend("ref");
    struct trainer *plain = test_trainer("model=mlp hidden=8 batch=16", source, backend);
    struct trainer *tried = test_trainer("model=mlp hidden=8 batch=16", source, backend);
    double want[10], have[10];
    test_steps(plain, 10, want);
    test_steps(tried, 5, have);
    enum status status = STATUS_MEMORY;
    for (unsigned long at = 1; status != STATUS_OK; at++) {
        struct error error = {0};
        size_t count;
        mem_fail_at(at);
        status = trainer_set(tried, "batch", "9", &error);
        mem_fail_at(0);
        trainer_changes(tried, &count);
        assert_int_equal(count, status == STATUS_OK ? 1 : 0);
        assert_int_equal(trainer_params(tried)->batch, status == STATUS_OK ? 9 : 16);
        assert_true(at < 1000 && (status == STATUS_OK || status == STATUS_MEMORY));
    }
    test_set(tried, "batch", "16");
    test_steps(tried, 5, have + 5);
    assert_memory_equal(want, have, sizeof want);
    trainer_close(plain);
    trainer_close(tried);
    backend_close(backend);
    source_release(source);
}

static void many_batch_sizes(void **state) {
    (void)state;
    struct source *source = source_noise(200, 3, 2, 1);
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer("model=linear batch=1 epochs=1000", source, backend);
    size_t most = 0;
    for (int batch = 2; batch <= 150; batch++) { // more than there is room for plans
        char text[16];
        snprintf(text, sizeof text, "%d", batch);
        test_set(trainer, "batch", text);
        test_steps(trainer, 3, NULL);
        most = trainer_bytes(trainer) > most ? trainer_bytes(trainer) : most;
    }
    assert_true(most < (size_t)64 << 20);
    test_close(trainer, backend, source);
}

static void assert_refused(const struct train_params *params, struct source *source, const char *word) {
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = NULL;
    struct error error = {0};
    assert_int_equal(trainer_open(&trainer, params, source, backend, &error), STATUS_INVALID);
    assert_null(trainer);
    if (strstr(error.text, word) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, word);
    }
    backend_close(backend);
}

static void refusals(void **state) {
    (void)state;
    struct source *classes = source_noise(20, 3, 2, 1), *numbers = source_plane(20, 3, 1, 1);
    struct train_params params = test_params("batch=21");
    assert_refused(&params, classes, "batch size 21 is larger than the 20 training rows");
    params = test_params("");
    params.batch = 0;
    assert_refused(&params, classes, "batch size");
    params = test_params("batch=4");
    params.lr = NAN;
    assert_refused(&params, classes, "learning rate");
    params = test_params("batch=4 loss=squared");
    assert_refused(&params, classes, "loss squared does not fit a target of classes; choose cross_entropy");
    params = test_params("batch=4 loss=cross_entropy");
    assert_refused(&params, numbers, "loss cross_entropy does not fit a target of numbers; choose squared");
    params = test_params("batch=4 model=lenet5");
    assert_refused(&params, classes, "lenet5");
    params = test_params("batch=4 crop_padding=2");
    assert_refused(&params, classes, "crop padding is for images");
    params = test_params("batch=4");
    snprintf(params.schedule, sizeof params.schedule, "zigzag");
    assert_refused(&params, classes, "zigzag");
    params = test_params("batch=4");
    snprintf(params.optimizer, sizeof params.optimizer, "newton");
    assert_refused(&params, classes, "newton");
    params = test_params("batch=1");
    source_split(classes, 1, PART_TEST);
    assert_refused(&params, classes, "no training rows");
    source_release(classes);
    source_release(numbers);
}

static void bad_numbers_are_noticed(void **state) {
    (void)state;
    for (size_t b = 0; b < 2; b++) {
        const float bad[] = {NAN, INFINITY};
        for (size_t i = 0; i < 2; i++) {
            struct source *source = source_noise(16, 3, 2, 1);
            struct backend *backend = test_backend(backends[b]);
            source_numbers(source)[7] = bad[i];
            struct trainer *trainer = test_trainer("model=mlp hidden=4 batch=16", source, backend);
            assert_false(test_step(trainer).finite);
            test_close(trainer, backend, source);
        }
    }
}

static void assert_blamed(struct trainer *trainer, const char *words) {
    char text[ERROR_TEXT_SIZE];
    trainer_blame(trainer, text);
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", text, words);
    }
}

// Weights so large that one layer's output, or one layer's gradient, or the next weights, leave the range of floats.
static void the_first_bad_place_is_named(void **state) {
    (void)state;
    struct error error = {0};
    for (size_t b = 0; b < 2; b++) {
        struct source *source = source_noise(40, 3, 2, 1);
        struct backend *backend = test_backend(backends[b]);
        struct trainer *trainer = test_trainer("model=mlp hidden=4,5 batch=20", source, backend);
        const struct model *model = trainer_model(trainer);
        float *weights = mem_alloc(model->weight_count, sizeof *weights);
        const struct layer *second = NULL;
        for (size_t i = 0; i < model->count; i++) {
            second = strcmp(model->layers[i].name, "dense2") == 0 ? &model->layers[i] : second;
        }
        assert_non_null(second);
        for (size_t i = 0; i < model->weight_count; i++) {
            weights[i] = 1e30f;
        }
        for (size_t i = 0; i < second->weight_offset; i++) {
            weights[i] = 1e15f; // the first layer's outputs reach 1e15, the second's would be 1e45
        }
        assert_int_equal(trainer_set_weights(trainer, weights, &error), STATUS_OK);
        assert_false(test_step(trainer).finite);
        assert_blamed(trainer, "from layer dense2 on");
        weights[second->weight_offset + 2] = NAN;
        assert_int_equal(trainer_set_weights(trainer, weights, &error), STATUS_OK);
        assert_false(test_step(trainer).finite);
        assert_blamed(trainer, "in the weights of layer dense2");
        mem_free(weights);
        trainer_close(trainer);
        source_numbers(source)[3 * 11 + 1] = INFINITY;
        trainer = test_trainer("model=mlp hidden=4,5 batch=40", source, backend);
        assert_false(test_step(trainer).finite);
        assert_blamed(trainer, "in the data: row 12, column ");
        assert_blamed(trainer, "is infinite");
        test_close(trainer, backend, source);
    }
}

// All embeddings write into one row: the one whose table is bad is named, whether or not the batch has read that row.
static void a_bad_embedding_is_named(void **state) {
    (void)state;
    struct error error = {0};
    struct source *source = source_noise(40, 3, 2, 1);
    struct backend *backend = test_backend("cpu");
    source_index(source, 1, 5);
    source_index(source, 2, 4000); // most of its rows are read by nobody
    struct trainer *trainer = test_trainer("model=mlp_embedding hidden=4 batch=40", source, backend);
    const struct model *model = trainer_model(trainer);
    float *weights = mem_alloc(model->weight_count, sizeof *weights);
    for (size_t i = 1; i <= 2; i++) {
        const struct layer *layer = &model->layers[i];
        assert_int_equal(trainer_weights(trainer, weights, &error), STATUS_OK);
        float *last = &weights[layer->weight_offset + layer->weight_count - 1], kept = *last;
        *last = NAN;
        assert_int_equal(trainer_set_weights(trainer, weights, &error), STATUS_OK);
        assert_false(test_step(trainer).finite);
        assert_blamed(trainer, i == 1 ? "in the weights of layer embedding1" : "in the weights of layer embedding2");
        *last = kept;
        assert_int_equal(trainer_set_weights(trainer, weights, &error), STATUS_OK);
    }
    mem_free(weights);
    trainer_close(trainer);
    backend_close(backend);
    source_release(source);
}

static void opening_survives_any_failed_allocation(void **state) {
    (void)state;
    struct source *source = source_noise(30, 3, 2, 1);
    test_opening_without_memory("model=mlp hidden=4 batch=16", source);
    source_release(source);
}

// Two clouds 4 apart: the best possible rule is right for Φ(2) = 97.7 % of the rows.
static void blobs_are_told_apart(void **state) {
    (void)state;
    for (size_t b = 0; b < 2; b++) {
        struct source *source = source_blobs(1000, 5, 2, 4, 8);
        struct backend *backend = test_backend(backends[b]);
        struct trainer *trainer = test_trainer("model=mlp hidden=16 batch=32 epochs=5 lr=0.05", source, backend);
        struct evaluation evaluation;
        struct error error = {0};
        while (!trainer_finished(trainer)) {
            test_step(trainer);
        }
        assert_int_equal(trainer_evaluate(trainer, PART_VALIDATION, &evaluation, NULL, &error), STATUS_OK);
        assert_true(evaluation.accuracy > 0.95);
        test_close(trainer, backend, source);
    }
}

static void lenet5_sees_bars(void **state) {
    (void)state;
    struct source *source = source_bars(500, 1, 28, 4, 8);
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer("batch=20 epochs=4 lr=0.02", source, backend);
    struct evaluation evaluation;
    struct error error = {0};
    assert_string_equal(trainer_model(trainer)->name, "lenet5");
    while (!trainer_finished(trainer)) {
        test_step(trainer);
    }
    assert_int_equal(trainer_evaluate(trainer, PART_VALIDATION, &evaluation, NULL, &error), STATUS_OK);
    assert_true(evaluation.accuracy > 0.95);
    test_close(trainer, backend, source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_once_per_epoch_under_live_changes),
        cmocka_unit_test(results_of_a_run),
        cmocka_unit_test(dropped_last_batches),
        cmocka_unit_test(same_seed_same_bits),
        cmocka_unit_test(same_seed_same_bits_on_augmented_images),
        cmocka_unit_test(backends_agree),
        cmocka_unit_test(steps_allocate_nothing),
        cmocka_unit_test(changes_are_recorded),
        cmocka_unit_test(failed_changes_change_nothing),
        cmocka_unit_test(many_batch_sizes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(bad_numbers_are_noticed),
        cmocka_unit_test(the_first_bad_place_is_named),
        cmocka_unit_test(a_bad_embedding_is_named),
        cmocka_unit_test(opening_survives_any_failed_allocation),
        cmocka_unit_test(blobs_are_told_apart),
        cmocka_unit_test(lenet5_sees_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

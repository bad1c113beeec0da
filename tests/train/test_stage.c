// Rows that come to the device batch by batch, because they lie in a file or because the device has no room for all of
// them, give the bits of a set that lies there whole, whatever is asked in between; where the device takes rows while
// it works, those of the next step are on their way during this one.
// BATCHLAB_TEST_BACKEND=NAME tests that one; BATCHLAB_TEST_PRECISION=NAME has the GPU compute in that precision.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/train/gradient.h"
#include "core/train/memory.h"
#include "core/train/state.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define BASE "model=mlp hidden=9,5 batch=16 epochs=40 lr=0.05 optimizer=adam "

static const char *backend_name(void) {
    const char *asked = getenv("BATCHLAB_TEST_BACKEND");
    return asked != NULL && asked[0] != '\0' ? asked : "ref";
}

// Only there it can be said how much is free.
static bool on_standin(void) {
    struct backend *backend = test_backend(backend_name());
    struct device_info info;
    backend->api->describe(backend, &info);
    backend_close(backend);
    return strstr(info.name, "CUDA on the CPU") != NULL;
}

// The stand-in says that so much is free.
static void memory_left(const char *bytes) {
    if (bytes != NULL) {
        setenv("BATCHLAB_STANDIN_MEMORY", bytes, 1);
    } else {
        unsetenv("BATCHLAB_STANDIN_MEMORY");
    }
}

static int tear_down(void **state) {
    (void)state;
    memory_left(NULL);
    return 0;
}

// The thread that reads has time to have the rows of the next step ready.
static void let_read(struct trainer *trainer) {
    bool ready = false;
    struct error error;
    for (int i = 0; !ready && i < 100; i++) {
        assert_int_equal(trainer_wait(trainer, 0.01, &ready, &error), STATUS_OK);
    }
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

struct pair {
    struct source *whole, *rows;
    struct backend *backends[2];
    struct trainer *resident, *staged;
    size_t ahead; // steps whose rows were there before they were asked for
};

static struct pair open_pair(const char *settings, size_t rows, size_t features, size_t classes, bool in_file) {
    struct pair pair = {.whole = classes > 0 ? source_blobs(rows, features, classes, 2, 4) : source_plane(rows, features, 1, 4),
                        .rows = classes > 0 ? source_blobs(rows, features, classes, 2, 4) : source_plane(rows, features, 1, 4)};
    pair.backends[0] = test_backend(backend_name());
    pair.backends[1] = test_backend(backend_name());
    pair.resident = test_trainer(settings, pair.whole, pair.backends[0]);
    assert_false(pair.resident->device.staged);
    if (in_file) {
        source_store(pair.rows);
    } else {
        struct train_params params = test_params(settings);
        struct train_memory memory;
        struct error error;
        char bytes[32];
        assert_int_equal(train_memory_plan(&params, pair.rows, 16, false, &memory, &error), STATUS_OK);
        snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)(memory.data + memory.step + memory.evaluation) - 1);
        memory_left(bytes);
    }
    pair.staged = test_trainer(settings, pair.rows, pair.backends[1]);
    memory_left(NULL);
    assert_true(pair.staged->device.staged);
    return pair;
}

static void close_pair(struct pair *pair) {
    trainer_close(pair->resident);
    trainer_close(pair->staged);
    backend_close(pair->backends[0]);
    backend_close(pair->backends[1]);
    source_release(pair->whole);
    source_release(pair->rows);
}

static void steps(struct pair *pair, size_t count) {
    for (size_t i = 0; i < count; i++) {
        let_read(pair->staged);
        size_t batch = sampler_next(&pair->staged->sampler, (size_t)trainer_params(pair->staged)->batch);
        pair->ahead += stage_has(pair->staged, batch);
        struct step_result want = test_step(pair->resident), have = test_step(pair->staged);
        if (want.loss != have.loss || want.batch != have.batch || want.gradient_norm != have.gradient_norm) {
            fail_msg("step %llu: loss %a, not %a", (unsigned long long)want.step, have.loss, want.loss);
        }
    }
}

static void evaluate(struct pair *pair) {
    struct evaluation want, have;
    struct error error;
    assert_int_equal(trainer_evaluate(pair->resident, PART_VALIDATION, &want, NULL, &error), STATUS_OK);
    assert_int_equal(trainer_evaluate(pair->staged, PART_VALIDATION, &have, NULL, &error), STATUS_OK);
    assert_true(want.loss == have.loss);
}

static void set(struct pair *pair, const char *name, const char *text) {
    test_set(pair->resident, name, text);
    test_set(pair->staged, name, text);
}

static void gradient(struct pair *pair) {
    size_t count = trainer_model(pair->resident)->weight_count;
    const uint32_t rows[] = {3, 1, 44, 20, 7, 90, 12};
    double *want = mem_alloc(count, sizeof *want), *have = mem_alloc(count, sizeof *have);
    struct gradient_figures ignored;
    struct error error;
    assert_int_equal(trainer_gradient(pair->resident, rows, 7, want, &ignored, &error), STATUS_OK);
    assert_int_equal(trainer_gradient(pair->staged, rows, 7, have, &ignored, &error), STATUS_OK);
    assert_memory_equal(want, have, count * sizeof *want);
    mem_free(want);
    mem_free(have);
}

static void check(const char *settings, size_t rows, size_t features, size_t classes, bool in_file) {
    struct error error;
    char large[16];
    struct pair pair = open_pair(settings, rows, features, classes, in_file);
    steps(&pair, 20);
    evaluate(&pair); // between steps, and over what is on its way
    steps(&pair, 3);
    set(&pair, "batch", "33"); // rows that are on their way are not what is wanted
    steps(&pair, 10);
    gradient(&pair);
    steps(&pair, 2);
    set(&pair, "batch", "7");
    steps(&pair, 41);
    assert_int_equal(trainer_save(pair.resident, test_checkpoint, NULL, &error), STATUS_OK);
    steps(&pair, 5);
    assert_int_equal(trainer_load(pair.resident, test_checkpoint, &error), STATUS_OK);
    assert_int_equal(trainer_load(pair.staged, test_checkpoint, &error), STATUS_OK);
    steps(&pair, 9);
    set(&pair, "micro_batch", "3");
    steps(&pair, 4);
    set(&pair, "micro_batch", "0");
    set(&pair, "drop_last", "yes");
    steps(&pair, 60);
    snprintf(large, sizeof large, "%zu", rows / 5);
    set(&pair, "batch", large);
    steps(&pair, 20); // through several epochs
    evaluate(&pair);
    assert_true(pair.staged->backend->api->upload_ahead == NULL ? pair.ahead == 0 : pair.ahead > 60);
    close_pair(&pair);
}

static void rows_from_a_file_are_the_same(void **state) {
    (void)state;
    check(BASE, 331, 6, 3, true); // 265 train: the last batch has 9 rows
    check(BASE "dropout=0.3 class_weights=balanced ema=0.9 ", 331, 6, 3, true);
    check(BASE, 331, 6, 0, true);
}

// Rows so long that the ring ends within a batch.
static void batches_in_two_pieces_are_the_same(void **state) {
    (void)state;
    struct pair pair = open_pair("model=mlp hidden=3 batch=33 epochs=40", 331, 2100, 3, true);
    steps(&pair, 36);
    assert_true(pair.staged->backend->api->upload_ahead == NULL || pair.ahead > 20);
    close_pair(&pair);
}

static void rows_that_have_no_room_are_the_same(void **state) {
    (void)state;
    if (!on_standin()) {
        skip();
    }
    check(BASE, 5000, 6, 3, false);
    check(BASE, 5000, 6, 0, false);
}

// A number that is finite but too large for the first layer: the rows of the step are brought again to find where, though
// others have come since.
static void what_went_wrong_is_found(void **state) {
    (void)state;
    struct source *source = source_blobs(331, 6, 3, 2, 4);
    struct backend *backend = test_backend(backend_name());
    char text[ERROR_TEXT_SIZE];
    struct evaluation evaluation;
    struct error error;
    for (size_t j = 0; j < 6; j++) {
        source_numbers(source)[6 * 38 + j] = 3e38f;
    }
    source_store(source);
    struct trainer *trainer = test_trainer(BASE, source, backend);
    size_t taken = 0, count = trainer_model(trainer)->weight_count;
    float *weights = mem_alloc(count, sizeof *weights);
    for (size_t i = 0; i < count; i++) {
        weights[i] = 0.5f; // that nothing cancels
    }
    assert_int_equal(trainer_set_weights(trainer, weights, &error), STATUS_OK);
    mem_free(weights);
    do {
        let_read(trainer);
        assert_true(++taken <= 17); // of the first epoch
    } while (test_step(trainer).finite);
    assert_int_equal(trainer_evaluate(trainer, PART_VALIDATION, &evaluation, NULL, &error), STATUS_OK);
    trainer_blame(trainer, text);
    assert_string_equal(text, "from layer dense1 on");
    test_close(trainer, backend, source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_from_a_file_are_the_same, test_folder_make, test_folder_remove),
        cmocka_unit_test(batches_in_two_pieces_are_the_same),
        cmocka_unit_test_setup_teardown(rows_that_have_no_room_are_the_same, test_folder_make, test_folder_remove),
        cmocka_unit_test_teardown(what_went_wrong_is_found, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

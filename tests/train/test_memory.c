// The memory that is worked out against what a trainer takes.
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "core/train/memory.h"
#include "core/train/trainer.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

// A trainer that has stepped through an epoch and evaluated holds all plans it will need.
static size_t taken(const char *settings, struct source *source, const char *device) {
    struct backend *backend = test_backend(device);
    struct trainer *trainer = test_trainer(settings, source, backend);
    struct evaluation evaluation;
    struct error error = {0};
    while (trainer_epochs_done(trainer) < 1)
        test_step(trainer);
    assert_int_equal(trainer_evaluate(trainer, PART_VALIDATION, &evaluation, NULL, &error), STATUS_OK);
    size_t bytes = trainer_bytes(trainer);
    trainer_close(trainer);
    backend_close(backend);
    return bytes;
}

static double ratio(const char *settings, size_t batch, struct source *source, const char *device) {
    struct train_params params = test_params(settings);
    struct train_memory memory;
    struct error error = {0};
    char full[160];
    snprintf(full, sizeof full, "%s batch=%zu", settings, batch);
    assert_int_equal(train_memory_plan(&params, source, batch, device[0] == 'c', &memory, &error), STATUS_OK);
    return (double)train_memory_total(&memory) / (double)taken(full, source, device);
}

static void what_is_planned_is_what_plain_loops_take(void **state) {
    struct source *table = source_blobs(1000, 20, 3, 2, 1), *line = source_plane(500, 8, 1, 2);
    struct source *images = source_bars(300, 1, 28, 10, 3);
    static const size_t sizes[] = {1, 7, 32, 128};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double one = ratio("hidden=64,64", sizes[i], table, "ref"), two = ratio("hidden=32", sizes[i], line, "ref");
        assert_true(one > 0.95 && one < 1.02); // metrics are left out, the last piece of an evaluation too
        assert_true(two > 0.85 && two < 1.02);
    }
    source_index(line, 7, 300);
    double mixed = ratio("model=mlp_embedding hidden=32", 32, line, "ref");
    assert_true(mixed > 0.85 && mixed < 1.02);
    double three = ratio("model=lenet5", 64, images, "ref");
    assert_true(three > 0.95 && three < 1.02);
    source_store(table); // features in a file: batch by batch
    double four = ratio("hidden=64,64", 32, table, "ref");
    assert_true(four > 0.95 && four < 1.02);
    source_release(table);
    source_release(line);
    source_release(images);
}

// oneDNN keeps copies in its own layouts beside; what is promised must not be far below.
static void what_is_planned_is_near_what_the_cpu_takes(void **state) {
    struct source *table = source_blobs(4000, 20, 3, 2, 1), *images = source_bars(600, 3, 32, 10, 3);
    static const size_t sizes[] = {8, 256};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double one = ratio("hidden=256,256", sizes[i], table, "cpu"),
               two = ratio("model=lenet5", sizes[i], images, "cpu");
        printf("cpu, batch %zu: table %.3f, images %.3f of what is taken\n", sizes[i], one, two);
        assert_true(one > 0.7 && one < 1.3);
        assert_true(two > 0.7 && two < 1.3);
    }
    source_release(table);
    source_release(images);
}

// What grows with the batch grows in proportion to it, and dropping the last batch saves its room.
static void a_step_costs_in_proportion_to_its_rows(void **state) {
    struct source *source = source_blobs(1250, 20, 3, 2, 1); // 1000 train
    struct train_params params = test_params("hidden=64"), dropping = test_params("hidden=64 drop_last=yes");
    struct train_memory one, ten, last;
    struct error error = {0};
    (void)state;
    assert_int_equal(train_memory_plan(&params, source, 100, false, &one, &error), STATUS_OK);
    assert_int_equal(train_memory_plan(&params, source, 1000, false, &ten, &error), STATUS_OK);
    assert_true(ten.step > 9.9 * (double)one.step && ten.step < 10.1 * (double)one.step);
    assert_int_equal(one.weights, 4 * (20 * 64 + 64 + 64 * 3 + 3));
    assert_int_equal(one.optimizer, 2 * one.weights); // gradient and velocity
    assert_int_equal(ten.data, one.data);
    assert_int_equal(train_memory_plan(&params, source, 600, false, &one, &error), STATUS_OK);
    assert_int_equal(train_memory_plan(&dropping, source, 600, false, &last, &error), STATUS_OK);
    assert_true(one.step > 1.6 * (double)last.step); // 600 and 400 rows
    source_release(source);
}

static void what_cannot_be_is_refused(void **state) {
    struct source *source = source_blobs(100, 4, 2, 2, 1);
    struct train_params params = test_params("model=lenet5");
    struct train_memory memory;
    struct error error = {0};
    (void)state;
    assert_int_not_equal(train_memory_plan(&params, source, 8, true, &memory, &error), STATUS_OK);
    assert_true(error.text[0] != '\0');
    source_release(source);
}

static uint64_t room; // of the device below

static void describe_small(struct backend *backend, struct device_info *info) {
    (void)backend;
    *info = (struct device_info){.memory_total = room, .memory_free = room};
}

// What has no room is refused before anything is allocated, at the start and where a larger batch is asked for.
static void what_has_no_room_is_refused(void **state) {
    (void)state;
    struct source *source = source_blobs(1250, 20, 3, 2, 1); // 1000 train
    struct train_params params = test_params("hidden=64 batch=100");
    struct backend *backend = test_backend("ref");
    struct backend_api small = *backend->api;
    struct train_memory memory;
    struct trainer *trainer = NULL;
    struct error error = {0};
    small.describe = describe_small;
    backend->api = &small;
    assert_int_equal(train_memory_plan(&params, source, 100, false, &memory, &error), STATUS_OK);
    uint64_t starting = memory.weights > memory.evaluation ? memory.weights - memory.evaluation : 0; // before one
    room = train_memory_total(&memory) - memory.data + starting - 1;                                   // data: borrowed
    assert_int_equal(trainer_open(&trainer, &params, source, backend, &error), STATUS_MEMORY);
    assert_null(trainer);
    assert_non_null(strstr(error.text, "a step of 100 rows"));
    assert_non_null(strstr(error.text, "ref has"));
    room++;
    assert_int_equal(trainer_open(&trainer, &params, source, backend, &error), STATUS_OK);
    assert_int_equal(trainer_set(trainer, "batch", "50", &error), STATUS_OK);
    room = 1; // what the trainer has taken counts as free
    assert_int_equal(trainer_set(trainer, "batch", "100", &error), STATUS_OK);
    assert_int_equal(trainer_set(trainer, "batch", "1000", &error), STATUS_MEMORY);
    assert_non_null(strstr(error.text, "a step of 1000 rows"));
    assert_int_equal(trainer_params(trainer)->batch, 100);
    test_step(trainer);
    test_close(trainer, backend, source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_planned_is_what_plain_loops_take),
        cmocka_unit_test(what_is_planned_is_near_what_the_cpu_takes),
        cmocka_unit_test(a_step_costs_in_proportion_to_its_rows),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(what_has_no_room_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

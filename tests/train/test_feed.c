// Features that lie in a file: shuffled through buckets they come in the very order of a set in memory, uniform and
// each row once; read ahead by a thread they give the same bits whatever is asked of it in between.
#include "tests/support/test.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/spill.h"
#include "core/train/feed.h"
#include "core/train/shuffle.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

static const _Atomic bool never = false;

static int tear_down(void **state) {
    (void)state;
    feed_set_memory(0);
    return 0;
}

// Feature j of row i is 10 i + j; every fifth row is for validation. In a file.
static struct source *numbered(size_t rows, size_t features) {
    struct source *source = source_zeros(rows, shape_make(1, (int64_t[]){(int64_t)features}), DTYPE_F32, 3);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < features; j++)
            source_numbers(source)[i * features + j] = (float)(10 * i + j);
        source_labels(source)[i] = (int32_t)(i % 3);
    }
    source_split(source, 5, PART_VALIDATION);
    source_store(source);
    return source;
}

static struct shuffle shuffle_of(const struct source *source, uint64_t seed, size_t memory) {
    struct shuffle shuffle;
    struct error error = {0};
    assert_int_equal(shuffle_open(&shuffle, source, seed, memory, &never, &error), STATUS_OK);
    return shuffle;
}

// The numbers of `count` rows from `position` on, their features checked.
static void read_order(struct shuffle *shuffle, uint64_t epoch, size_t position, size_t count, uint32_t *numbers) {
    size_t features = (size_t)shape_count(shuffle->source->sample), there;
    struct error error = {0};
    for (size_t done = 0; done < count; done += there) {
        assert_int_equal(shuffle_bring(shuffle, epoch, position + done, &there, &error), STATUS_OK);
        assert_true(there > 0);
        there = there < count - done ? there : count - done;
        for (size_t i = 0; i < there; i++) {
            const float *row = shuffle_row(shuffle, position + done + i, &numbers[done + i]);
            for (size_t j = 0; j < features; j++)
                assert_true(row[j] == (float)(10 * numbers[done + i] + j));
        }
    }
}

// ---- the order ----------------------------------------------------------------------------------------

static void the_order_is_that_of_memory_whatever_the_buckets(void **state) {
    (void)state;
    enum { ROWS = 997 };
    struct source *source = numbered(ROWS, 3);
    size_t count = source->part_count[PART_TRAIN];
    struct rng rng = rng_make(3, RNG_TEST, 3);
    for (size_t memory = 1; memory < 1 << 20; memory = memory * 5 + 3) {
        struct shuffle shuffle = shuffle_of(source, 4, memory);
        struct sampler sampler;
        struct error error = {0};
        assert_int_equal(sampler_open(&sampler, source->part_rows[PART_TRAIN], count, 4, &error), STATUS_OK);
        assert_true(memory > 1 || shuffle.buckets == count);
        for (uint64_t epoch = 0; epoch < 6; epoch++) {
            uint32_t numbers[ROWS];
            bool fresh;
            sampler_seek(&sampler, epoch, 0);
            const uint32_t *order = sampler_order(&sampler, &fresh);
            for (uint64_t i = rng_below(&rng, 30); i > 0; i--) // some of what comes, or of what does not come
                shuffle_ahead(&shuffle, epoch + rng_below(&rng, 3));
            if (memory % 2 == 0 && epoch > 0) // begins in the middle, then goes back
                read_order(&shuffle, epoch, count / 2, count - count / 2, numbers + count / 2);
            read_order(&shuffle, epoch, 0, count, numbers);
            assert_memory_equal(numbers, order, count * sizeof *order);
        }
        sampler_close(&sampler);
        shuffle_close(&shuffle);
    }
    source_release(source);
}

static double chi_square(const unsigned *counts, size_t cells, double expected) {
    double sum = 0;
    for (size_t i = 0; i < cells; i++)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

// Lehmer's number of a permutation of 0 … 4.
static size_t number_of(const uint32_t order[5]) {
    size_t number = 0;
    for (size_t i = 0; i < 5; i++) {
        size_t smaller = 0;
        for (size_t j = i + 1; j < 5; j++)
            smaller += order[j] < order[i];
        number = number * (5 - i) + smaller;
    }
    return number;
}

static void every_permutation_is_as_likely(void **state) {
    (void)state;
    enum { SEEDS = 40, EPOCHS = 300 };
    unsigned counts[120] = {0};
    struct source *source = source_zeros(5, shape_make(1, (int64_t[]){1}), DTYPE_F32, 2);
    for (size_t i = 0; i < 5; i++)
        source_numbers(source)[i] = (float)(10 * i);
    source_store(source);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct shuffle shuffle = shuffle_of(source, seed, 2 * 2 * 24); // buckets of two rows
        assert_int_equal(shuffle.buckets, 3);
        for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
            uint32_t order[5];
            read_order(&shuffle, epoch, 0, 5, order);
            counts[number_of(order)]++;
        }
        shuffle_close(&shuffle);
    }
    // 119 degrees of freedom: mean 119, sd 15.4; beyond 196 once in 100 000
    double found = chi_square(counts, 120, SEEDS * EPOCHS / 120.0);
    assert_true(found < 196 && found > 60);
    source_release(source);
}

static void a_row_is_anywhere_as_likely(void **state) {
    (void)state;
    enum { ROWS = 500, TRAIN = 400, EPOCHS = 1500, BINS = 20 };
    static const uint32_t watched[] = {0, 123, 498}; // the first, one between, the last of the training rows
    unsigned counts[3][BINS] = {{0}};
    struct source *source = numbered(ROWS, 2);
    struct shuffle shuffle = shuffle_of(source, 11, 4000);
    assert_true(shuffle.buckets > 3);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        uint32_t order[TRAIN];
        read_order(&shuffle, epoch, 0, TRAIN, order);
        for (size_t i = 0; i < TRAIN; i++)
            for (size_t w = 0; w < 3; w++)
                counts[w][i * BINS / TRAIN] += order[i] == watched[w];
    }
    for (size_t w = 0; w < 3; w++) // 19 degrees of freedom: beyond 55 once in 40 000
        assert_true(chi_square(counts[w], BINS, EPOCHS / (double)BINS) < 55);
    shuffle_close(&shuffle);
    source_release(source);
}

// ---- the thread -----------------------------------------------------------------------------------------

static struct feed *feed_of(struct source *source, uint64_t seed, size_t places) {
    struct feed *feed = NULL;
    struct error error = {0};
    assert_int_equal(feed_open(&feed, source, seed, places, &error), STATUS_OK);
    return feed;
}

// Takes portions of any size, waits or not, skips the ends of epochs, jumps, and finds every row where it belongs.
static void rows_are_right_wherever_one_jumps(void **state) {
    (void)state;
    enum { ROWS = 700, EPOCHS = 60 };
    struct source *source = numbered(ROWS, 4);
    size_t count = source->part_count[PART_TRAIN];
    struct rng rng = rng_make(3, RNG_TEST, 1);
    for (size_t places = 16; places <= 2000; places *= 5) {
        struct sampler sampler;
        struct error error = {0};
        feed_set_memory(places * 20);
        struct feed *feed = feed_of(source, 8, places);
        assert_int_equal(sampler_open(&sampler, source->part_rows[PART_TRAIN], count, 8, &error), STATUS_OK);
        struct feed_place place = {.epochs = EPOCHS};
        for (size_t i = 0; i < 2000; i++) {
            bool fresh, ready;
            size_t most = 1 + (size_t)rng_below(&rng, 60);
            most = most < count - place.position ? most : count - place.position;
            if (rng_below(&rng, 3) == 0)
                assert_int_equal(feed_wait(feed, place, most, 0.001, &ready, &error), STATUS_OK);
            struct feed_span span;
            assert_int_equal(feed_take(feed, place, most, &span, &error), STATUS_OK);
            assert_true(span.count > 0 && span.count <= most);
            sampler_seek(&sampler, place.epoch, 0);
            const uint32_t *order = sampler_order(&sampler, &fresh);
            for (size_t j = 0; j < span.count; j++) {
                uint32_t number = order[place.position + j];
                assert_true(((const float *)span.features)[4 * j + 3] == (float)(10 * number + 3));
                assert_int_equal(((const int32_t *)span.truth)[j], number % 3);
            }
            place.position += span.count;
            if (place.position == count || rng_below(&rng, 40) == 0) { // the end, or a rest that is dropped
                place.epoch = (place.epoch + 1) % EPOCHS;
                place.position = 0;
            } else if (rng_below(&rng, 50) == 0) {
                place.epoch = rng_below(&rng, EPOCHS);
                place.position = (size_t)rng_below(&rng, count);
            }
        }
        sampler_close(&sampler);
        feed_close(feed);
    }
    assert_int_equal(atomic_load(&source->references), 1);
    source_release(source);
}

static void closing_ends_the_thread_at_any_moment(void **state) {
    (void)state;
    struct source *source = numbered(20000, 8);
    struct rng rng = rng_make(3, RNG_TEST, 2);
    feed_set_memory(50000);
    for (size_t i = 0; i < 60; i++) {
        struct feed *feed = feed_of(source, i, 64);
        struct feed_span span;
        struct error error = {0};
        bool ready;
        if (i % 3 > 0)
            assert_int_equal(feed_wait(feed, (struct feed_place){i % 2, 9, 5}, 10, 0, &ready, &error), STATUS_OK);
        if (i % 3 == 2)
            assert_int_equal(feed_take(feed, (struct feed_place){i % 2, 9, 5}, 10, &span, &error), STATUS_OK);
        nanosleep(&(struct timespec){.tv_nsec = (long)rng_below(&rng, 3000000)}, NULL);
        feed_close(feed);
    }
    source_release(source);
}

static void both_sides_know_how_long_they_waited(void **state) {
    (void)state;
    struct source *source = numbered(2000, 4);
    struct feed *feed = feed_of(source, 1, 64);
    struct feed_span span;
    struct error error = {0};
    bool ready = true;
    assert_int_equal(feed_wait(feed, (struct feed_place){0, 2, 0}, 8, 0, &ready, &error), STATUS_OK);
    assert_false(ready); // nothing was asked for before
    assert_int_equal(feed_take(feed, (struct feed_place){0, 2, 0}, 8, &span, &error), STATUS_OK);
    nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL); // meanwhile the ring is full
    struct feed_times times = feed_times(feed);
    assert_true(times.reading > 0 && times.waiting > 0.03);
    feed_close(feed);
    source_release(source);
}

static void a_full_disk_is_a_sentence(void **state) {
    (void)state;
    struct source *source = numbered(20000, 8);
    struct feed *feed = feed_of(source, 1, 64);
    struct rlimit before, small;
    struct feed_span span;
    struct error error = {0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status status = feed_take(feed, (struct feed_place){0, 2, 0}, 8, &span, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, STATUS_IO);
    assert_non_null(strstr(error.text, "shuffling 16000 rows: the cache folder: there is no room"));
    assert_non_null(strstr(error.text, "XDG_CACHE_HOME"));
    assert_int_equal(feed_take(feed, (struct feed_place){1, 2, 0}, 8, &span, &error), STATUS_OK); // once there is room
    feed_close(feed);
    source_release(source);
}

// ---- the trainer ----------------------------------------------------------------------------------------

static void change(struct trainer *trainer, size_t step) {
    static const char *const batches[] = {"7", "64", "1", "150", "33"};
    if (step % 9 == 4)
        test_set(trainer, "batch", batches[step / 9 % 5]);
}

static void assert_same_evaluation(struct trainer *a, struct trainer *b) {
    struct evaluation left, right;
    struct error error = {0};
    assert_int_equal(trainer_evaluate(a, PART_VALIDATION, &left, NULL, &error), STATUS_OK);
    assert_int_equal(trainer_evaluate(b, PART_VALIDATION, &right, NULL, &error), STATUS_OK);
    assert_int_equal(left.rows, right.rows);
    assert_memory_equal(&left.loss, &right.loss, sizeof left.loss);
    assert_true(left.accuracy == right.accuracy || (isnan(left.accuracy) && left.rmse == right.rmse));
}

static void assert_same_predictions(struct trainer *a, struct trainer *b, const struct source *memory,
                                    const struct source *stored) {
    enum { COUNT = 40 };
    uint32_t rows[COUNT];
    float left[COUNT * 3], right[COUNT * 3];
    struct error error = {0};
    for (size_t i = 0; i < COUNT; i++)
        rows[i] = (uint32_t)(i * 37 % memory->rows);
    assert_int_equal(trainer_predict(a, memory, rows, COUNT, left, NULL, &error), STATUS_OK);
    assert_int_equal(trainer_predict(b, stored, rows, COUNT, right, NULL, &error), STATUS_OK);
    size_t outputs = memory->task == SOURCE_CLASSIFY ? memory->classes : 1;
    assert_memory_equal(left, right, COUNT * outputs * sizeof *left);
}

static struct source *source_again(int kind) {
    return kind == 0 ? source_blobs(400, 5, 3, 2, 1) : source_plane(1700, 6, 0.3, 2);
}

static void a_file_gives_the_bits_of_memory(void **state) {
    (void)state;
    static const char *const settings[] = {
        "model=mlp hidden=9 batch=20 epochs=50 dropout=0.2", "model=mlp hidden=7 batch=50 epochs=50 drop_last=yes",
        "model=mlp hidden=9 batch=60 epochs=50 micro_batch=25 class_weights=balanced ema=0.9 optimizer=adam"};
    static const char *const backends[] = {"ref", "cpu"};
    for (int i = 0; i < 6; i++) {
        struct source *memory = source_again(i % 3 == 1), *stored = source_again(i % 3 == 1);
        source_store(stored);
        feed_set_memory(2000);
        struct backend *backend = test_backend(backends[i / 3]);
        struct trainer *a = test_trainer(settings[i % 3], memory, backend);
        struct trainer *b = test_trainer(settings[i % 3], stored, backend);
        for (size_t step = 0; step < 150; step++) {
            change(a, step);
            change(b, step);
            struct step_result left = test_step(a), right = test_step(b);
            assert_memory_equal(&left.loss, &right.loss, sizeof left.loss);
            assert_memory_equal(&left.gradient_norm, &right.gradient_norm, sizeof left.gradient_norm);
            assert_true(left.batch == right.batch && left.epoch == right.epoch);
            if (left.epoch_ended)
                assert_same_evaluation(a, b);
        }
        assert_same_predictions(a, b, memory, stored);
        trainer_close(a);
        trainer_close(b);
        backend_close(backend);
        source_release(memory);
        source_release(stored);
    }
}

// Saved in the middle of an epoch, loaded into trainers of either kind, and rolled back to.
static void resuming_does_not_know_where_features_lie(void **state) {
    (void)state;
    char path[] = "/tmp/batchlab-feed.XXXXXX";
    int file = mkstemp(path);
    struct error error = {0};
    struct source *memory = source_again(1), *stored = source_again(1);
    source_store(stored);
    feed_set_memory(3000);
    struct backend *backend = test_backend("ref");
    const char *settings = "model=linear batch=32 epochs=9";
    struct trainer *first = test_trainer(settings, stored, backend), *second = test_trainer(settings, memory, backend);
    double losses[2][70];
    test_steps(first, 60, NULL); // 1360 training rows: 42.5 steps an epoch
    assert_int_equal(trainer_save(first, path, NULL, &error), STATUS_OK);
    test_steps(first, 70, losses[0]);
    assert_int_equal(trainer_load(second, path, &error), STATUS_OK);
    test_steps(second, 70, losses[1]);
    assert_memory_equal(losses[0], losses[1], sizeof losses[0]);
    assert_int_equal(trainer_load(first, path, &error), STATUS_OK); // back by two epochs
    test_steps(first, 70, losses[1]);
    assert_memory_equal(losses[0], losses[1], sizeof losses[0]);
    trainer_close(first);
    trainer_close(second);
    backend_close(backend);
    source_release(memory);
    source_release(stored);
    close(file);
    unlink(path);
}

// Other rows between two epochs, from memory to a file, to another file, and back.
static void rows_can_change_to_a_file_and_back(void **state) {
    (void)state;
    struct error error = {0};
    struct backend *backend = test_backend("ref");
    struct source *begun[2] = {source_again(0), source_again(0)};
    struct trainer *a = test_trainer("model=mlp hidden=5 batch=32 epochs=90", begun[0], backend);
    struct trainer *b = test_trainer("model=mlp hidden=5 batch=32 epochs=90", begun[1], backend);
    feed_set_memory(2000);
    for (size_t change = 1; change < 5; change++) {
        struct source *memory = source_blobs(400 + 100 * change, 5, 3, 2, change);
        struct source *other = source_blobs(400 + 100 * change, 5, 3, 2, change);
        if (change != 3)
            source_store(other);
        assert_int_equal(trainer_change_source(a, memory, &error), STATUS_OK);
        assert_int_equal(trainer_change_source(b, other, &error), STATUS_OK);
        source_release(memory);
        source_release(other);
        struct step_result left, right;
        do {
            left = test_step(a);
            right = test_step(b);
            assert_memory_equal(&left.loss, &right.loss, sizeof left.loss);
        } while (!left.epoch_ended);
        assert_same_evaluation(a, b);
    }
    trainer_close(a);
    trainer_close(b);
    backend_close(backend);
    source_release(begun[0]);
    source_release(begun[1]);
}

static void opening_survives_any_failed_allocation(void **state) {
    (void)state;
    struct source *source = numbered(60, 3);
    test_opening_without_memory("model=linear batch=16", source);
    source_release(source);
}

// The step that is not finite is the last of its epoch, so that an evaluation comes between it and the question.
static void the_first_bad_place_is_named(void **state) {
    (void)state;
    char text[ERROR_TEXT_SIZE];
    struct evaluation evaluation;
    struct error error = {0};
    struct backend *backend = test_backend("ref");
    for (int i = 0; i < 2; i++) {
        struct source *source = source_noise(40, 3, 2, 1);
        source_split(source, 4, PART_VALIDATION);
        if (i == 0)
            source_numbers(source)[3 * 13 + 1] = INFINITY;
        else
            source_numbers(source)[3 * 13 + 1] = 1e38F; // times 1e3 beyond floats
        source_store(source);
        struct trainer *trainer = test_trainer("model=mlp hidden=4 batch=30", source, backend);
        size_t count = trainer_model(trainer)->weight_count;
        float *weights = mem_alloc(count, sizeof *weights);
        for (size_t w = 0; w < count; w++)
            weights[w] = 1e3F;
        assert_int_equal(trainer_set_weights(trainer, weights, &error), STATUS_OK);
        struct step_result result = test_step(trainer);
        assert_true(!result.finite && result.epoch_ended);
        (void)trainer_evaluate(trainer, PART_VALIDATION, &evaluation, NULL, &error);
        trainer_blame(trainer, text);
        assert_non_null(strstr(text, i == 0 ? "in the data: row 14, column " : "layer dense1 on"));
        mem_free(weights);
        trainer_close(trainer);
        source_release(source);
    }
    backend_close(backend);
}

static void steps_allocate_nothing(void **state) {
    (void)state;
    struct source *source = numbered(600, 3);
    struct backend *backend = test_backend("ref");
    struct trainer *trainer = test_trainer("model=linear batch=50 epochs=40", source, backend);
    test_steps(trainer, 3, NULL);
    test_steps_allocate_nothing(trainer, 100);
    test_close(trainer, backend, source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_that_of_memory_whatever_the_buckets),
        cmocka_unit_test(every_permutation_is_as_likely),
        cmocka_unit_test(a_row_is_anywhere_as_likely),
        cmocka_unit_test_teardown(rows_are_right_wherever_one_jumps, tear_down),
        cmocka_unit_test_teardown(closing_ends_the_thread_at_any_moment, tear_down),
        cmocka_unit_test(both_sides_know_how_long_they_waited),
        cmocka_unit_test(a_full_disk_is_a_sentence),
        cmocka_unit_test_teardown(a_file_gives_the_bits_of_memory, tear_down),
        cmocka_unit_test_teardown(resuming_does_not_know_where_features_lie, tear_down),
        cmocka_unit_test_teardown(rows_can_change_to_a_file_and_back, tear_down),
        cmocka_unit_test(opening_survives_any_failed_allocation),
        cmocka_unit_test(the_first_bad_place_is_named),
        cmocka_unit_test(steps_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

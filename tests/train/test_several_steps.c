// Several steps that the device gets at once are, to the bit, what one after the other gives: figures, weights, moments,
// running statistics, averages, and everything else a checkpoint holds.
// BATCHLAB_TEST_BACKEND=NAME tests that one; BATCHLAB_TEST_PRECISION=NAME has the GPU compute in that precision.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

static const char *backend_name(void) {
    const char *asked = getenv("BATCHLAB_TEST_BACKEND");
    return asked != NULL && asked[0] != '\0' ? asked : "ref";
}

static bool same(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

static void assert_same_result(const struct step_result *a, const struct step_result *b) {
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->samples, b->samples);
    assert_int_equal(a->batch, b->batch);
    assert_int_equal(a->epoch_ended, b->epoch_ended);
    assert_int_equal(a->finite, b->finite);
    const double have[] = {a->epoch, a->lr,   a->loss, a->weight, a->clip, a->accuracy,
                           a->rmse,  a->gradient_norm, a->update_norm, a->weight_norm};
    const double want[] = {b->epoch, b->lr,   b->loss, b->weight, b->clip, b->accuracy,
                           b->rmse,  b->gradient_norm, b->update_norm, b->weight_norm};
    for (size_t i = 0; i < sizeof have / sizeof have[0]; i++) {
        if (!same(have[i], want[i])) {
            fail_msg("step %llu, figure %zu: %a, not %a", (unsigned long long)a->step, i, have[i], want[i]);
        }
    }
}

static char *checkpoint_bytes(struct trainer *trainer, size_t *size) {
    struct error error = {0};
    char *bytes = NULL;
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    assert_int_equal(file_read(test_checkpoint, SIZE_MAX, &bytes, size, &error), STATUS_OK);
    return bytes;
}

static void assert_same_state(struct trainer *a, struct trainer *b) {
    size_t size_a, size_b;
    char *of_a = checkpoint_bytes(a, &size_a), *of_b = checkpoint_bytes(b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(of_a, of_b, size_a);
    mem_free(of_a);
    mem_free(of_b);
}

// Up to `most` steps of `together`, and the same of `single`. Returns how many those were.
static size_t step_both(struct trainer *together, struct trainer *single, size_t most, struct step_result *last) {
    struct step_result results[STEPS_MOST];
    struct error error = {0};
    size_t count;
    assert_int_equal(trainer_steps(together, most, results, &count, &error), STATUS_OK);
    assert_true(count >= 1 && count <= most);
    for (size_t i = 0; i < count; i++) {
        *last = test_step(single);
        assert_same_result(&results[i], last);
        assert_true(i + 1 == count || (last->finite && !last->epoch_ended));
    }
    return count;
}

struct pair {
    struct source *source;
    struct backend *backends[2];
    struct trainer *together, *single;
};

static struct pair open_pair(struct source *source, const char *settings) {
    struct pair pair = {.source = source, .backends = {test_backend(backend_name()), test_backend(backend_name())}};
    pair.together = test_trainer(settings, source, pair.backends[0]);
    pair.single = test_trainer(settings, source, pair.backends[1]);
    return pair;
}

static void close_pair(struct pair *pair) {
    trainer_close(pair->together);
    backend_close(pair->backends[0]);
    test_close(pair->single, pair->backends[1], pair->source);
}

// A run with everything that changes from step to step, and live changes: numbers of steps by chance.
static void check_run(struct source *source, const char *settings) {
    struct pair pair = open_pair(source, settings);
    struct rng rng = rng_make(5, RNG_TEST, 0);
    size_t calls = 0, steps = 0, changes = 0;
    while (!trainer_finished(pair.single)) {
        struct step_result last;
        steps += step_both(pair.together, pair.single, 1 + rng_below(&rng, 20), &last);
        calls++;
        if (last.epoch_ended || rng_below(&rng, 8) > 0) {
            continue;
        }
        char text[32];
        const char *name = changes++ % 2 ? "lr" : "batch";
        snprintf(text, sizeof text, strcmp(name, "lr") == 0 ? "0.0%d" : "%d", 3 + (int)rng_below(&rng, 6));
        test_set(pair.together, name, text);
        test_set(pair.single, name, text);
    }
    assert_true(trainer_finished(pair.together) && changes > 1 && steps > 3 * calls);
    assert_same_state(pair.together, pair.single);
    close_pair(&pair);
}

static void a_run_gives_the_same_bits(void **state) {
    (void)state;
    check_run(source_blobs(400, 5, 3, 2, 1), "model=mlp hidden=6 batch_norm=yes dropout=0.2 optimizer=adam batch=5 epochs=3 "
                                             "lr=0.01 schedule=cosine warmup=1 clip=0.5 ema=0.9 weight_decay=0.01");
    check_run(source_blobs(400, 5, 3, 2, 1), "model=mlp hidden=6,7 optimizer=muon batch=4 epochs=2 lr=0.01 drop_last=yes");
    check_run(source_plane(300, 4, 0.1, 1), "model=mlp hidden=6 batch=3 epochs=2 lr=0.01 momentum=0.9 nesterov=yes");
}

// The epoch of 26 rows ends with a batch of 2, which comes alone; figures lie in rows that begin again after the 64th.
static void it_stops_where_the_epoch_does(void **state) {
    (void)state;
    struct pair pair = open_pair(source_noise(26, 3, 2, 1), "model=linear batch=3 epochs=9 lr=0.01");
    const size_t wanted[] = {5, 3, 1};
    for (size_t i = 0; i < 27; i++) {
        struct step_result last;
        assert_int_equal(step_both(pair.together, pair.single, i % 3 == 0 ? 5 : STEPS_MOST, &last), wanted[i % 3]);
        assert_int_equal(last.epoch_ended, i % 3 == 2);
    }
    struct step_result result;
    struct error error = {0};
    size_t count = 7;
    assert_int_equal(trainer_steps(pair.together, 4, &result, &count, &error), STATUS_STATE);
    assert_int_equal(count, 0);
    close_pair(&pair);
}

// What comes behind a step that is not finite changes nothing, and has not happened.
static void it_stops_where_numbers_go_wrong(void **state) {
    (void)state;
    const char *const settings = "model=mlp hidden=4 batch_norm=yes ema=0.9 batch=4 epochs=2 lr=0.01";
    struct source *source = source_noise(80, 3, 2, 1);
    source_numbers(source)[3 * 41] = NAN; // its batch has no loss
    struct pair pair = open_pair(source, settings);
    char text[2][ERROR_TEXT_SIZE];
    struct step_result last = {.finite = true};
    while (last.finite) {
        step_both(pair.together, pair.single, STEPS_MOST, &last);
    }
    assert_true(last.step > 1 && last.step < 20);
    assert_same_state(pair.together, pair.single);
    assert_true(trainer_blame(pair.together, text[0]) && trainer_blame(pair.single, text[1]));
    assert_string_equal(text[0], text[1]);
    assert_true(step_both(pair.together, pair.single, STEPS_MOST, &last) >= 1); // and it goes on behind
    close_pair(&pair);

    // Weights that leave the range of floats, sooner or later.
    pair = open_pair(source_plane(300, 3, 0.1, 1), "model=linear batch=2 epochs=2 momentum=0 lr=100");
    last.finite = true;
    while (last.finite) {
        step_both(pair.together, pair.single, STEPS_MOST, &last);
    }
    assert_true(last.step > 1);
    assert_same_state(pair.together, pair.single);
    close_pair(&pair);
}

// One at a time: where the backend knows nothing of several, the rows come from a file, or batches go through in parts.
static void some_go_one_by_one(void **state) {
    (void)state;
    struct step_result results[STEPS_MOST];
    struct error error = {0};
    const char *const names[] = {"cpu", backend_name(), backend_name()};
    for (size_t i = 0; i < 3; i++) {
        struct source *source = source_noise(60, 3, 2, 1);
        if (i == 1) {
            source_store(source);
        }
        struct backend *backend = test_backend(names[i]);
        struct trainer *trainer =
            test_trainer(i == 2 ? "model=linear batch=4 micro_batch=2" : "model=linear batch=4", source, backend);
        for (size_t step = 1; step <= 3; step++) {
            size_t count;
            assert_int_equal(trainer_steps(trainer, STEPS_MOST, results, &count, &error), STATUS_OK);
            assert_int_equal(count, 1);
            assert_int_equal(results[0].step, step);
        }
        test_close(trainer, backend, source);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_gives_the_same_bits),
        cmocka_unit_test(it_stops_where_the_epoch_does),
        cmocka_unit_test(it_stops_where_numbers_go_wrong),
        cmocka_unit_test(some_go_one_by_one),
    };
    return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}

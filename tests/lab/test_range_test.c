// The range test: suggestions against fastai's own functions (tests/fixtures/make_range.py), and that it leaves no
// trace, on the bytes of checkpoints.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/lab/range_test.h"
#include "tests/support/fixture.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define FIXTURE "tests/fixtures/range.txt"

static void like_fastai(void **state) {
    (void)state;
    static const char *const kinds[] = {"falling", "exploding", "noisy", "nan", "flat"};
    for (int i = 0; i < 20; i++) {
        char name[32];
        double losses[RANGE_STEPS], expected[4];
        struct range_test test = {.low = 1e-7, .high = 10};
        snprintf(name, sizeof name, "%s%d", kinds[i % 5], i);
        test.count = (int)fixture_read_from(FIXTURE, "losses", name, losses, RANGE_STEPS);
        assert_int_equal(fixture_read_from(FIXTURE, "suggested", name, expected, 4), 4);
        for (int k = 0; k < test.count; k++) {
            test.loss[k] = (float)losses[k];
        }
        struct range_suggestions found = range_suggest(&test);
        const double values[] = {found.valley, found.steep, found.minimum, found.slide};
        for (int k = 0; k < 4; k++) {
            if (!(fabs(values[k] / expected[k] - 1) < 1e-6)) {
                fail_msg("%s: suggestion %d is %g, not %g", name, k, values[k], expected[k]);
            }
        }
    }
}

static void too_short(void **state) {
    (void)state;
    struct range_test test = {.low = 1e-7, .high = 10};
    for (test.count = 0; test.count < 18; test.count++) {
        test.loss[test.count] = 1;
        assert_true(isnan(range_suggest(&test).valley));
    }
    test.count = 20; // 5 points: too few for a window of 15
    for (int i = 0; i < 20; i++) {
        test.loss[i] = (float)(20 - i);
    }
    assert_true(isfinite(range_suggest(&test).valley));
    assert_true(isnan(range_suggest(&test).slide));
}

static char *bytes_of(struct trainer *trainer, size_t *length) {
    struct error error = {0};
    char *bytes = NULL;
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    assert_int_equal(file_read(test_checkpoint, 1 << 20, &bytes, length, &error), STATUS_OK);
    return bytes;
}

static struct range_test run(struct trainer *trainer) {
    struct range_test test = {.low = 1e-7, .high = 10};
    struct error error = {0};
    if (range_test_run(trainer, &test, NULL, &error)) {
        fail_msg("%s", error.text);
    }
    return test;
}

static const char *const settings[] = {
    "model=mlp hidden=8 batch=7 momentum=0.9 epochs=5",
    "model=mlp hidden=8,8 batch_norm=yes dropout=0.2 optimizer=adam lr=0.01 ema=0.9 batch=8 epochs=5",
    "model=mlp hidden=8 batch=9 micro_batch=4 drop_last=yes optimizer=muon schedule=one_cycle epochs=5",
};

// A checkpoint before and after has the same bytes; the steps that follow have the same bits as those of a run without.
static void leaves_no_trace(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    for (size_t i = 0; i < 6; i++) {
        struct source *source = source_blobs(60, 4, 3, 2, 5);
        if (i % 2) {
            source_store(source);
        }
        struct trainer *plain = test_trainer(settings[i / 2], source, backend);
        struct trainer *tested = test_trainer(settings[i / 2], source, backend);
        for (int at = 0; !trainer_finished(plain); at++) {
            struct step_result a = test_step(plain), b = test_step(tested);
            assert_memory_equal(&a.loss, &b.loss, sizeof a.loss);
            assert_memory_equal(&a.gradient_norm, &b.gradient_norm, sizeof a.gradient_norm);
            if (at % 8 == 3) {
                size_t before_length, after_length;
                char *before = bytes_of(tested, &before_length);
                struct range_test test = run(tested);
                assert_true(test.count > 30);
                char *after = bytes_of(tested, &after_length);
                assert_int_equal(before_length, after_length);
                assert_memory_equal(before, after, before_length);
                mem_free(before);
                mem_free(after);
            }
        }
        struct range_test last = run(tested); // when all epochs are done it still has rows
        assert_true(last.count > 30 && trainer_finished(tested));
        trainer_close(plain);
        trainer_close(tested);
        source_release(source);
    }
    backend_close(backend);
}

// The losses are those of steps at those rates, one after the other.
static void steps_at_growing_rates(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(60, 4, 3, 2, 5);
    struct trainer *trainer = test_trainer(settings[0], source, backend);
    struct trainer *by_hand = test_trainer(settings[0], source, backend);
    struct range_test test = run(trainer);
    double smooth[RANGE_STEPS], best = INFINITY;
    range_smooth(&test, smooth);
    for (int i = 0; i < test.count; i++) {
        char rate[64];
        double sum = 0, weight = 0;
        snprintf(rate, sizeof rate, "%.17g", 1e-7 * pow(1e8, i / 100.0));
        if (trainer_finished(by_hand)) {
            test_set(by_hand, "epochs", "100");
        }
        test_set(by_hand, "lr", rate);
        assert_true(fabs(test_step(by_hand).loss - (double)test.loss[i]) < 1e-6 * (double)test.loss[i]);
        for (int k = 0; k <= i; k++) {
            sum += pow(0.98, i - k) * (double)test.loss[k];
            weight += pow(0.98, i - k);
        }
        assert_true(fabs(smooth[i] - sum / weight) < 1e-9 * smooth[i]);
        best = fmin(best, smooth[i]);
        assert_true(i == test.count - 1 || smooth[i] <= 4 * best);
    }
    assert_true(test.count == RANGE_STEPS || smooth[test.count - 1] > 4 * best);
    trainer_close(trainer);
    trainer_close(by_hand);
    source_release(source);
    backend_close(backend);
}

// Cancelled half-way, or without memory: an error, and the run is as it was.
static void broken_off(void **state) {
    (void)state;
    struct backend *backend = test_backend("cpu");
    struct source *source = source_blobs(60, 4, 3, 2, 5);
    struct trainer *trainer = test_trainer(settings[1], source, backend);
    struct task task = {0};
    struct error error = {0};
    size_t before_length, after_length;
    char *before = bytes_of(trainer, &before_length);
    task_cancel(&task);
    struct range_test test = {.low = 1e-7, .high = 10};
    assert_int_equal(range_test_run(trainer, &test, &task, &error), STATUS_CANCELLED);
    assert_int_equal(test.count, 1);
    unsigned long failed = 0;
    for (enum status status = STATUS_MEMORY; status != STATUS_OK; failed++) {
        mem_fail_at(failed + 1);
        status = range_test_run(trainer, &test, NULL, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || status == STATUS_MEMORY);
    }
    assert_true(failed > 3);
    char *after = bytes_of(trainer, &after_length);
    assert_memory_equal(before, after, before_length);
    mem_free(before);
    mem_free(after);
    trainer_close(trainer);
    source_release(source);
    backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_fastai),     cmocka_unit_test(too_short),
        cmocka_unit_test(leaves_no_trace), cmocka_unit_test(steps_at_growing_rates),
        cmocka_unit_test(broken_off),
    };
    return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}

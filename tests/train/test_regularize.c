// Clipping, averaged weights and batches in parts.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

static const char *const backends[] = {"ref", "cpu"};

// A batch in parts gives the losses and weights of the whole one, up to rounding.
static void check_parts(const char *settings, const char *parts, struct source *source, const char *name) {
    char own[300];
    struct backend *backend = test_backend(name);
    struct trainer *whole = test_trainer(settings, source, backend);
    snprintf(own, sizeof own, "%s %s", settings, parts);
    struct trainer *cut = test_trainer(own, source, backend);
    for (size_t i = 0; i < 25; i++) {
        struct step_result a = test_step(whole), b = test_step(cut);
        assert_int_equal(a.batch, b.batch);
        assert_true(fabs(a.loss / b.loss - 1) < 1e-5);
        assert_true(fabs(a.gradient_norm / b.gradient_norm - 1) < 1e-4);
        assert_true(fabs(a.weight_norm / b.weight_norm - 1) < 1e-5);
        assert_true(a.clip == b.clip || fabs(a.clip / b.clip - 1) < 1e-4);
        assert_true(a.weight == b.weight || fabs(a.weight / b.weight - 1) < 1e-6);
        assert_true(a.accuracy == b.accuracy || isnan(a.accuracy));
    }
    trainer_close(whole);
    trainer_close(cut);
    backend_close(backend);
}

static void parts_add_up_to_the_batch(void **state) {
    (void)state;
    struct source *classes = source_blobs(110, 6, 3, 2, 4), *numbers = source_plane(110, 6, 1, 4);
    static const char *const parts[] = {"micro_batch=1", "micro_batch=7", "micro_batch=16", "micro_batch=39"};
    for (size_t b = 0; b < 2; b++) {
        for (size_t i = 0; i < 4; i++) {
            check_parts("model=mlp hidden=9 batch=40 lr=0.05 epochs=50", parts[i], classes, backends[b]);
            check_parts("model=mlp hidden=9 batch=40 lr=0.01 epochs=50 optimizer=adam clip=0.2 ema=0.9 "
                        "class_weights=balanced label_smoothing=0.1",
                        parts[i], classes, backends[b]);
            check_parts("model=linear batch=40 lr=0.01 epochs=50 loss=huber", parts[i], numbers, backends[b]);
        }
    }
    source_release(classes);
    source_release(numbers);
}

// A part as large as the batch is the batch, to the bit; live changes of the batch keep working.
static void parts_at_their_edges(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 2, 1);
    struct backend *backend = test_backend("cpu");
    struct trainer *whole = test_trainer("model=mlp hidden=6 batch=20 epochs=50 dropout=0.2", source, backend);
    struct trainer *cut =
        test_trainer("model=mlp hidden=6 batch=20 epochs=50 dropout=0.2 micro_batch=20", source, backend);
    double want[10], have[10];
    test_steps(whole, 10, want);
    test_steps(cut, 10, have);
    assert_memory_equal(want, have, sizeof want);
    test_set(cut, "batch", "50");
    test_steps_allocate_nothing(cut, 5);
    trainer_close(whole);
    trainer_close(cut);
    backend_close(backend);
    source_release(source);
}

// A batch in parts takes the memory of a part.
static void parts_save_memory(void **state) {
    (void)state;
    struct source *source = source_blobs(4000, 20, 3, 2, 1);
    struct backend *backend = test_backend("ref");
    struct trainer *whole = test_trainer("model=mlp hidden=64,64 batch=2000", source, backend);
    struct trainer *cut = test_trainer("model=mlp hidden=64,64 batch=2000 micro_batch=50", source, backend);
    assert_true(trainer_bytes(cut) < trainer_bytes(whole) / 2);
    trainer_close(whole);
    trainer_close(cut);
    backend_close(backend);
    source_release(source);
}

// Clipped steps are as long as the limit allows; a higher limit changes nothing, and it changes while the run lives.
static void clipping(void **state) {
    (void)state;
    struct source *source = source_blobs(110, 6, 3, 2, 4);
    for (size_t b = 0; b < 2; b++) {
        struct backend *backend = test_backend(backends[b]);
        struct trainer *trainer =
            test_trainer("model=mlp hidden=9 batch=16 lr=0.1 momentum=0 clip=0.01 epochs=50", source, backend);
        struct step_result result = test_step(trainer);
        assert_true(result.gradient_norm > 0.01);
        assert_true(fabs(result.clip / (0.01 / (result.gradient_norm + 1e-6)) - 1) < 1e-6);
        assert_true(fabs(result.update_norm / (0.1 * 0.01) - 1) < 1e-3);
        test_set(trainer, "clip", "1000");
        result = test_step(trainer);
        assert_true(result.clip == 1 && fabs(result.update_norm / (0.1 * result.gradient_norm) - 1) < 1e-5);
        test_set(trainer, "clip", "0");
        assert_true(test_step(trainer).clip == 1);
        trainer_close(trainer);
        backend_close(backend);
    }
    source_release(source);
}

// By hand: a_1 = w_1, then a = d·a + (1 − d)·w, with a share that changes on the way. Averaged weights are evaluated.
static void averaging(void **state) {
    (void)state;
    struct source *source = source_blobs(110, 6, 3, 2, 4);
    struct backend *backend = test_backend("ref"), *other = test_backend("ref");
    struct trainer *trainer = test_trainer("model=linear batch=16 lr=0.1 ema=0.9 epochs=50", source, backend);
    struct trainer *plain = test_trainer("model=linear batch=16 lr=0.1 epochs=50", source, other);
    size_t count = trainer_model(trainer)->weight_count;
    float *w = mem_alloc(count, sizeof *w), *mean = mem_alloc(count, sizeof *mean);
    double *a = mem_alloc(count, sizeof *a), share = 0.9;
    struct error error = {0};
    for (size_t t = 0; t < 30; t++) {
        test_step(trainer);
        test_step(plain);
        assert_int_equal(trainer_weights(trainer, w, &error), STATUS_OK);
        for (size_t i = 0; i < count; i++) {
            a[i] = t == 0 ? (double)w[i] : share * a[i] + (1 - share) * (double)w[i];
        }
        if (t == 14) {
            test_set(trainer, "ema", "0.5");
            share = 0.5;
        }
    }
    for (size_t i = 0; i < count; i++) {
        mean[i] = (float)a[i];
    }
    struct evaluation have, want, raw;
    assert_int_equal(trainer_evaluate(plain, PART_VALIDATION, &raw, NULL, &error), STATUS_OK);
    assert_int_equal(trainer_set_weights(plain, mean, &error), STATUS_OK);
    assert_int_equal(trainer_evaluate(trainer, PART_VALIDATION, &have, NULL, &error), STATUS_OK);
    assert_int_equal(trainer_evaluate(plain, PART_VALIDATION, &want, NULL, &error), STATUS_OK);
    assert_true(fabs(have.loss / want.loss - 1) < 1e-5 && have.accuracy == want.accuracy);
    assert_true(fabs(have.loss / raw.loss - 1) > 1e-4); // or the test would show nothing
    mem_free(w);
    mem_free(mean);
    mem_free(a);
    trainer_close(trainer);
    trainer_close(plain);
    backend_close(backend);
    backend_close(other);
    source_release(source);
}

// Where the loss is not finite, weights and moments stay as they were.
static void bad_losses_change_no_weight(void **state) {
    (void)state;
    static const char *const settings[] = {"model=mlp hidden=4 batch=16", "model=mlp hidden=4 batch=16 micro_batch=5",
                                           "model=mlp hidden=4 batch=16 optimizer=adam clip=1"};
    for (size_t k = 0; k < 6; k++) {
        struct source *source = source_noise(16, 3, 2, 1);
        struct backend *backend = test_backend(backends[k % 2]);
        source_numbers(source)[7] = NAN;
        struct trainer *trainer = test_trainer(settings[k / 2], source, backend);
        size_t count = trainer_model(trainer)->weight_count;
        float *before = mem_alloc(count, sizeof *before), *after = mem_alloc(count, sizeof *after);
        struct error error = {0};
        assert_int_equal(trainer_weights(trainer, before, &error), STATUS_OK);
        assert_false(test_step(trainer).finite);
        assert_int_equal(trainer_weights(trainer, after, &error), STATUS_OK);
        assert_memory_equal(before, after, count * sizeof *before);
        mem_free(before);
        mem_free(after);
        test_close(trainer, backend, source);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_add_up_to_the_batch),
        cmocka_unit_test(parts_at_their_edges),
        cmocka_unit_test(parts_save_memory),
        cmocka_unit_test(clipping),
        cmocka_unit_test(averaging),
        cmocka_unit_test(bad_losses_change_no_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

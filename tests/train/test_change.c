// Other rows between two epochs: weights, moments and counters go on, the rows are the new ones; what cannot be taken
// over changes nothing.
#include "tests/support/test.h"

#include <string.h>

#include "core/base/mem.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

static struct error error;

static void run_epochs(struct trainer *trainer, int epochs) {
    while (epochs > 0) {
        epochs -= test_step(trainer).epoch_ended;
    }
}

static void change(struct trainer *trainer, struct source *source) {
    if (trainer_change_source(trainer, source, &error)) {
        fail_msg("%s", error.text);
    }
}

// Losses of `epochs` epochs and what validation and the rows of `probe` give after each.
static void check_same_from_here(struct trainer *one, struct trainer *other, int epochs, const struct source *probe) {
    float a[3 * 16], b[3 * 16];
    uint32_t rows[16];
    for (uint32_t i = 0; i < 16; i++) {
        rows[i] = i;
    }
    while (epochs > 0) {
        struct step_result x = test_step(one), y = test_step(other);
        assert_int_equal(x.step, y.step);
        assert_int_equal(x.samples, y.samples);
        assert_int_equal(x.batch, y.batch);
        assert_true(x.loss == y.loss && x.update_norm == y.update_norm && x.epoch == y.epoch && x.lr == y.lr);
        assert_int_equal(x.epoch_ended, y.epoch_ended);
        if (!x.epoch_ended) {
            continue;
        }
        struct evaluation v, w;
        assert_int_equal(trainer_evaluate(one, PART_VALIDATION, &v, NULL, &error), STATUS_OK);
        assert_int_equal(trainer_evaluate(other, PART_VALIDATION, &w, NULL, &error), STATUS_OK);
        assert_int_equal(v.rows, w.rows);
        assert_true(v.loss == w.loss);
        size_t outputs = (size_t)trainer_model(one)->outputs;
        assert_int_equal(trainer_predict(one, probe, rows, 16, a, NULL, &error), STATUS_OK);
        assert_int_equal(trainer_predict(other, probe, rows, 16, b, NULL, &error), STATUS_OK);
        assert_memory_equal(a, b, 16 * outputs * sizeof *a);
        epochs--;
    }
}

static const struct {
    const char *backend, *settings;
    size_t classes;
} works[] = {
    {"ref", "model=mlp hidden=7 batch=8 epochs=9 schedule=cosine dropout=0.2", 3},
    {"cpu", "model=mlp hidden=7,5 batch=8 epochs=9 warmup=2", 3},
    {"cpu", "model=linear batch=16 epochs=9 lr=0.01 drop_last=yes", 0},
};

static struct source *rows_of(size_t count, size_t classes, uint64_t seed) {
    struct source *source = classes > 0 ? source_blobs(count, 4, classes, 2, seed) : source_plane(count, 4, 0.1, seed);
    source->target_mean = 0;
    source->target_sd = 1;
    return source;
}

// Against a trainer that was opened on the new rows and had weights, moments and counters put into it.
static void goes_on_with_the_new_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        struct source *old = rows_of(50, works[i].classes, 1), *now = rows_of(83, works[i].classes, 2),
                      *twin = rows_of(83, works[i].classes, 2);
        struct backend *backend = test_backend(works[i].backend);
        struct trainer *trainer = test_trainer(works[i].settings, old, backend);
        twin->fingerprint = old->fingerprint;
        struct trainer *other = test_trainer(works[i].settings, twin, backend);
        float out[3];
        assert_int_equal(trainer_predict(trainer, old, (uint32_t[]){0}, 1, out, NULL, &error), STATUS_OK);
        run_epochs(trainer, 3);
        assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
        size_t bytes = trainer_bytes(other);
        assert_int_equal(trainer_load(other, test_checkpoint, &error), STATUS_OK);
        change(trainer, now);
        uint64_t left = trainer_steps_left(trainer);
        assert_int_equal(left, trainer_steps_left(other));
        source_release(old); // the trainer has let go of it
        check_same_from_here(trainer, other, 6, now);
        assert_true(trainer_finished(trainer));
        assert_true(bytes > 0 && trainer_bytes(trainer) == trainer_bytes(other));
        trainer_close(trainer);
        trainer_close(other);
        backend_close(backend);
        source_release(now);
        source_release(twin);
    }
}

static void what_does_not_fit_changes_nothing(void **state) {
    (void)state;
    struct source *rows = rows_of(50, 3, 1), *more = rows_of(60, 3, 2), *wide = source_blobs(60, 5, 3, 2, 2),
                  *classes = rows_of(60, 4, 2), *few = rows_of(8, 3, 2), *named = rows_of(60, 3, 2);
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer(works[1].settings, rows, backend);
    struct trainer *other = test_trainer(works[1].settings, rows, backend);
    named->class_names[0][0] = '?';
    run_epochs(trainer, 1);
    run_epochs(other, 1);
    struct source *unfit[] = {wide, classes, named};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(trainer_change_source(trainer, unfit[i], &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "encoded in another way"));
    }
    assert_int_equal(trainer_change_source(trainer, few, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "training rows; choose at most"));
    test_step(trainer);
    test_step(other);
    assert_false(trainer_between_epochs(trainer));
    assert_int_equal(trainer_change_source(trainer, more, &error), STATUS_STATE);
    check_same_from_here(trainer, other, 3, rows);
    trainer_close(trainer);
    trainer_close(other);
    backend_close(backend);
    struct source *all[] = {rows, more, wide, classes, few, named};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(all[i]->references, 1);
        source_release(all[i]);
    }
}

static void failing_allocations_change_nothing(void **state) {
    (void)state;
    struct source *rows = rows_of(50, 3, 1), *more = rows_of(60, 3, 2);
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer(works[1].settings, rows, backend);
    struct trainer *other = test_trainer(works[1].settings, rows, backend);
    run_epochs(trainer, 1);
    run_epochs(other, 1);
    unsigned long at = 1;
    for (enum status status = STATUS_MEMORY; status; at++) {
        mem_fail_at(at);
        status = trainer_change_source(trainer, more, &error);
        mem_fail_at(0);
        assert_true(!status || status == STATUS_MEMORY);
        if (status) {
            check_same_from_here(trainer, other, 1, rows);
            test_set(trainer, "epochs", at % 2 ? "1000" : "999");
            test_set(other, "epochs", at % 2 ? "1000" : "999");
        }
    }
    assert_true(at > 4);
    change(other, more);
    check_same_from_here(trainer, other, 2, more);
    trainer_close(trainer);
    trainer_close(other);
    backend_close(backend);
    source_release(rows);
    source_release(more);
}

static void checkpoints_belong_to_the_new_rows(void **state) {
    (void)state;
    struct source *rows = rows_of(50, 3, 1), *more = rows_of(60, 3, 2);
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer(works[1].settings, rows, backend);
    struct trainer *fresh = test_trainer(works[1].settings, rows, backend);
    run_epochs(trainer, 2);
    change(trainer, more);
    test_steps(trainer, 3, NULL);
    assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
    assert_int_equal(trainer_load(fresh, test_checkpoint, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "belongs to other data"));
    change(fresh, more);
    assert_int_equal(trainer_load(fresh, test_checkpoint, &error), STATUS_OK);
    check_same_from_here(trainer, fresh, 3, more);
    trainer_close(trainer);
    trainer_close(fresh);
    backend_close(backend);
    source_release(rows);
    source_release(more);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goes_on_with_the_new_rows, test_folder_make, test_folder_remove),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(failing_allocations_change_nothing),
        cmocka_unit_test_setup_teardown(checkpoints_belong_to_the_new_rows, test_folder_make, test_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

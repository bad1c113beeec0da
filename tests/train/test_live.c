// Parameters that change what a step is made of, changed while a run lives: from then on the run is what it would be
// had it begun with them; what fails changes nothing; going back to a checkpoint of before brings back the old ones.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/support/sources.h"
#include "tests/support/trainers.h"

#define BASE "model=mlp hidden=9,5 batch=16 epochs=50 lr=0.05"
enum { STEPS = 17 }; // into the third epoch: short batches, too

static const struct change {
    const char *name, *text, *neutral; // neutral: as the run begins
} changes[] = {
    {"dropout", "0.3", "0"},        {"micro_batch", "5", "0"}, {"micro_batch", "16", "0"}, {"class_weights", "balanced", "none"},
    {"class_weights", "1,5,2", "none"}, {"drop_last", "yes", "no"}, {"ema", "0.9", "0"},
};
enum { CHANGES = sizeof changes / sizeof changes[0] };
static const char *const backends[] = {"ref", "cpu"};

struct figures {
    double losses[STEPS], validation;
    float weights[256];
};

static void measure(struct trainer *trainer, struct figures *figures) {
    struct evaluation evaluation;
    struct error error = {0};
    *figures = (struct figures){0};
    assert_true(trainer_model(trainer)->weight_count <= 256);
    test_steps(trainer, STEPS, figures->losses);
    assert_int_equal(trainer_evaluate(trainer, PART_VALIDATION, &evaluation, NULL, &error), STATUS_OK);
    figures->validation = evaluation.loss;
    assert_int_equal(trainer_weights(trainer, figures->weights, &error), STATUS_OK);
}

static void assert_same(const struct figures *a, const struct figures *b) {
    assert_memory_equal(a->losses, b->losses, sizeof a->losses);
    assert_memory_equal(a->weights, b->weights, sizeof a->weights);
    assert_true(a->validation == b->validation);
}

static bool same(const struct figures *a, const struct figures *b) {
    return memcmp(a->losses, b->losses, sizeof a->losses) == 0 && a->validation == b->validation;
}

static void changed_before_the_first_step_is_begun_with(void **state) {
    (void)state;
    struct source *source = source_blobs(110, 6, 3, 2, 4);
    for (size_t i = 0; i < 2 * CHANGES; i++) {
        const struct change *change = &changes[i / 2];
        struct backend *backend = test_backend(backends[i % 2]);
        struct figures want, have, plain;
        char settings[160];
        snprintf(settings, sizeof settings, BASE " %s=%s", change->name, change->text);
        struct trainer *begun = test_trainer(settings, source, backend), *set = test_trainer(BASE, source, backend),
                       *back = test_trainer(BASE, source, backend), *never = test_trainer(BASE, source, backend);
        test_set(set, change->name, change->text);
        test_set(back, change->name, change->text);
        test_set(back, change->name, change->neutral);
        measure(begun, &want);
        measure(set, &have);
        assert_same(&want, &have);
        measure(never, &plain);
        measure(back, &have);
        assert_same(&plain, &have);
        bool nothing = strcmp(change->text, "16") == 0; // a part of the whole batch
        assert_true(same(&plain, &want) == nothing);
        trainer_close(begun);
        trainer_close(set);
        trainer_close(back);
        trainer_close(never);
        backend_close(backend);
    }
    source_release(source);
}

// For every change on either backend: a trainer three steps into its run, and a checkpoint of it.
static void for_every_change(struct source *source, void (*check)(const struct change *change, struct trainer *trainer,
                                                                  struct source *source, struct backend *backend)) {
    struct error error = {0};
    for (size_t i = 0; i < 2 * CHANGES; i++) {
        struct backend *backend = test_backend(backends[i % 2]);
        struct trainer *trainer = test_trainer(BASE, source, backend);
        test_steps(trainer, 3, NULL);
        assert_int_equal(trainer_save(trainer, test_checkpoint, NULL, &error), STATUS_OK);
        check(&changes[i / 2], trainer, source, backend);
        trainer_close(trainer);
        backend_close(backend);
    }
    source_release(source);
}

// Bit for bit what a trainer does that was opened with the new value and goes on from the same weights.
static void check_fork(const struct change *change, struct trainer *trainer, struct source *source,
                       struct backend *backend) {
    struct figures want, have;
    struct error error = {0};
    char settings[160];
    snprintf(settings, sizeof settings, BASE " %s=%s", change->name, change->text);
    struct trainer *other = test_trainer(settings, source, backend);
    assert_int_equal(trainer_fork(other, test_checkpoint, &error), STATUS_OK);
    test_set(trainer, change->name, change->text);
    measure(trainer, &have);
    measure(other, &want);
    assert_same(&want, &have);
    trainer_close(other);
}

static void changed_on_the_way_goes_on_from_there(void **state) {
    (void)state;
    for_every_change(source_blobs(110, 6, 3, 2, 4), check_fork);
}

static void check_load(const struct change *change, struct trainer *trainer, struct source *source,
                       struct backend *backend) {
    struct figures want, have;
    struct error error = {0};
    (void)source;
    (void)backend;
    measure(trainer, &want);
    test_set(trainer, change->name, change->text);
    test_steps(trainer, 4, NULL);
    assert_int_equal(trainer_load(trainer, test_checkpoint, &error), STATUS_OK);
    measure(trainer, &have);
    assert_same(&want, &have);
}

static void loading_brings_back_what_was(void **state) {
    (void)state;
    for_every_change(source_blobs(110, 6, 3, 2, 4), check_load);
}

static void refused_changes_change_nothing(void **state) {
    (void)state;
    static const struct change wrong[] = {{"class_weights", "1,2", "for 3 classes"},
                                          {"class_weights", "1,x,2", "not a number"},
                                          {"dropout", "1", "dropout"},
                                          {"micro_batch", "-1", "micro-batch"},
                                          {"ema", "nan", "averaged weights"}};
    struct source *source = source_blobs(110, 6, 3, 2, 4);
    struct backend *backend = test_backend("cpu");
    struct trainer *trainer = test_trainer(BASE, source, backend), *never = test_trainer(BASE, source, backend);
    struct figures want, have;
    size_t count;
    test_set(trainer, "class_weights", "balanced");
    test_set(never, "class_weights", "balanced");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error error = {0};
        assert_int_not_equal(trainer_set(trainer, wrong[i].name, wrong[i].text, &error), STATUS_OK);
        assert_non_null(strstr(error.text, wrong[i].neutral));
    }
    trainer_changes(trainer, &count);
    assert_int_equal(count, 1);
    measure(trainer, &have);
    measure(never, &want);
    assert_same(&want, &have);
    trainer_close(never);
    test_close(trainer, backend, source);
}

// Fails at every allocation in turn; each time the trainer goes on as if nobody had asked.
static void without_memory_nothing_changes(void **state) {
    (void)state;
    struct source *source = source_blobs(110, 6, 3, 2, 4);
    for (size_t i = 0; i < 2 * CHANGES; i++) {
        const struct change *change = &changes[i / 2];
        struct backend *backend = test_backend(backends[i % 2]);
        const char *begin = i % 3 == 0 ? BASE : BASE " class_weights=3,2,1";
        struct trainer *never = test_trainer(begin, source, backend);
        struct figures want, have;
        enum status status = STATUS_MEMORY;
        measure(never, &want);
        trainer_close(never);
        for (unsigned long after = 0; status; after++) {
            struct trainer *trainer = test_trainer(begin, source, backend);
            struct error error = {0};
            mem_fail_at(after + 1);
            status = trainer_set(trainer, change->name, change->text, &error);
            mem_fail_at(0);
            assert_true(status == STATUS_OK || status == STATUS_MEMORY);
            assert_true(after > 0 || status || strcmp(change->name, "drop_last") == 0);
            if (status) {
                measure(trainer, &have);
                assert_same(&want, &have);
                test_set(trainer, change->name, change->text); // and is not spoiled for it
                test_steps(trainer, 2, NULL);
            }
            trainer_close(trainer);
        }
        backend_close(backend);
    }
    source_release(source);
}

// Rows that come batch by batch from a file.
static void where_features_lie_in_a_file(void **state) {
    (void)state;
    struct source *whole = source_blobs(110, 6, 3, 2, 4), *stored = source_blobs(110, 6, 3, 2, 4);
    struct backend *backend = test_backend("cpu");
    source_store(stored);
    struct trainer *a = test_trainer(BASE, whole, backend), *b = test_trainer(BASE, stored, backend);
    for (size_t i = 0; i < CHANGES; i++) {
        struct figures want, have;
        test_set(a, changes[i].name, changes[i].text);
        test_set(b, changes[i].name, changes[i].text);
        test_set(a, "batch", i % 2 ? "16" : "23");
        test_set(b, "batch", i % 2 ? "16" : "23");
        measure(a, &want);
        measure(b, &have);
        assert_same(&want, &have);
    }
    trainer_close(a);
    source_release(whole);
    test_close(b, backend, stored);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_before_the_first_step_is_begun_with),
        cmocka_unit_test_setup_teardown(changed_on_the_way_goes_on_from_there, test_folder_make, test_folder_remove),
        cmocka_unit_test_setup_teardown(loading_brings_back_what_was, test_folder_make, test_folder_remove),
        cmocka_unit_test(refused_changes_change_nothing),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(where_features_lie_in_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

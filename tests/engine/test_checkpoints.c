// What the engine keeps of a run, and going on from it: after a stop, after steps that were not finite, after closing.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/train/trainer.h"
#include "tests/support/engine_rig.h"
#include "tests/support/sources.h"

static void divergence_pauses_and_keeps_the_good_checkpoint(void **state) {
    (void)state;
    struct source *source = source_plane(100, 3, 0.1, 2);
    struct engine_run run = rig_run(source, 1000);
    run.params.checkpoint_every = 1000;
    rig_start(&run);
    rig_send(COMMAND_SET, "lr", "100");
    rig_wait_events(EVENT_ERROR, 1);
    rig_wait_state(RUN_PAUSED);
    uint64_t bad = 0;
    for (size_t i = 0; i < rig.metric_count && bad == 0; i++) {
        if (!isfinite(rig.metrics[i].loss) || !isfinite(rig.metrics[i].gradient_norm))
            bad = rig.metrics[i].step;
    }
    char text[32];
    snprintf(text, sizeof text, "step %llu:", (unsigned long long)bad);
    assert_non_null(strstr(rig_find(EVENT_ERROR, 0)->text, text));
    const struct event *good = rig_find(EVENT_CHECKPOINT, 0);
    assert_int_equal(good->step, 0);
    rig_send(COMMAND_CHECKPOINT, "", ""); // not worth keeping
    rig_send(COMMAND_ROLL_BACK, "", good->text);
    rig_send(COMMAND_SET, "lr", "0.01");
    rig_send(COMMAND_SET, "pace", "2000"); // not at its end, with another checkpoint, before anybody looks
    rig_send(COMMAND_RESUME, "", "");
    rig_wait_state(RUN_TRAINING);
    size_t from = rig.metric_count;
    rig_wait_steps(from + 50);
    assert_int_equal(rig_count(EVENT_CHECKPOINT), 1);
    assert_int_equal(rig_count(EVENT_ERROR), 1);
    assert_true(isfinite(rig.metrics[rig.metric_count - 1].loss));
    size_t first_steps = 0;
    for (size_t i = 0; i < rig.metric_count; i++)
        first_steps += rig.metrics[i].step == 1;
    assert_int_equal(first_steps, 2);
    source_release(source);
}

// Losses and epoch rows of a run that is stopped and resumed are those of one that never was.
static void resumed_runs_have_the_same_bits(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 2, 3);
    struct engine_run run = rig_run(source, 4);
    run.extra = "{\"recipe\":{\"version\":1}}";
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.metric_count, 32);
    struct step_metrics whole[32];
    memcpy(whole, rig.metrics, sizeof whole);
    struct epoch_row epochs[4];
    for (size_t i = 0; i < 4; i++)
        epochs[i] = rig_find(EVENT_EPOCH, i)->epoch;

    rig_forget();
    rig_start_paused(&run);
    while (rig.metric_count < 11) // into the second epoch
        rig_step();
    rig_send(COMMAND_STOP, "", "");
    rig_wait_end();
    size_t first_epochs = rig_count(EVENT_EPOCH);
    assert_int_equal(first_epochs, 1);
    rig.event_count = 0;
    snprintf(run.resume, sizeof run.resume, "%s/run/last.ckpt", rig.folder);
    struct checkpoint_header header = {0};
    rig_must(checkpoint_read_header(run.resume, &header, &rig.error));
    assert_non_null(strstr(header.extra, "\"recipe\":{\"version\":1}"));
    checkpoint_header_clear(&header);
    snprintf(run.folder, sizeof run.folder, "%s/again", rig.folder);
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_DONE);
    assert_int_equal(rig.metric_count, 32);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(rig.metrics[i].step, whole[i].step);
        assert_memory_equal(&rig.metrics[i].loss, &whole[i].loss, sizeof(float));
        assert_memory_equal(&rig.metrics[i].gradient_norm, &whole[i].gradient_norm, sizeof(float));
    }
    for (size_t e = first_epochs; e < 4; e++) {
        const struct epoch_row *row = &rig_find(EVENT_EPOCH, e - first_epochs)->epoch;
        assert_int_equal(row->epoch, epochs[e].epoch);
        assert_memory_equal(&row->train_loss, &epochs[e].train_loss, sizeof(double));
        assert_memory_equal(&row->train_accuracy, &epochs[e].train_accuracy, sizeof(double));
        assert_memory_equal(&row->val_loss, &epochs[e].val_loss, sizeof(double));
    }
    source_release(source);
}

static void checkpoints_come_every_so_many_epochs(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 5);
    run.params.checkpoint_every = 2;
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig_count(EVENT_CHECKPOINT), 4); // at the start, after 2 and 4, at the end
    assert_int_equal(rig_find(EVENT_CHECKPOINT, 1)->step, 16);
    assert_int_equal(rig_find(EVENT_CHECKPOINT, 2)->step, 32);
    assert_int_equal(rig_find(EVENT_CHECKPOINT, 3)->step, 40);
    source_release(source);
}

static void a_checkpoint_that_cannot_be_written_does_not_end_the_run(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 100000);
    rig_start(&run);
    rig_wait_state(RUN_TRAINING);
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s/run' && touch '%s/run'", rig.folder, rig.folder);
    assert_int_equal(system(command), 0);
    rig_send(COMMAND_CHECKPOINT, "", "");
    rig_wait_events(EVENT_ERROR, 1);
    assert_non_null(strstr(rig_find(EVENT_ERROR, 0)->text, rig.folder));
    assert_int_equal(engine_state(rig.engine), RUN_TRAINING);
    source_release(source);
}

static void closing_saves_the_living_run(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 100000);
    rig_start(&run);
    rig_wait_steps(20);
    engine_close(rig.engine);
    rig.engine = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/run/last.ckpt", rig.folder);
    struct checkpoint_header header = {0};
    rig_must(checkpoint_read_header(path, &header, &rig.error));
    assert_true(header.step >= 20);
    checkpoint_header_clear(&header);
    source_release(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(divergence_pauses_and_keeps_the_good_checkpoint),
        TEST(resumed_runs_have_the_same_bits),
        TEST(checkpoints_come_every_so_many_epochs),
        TEST(a_checkpoint_that_cannot_be_written_does_not_end_the_run),
        TEST(closing_saves_the_living_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// The engine with the real trainer on the reference backend: a run from its opening to its end, the order of commands,
// live changes, and what is said of a run that cannot open.
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/train/trainer.h"
#include "tests/support/engine_rig.h"
#include "tests/support/sources.h"

static void a_run_goes_from_opening_to_done(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1); // 80 training rows: 8 steps an epoch
    struct engine_run run = rig_run(source, 5);
    rig_start(&run);
    assert_int_equal(engine_state(rig.engine) == RUN_NONE, 0);
    source_release(source); // the engine shares it
    rig_wait_end();
    assert_int_equal(rig.state, RUN_DONE);
    assert_int_equal(rig_find(EVENT_STATE, 0)->state, RUN_OPENING);
    assert_int_equal(rig_find(EVENT_STATE, 1)->state, RUN_TRAINING);
    const struct event *started = rig_find(EVENT_STARTED, 0);
    assert_string_equal(started->started.backend, "ref");
    assert_string_equal(started->started.precision, "f32");
    assert_int_equal(started->started.train_rows, 80);
    assert_int_equal(started->started.validation_rows, 20);
    assert_int_equal(started->started.steps_total, 40);
    assert_int_equal(rig_count(EVENT_EPOCH), 5);
    assert_int_equal(rig.metric_count + engine_dropped(rig.engine), 40);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(rig.metrics[i].step, i + 1);
        assert_int_equal(rig.metrics[i].samples, 10 * (i + 1));
        assert_int_equal(rig.metrics[i].batch, 10);
        if (i > 0)
            assert_true(rig.metrics[i].seconds > rig.metrics[i - 1].seconds);
    }
    for (size_t e = 0; e < 5; e++) { // an epoch's figure is the mean over its rows
        const struct epoch_row *row = &rig_find(EVENT_EPOCH, e)->epoch;
        double loss = 0, correct = 0;
        for (size_t i = 0; i < 8; i++) {
            loss += (double)rig.metrics[8 * e + i].loss / 8;
            correct += (double)rig.metrics[8 * e + i].accuracy_or_rmse / 8;
        }
        assert_int_equal(row->epoch, e + 1);
        assert_int_equal(row->step, 8 * (e + 1));
        assert_int_equal(row->batch, 10);
        assert_true(fabs(row->train_loss - loss) < 1e-5);
        assert_true(fabs(row->train_accuracy - correct) < 1e-6);
        assert_true(isnan(row->train_rmse) && isnan(row->val_rmse));
        assert_true(row->val_loss > 0 && row->val_accuracy > 0.3 && row->samples_per_s > 0);
    }
    assert_true(rig_find(EVENT_EPOCH, 4)->epoch.val_accuracy > 0.9); // clouds 4 sd apart
    char path[128];
    snprintf(path, sizeof path, "%s/run/last.ckpt", rig.folder);
    assert_string_equal(rig_find(EVENT_CHECKPOINT, 0)->text, path);
    assert_true(file_exists(path));
}

// A pace has steps come one by one; without one the reference backend gets many of them at once. What is due between two
// steps is done there all the same.
static void steps_that_go_together_change_nothing(void **state) {
    (void)state;
    enum { STEPS = 240 };
    static struct { // of the first run
        struct step_metrics metrics[STEPS];
        struct event events[RIG_EVENTS];
        size_t count;
    } kept;
    struct source *source = source_blobs(1000, 4, 3, 4, 1); // 800 training rows: 80 steps an epoch
    struct engine_run run = rig_run(source, 3);
    run.params.checkpoint_every = 0.3;
    run.params.noise_scale = true;
    run.params.noise_every = 21;
    for (int together = 0; together < 2; together++) {
        rig_forget();
        run.params.pace = together ? 0 : 1e6;
        rig_start(&run);
        rig_wait_end();
        assert_int_equal(rig.state, RUN_DONE);
        assert_int_equal(rig.metric_count, STEPS);
        if (!together) {
            memcpy(kept.metrics, rig.metrics, sizeof kept.metrics);
            memcpy(kept.events, rig.events, sizeof kept.events);
            kept.count = rig.event_count;
        }
    }
    for (size_t i = 0; i < STEPS; i++) {
        assert_int_equal(rig.metrics[i].step, i + 1);
        assert_true(rig.metrics[i].loss == kept.metrics[i].loss && rig.metrics[i].epoch == kept.metrics[i].epoch);
    }
    assert_int_equal(rig_count(EVENT_CHECKPOINT), 11);
    assert_int_equal(rig_count(EVENT_NOISE), 12);
    assert_int_equal(rig.event_count, kept.count);
    for (size_t i = 0; i < kept.count; i++) {
        assert_int_equal(rig.events[i].kind, kept.events[i].kind);
        assert_int_equal(rig.events[i].step, kept.events[i].step);
        assert_true(rig.events[i].kind != EVENT_NOISE || rig.events[i].noise.trace == kept.events[i].noise.trace);
    }
    source_release(source);
}

static size_t best_epoch(void) {
    size_t best = 0;
    for (size_t e = 1; e < rig_count(EVENT_EPOCH); e++)
        best = rig_find(EVENT_EPOCH, e)->epoch.val_loss < rig_find(EVENT_EPOCH, best)->epoch.val_loss ? e : best;
    return best;
}

// Labels that nothing explains: the validation loss soon gets worse, the run waits for `patience` epochs, and the
// checkpoint it leaves is that of the best one.
static void a_run_stops_when_it_gets_no_better(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 0, 1);
    struct engine_run run = rig_run(source, 400);
    run.params.lr = 0.2;
    run.params.patience = 4;
    rig_start(&run);
    source_release(source);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_DONE);
    size_t epochs = rig_count(EVENT_EPOCH), best = best_epoch();
    assert_true(epochs < 400);
    assert_int_equal(epochs, best + 1 + 4);
    assert_non_null(strstr(rig_find(EVENT_MARK, 0)->text, "stopped early"));
    const char *path = rig_find(EVENT_CHECKPOINT, rig_count(EVENT_CHECKPOINT) - 1)->text;
    assert_string_equal(path + strlen(path) - strlen("/best.ckpt"), "/best.ckpt");
    struct checkpoint_header header;
    rig_must(checkpoint_read_header(path, &header, &rig.error));
    assert_int_equal(header.step, rig_find(EVENT_EPOCH, best)->epoch.step);
    assert_non_null(strstr(header.extra, "best_so_far"));
    checkpoint_header_clear(&header);
}

static uint64_t step_of(const char *name) {
    struct checkpoint_header header;
    char path[160];
    snprintf(path, sizeof path, "%s/run/%s", rig.folder, name);
    rig_must(checkpoint_read_header(path, &header, &rig.error));
    uint64_t step = header.step;
    checkpoint_header_clear(&header);
    return step;
}

// Clouds far apart: nearly every epoch of thousands is better than those before. Files are written now and then, and
// when the run pauses or ends the file is that of the best epoch.
static void better_epochs_write_few_files(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 100000);
    run.params.lr = 0.001;
    run.params.patience = 1000;
    rig_start(&run);
    source_release(source);
    rig_wait_events(EVENT_EPOCH, 300);
    rig_send(COMMAND_PAUSE, "", "");
    rig_wait_state(RUN_PAUSED);
    size_t epochs = rig_count(EVENT_EPOCH), best = best_epoch();
    assert_true(best >= 200);
    assert_true(rig_count(EVENT_CHECKPOINT) < 20); // the first, one in three seconds, that of the pause
    assert_int_equal(step_of("best.ckpt"), rig_find(EVENT_EPOCH, best)->epoch.step);
    rig_send(COMMAND_RESUME, "", "");
    rig_wait_events(EVENT_EPOCH, epochs + 100);
    rig_send(COMMAND_STOP, "", "");
    rig_wait_end();
    assert_int_equal(step_of("best.ckpt"), rig_find(EVENT_EPOCH, best_epoch())->epoch.step);
}

static void a_regression_reports_rmse(void **state) {
    (void)state;
    struct source *source = source_plane(100, 3, 0.1, 2);
    struct engine_run run = rig_run(source, 3);
    run.params.batch = 32; // 80 rows: 32 + 32 + 16
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_DONE);
    assert_int_equal(rig.metric_count, 9);
    for (size_t e = 0; e < 3; e++) {
        const struct epoch_row *row = &rig_find(EVENT_EPOCH, e)->epoch;
        double squares = 0;
        for (size_t i = 3 * e; i < 3 * e + 3; i++)
            squares += pow((double)rig.metrics[i].accuracy_or_rmse, 2) * rig.metrics[i].batch;
        assert_true(fabs(row->train_rmse - sqrt(squares / 80)) < 1e-5 * row->train_rmse);
        assert_true(isnan(row->train_accuracy) && row->val_rmse > 0);
    }
    source_release(source);
}

static void pause_step_resume_stop_come_in_order(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 100000);
    rig_start(&run);
    rig_send(COMMAND_PAUSE, "", "");
    rig_wait_state(RUN_PAUSED);
    size_t at = rig.metric_count;
    rig_step();
    rig_step();
    assert_int_equal(engine_state(rig.engine), RUN_PAUSED);
    assert_int_equal(rig.metric_count, at + 2);
    rig_send(COMMAND_MARK, "", "here");
    rig_send(COMMAND_RESUME, "", "");
    rig_wait_state(RUN_TRAINING);
    rig_wait_steps(at + 100);
    rig_send(COMMAND_STEP, "", ""); // while training: one more, then paused
    rig_wait_state(RUN_PAUSED);
    rig_send(COMMAND_STOP, "", "");
    rig_wait_end();
    assert_int_equal(rig.state, RUN_STOPPED);
    const struct event *mark = rig_find(EVENT_MARK, 0);
    assert_string_equal(mark->text, "here");
    assert_int_equal(mark->step, at + 2);
    assert_int_equal(rig_find(EVENT_CHECKPOINT, 0)->step, rig.metrics[rig.metric_count - 1].step);
    struct command late = {.kind = COMMAND_PAUSE};
    assert_int_equal(engine_command(rig.engine, &late, &rig.error), STATUS_STATE);
    source_release(source);
}

static void a_live_change_is_told_with_its_step(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 100000);
    rig_start(&run);
    rig_send(COMMAND_PAUSE, "", "");
    rig_wait_state(RUN_PAUSED);
    size_t before = rig.metric_count;
    rig_send(COMMAND_SET, "lr", "0.125");
    rig_send(COMMAND_SET, "batch", "16");
    rig_send(COMMAND_SET, "hidden", "3");
    rig_send(COMMAND_SET, "lr", "-1");
    rig_send(COMMAND_SET, "lr", "0.125"); // no change
    rig_step();
    assert_int_equal(rig_count(EVENT_CHANGE), 2);
    assert_string_equal(rig_find(EVENT_CHANGE, 0)->change.name, "lr");
    assert_string_equal(rig_find(EVENT_CHANGE, 0)->change.from, "0.05");
    assert_string_equal(rig_find(EVENT_CHANGE, 0)->change.to, "0.125");
    assert_int_equal(rig_find(EVENT_CHANGE, 0)->step, before);
    assert_string_equal(rig_find(EVENT_CHANGE, 1)->change.to, "16");
    assert_int_equal(rig_count(EVENT_WARNING), 2);
    assert_non_null(strstr(rig_find(EVENT_WARNING, 1)->text, "learning rate"));
    assert_true(rig.metrics[before].lr == 0.125f);
    assert_true(rig.metrics[before].batch == 16 || before % 8 == 7); // the epoch's last 10 rows, where it paused there
    source_release(source);
}

static void a_run_that_cannot_open_fails_with_a_sentence(void **state) {
    (void)state;
    struct source *source = source_blobs(100, 4, 3, 4, 1);
    struct engine_run run = rig_run(source, 5);
    run.params.batch = 81;
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_FAILED);
    assert_non_null(strstr(rig_find(EVENT_ERROR, 0)->text, "81"));
    run.params.batch = 8;
    snprintf(run.resume, sizeof run.resume, "%s/nowhere.ckpt", rig.folder);
    rig_start(&run);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_FAILED);
    assert_non_null(strstr(rig_find(EVENT_ERROR, 1)->text, "nowhere.ckpt"));
    run.resume[0] = '\0';
    rig_start(&run); // and the engine is none the worse
    assert_int_equal(engine_start(rig.engine, &run, &rig.error), STATUS_STATE);
    rig_wait_end();
    assert_int_equal(rig.state, RUN_DONE);
    source_release(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_run_goes_from_opening_to_done),     TEST(a_run_stops_when_it_gets_no_better),
        TEST(steps_that_go_together_change_nothing),
        TEST(better_epochs_write_few_files),
        TEST(a_regression_reports_rmse),           TEST(pause_step_resume_stop_come_in_order),
        TEST(a_live_change_is_told_with_its_step), TEST(a_run_that_cannot_open_fails_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Runs of a session: what shipped defaults reach, live changes, going on after a stop, a kill and an end, refusals.
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "datasets/table.h"
#include "tests/support/session_lab.h"

static const char iris[] = "datasets/samples/iris.csv"; // 150 rows, one of them twice
static const char wine[] = "datasets/samples/wine.csv"; // 178 rows

// The mean over five seeds of the share of validation rows that shipped defaults get right.
static double accuracy_of(const char *path) {
    double sum = 0;
    lab_set("device", "cpu");
    lab_load(path);
    for (int seed = 1; seed <= 5; seed++) {
        char text[8];
        snprintf(text, sizeof text, "%d", seed);
        lab_set("seed", text);
        lab_wait_job(); // the split follows the seed
        lab_must(session_start(lab.session, &lab.error));
        lab_wait_end();
        sum += lab.view->run->record.final_row.val_accuracy;
    }
    return sum / 5;
}

static void shipped_defaults_learn_shipped_data(void **state) {
    (void)state;
    assert_true(accuracy_of(iris) >= 0.93);
    assert_true(accuracy_of("datasets/samples/breast_cancer.csv") >= 0.95);
}

static void live_changes_reach_the_run_and_the_store(void **state) {
    (void)state;
    lab_load(wine);
    lab_set("epochs", "1000000");
    lab_must(session_start(lab.session, &lab.error));
    lab_must(session_pause(lab.session, &lab.error));
    lab_wait_state(RUN_PAUSED);
    assert_int_equal(session_set(lab.session, "hidden", "3", &lab.error), STATUS_STATE);
    assert_non_null(strstr(lab.error.text, "hidden"));
    lab_must(session_nudge(lab.session, "batch", 1, &lab.error));
    lab_must(session_nudge(lab.session, "batch", 1, &lab.error)); // both count, though the engine has seen neither
    lab_must(session_nudge(lab.session, "lr", -1, &lab.error));
    lab_must(session_mark(lab.session, "look here", &lab.error));
    lab_must(session_one_step(lab.session, &lab.error));
    size_t points = lab.view->run->curve.point_count;
    while (lab.view->run->curve.point_count == points)
        lab_wait_news();
    while (lab.view->run->curve.mark_count < 4)
        lab_wait_news();
    assert_int_equal(lab.view->params->batch, 128);
    assert_true(lab.view->params->lr == 0.025);
    assert_string_equal(lab.view->run->curve.marks[0].text, "batch 32→64");
    assert_string_equal(lab.view->run->curve.marks[3].text, "look here");
    lab_set("batch", "5000"); // more than there are rows: the run says no
    while (lab.view->message_kind != MESSAGE_WARNING)
        lab_wait_news();
    assert_int_equal(lab.view->params->batch, 128);
    lab_must(session_undo(lab.session, &lab.error)); // of the refused one: nothing to send
    lab_must(session_undo(lab.session, &lab.error));
    while (lab.view->run->curve.mark_count < 5)
        lab_wait_news();
    assert_true(lab.view->params->lr == 0.05);
    lab_must(session_pause(lab.session, &lab.error));
    lab_wait_state(RUN_TRAINING);
    lab_must(session_checkpoint(lab.session, &lab.error));
    while (lab.view->run->curve.mark_count < 6)
        lab_wait_news();
    assert_int_equal(lab.view->run->curve.marks[5].kind, EVENT_CHECKPOINT);
    lab_must(session_roll_back(lab.session, &lab.error));
    lab_wait_state(RUN_PAUSED);
    int64_t first = lab.view->run->record.id;
    lab_must(session_restart(lab.session, &lab.error));
    while (lab.view->run->record.id == first)
        lab_wait_news();
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
    assert_int_equal(lab.view->run_count, 2);
    assert_int_equal(lab.view->runs[0].state, RUN_STOPPED);
    assert_int_equal(lab.view->runs[1].params.batch, 32); // as started
    lab_must(session_overlay(lab.session, first, &lab.error));
    assert_int_equal(lab.view->overlays[0]->curve.mark_count >= 6, 1);
    assert_string_equal(lab.view->overlays[0]->curve.marks[0].text, "batch 32→64");
    lab_must(session_overlay(lab.session, first, &lab.error));
    assert_int_equal(lab.view->overlay_count, 0);
}

static void wait_marks(size_t count) {
    LAB_UNTIL(lab.view->run->curve.mark_count >= count);
    assert_true(lab.view->run->curve.mark_count >= count);
}

static void step_once(void) {
    size_t points = lab.view->run->curve.point_count;
    lab_must(session_one_step(lab.session, &lab.error));
    LAB_UNTIL(lab.view->run->curve.point_count > points);
}

// To the newest checkpoint before the last change; what was changed on a way that was left does not count.
static void going_back_before_a_change_takes_its_value_back(void **state) {
    (void)state;
    lab_load(iris);
    lab_set("checkpoint_every", "0");
    lab_set("epochs", "1000");
    lab_wait_job();
    assert_int_equal(session_roll_back_change(lab.session, &lab.error), STATUS_STATE); // no run
    lab_must(session_start(lab.session, &lab.error));
    lab_must(session_pause(lab.session, &lab.error));
    lab_wait_state(RUN_PAUSED);
    step_once();
    assert_int_equal(session_roll_back_change(lab.session, &lab.error), STATUS_STATE); // no change
    uint64_t first = lab.view->run->record.steps;
    lab_set("batch", "16");
    wait_marks(1);
    assert_int_equal(session_roll_back_change(lab.session, &lab.error), STATUS_MISSING);
    assert_non_null(strstr(lab.error.text, "no checkpoint from before \"batch 32→16\""));
    lab_must(session_checkpoint(lab.session, &lab.error)); // of the same step, but with the new value: not before lr
    wait_marks(2);
    step_once();
    lab_must(session_checkpoint(lab.session, &lab.error));
    wait_marks(3);
    lab_set("lr", "0.5");
    wait_marks(4);
    lab_must(session_checkpoint(lab.session, &lab.error)); // takes the place of the one before
    wait_marks(5);
    step_once();
    lab_must(session_roll_back_change(lab.session, &lab.error));
    wait_marks(7);
    assert_string_equal(lab.view->run->curve.marks[5].text, "lr 0.5→0.05");
    char text[64];
    snprintf(text, sizeof text, "rolled back to step %llu", (unsigned long long)first);
    assert_string_equal(lab.view->run->curve.marks[6].text, text);
    assert_true(lab.view->params->lr == 0.05);
    assert_int_equal(lab.view->params->batch, 16);
    // The last change is now that of the batch size, before which there is nothing to go back to.
    assert_int_equal(session_roll_back_change(lab.session, &lab.error), STATUS_MISSING);
    assert_non_null(strstr(lab.error.text, "\"batch 32→16\""));
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
}

// Undo of a live change: set back from here on, or back to the checkpoint before it, which can be redone.
static void undo_asks_how_far_where_it_can(void **state) {
    (void)state;
    struct undo_choice choice;
    lab_load(iris);
    lab_set("checkpoint_every", "0");
    lab_set("epochs", "1000");
    lab_set("lr", "0.03");
    assert_false(session_undo_choice(lab.session, &choice)); // no run
    lab_must(session_start(lab.session, &lab.error));
    lab_must(session_pause(lab.session, &lab.error));
    lab_wait_state(RUN_PAUSED);
    step_once();
    assert_false(session_undo_choice(lab.session, &choice)); // lr 0.03 was no live change
    uint64_t first = lab.view->run->record.steps;
    lab_set("lr", "0.05");
    wait_marks(1);
    assert_false(session_undo_choice(lab.session, &choice)); // no checkpoint
    assert_int_equal(session_undo_back(lab.session, &lab.error), STATUS_STATE);
    step_once();
    lab_must(session_checkpoint(lab.session, &lab.error));
    wait_marks(2);
    lab_set("batch", "16");
    wait_marks(3);
    step_once();
    assert_true(session_undo_choice(lab.session, &choice));
    assert_string_equal(choice.change, "batch 32→16");
    assert_true(choice.step == first + 1 && choice.back == first + 1);
    lab_must(session_undo_back(lab.session, &lab.error));
    wait_marks(5);
    assert_int_equal(lab.view->params->batch, 32);
    assert_true(lab.view->params->lr == 0.05 && lab.view->can_redo);
    assert_int_equal(lab.view->state, RUN_PAUSED);
    lab_must(session_redo(lab.session, &lab.error));
    wait_marks(6);
    assert_int_equal(lab.view->params->batch, 16);
    lab_must(session_undo(lab.session, &lab.error)); // from here on
    wait_marks(7);
    assert_int_equal(lab.view->params->batch, 32);
    // What comes next is the change of lr, before which there is no checkpoint; not the one that undo has just made.
    assert_false(session_undo_choice(lab.session, &choice));
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
}

static void a_fork_knows_where_it_began(void **state) {
    (void)state;
    lab_load(iris);
    lab_set("epochs", "3");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    uint64_t steps = lab.view->run->record.steps;
    int64_t first = lab.view->run->record.id;
    assert_int_equal(lab.view->run->record.begun, 0);
    lab_must(session_fork(lab.session, first, "last", "epochs=5", &lab.error));
    lab_wait_job();
    assert_int_equal(lab.view->run->record.begun, steps); // at once
    lab_wait_end();
    assert_int_equal(lab.view->runs[0].begun, steps);
    lab_open((struct session_options){0});
    assert_int_equal(lab.view->runs[0].parent, first);
    assert_int_equal(lab.view->runs[0].begun, steps); // kept
    assert_int_equal(lab.view->runs[1].begun, 0);
}

// What only the trainer or its device finds out leaves no run behind.
static void conflicts_leave_no_run(void **state) {
    (void)state;
    static const char *const conflicts[][3] = {{"flip", "yes", "is for images"},
                                               {"batch_rule", "increase", "schedule"},
                                               {"class_weights", "1,2", "class weights"},
                                               {"precision", "bf16", "bf16"}};
    lab_load(iris);
    for (size_t i = 0; i < 4; i++) {
        struct train_params before = *lab.view->params;
        char text[PARAM_TEXT_SIZE];
        lab_set(conflicts[i][0], conflicts[i][1]);
        enum status status = session_start(lab.session, &lab.error);
        if (!status) { // the device has to be asked
            lab_wait_end();
            assert_int_equal(lab.view->state, RUN_FAILED);
            assert_int_equal(lab.view->message_kind, MESSAGE_ERROR);
            snprintf(lab.error.text, sizeof lab.error.text, "%s", lab.view->message);
        }
        if (!strstr(lab.error.text, conflicts[i][2]))
            fail_msg("%s %s: \"%s\"", conflicts[i][0], conflicts[i][1], lab.error.text);
        assert_int_equal(status == STATUS_OK, i == 3);
        assert_int_equal(lab.view->run_count, 0);
        lab_set(conflicts[i][0], params_get(params_find(&train_table, conflicts[i][0]), &before, text));
    }
    lab_set("epochs", "1");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    assert_int_equal(lab.view->run_count, 1);
}

static void a_resumed_run_has_the_bits_of_one_that_never_stopped(void **state) {
    (void)state;
    lab_load(iris);
    lab_must(session_recipe(lab.session, "standardize", true, &lab.error));
    lab_wait_job();
    lab_set("epochs", "1000"); // long enough to be stopped before its end
    lab_set("hidden", "16");
    lab_must(session_start(lab.session, &lab.error));
    lab_wait_end();
    size_t steps = lab.view->run->curve.point_count;
    struct step_metrics *whole = mem_copy(lab.view->run->curve.points, steps * sizeof *whole);
    struct epoch_row last = lab.view->run->record.final_row;

    lab_must(session_start(lab.session, &lab.error));
    lab_must(session_pause(lab.session, &lab.error));
    lab_wait_state(RUN_PAUSED);
    lab_must(session_one_step(lab.session, &lab.error));
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
    assert_int_equal(lab.view->state, RUN_STOPPED);
    int64_t stopped = lab.view->run->record.id;
    size_t done = lab.view->run->curve.point_count;
    lab_open((struct session_options){0});
    lab_load(wine); // something else is open meanwhile
    lab_must(session_resume(lab.session, stopped, &lab.error));
    lab_wait_job();
    assert_string_equal(lab.view->dataset->name, "iris.csv");
    assert_int_equal(lab.view->params->epochs, 1000);
    lab_wait_end();
    assert_int_equal(lab.view->state, RUN_DONE);
    assert_int_equal(lab.view->run->record.parent, stopped);
    assert_int_equal(done + lab.view->run->curve.point_count, steps);
    for (size_t i = 0; i < lab.view->run->curve.point_count; i++) {
        const struct step_metrics *a = &lab.view->run->curve.points[i], *b = &whole[done + i];
        assert_int_equal(a->step, b->step);
        assert_memory_equal(&a->loss, &b->loss, sizeof a->loss);
        assert_memory_equal(&a->gradient_norm, &b->gradient_norm, sizeof a->gradient_norm);
    }
    const struct epoch_row *end = &lab.view->run->record.final_row;
    assert_memory_equal(&end->train_loss, &last.train_loss, sizeof last.train_loss);
    assert_memory_equal(&end->val_loss, &last.val_loss, sizeof last.val_loss);
    assert_int_equal(session_resume(lab.session, 999, &lab.error), STATUS_MISSING);
    mem_free(whole);
}

// Half of it without memory for features, resumed where there is: the figures of a run that had it all the time.
static void features_beyond_memory_make_no_difference(void **state) {
    (void)state;
    struct epoch_row rows[2];
    for (int beyond = 0; beyond < 2; beyond++) {
        cells_set_memory(beyond ? 1 : 0);
        if (beyond)
            lab_open((struct session_options){0});
        lab_set("hidden", "16");
        lab_set("epochs", "300");
        lab_load(wine);
        assert_true((lab.view->source->features == NULL) == (beyond == 1));
        lab_set("pace", beyond ? "100" : "0"); // so that it does not end before it is stopped
        lab_must(session_start(lab.session, &lab.error));
        if (beyond) {
            while (lab.view->run->curve.point_count == 0)
                lab_wait_news();
            lab_must(session_stop(lab.session, &lab.error));
            lab_wait_end();
            assert_int_equal(lab.view->state, RUN_STOPPED);
            cells_set_memory(0);
            lab_must(session_resume(lab.session, lab.view->run->record.id, &lab.error));
            lab_wait_job();
            assert_non_null(lab.view->source->features);
            lab_set("pace", "0");
        }
        lab_wait_end();
        assert_int_equal(lab.view->state, RUN_DONE);
        rows[beyond] = lab.view->run->record.final_row;
    }
    assert_true(rows[0].train_loss == rows[1].train_loss && rows[0].val_loss == rows[1].val_loss);
    assert_true(rows[0].step == rows[1].step);
}

static void changed_data_is_not_resumed(void **state) {
    (void)state;
    char path[128], command[256];
    snprintf(path, sizeof path, "%s/mine.csv", lab.folder);
    snprintf(command, sizeof command, "cp %s '%s'", iris, path);
    assert_int_equal(system(command), 0);
    lab_load(path);
    lab_set("epochs", "100000");
    lab_must(session_start(lab.session, &lab.error));
    lab_must(session_stop(lab.session, &lab.error));
    lab_wait_end();
    int64_t run = lab.view->run->record.id;
    snprintf(command, sizeof command, "sed -i '3s/^[0-9.]*/9.9/' '%s'", path);
    assert_int_equal(system(command), 0);
    lab_must(session_resume(lab.session, run, &lab.error));
    assert_int_equal(session_wait(lab.session, &lab.error), STATUS_INVALID);
    assert_non_null(strstr(lab.error.text, "changed"));
    assert_false(session_run_alive(lab.session));
    assert_int_equal(lab.view->run_count, 1);
}

static void closing_while_training_keeps_the_run(void **state) {
    (void)state;
    lab_load(iris);
    lab_set("epochs", "1000000");
    lab_must(session_start(lab.session, &lab.error));
    while (lab.view->run->curve.point_count < 50)
        lab_wait_news();
    int64_t run = lab.view->run->record.id;
    lab_open((struct session_options){0});
    assert_int_equal(lab.view->runs[0].id, run);
    assert_int_equal(lab.view->runs[0].state, RUN_STOPPED);
    assert_true(lab.view->runs[0].steps >= 50);
    assert_true(file_exists(lab.view->runs[0].checkpoint));
    struct step_metrics *points;
    size_t count;
    struct store *store;
    lab_must(store_open(&store, NULL, &lab.error));
    lab_must(store_run_metrics(store, run, NULL, &points, &count, &lab.error));
    assert_int_equal(count, lab.view->runs[0].steps); // every step is there
    mem_free(points);
    store_close(store);
    lab_open((struct session_options){.no_profile = true});
    lab_must(session_load(lab.session, iris, NULL, &lab.error));
    session_close(lab.session); // with a job at work
    lab.session = NULL;
}

static void train_until_killed(void) {
    lab_open((struct session_options){.no_profile = true});
    lab_load(iris);
    lab_set("epochs", "1000000");
    lab_set("checkpoint_every", "1");
    lab_must(session_start(lab.session, &lab.error));
    while (lab.view->run->curve.epoch_count < 3)
        lab_wait_news();
    raise(SIGKILL);
}

static void a_run_whose_process_was_killed_can_be_resumed(void **state) {
    (void)state;
    session_close(lab.session);
    lab.session = NULL;
    pid_t child = fork();
    if (child == 0) {
        train_until_killed();
        _exit(1);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    lab_open((struct session_options){0});
    assert_int_equal(lab.view->run_count, 1);
    assert_int_equal(lab.view->runs[0].state, RUN_STOPPED);
    lab_must(session_resume(lab.session, lab.view->runs[0].id, &lab.error));
    lab_wait_job();
    assert_true(session_run_alive(lab.session));
    while (lab.view->run->curve.point_count == 0)
        lab_wait_news();
    assert_true(lab.view->run->curve.points[0].step > 1);
    assert_int_equal(lab.view->run->record.parent, 1);
}

static void what_cannot_run_is_refused_in_words(void **state) {
    (void)state;
    lab_load(iris);
    assert_int_equal(session_set(lab.session, "batch", "0", &lab.error), STATUS_INVALID);
    assert_int_equal(session_set(lab.session, "lr", "nan", &lab.error), STATUS_INVALID);
    assert_int_equal(session_set(lab.session, "lr", "-1", &lab.error), STATUS_INVALID);
    assert_non_null(strstr(lab.error.text, "learning rate"));
    lab_set("batch", "121");
    assert_int_equal(session_start(lab.session, &lab.error), STATUS_INVALID);
    assert_non_null(strstr(lab.error.text, "120"));
    lab_set("batch", "120");
    lab_set("model", "lenet5");
    assert_true(strlen(lab.view->model_reason) > 0);
    assert_int_equal(session_start(lab.session, &lab.error), STATUS_INVALID);
    assert_int_equal(lab.view->run_count, 0);
    assert_int_equal(session_pause(lab.session, &lab.error), STATUS_STATE);
    assert_int_equal(session_stop(lab.session, &lab.error), STATUS_STATE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(shipped_defaults_learn_shipped_data),
        TEST(live_changes_reach_the_run_and_the_store),
        TEST(going_back_before_a_change_takes_its_value_back),
        TEST(undo_asks_how_far_where_it_can),
        TEST(a_fork_knows_where_it_began),
        TEST(conflicts_leave_no_run),
        TEST(a_resumed_run_has_the_bits_of_one_that_never_stopped),
        TEST(features_beyond_memory_make_no_difference),
        TEST(changed_data_is_not_resumed),
        TEST(closing_while_training_keeps_the_run),
        TEST(a_run_whose_process_was_killed_can_be_resumed),
        TEST(what_cannot_run_is_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
